"""A pre-trained base reaches the disk whole, or not at all."""

import os
import shutil
from pathlib import Path

from safetensors import SafetensorError

from fengkong.domain.errors import FacilityError, SettingsError
from fengkong.training.bases.finding import find_base
from fengkong.training.bases.loading import BaseModel
from fengkong.training.bases.quiet import quiet
from fengkong.training.disk import says_full
from fengkong.training.pretraining.model import MaskedModel

__all__ = ["check_free", "write_base"]

TOKENIZER_FILES = ("tokenizer*.json", "special_tokens_map.json", "vocab.*", "merges.txt", "*.model")


def check_free(out: Path) -> None:
    """Raises SettingsError where something lies in the folder already."""
    if out.is_symlink() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
        raise SettingsError("the folder for the base is taken", where=str(out), cure="give a new one")


def write_base(model: MaskedModel, start: BaseModel, card: str, out: Path, *, work: Path) -> None:
    """Write the encoder, the tokenizer that it began with and the page, in `work`; then move them into place.

    Raises FacilityError when the disk is full or fails.
    """
    fresh = work / "finished"
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        with quiet():
            model.encoder.save_pretrained(fresh)
        found = find_base(start.name)
        for path in sorted({path for pattern in TOKENIZER_FILES for path in found.glob(pattern)}):
            shutil.copyfile(path, fresh / path.name)
        (fresh / "README.md").write_text(card, encoding="utf-8")
        out.parent.mkdir(parents=True, exist_ok=True)
        os.replace(fresh, out)
    except (OSError, SafetensorError) as error:
        full = says_full(error)
        raise FacilityError(
            "the disk is full" if full else "the base can't be written",
            where=str(out),
            received=type(error).__name__,
            cure="free some disk space or check the folder, then go on by resuming: nothing is learnt anew",
        ) from error
