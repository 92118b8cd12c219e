"""The parts of a bundle reach the disk: all of them, sealed, or nothing."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_model

from fengkong.domain.errors import FacilityError, SettingsError
from fengkong.scoring.bundle import seal
from fengkong.scoring.manifest import Manifest
from fengkong.training.disk import says_full
from fengkong.training.networks.classifier import TextClassifier

__all__ = ["check_free", "write_bundle"]


def check_free(folder: Path) -> None:
    """Raises SettingsError where something lies in the folder already."""
    if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))):
        raise SettingsError("the bundle's folder is taken", where=str(folder), cure="give a new one")


def write_bundle(
    folder: Path, parts: Mapping[str, bytes], manifest: Manifest, *, network: TextClassifier | None = None
) -> Manifest:
    """Write files by name, and a network's weights to train on from, beside the folder; seal, then move into place.

    Answers the sealed manifest. Raises FacilityError when the disk is full or fails.
    """
    temporary = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        temporary.chmod(0o755)
        for name, data in parts.items():
            (temporary / name).write_bytes(data)
        if network is not None:
            save_model(network, str(temporary / "weights.safetensors"))
        sealed = seal(temporary, manifest)
        os.replace(temporary, folder)
    except (OSError, SafetensorError) as error:
        full = says_full(error)
        raise FacilityError(
            "the disk is full" if full else "the bundle can't be written",
            where=str(folder),
            received=type(error).__name__,
            cure="free some space and export again" if full else "check the path and its permissions",
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return sealed
