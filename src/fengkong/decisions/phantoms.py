"""What phantom records say, beside the live decisions that they belong to."""

from collections.abc import Collection, Iterator
from typing import Any

import polars as pl

from fengkong.decisions.comparison import pair, pairs_frame
from fengkong.decisions.records import decision_from_record
from fengkong.decisions.shadow import PHANTOM
from fengkong.decisions.stored import stored_decision, walk
from fengkong.ledger.entries import EntryStore

__all__ = ["shadow_pairs"]


def shadow_pairs(ledger: EntryStore, policy: str | None = None, fields: Collection[str] = ()) -> pl.DataFrame:
    """Each live decision beside its phantom, as `compare` takes them.

    policy: the version of the candidate, such as "loan@4"; None takes all. fields: those to compare by, or to sum.
    """

    def rows() -> Iterator[dict[str, Any]]:
        for entry in walk(ledger, PHANTOM):
            body: Any = entry.body
            failed = body.get("failed")
            version = body["policy"] if failed else body["decision"]["policy"]
            if policy in {None, version}:
                doc, live, _ = stored_decision(ledger, body["live"], entry.subject)
                yield pair(live, failed or decision_from_record(body), doc, fields)

    return pairs_frame(rows(), fields)
