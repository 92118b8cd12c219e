"""Scored files of a tagger: the entities of each text, in lines and in a table."""

import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from fengkong.assembly.batch import score_file
from fengkong.corpus.entities import parse_spans
from fengkong.domain.documents import Document
from fengkong.domain.signals import Signal
from fengkong.domain.spans import Span
from fengkong.scoring.fake import FakeScorer
from fengkong.scoring.manifest import Head

TEXTS = ["Acme fell", "nothing", "美国"]
FOUND = {"Acme fell": (0, 4, "ORG"), "美国": (0, 2, "LOC")}


class Tagger(FakeScorer):
    def __init__(self) -> None:
        super().__init__("names", ("LOC", "ORG"))
        self.head = Head(name="names", task="entities", labels=("LOC", "ORG"))

    def score(self, docs: Sequence[Document]) -> list[Signal]:
        return [self._signal(doc.text) for doc in docs]

    def _signal(self, text: str) -> Signal:
        start, end, label = FOUND.get(text, (0, 0, ""))
        spans = (Span(start, end, text[start:end], label, 0.75),) if label else ()
        return Signal("names", label, 0.5, {"LOC": 0.5, "ORG": 0.25}, "b", spans)


def test_lines_hold_the_entities(tmp_path: Path) -> None:
    score_file(Tagger(), map(Document, TEXTS), tmp_path / "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert rows[0]["entities"] == [{"start": 0, "end": 4, "label": "ORG", "text": "Acme", "p": 0.75}]
    assert rows[1]["entities"] == []
    assert parse_spans(rows[2]["entities"], TEXTS[2], "entities") == (Span(0, 2, "美国", "LOC"),)


def test_a_table_holds_them_as_a_list(tmp_path: Path) -> None:
    score_file(Tagger(), map(Document, TEXTS), tmp_path / "out.parquet")
    table = pl.read_parquet(tmp_path / "out.parquet")
    assert table["entities"].list.len().to_list() == [1, 0, 1]
    assert table["entities"][2].to_list() == [{"start": 0, "end": 2, "label": "LOC", "text": "美国", "p": 0.75}]


def test_other_answers_have_no_such_column(tmp_path: Path) -> None:
    score_file(FakeScorer(), map(Document, TEXTS), tmp_path / "out.parquet")
    assert "entities" not in pl.read_parquet(tmp_path / "out.parquet").columns
