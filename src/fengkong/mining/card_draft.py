"""A scorecard as a draft rule set: its points in the rule language, and a rule that asks for review of low scores."""

from collections.abc import Iterator

import numpy as np

from fengkong.domain.errors import SettingsError
from fengkong.mining.cases import Cases
from fengkong.mining.characteristics import Characteristic
from fengkong.mining.drafts import as_yaml, inputs_of, rule_set
from fengkong.mining.scorecard import Scorecard
from fengkong.rules.types import Kind

__all__ = ["draft_scorecard"]

REASON = {"en": "The score is low.", "zh": "评分偏低。"}


def draft_scorecard(card: Scorecard, cases: Cases, name: str = "mined", *, reviewed: float = 0.2) -> str:
    """The YAML of a rule set with the scorecard, and a rule that asks for review where the score is low.

    cases: those that the cut-off is taken from. reviewed: the share of them, of the lowest scores, to review.
    Raises SettingsError for a share outside (0, 1), InputError where the rules can't be written so.
    """
    if not 0 < reviewed < 1:
        cure = "give a share between 0 and 1"
        raise SettingsError("the share to review can't be used", received=f"{reviewed:g}", cure=cure)
    cut_off = int(np.quantile(card.scores(cases), reviewed, method="higher"))
    points = {each.name: {"bins": dict(_cells(each))} for each in card.characteristics}
    rule = {"id": "low-score", "when": f"scores.{name} < {cut_off}", "then": "review", "reason": "LOW_SCORE"}
    head = [
        f"A draft from {len(cases):,} past cases. {card.anchor} means {card.odds:g} good cases to a bad one, and every "
        f"{card.double} points double that.",
        f"On cases held out: AUC {card.held_out.auc}, KS {card.held_out.ks}, PSI {card.psi:.3f}.",
    ]
    return rule_set(
        name,
        inputs_of([each.name for each in card.characteristics], cases.by_name),
        {"LOW_SCORE": REASON},
        as_yaml({"scorecards": {name: {"base": card.base, "characteristics": points}}, "rules": [rule]}),
        head,
    )


def _cells(characteristic: Characteristic) -> Iterator[tuple[str, int]]:
    """Every cell with its points; `otherwise` is what live cases may bring that the past ones did not."""
    for one in characteristic.bins:
        yield from ((cell, one.points) for cell in one.cells(characteristic.type.kind))
    if characteristic.type.kind is Kind.TEXT and not any(one.others for one in characteristic.bins):
        yield "otherwise", characteristic.unknown.points
    yield "unknown", characteristic.unknown.points
