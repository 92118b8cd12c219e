"""Workspaces from packs: plain files that run end to end at once, with a simulated sample."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from typing import Any, get_args

from fengkong.assembly.pack import IN_PACK, Pack, find_pack
from fengkong.assembly.settings import FILE_NAME, Settings
from fengkong.corpus.simulation.language import Language
from fengkong.corpus.simulation.simulated import Simulation
from fengkong.domain.canonical import canonical_json, plain
from fengkong.domain.documents import Example
from fengkong.domain.errors import FacilityError, SettingsError, likely_slip

__all__ = ["create_workspace"]

LANGUAGES = get_args(Language)
GITIGNORE = "bundle\nruns/\nledger.db*\n*.rejects.jsonl\n"
"""What the commands make."""
FIXED = (FILE_NAME, "README.md", "recipe.toml", ".gitignore", "data.jsonl", "truth.jsonl")
"""What every new workspace holds."""
MADE = ("decisions.applications", "decisions.ledger", "model.bundle", "model.runs")
"""The settings that name what is written for a workspace rather than by its pack."""


def create_workspace(
    pack: str, folder: Path, *, language: Language = "en", rows: int | None = None, seed: int = 42, recipe: str
) -> list[Path]:
    """Write a workspace, all of it or nothing, and return its files.

    pack: the name of one that comes with fengkong, or the folder of another. rows: simulated labelled texts; None takes
    the pack's number. recipe: the text of recipe.toml, in which the pack's own choices are put.
    Raises SettingsError for an unknown pack or language, a pack that can't be used, and a folder that holds something
    already, FacilityError when it can't be written.
    """
    _check(folder, language)
    chosen = find_pack(pack)
    contents = {
        **_texts(chosen, {"name": folder.resolve().name, "language": language}, language),
        "recipe.toml": _with_choices(recipe, chosen.contents.recipe.get(language, {})),
    }
    number = chosen.contents.rows if rows is None else rows
    waiting = _settings(chosen, contents[FILE_NAME]).decisions.applications
    simulation = chosen.simulator(number + chosen.contents.waiting, language=language, seed=seed)
    try:
        with _appearing(folder.resolve()) as part:
            for name, text in contents.items():
                (part / name).write_text(text, encoding="utf-8")
            _labelled(simulation, number).write(part)
            (part / waiting).write_text(_unlabelled(simulation.examples[number:]), encoding="utf-8")
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


def _check(folder: Path, language: str) -> None:
    if language not in LANGUAGES:
        raise SettingsError("the language is not known", received=repr(language), cure=likely_slip(language, LANGUAGES))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError("the folder is not empty", where=str(folder), cure="name a new one; nothing was changed")


def _texts(pack: Pack, values: Mapping[str, str], language: str) -> dict[str, str]:
    """The files of the pack by the names that they get. Settings and README name the workspace and its language."""
    named = {FILE_NAME: FILE_NAME, f"README.{language}.md": "README.md"}
    return {
        **{name: pack.text(name) for name in pack.contents.files},
        **{name: _filled(pack, source, values) for source, name in named.items()},
        ".gitignore": GITIGNORE,
    }


def _filled(pack: Pack, source: str, values: Mapping[str, str]) -> str:
    try:
        return Template(pack.text(source)).substitute(values)
    except (KeyError, ValueError) as error:
        raise SettingsError(
            "a $ stands for nothing known",
            where=str(pack.root.joinpath(source)),
            received=str(error),
            cure="use $name or $language, and $$ for a dollar",
        ) from error


def _settings(pack: Pack, text: str) -> Settings:
    """What the pack's settings say. Raises SettingsError for settings amiss, for a path that leads out of the folder,
    and for two parts of the workspace of one name.
    """
    file = Path(str(pack.root.joinpath(FILE_NAME)))
    settings = Settings.parse(text, file)
    for key, name in settings.paths.items():
        if not re.fullmatch(IN_PACK, name) and "://" not in name:
            raise SettingsError(
                f"a new workspace has its files in one folder, and {key} leads elsewhere",
                where=str(file),
                received=repr(name),
                cure="name a file in it",
            )
    made = (settings.paths[key] for key in MADE)
    counted = Counter(name.casefold() for name in (*FIXED, *pack.contents.files, *made))
    name, times = counted.most_common(1)[0]
    if times > 1:
        raise SettingsError(
            "two parts of the workspace have one name", where=str(file), received=repr(name), cure="rename one of them"
        )
    return settings


def _with_choices(recipe: str, choices: Mapping[str, object]) -> str:
    """The recipe's text with some keys set otherwise, its comments kept."""
    for key, value in choices.items():
        line = f"{key} = {canonical_json(value).decode()}"
        recipe, found = re.subn(rf"^{re.escape(key)} = .*$", line.replace("\\", r"\\"), recipe, flags=re.MULTILINE)
        recipe += "" if found else f"{line}\n"
    return recipe


def _labelled(simulation: Simulation[Any], number: int) -> Simulation[Any]:
    """The first so many texts. What is left is newer: it waits for a decision, as tomorrow's texts would."""
    return replace(
        simulation,
        examples=simulation.examples[:number],
        truth=simulation.truth[:number],
        labels=simulation.labels[:number],
    )


def _unlabelled(examples: Iterable[Example]) -> str:
    rows = (
        {
            "id": f"N{n:04d}",
            "text": ex.text,
            **({"pair": ex.pair} if ex.pair else {}),
            "time": ex.time,
            "fields": ex.fields,
        }
        for n, ex in enumerate(examples, start=1)
    )
    return "".join(json.dumps(plain(row), ensure_ascii=False) + "\n" for row in rows)
