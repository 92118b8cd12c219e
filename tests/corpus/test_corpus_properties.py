"""What holds for any rows and any bytes."""

import csv
import gzip
import io
import json
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.corpus import read_documents, read_examples
from fengkong.corpus.sources import SUFFIXES
from fengkong.domain.errors import InputError

texts = st.text(st.characters(codec="utf-8"), max_size=30)
labels = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Z"]), min_size=1, max_size=5)
tables = st.lists(st.tuples(texts, labels), min_size=1, max_size=8)


def write(path: Path, rows: list[tuple[str, str]]) -> None:
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    if kind == "parquet":
        pl.DataFrame({"text": [row[0] for row in rows], "label": [row[1] for row in rows]}).write_parquet(path)
        return
    stream = io.StringIO(newline="")
    if kind in ("csv", "tsv"):
        delimiter = "," if kind == "csv" else "\t"
        writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([("text", "label"), *rows])
    else:
        for text, label in rows:
            stream.write(json.dumps({"text": text, "label": label}, ensure_ascii=False) + "\n")
    raw = stream.getvalue().encode()
    path.write_bytes(gzip.compress(raw, 1) if path.suffix == ".gz" else raw)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_rows_come_back_as_they_were_written(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows{suffix}"

    @settings(deadline=None, max_examples=25)
    @given(tables)
    def check(rows: list[tuple[str, str]]) -> None:
        write(path, rows)
        assert [(ex.text, ex.label) for ex in read_examples(path)] == rows

    check()


heads = st.sampled_from([b"", b"text,label\n", b'{"text": "a", "label": "b"}\n', b"\xef\xbb\xbf", b"\xff\xfe", b"PAR1"])


@settings(deadline=None, max_examples=150)
@given(heads, st.binary(max_size=200) | texts.map(str.encode), st.sampled_from(SUFFIXES), st.booleans())
def test_no_bytes_crash_a_reader(head: bytes, rest: bytes, suffix: str, packed: bool) -> None:
    content = head + rest + (head if head == b"PAR1" else b"")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"any{suffix}"
        path.write_bytes(gzip.compress(content, 1) if packed else content)
        for read in (read_examples, read_documents):
            try:
                list(read(path, on_bad_row="skip", rejects=Path(folder) / "rejects.jsonl"))
            except InputError as error:
                assert error.cure  # noqa: PT017 - either outcome is right, but an error must say what to do
