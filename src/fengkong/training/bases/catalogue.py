"""The bases that there are to choose from: bundled, in this machine's hub cache, and recommended a language.

Nothing is loaded or fetched; a few bytes at the head of each file of weights tell how many there are.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from huggingface_hub import scan_cache_dir
from huggingface_hub.errors import CacheNotFound
from safetensors import SafetensorError, safe_open

from fengkong.domain.errors import BaseModelError
from fengkong.training.bases.finding import bundled_folder, check_folder, front_matter, licence_of

__all__ = ["RECOMMENDED", "ListedBase", "list_bases"]


@dataclass(frozen=True, slots=True)
class ListedBase:
    """One base, as a list shows it.

    name: what a recipe's `base` takes. language: as its page says; "" where it says none.
    kind: its architecture, as transformers names it. parameters: how many weights; 0 where that can't be told.
    megabytes: of its weights, on disk or to fetch. note: what it is good for, or why it can't be used.
    """

    name: str
    place: Literal["bundled", "cached", "recommended"]
    language: str
    kind: str
    parameters: int
    megabytes: float
    licence: str
    usable: bool = True
    note: str = ""


def _recommended(
    name: str, language: str, kind: str, millions: int, megabytes: int, licence: str, note: str
) -> ListedBase:
    return ListedBase(name, "recommended", language, kind, millions * 1_000_000, megabytes, licence, note=note)


RECOMMENDED = (
    _recommended(
        "distilbert/distilbert-base-uncased", "en", "distilbert", 66, 268, "apache-2.0", "half of BERT's layers"
    ),
    _recommended("FacebookAI/roberta-base", "en", "roberta", 125, 499, "mit", "a strong encoder for short texts"),
    _recommended("answerdotai/ModernBERT-base", "en", "modernbert", 149, 599, "apache-2.0", "reads up to 8,192 tokens"),
    _recommended("openai-community/gpt2", "en", "gpt2", 124, 548, "mit", "a decoder of 1,024 tokens"),
    _recommended(
        "HuggingFaceTB/SmolLM2-135M", "en", "llama", 135, 269, "apache-2.0", "a small decoder of the Llama kind"
    ),
    _recommended("google-t5/t5-small", "en", "t5", 60, 242, "apache-2.0", "of which the encoder is used"),
    _recommended("BAAI/bge-small-zh-v1.5", "zh", "bert", 24, 96, "mit", "small and fast; the first to try"),
    _recommended("google-bert/bert-base-chinese", "zh", "bert", 103, 412, "apache-2.0", "reads by character"),
    _recommended(
        "Qwen/Qwen2.5-0.5B", "zh, en", "qwen2", 494, 988, "apache-2.0", "a decoder; about the largest to be sealed"
    ),
    _recommended(
        "intfloat/multilingual-e5-small", "multilingual", "bert", 118, 471, "mit", "two languages in one model"
    ),
    _recommended("FacebookAI/xlm-roberta-base", "multilingual", "xlm-roberta", 278, 1116, "mit", "a hundred languages"),
)
"""A few of each language and family, of kinds that the tests tune and export; sizes and licences as published."""


def list_bases(cache: str | Path | None = None) -> list[ListedBase]:
    """All bases: bundled, then cached, then the recommended ones that are not in the cache.

    cache: the hub's cache folder; where the hub's own client keeps it when None.
    """
    cached = list(_cached(cache))
    here = {base.name for base in cached}
    return [*_bundled(), *cached, *(base for base in RECOMMENDED if base.name not in here)]


def _bundled() -> Iterator[ListedBase]:
    try:
        folder = bundled_folder()
    except BaseModelError:
        return
    yield replace(_look("minilm", "bundled", folder), note="English; needs no network")


def _cached(cache: str | Path | None) -> Iterator[ListedBase]:
    try:
        repos = scan_cache_dir(cache).repos
    except CacheNotFound:
        return
    notes = {base.name: base.note for base in RECOMMENDED}
    for repo in sorted(repos, key=lambda repo: repo.repo_id):
        if repo.repo_type == "model" and repo.revisions:
            newest = max(repo.revisions, key=lambda revision: revision.last_modified)
            found = _look(repo.repo_id, "cached", newest.snapshot_path)
            yield found if not found.usable else replace(found, note=notes.get(found.name, ""))


def _look(name: str, place: Literal["bundled", "cached"], folder: Path) -> ListedBase:
    weights = list(folder.glob("*.safetensors"))
    found = ListedBase(
        name=name,
        place=place,
        language=_language(folder),
        kind=_kind(folder),
        parameters=sum(map(_parameters, weights)),
        megabytes=round(sum(path.stat().st_size for path in weights) / 1e6, 1),
        licence=licence_of(folder),
    )
    try:
        check_folder(folder)
    except BaseModelError as error:
        return replace(found, usable=False, note=error.what)
    return found


def _kind(folder: Path) -> str:
    try:
        return str(json.loads((folder / "config.json").read_text(encoding="utf-8"))["model_type"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _language(folder: Path) -> str:
    stated = front_matter(folder).get("language", "")
    return stated if isinstance(stated, str) else ", ".join(map(str, stated))


def _parameters(path: Path) -> int:
    try:
        with safe_open(path, framework="numpy") as weights:
            return sum(math.prod(weights.get_slice(name).get_shape()) for name in weights.keys())  # noqa: SIM118
    except (OSError, SafetensorError):
        return 0
