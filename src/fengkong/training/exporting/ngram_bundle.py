"""An n-gram model alone becomes a sealed bundle: no graph, no tokenizer, and it starts in a tenth of a second."""

from collections.abc import Sequence
from pathlib import Path

from fengkong.domain.canonical import plain
from fengkong.domain.documents import Example
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.fields import FieldEncoder
from fengkong.scoring.manifest import NGRAMS, Manifest
from fengkong.scoring.ngrams import NgramModel, ngram_text
from fengkong.scoring.scorer import Scorer
from fengkong.scoring.signals import answers
from fengkong.text.cleaning import clean
from fengkong.training.exporting.card import ModelCard
from fengkong.training.exporting.parity import ParityReport, compare
from fengkong.training.exporting.sealing import Exported
from fengkong.training.exporting.writing import check_free, write_bundle
from fengkong.training.tasks.kind import Kind

__all__ = ["export_ngrams"]


def export_ngrams(
    ngrams: NgramModel,
    folder: str | Path,
    manifest: Manifest,
    *,
    kind: Kind,
    dev: Sequence[Example],
    recipe: str | None = None,
) -> Exported:
    """Seal an n-gram model into a new folder, and compare what the sealed bytes say of dev with what it said.

    manifest: with temperature and cutoffs; what concerns a network alone is left out.
    Raises SettingsError (the folder is taken), BundleError and FacilityError (disk).
    """
    folder = Path(folder)
    check_free(folder)
    alone = {"blend": {NGRAMS: 1.0}, "precision": "fp16", "max_tokens": 0, "windows": None}
    sealed = manifest.model_copy(update=alone)
    data = ngrams.to_bytes()
    fields = FieldEncoder(manifest.fields).encode([ex.fields for ex in dev]) if manifest.fields else None
    logits = ngrams.logits([ngram_text(clean(ex.text).text, clean(ex.pair).text) for ex in dev], fields)
    found = Scorer(Bundle(folder, sealed, b"", b"", data)).probabilities(
        [ex.text for ex in dev], [ex.fields for ex in dev], [ex.pair for ex in dev]
    )
    attempt = compare(
        "n-grams with fp16 weights",
        "fp16",
        len(data),
        head=manifest.heads[0],
        found=found,
        trained=answers(manifest.heads[0], logits),
        dev_targets=kind.targets(dev),
    )
    parity = ParityReport(len(dev), (attempt,))
    described = sealed.model_copy(update={"metrics": {**manifest.metrics, "parity": plain(parity)}})
    parts = {NGRAMS: data, "model_card.md": ModelCard(described, parity).to_markdown().encode()}
    if recipe is not None:
        parts["recipe.toml"] = recipe.encode()
    return Exported(folder, write_bundle(folder, parts, described), parity)
