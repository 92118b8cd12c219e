"""What a user gives, and what the reader makes of it."""

import csv
import gzip
import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from fengkong.corpus import Columns, ReadReport, read_documents, read_examples
from fengkong.domain.errors import InputError, SettingsError

ROWS = [("Payment late again", "bad"), ('He said "pay, now"\nand left', "bad"), ("一切正常，已还款", "good")]


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def jsonl(*rows: object) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def table(delimiter: str) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows([("text", "label"), *ROWS])
    return stream.getvalue()


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".csv", table(",")),
        (".csv", table(";")),
        (".tsv", table("\t")),
        (".jsonl", jsonl(*({"text": text, "label": label} for text, label in ROWS))),
    ],
)
def test_each_text_format_gives_the_same_examples(tmp_path: Path, suffix: str, content: str, packed: str) -> None:
    raw = content.encode()
    path = tmp_path / f"data{suffix}{packed}"
    path.write_bytes(gzip.compress(raw) if packed else raw)
    assert [(ex.text.replace("\r\n", "\n"), ex.label) for ex in read_examples(path)] == ROWS


def test_parquet_gives_typed_fields_and_the_names_of_hub_class_labels(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    features = {"info": {"features": {"label": {"names": ["ham", "spam"], "_type": "ClassLabel"}}}}
    frame = pl.DataFrame({"text": ["a", "b"], "label": [1, 0], "fields.income": [10.5, float("nan")]})
    frame.write_parquet(path, metadata={"huggingface": json.dumps(features)})
    report = ReadReport()
    examples = read_examples(path, report=report)
    assert [(ex.label, dict(ex.fields)) for ex in examples] == [("spam", {"income": 10.5}), ("ham", {"income": None})]
    assert report.unknown == {"income": 1}
    assert [finding.code for finding in report.findings()] == ["D102"]
    assert examples[1].place.line == 2


@pytest.mark.parametrize(
    ("text", "label"),
    [("text", "label"), ("Sentence", "Target"), ("文本", "标签"), ("内容", "类别"), ("message", "class")],
)
def test_columns_are_found_by_usual_names_in_both_languages(tmp_path: Path, text: str, label: str) -> None:
    path = write(tmp_path / "data.csv", f"n,{text},{label}\n1,hello,a\n")
    [ex] = read_examples(path)
    assert (ex.text, ex.label) == ("hello", "a")


def test_the_plain_name_wins_and_two_synonyms_are_refused(tmp_path: Path) -> None:
    plain = write(tmp_path / "plain.csv", "content,text,label\nno,yes,a\n")
    assert read_examples(plain)[0].text == "yes"
    unclear = write(tmp_path / "unclear.csv", "content,message,label\nno,yes,a\n")
    with pytest.raises(InputError, match=r"several columns could be the text.*'content', 'message'.*text="):
        read_examples(unclear)
    assert read_examples(unclear, Columns(text="message"))[0].text == "yes"


def test_a_missing_column_lists_those_found_and_the_likely_slip(tmp_path: Path) -> None:
    path = write(tmp_path / "data.csv", "text,lable\nhello,a\n")
    with pytest.raises(InputError, match=r"no column for the label.*'text', 'lable'.*did you mean 'lable'\?"):
        read_examples(path)
    with pytest.raises(InputError, match=r"no column 'txt' for the text.*did you mean 'text'\?"):
        read_examples(path, Columns(text="txt"))


def test_all_parts_of_an_example_are_read(tmp_path: Path) -> None:
    row = {"text": "t", "label": 1, "split": "validation", "time": "2026-03-01", "group": 7, "fields": {"age": 40}}
    path = write(tmp_path / "data.jsonl", jsonl(row))
    [ex] = read_examples(path)
    assert (ex.label, ex.split, ex.group, dict(ex.fields)) == ("1", "dev", "7", {"age": 40})
    assert ex.time == datetime(2026, 3, 1, tzinfo=UTC)
    assert str(ex.place) == f"{path}:1"


@pytest.mark.parametrize(
    ("label", "expected"), [(True, "true"), (1, "1"), (1.0, "1"), (0.5, "0.5"), (" ham ", "ham"), ("贷款", "贷款")]
)
def test_numbers_and_truth_values_become_text_labels(tmp_path: Path, label: object, expected: str) -> None:
    path = write(tmp_path / "data.jsonl", jsonl({"text": "t", "label": label}))
    assert read_examples(path)[0].label == expected


@pytest.mark.parametrize("time", ["2026-03-01T00:00:00Z", "2026/3/1", "2026年3月1日", "20260301"])
def test_usual_ways_to_write_a_time(tmp_path: Path, time: str) -> None:
    path = write(tmp_path / "data.csv", f"text,label,时间\nhello,a,{time}\n")
    assert read_examples(path)[0].time == datetime(2026, 3, 1, tzinfo=UTC)


def test_fields_are_an_object_column_named_columns_or_prefixed_columns(tmp_path: Path) -> None:
    content = 'text,label,fields,fields.term,income\nt,a,"{""age"": 40}",36 months,"12.50"\n'
    path = write(tmp_path / "data.csv", content)
    assert dict(read_examples(path)[0].fields) == {"age": 40, "term": "36 months"}
    assert dict(read_examples(path, Columns(fields=["income"]))[0].fields) == {"income": 12.5}
    assert dict(read_examples(path, Columns(fields=""))[0].fields) == {}


def test_csv_facts_keep_what_is_not_plainly_a_number(tmp_path: Path) -> None:
    cells = {"zip": "01234", "card": "6222021234567890123", "rate": "28.40%", "yes": "True", "n": "-3", "gone": ""}
    content = f"text,label,{','.join(f'fields.{name}' for name in cells)}\nt,a,{','.join(cells.values())}\n"
    facts = read_examples(write(tmp_path / "data.csv", content))[0].fields
    assert facts == {**cells, "yes": True, "n": -3, "gone": None}
    assert isinstance(facts["zip"], str)


def test_a_column_that_only_bears_a_usual_name_is_passed_over_and_said(tmp_path: Path) -> None:
    path = write(tmp_path / "data.csv", "text,label,date,split\nhello,a,31-12-2020,7\n")
    report = ReadReport()
    [ex] = read_examples(path, report=report)
    assert (ex.time, ex.split) == (None, None)
    assert [finding.code for finding in report.findings()] == ["D103", "D103"]
    with pytest.raises(InputError, match=r"not a time in column 'date' \(received '31-12-2020'\)"):
        read_examples(path, Columns(time="date"))


def test_a_slip_in_a_split_column_is_a_bad_row_not_a_column_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path / "data.csv", "text,label,split\na,x,train\nb,x,train\nc,x,tset\n")
    with pytest.raises(InputError, match=r"data.csv:4: unknown split.*'tset'"):
        read_examples(path)


def test_documents_need_no_labels_and_keep_the_callers_id(tmp_path: Path) -> None:
    path = write(tmp_path / "data.jsonl", jsonl({"id": 17, "text": "one", "fields": {"amount": 3}}, {"text": "two"}))
    first, second = read_documents(path)
    assert (first.id, first.text, first.fields["amount"]) == ("17", "one", 3)
    assert second.id == second.content_hash[:16]
    assert second.source == f"{path}:2"


def test_documents_come_from_standard_input_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO(jsonl(*({"text": f"text {i} " + "x" * 100} for i in range(10_000))).encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
    documents = read_documents("-")
    assert next(documents).source == "standard input:1"
    assert stream.tell() < 200_000  # far from the end: rows are not gathered
    assert sum(1 for _ in documents) == 9_999


def test_text_is_kept_as_it_is(tmp_path: Path) -> None:
    odd = "a\x00b\x07c\u200bd\ufeff\u202e e\U0001f600"
    assert read_examples(write(tmp_path / "a.jsonl", jsonl({"text": odd, "label": "x"})))[0].text == odd
    assert read_examples(write(tmp_path / "a.csv", f"text,label\n{odd},x\n"))[0].text == odd


def test_a_text_of_a_megabyte_passes(tmp_path: Path) -> None:
    long = "风险 risk " * 130_000
    for path in (
        write(tmp_path / "a.csv", f"text,label\n{long},x\n"),
        write(tmp_path / "a.jsonl", jsonl({"text": long, "label": "x"})),
    ):
        assert read_examples(path)[0].text == long


def test_skipping_needs_a_rejects_file_that_is_not_the_source(tmp_path: Path) -> None:
    path = write(tmp_path / "data.csv", "text,label\na,b\n")
    with pytest.raises(SettingsError, match="name a rejects file"):
        read_examples(path, on_bad_row="skip")
    with pytest.raises(SettingsError, match="the source itself"):
        read_documents(path, on_bad_row="skip", rejects=path)
    assert path.read_text() == "text,label\na,b\n"


def test_keys_that_first_appear_after_many_rows_are_read_from_there_on(tmp_path: Path) -> None:
    late = {"text": "new", "label": "x", "id": "A151", "group": "g", "fields": {"income": 3}, "fields.amount": 9}
    path = write(tmp_path / "a.jsonl", jsonl(*[{"text": "old", "label": "x"}] * 150, late, {"text": "z", "label": "y"}))
    *_, found, _ = read_documents(path)
    assert (found.id, found.fields) == ("A151", {"income": 3, "amount": 9})
    assert read_examples(path)[150].group == "g"
    *_, plain, _ = read_documents(path, Columns(id="", fields=""))
    assert plain.id != "A151"
    assert plain.fields == {}


@pytest.mark.parametrize("part", ["split", "group", "label"])
def test_texts_to_decide_on_need_no_column_that_only_training_reads(tmp_path: Path, part: str) -> None:
    path = write(tmp_path / "a.csv", "text\nrent\n")
    columns = Columns(**{part: "customer"})
    assert [doc.text for doc in read_documents(path, columns)] == ["rent"]
    with pytest.raises(InputError, match="no column"):
        read_examples(path, columns)
