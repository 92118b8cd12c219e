"""The sum over labelled examples by which a bundle knows again what it was trained on."""

import hashlib

from fengkong.corpus.splitting import Splits
from fengkong.domain.canonical import canonical_json

__all__ = ["data_digest"]


def data_digest(splits: Splits) -> str:
    """sha256 (hex) over every example, with its split and in its order."""
    sha256 = hashlib.sha256()
    for name, examples in splits:
        for ex in examples:
            beside = {"pair": ex.pair, "labels": ex.labels, "entities": ex.entities}
            marks = {key: value for key, value in beside.items() if value}
            sha256.update(canonical_json([name, ex.text, ex.label, dict(ex.fields), *([marks] if marks else [])]))
    return sha256.hexdigest()
