"""Bad files and bad rows: one clear sentence each, and nothing lost."""

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from fengkong.corpus import Columns, ReadReport, read_documents, read_examples
from fengkong.domain.errors import FacilityError, InputError


def test_a_missing_file_names_the_likely_slip(tmp_path: Path) -> None:
    (tmp_path / "loans.csv").write_text("text,label\na,b\n")
    with pytest.raises(InputError, match=r"loan\.csv: there is no such file; did you mean 'loans\.csv'\?"):
        read_examples(tmp_path / "loan.csv")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"", "the file is empty"),
        ("a.jsonl", b"\n\n", "the file is empty"),
        ("a.jsonl.gz", gzip.compress(b"", mtime=0), "the file is empty"),
        ("a.parquet", b"", "the file is empty"),
        ("a.csv", b"text,label\n", "header but no rows"),
        ("a.xlsx", b"PK", r"unknown kind of file.*'\.xlsx'.*\.csv"),
        ("a.csv", b"text,text\na,b\n", "a column name stands twice.*'text'"),
        ("a.csv", b"text,label\rgood,a\r", r"header can't be read.*not with \\r alone"),
        ("a.json", b'[{"text": "a", "label": "b"}]', "one object a line, without brackets"),
        ("a.parquet", b"PAR1 and nothing more", "not a whole Parquet file"),
        ("a.parquet", b"PAR1" + bytes(64) + b"PAR1", "the Parquet file can't be read"),
        ("a.csv.gz", b"text,label\na,b\n", "named .gz but not compressed"),
        ("a.csv.gz", gzip.compress(b"text,label\n" + b"a,b\n" * 9, mtime=0)[:-9], "damaged or cut short"),
        ("a.csv", "text,label\na,b\n".encode("utf-16-le"), "UTF-16 without its mark; save it again as UTF-8"),
        ("a.csv", b"\xef\xbb\xbf" + "文本,标签\n逾期未还款的客户,高\n".encode("gb18030"), "mark of UTF-8.*GB18030"),
    ],
)
def test_each_bad_file_has_one_sentence(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=sentence) as caught:
        read_examples(path)
    assert name in str(caught.value)


def test_a_folder_and_a_table_without_rows(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder; name one file"):
        read_examples(tmp_path)
    pl.DataFrame({"text": [], "label": []}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match="columns but no rows"):
        read_examples(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"text": "t"}, "no label in column 'label'"),
        ({"text": "t", "label": None}, "no label"),
        ({"text": "t", "label": " "}, "no label"),
        ({"text": "t", "label": float("nan")}, "no label"),
        ({"text": "t", "label": ["a", "b"]}, "several labels.*a list"),
        ({"label": "a"}, "no text in column 'text'"),
        ({"text": 5, "label": "a"}, "not a string.*a number"),
        ({"text": "t", "label": "a", "fields": {"n": float("inf")}}, "field 'fields.n' is infinite"),
        ({"text": "t", "label": "a", "fields": {"n": [1]}}, "field 'fields.n' is not one value.*a list.*flatten"),
        ({"text": "t", "label": "a", "fields": {"n": 2**70}}, "beyond 64 bits"),
    ],
)
def test_each_bad_row_has_file_line_cause_and_cure(tmp_path: Path, row: object, sentence: str) -> None:
    path = tmp_path / "a.jsonl"
    good = json.dumps({"text": "t", "label": "a", "fields": {"n": 1}})
    path.write_text(f"{good}\n{json.dumps(row)}\n")
    with pytest.raises(InputError, match=rf"a\.jsonl:2: .*{sentence}") as caught:
        read_examples(path)
    assert caught.value.cure


def test_half_a_surrogate_pair_is_a_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "ok \\ud83d", "label": "a"}\n')
    with pytest.raises(InputError, match=r"half of a surrogate pair.*U\+D83D at character 4"):
        read_examples(path)


def test_skipped_rows_are_kept_with_their_causes_and_counted(tmp_path: Path) -> None:
    path, rejects, report = tmp_path / "a.csv", tmp_path / "rejects.jsonl", ReadReport()
    path.write_bytes(b'text,label\ngood,a\nonly one cell\nbad \xff byte,a\n"stray" quote,a\nlabelless,\nlast,b\n')
    examples = read_examples(path, on_bad_row="skip", rejects=rejects, report=report)
    assert [ex.text for ex in examples] == ["good", "last"]
    assert [ex.place.line for ex in examples] == [2, 7]
    kept = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [entry["line"] for entry in kept] == [3, 4, 5, 6]
    assert [entry["row"] for entry in kept] == ["only one cell", "bad \\xff byte,a", '"stray" quote,a', "labelless,"]
    assert all(entry["file"] == str(path) and entry["cause"].endswith(".") for entry in kept)
    assert (report.rows, report.skipped) == (6, 4)
    assert [(finding.code, finding.place.line) for finding in report.findings()] == [("D101", 3)]


def test_an_unclosed_quote_does_not_swallow_rows_silently(tmp_path: Path) -> None:
    path, rejects = tmp_path / "a.csv", tmp_path / "rejects.jsonl"
    path.write_text('text,label\ngood,a\n"never closed,a\nnext,b\n')
    with pytest.raises(InputError, match=r"a\.csv:3: .*lines 3 to 4.*close the quote"):
        read_examples(path)
    read_examples(path, on_bad_row="skip", rejects=rejects)
    assert json.loads(rejects.read_text())["row"] == '"never closed,a\nnext,b'


def test_rejects_are_written_as_rows_are_met_and_the_thousandth_line_is_named(tmp_path: Path) -> None:
    path, rejects = tmp_path / "a.jsonl", tmp_path / "rejects.jsonl"
    lines = ['{"text": "fine"}'] * 2_000
    lines[999] = '{"text": "broken'
    path.write_text("\n".join(lines))
    documents = read_documents(path, on_bad_row="skip", rejects=rejects)
    assert [next(documents).source for _ in range(1_000)][-1].endswith(":1001")
    assert json.loads(rejects.read_text())["line"] == 1_000
    with pytest.raises(InputError, match=r"a\.jsonl:1000: not JSON .*at character 10"):
        list(read_documents(path))


def test_an_old_rejects_file_never_passes_for_this_runs(tmp_path: Path) -> None:
    path, rejects = tmp_path / "a.csv", tmp_path / "rejects.jsonl"
    path.write_text("text,label\na,b\n")
    rejects.write_text("from yesterday\n")
    read_examples(path, on_bad_row="skip", rejects=rejects)
    assert rejects.read_text() == ""


def test_no_usable_row_at_all_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,\nb,\n")
    with pytest.raises(InputError, match=r"no row could be used \(received 2 rows\)"):
        read_examples(path, on_bad_row="skip", rejects=tmp_path / "rejects.jsonl")


def test_a_full_disk_under_the_rejects_file_is_a_facility_error(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,\nb,c\n")
    with pytest.raises(FacilityError, match=r"/dev/full: skipped rows can't be written down.*No space left"):
        read_examples(path, on_bad_row="skip", rejects=Path("/dev/full"))


def test_nan_in_a_field_is_unknown_and_said(tmp_path: Path) -> None:
    path, report = tmp_path / "a.csv", ReadReport()
    path.write_text("text,label,income\na,x,NaN\nb,y,5\nc,y,nan\n")
    examples = read_examples(path, Columns(fields=["income"]), report=report)
    assert [ex.fields["income"] for ex in examples] == [None, 5, None]
    assert [str(finding) for finding in report.findings()] == ["info D102 income: NaN read as unknown: 2"]


def test_errors_quote_no_text_and_no_group(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "Mr Miller", "label": "a", "group": {"id": "Miller"}}\n')
    with pytest.raises(InputError) as caught:
        read_examples(path, Columns(group="group"))
    assert "Miller" not in str(caught.value)
