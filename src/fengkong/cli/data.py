"""Labelled and unlabelled data as the commands name it: a file, a hub data set, or the workspace's."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fengkong import assembly, corpus, training
from fengkong.cli.training_progress import tell_download
from fengkong.domain.documents import Document, Example, FieldValue
from fengkong.domain.errors import FengkongError, SettingsError, likely_slip
from fengkong.domain.findings import Finding

__all__ = [
    "Labelled",
    "check_places",
    "check_text_options",
    "in_chunks",
    "parse_fields",
    "read_documents",
    "read_examples",
    "read_labelled",
    "rejects_beside",
    "with_columns",
]


@dataclass(frozen=True)
class Labelled:
    """Examples split for training, and what the checks found in them."""

    splits: corpus.Splits
    findings: tuple[Finding, ...]


def rejects_beside(source: str) -> Path:
    """Where the skipped rows of a source go when nothing else is said."""
    if source == "-" or "://" in source:
        return Path("rejects.jsonl")
    path = Path(source)
    return path.with_name(path.name + ".rejects.jsonl")


def read_labelled(data: "assembly.DataSettings", *, seed: int, recipe: "training.Recipe | None" = None) -> Labelled:
    """The labelled examples of a source, split as the settings say, and checked, their lengths against the recipe."""
    report = corpus.ReadReport()
    splits = corpus.split_examples(read_examples(data, report), how=data.split, seed=seed)
    count, longest = training.token_counter(recipe.base, tell=tell_download) if recipe else (None, 0)
    limit = _tokens_read(recipe, longest) if recipe else None
    numbers = recipe is not None and recipe.task == "regression"
    findings = corpus.check_examples(splits, token_lengths=count, max_tokens=limit, numbers=numbers)
    idle = training.idle_findings(recipe) if recipe else ()
    return Labelled(splits, (*report.findings(), *findings, *idle))


def _tokens_read(recipe: "training.Recipe", longest: int) -> int:
    """The most tokens of a text that are read, by a base that takes so many at a time."""
    at_a_time = min(recipe.max_tokens, longest)
    return at_a_time + (recipe.windows - 1) * (at_a_time - recipe.overlap)


def read_examples(data: "assembly.DataSettings", report: corpus.ReadReport | None = None) -> list[Example]:
    """The labelled examples of a source, as they stand."""
    rejects = rejects_beside(data.source)
    return corpus.read_examples(data.source, _columns(data), on_bad_row=data.on_bad_row, rejects=rejects, report=report)


def with_columns(data: "assembly.DataSettings", named: Sequence[str] | None) -> "assembly.DataSettings":
    """The same data with columns named as text=NAME, label=NAME, fields=A,B (fields=A, for one fact).

    Raises SettingsError for another part.
    """
    columns = data.columns.model_dump()
    for pair in named or ():
        part, equals, name = pair.partition("=")
        if part not in columns or not equals:
            raise SettingsError(
                "a column is named as part=NAME",
                where="--column",
                received=repr(pair),
                cure=likely_slip(part, columns) if equals else "add the =",
            )
        columns[part] = tuple(filter(None, name.split(","))) if part == "fields" and "," in name else name
    return assembly.DataSettings.model_validate({**data.model_dump(), "columns": columns})


def read_documents(
    source: str,
    data: "assembly.DataSettings | None",
    report: corpus.ReadReport | None = None,
    *,
    on_bad_row: Literal["stop", "skip"],
    rejects: Path | None,
) -> Iterator[Document]:
    """The texts of a source, one at a time; "-" is standard input. `report` is filled in as they are read."""
    columns = _columns(data) if data else corpus.Columns()
    rejects = rejects or rejects_beside(source)
    return corpus.read_documents(source, columns, on_bad_row=on_bad_row, rejects=rejects, report=report)


def in_chunks(docs: Iterable[Document], size: int) -> Iterator[list[Document]]:
    """So many at a time; those before a row that can't be read come out first, and only then is its error raised."""
    chunk: list[Document] = []
    try:
        for doc in docs:
            chunk.append(doc)
            if len(chunk) == size:
                yield chunk
                chunk = []
    except FengkongError:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


def _columns(data: "assembly.DataSettings") -> "corpus.Columns":
    return corpus.Columns(**data.columns.model_dump())


def check_places(source: str, out: str, rejects: Path | None) -> None:
    """Raises SettingsError where two of what is read, what is written and what is set aside are one file."""
    places = {"the input": source, "--out": out, "the rejects file": str(rejects or rejects_beside(source))}
    seen: dict[Path, str] = {}
    for name, place in places.items():
        if place == "-" or "://" in place:
            continue
        if (other := seen.setdefault(Path(place).resolve(), name)) != name:
            raise SettingsError(f"{other} and {name} are the same file", where=place, cure="name another file")


def check_text_options(
    file: str | None, text: str | None, fields: Sequence[str] | None, columns: Sequence[str] | None = None
) -> None:
    """Raises SettingsError where --text and a file or its columns are given, or facts without their text."""
    if columns and text is not None:
        cure = "give facts as --field name=value"
        raise SettingsError("one text has no columns", where="--column", received=repr(columns[0]), cure=cure)
    if file is not None and text is not None:
        raise SettingsError("a file and --text can't be given together", received=repr(file), cure="give one of them")
    if fields and text is None:
        raise SettingsError(
            "facts belong to one text", where="--field", received=repr(fields[0]), cure="give --text too"
        )


def parse_fields(pairs: Sequence[str]) -> dict[str, FieldValue]:
    """Facts written as name=value: numbers and true/false as such, an empty value as unknown, the rest as text."""
    fields: dict[str, FieldValue] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise SettingsError(
                "a fact is written as name=value", where="--field", received=repr(pair), cure="add the ="
            )
        fields[name.strip()] = _parse_value(value.strip())
    return fields


def _parse_value(value: str) -> FieldValue:
    if value in ("", "true", "false"):
        return {"": None, "true": True, "false": False}[value]
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value
