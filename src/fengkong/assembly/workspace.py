"""Workspaces from packs: plain files that run end to end at once, with a simulated sample."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from typing import get_args

from fengkong.assembly.settings import FILE_NAME
from fengkong.corpus.simulation.language import Language
from fengkong.corpus.simulation.loan.applications import simulate
from fengkong.domain.canonical import plain
from fengkong.domain.documents import Example
from fengkong.domain.errors import FacilityError, SettingsError, likely_slip

__all__ = ["PACKS", "create_workspace"]

PACKS = ("loan",)
LANGUAGES = get_args(Language)
APPLICATIONS = 40
"""New applications that wait for a decision: enough to see each outcome, few enough to read."""


def create_workspace(
    pack: str, folder: Path, *, language: Language = "en", rows: int = 4000, seed: int = 42, recipe: str
) -> list[Path]:
    """Write a workspace, all of it or nothing, and return its files.

    rows: simulated labelled applications. recipe: the text of recipe.toml.
    Raises SettingsError for an unknown pack or language and for a folder that holds something already,
    FacilityError when it can't be written.
    """
    _check(pack, folder, language)
    contents = _pack_files(pack, {"name": folder.resolve().name, "language": language}, language)
    try:
        with _appearing(folder.resolve()) as part:
            for name, text in {**contents, "recipe.toml": recipe}.items():
                (part / name).write_text(text, encoding="utf-8")
            simulate(rows, language=language, seed=seed).write(part)
            waiting = simulate(APPLICATIONS, language=language, seed=seed + 1).examples
            (part / "applications.jsonl").write_text(_unlabelled(waiting), encoding="utf-8")
    except OSError as error:
        raise FacilityError(
            "the workspace can't be written", where=str(folder), received=str(error), cure="choose another folder"
        ) from error
    return sorted(folder.iterdir())


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """A place beside the folder, whose files move into it once all are written; broken off, it leaves nothing.

    The folder itself is kept where it lies empty already, since it may be where the caller stands.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as beside:
        yield Path(beside)
        folder.mkdir(exist_ok=True)
        for path in sorted(Path(beside).iterdir(), key=lambda path: path.name == FILE_NAME):  # the settings last
            path.replace(folder / path.name)


def _check(pack: str, folder: Path, language: str) -> None:
    if pack not in PACKS:
        raise SettingsError("the pack is not known", received=repr(pack), cure=likely_slip(pack, PACKS))
    if language not in LANGUAGES:
        raise SettingsError("the language is not known", received=repr(language), cure=likely_slip(language, LANGUAGES))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError("the folder is not empty", where=str(folder), cure="name a new one; nothing was changed")


def _pack_files(pack: str, values: Mapping[str, str], language: str) -> dict[str, str]:
    root = files("fengkong.assembly").joinpath("packs", pack)
    sources = {
        FILE_NAME: FILE_NAME,
        "rules.yaml": "rules.yaml",
        f"README.{language}.md": "README.md",
        "gitignore": ".gitignore",
    }
    return {
        name: Template(root.joinpath(source).read_text(encoding="utf-8")).substitute(values)
        for source, name in sources.items()
    }


def _unlabelled(examples: Iterable[Example]) -> str:
    rows = ({"id": f"N{n:04d}", "text": ex.text, "fields": ex.fields} for n, ex in enumerate(examples, start=1))
    return "".join(json.dumps(plain(row), ensure_ascii=False) + "\n" for row in rows)
