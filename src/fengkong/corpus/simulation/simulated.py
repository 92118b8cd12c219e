"""Simulated texts and their truth, side by side, and the two files that they are written to."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from fengkong.domain.canonical import plain
from fengkong.domain.documents import Example
from fengkong.domain.errors import FacilityError

__all__ = ["Simulation", "write_lines"]

TruthT = TypeVar("TruthT")


@dataclass(frozen=True, slots=True)
class Simulation(Generic[TruthT]):
    """Examples and their truth, in the same order; `examples[i].place.name` is `truth[i].id`.

    labels: by question, in the same order, where several questions are asked of each text; then `Example.label` answers
        the first of them.
    """

    examples: tuple[Example, ...]
    truth: tuple[TruthT, ...]
    labels: tuple[Mapping[str, str], ...] = ()

    def write(self, folder: str | Path) -> tuple[Path, Path]:
        """Write `data.jsonl` and `truth.jsonl` (UTF-8, one object a line, joined by `id`); returns their paths.

        A text's label stands in the column `label`; of several questions, each in the column of its name.
        Each file appears whole or not at all. Raises FacilityError where the folder can't be written.
        """
        folder = Path(folder)
        data, truth = folder / "data.jsonl", folder / "truth.jsonl"
        write_lines(data, self._rows())
        write_lines(truth, self.truth)
        return data, truth

    def _rows(self) -> Iterator[dict[str, object]]:
        answers = self.labels or ({"label": ex.label} for ex in self.examples)
        for ex, labels in zip(self.examples, answers, strict=True):
            pair = {"pair": ex.pair} if ex.pair else {}
            head = {"id": ex.place.name, "text": ex.text, **pair, **labels}
            yield {**head, "time": ex.time, "group": ex.group, "fields": ex.fields}


def write_lines(path: Path, rows: Iterable[object]) -> None:
    """One JSON object a line, the file whole or not at all. Raises FacilityError where it can't be written."""
    lines: Iterator[str] = (json.dumps(plain(row), ensure_ascii=False) + "\n" for row in rows)
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)
        os.replace(partial, path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise FacilityError(
            "the simulated texts can't be written",
            where=str(path),
            received=error.strerror or type(error).__name__,
            cure="choose a folder that can be written, with room on its disk",
        ) from error
