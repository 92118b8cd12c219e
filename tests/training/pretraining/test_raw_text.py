"""Raw text is read from tables, plain files and folders."""

import gzip
import json

import pytest

from fengkong.corpus.columns import Columns
from fengkong.domain.errors import InputError, SettingsError
from fengkong.training.pretraining.reading import read_texts


def test_blank_lines_part_the_documents_of_a_plain_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("one\nstill one\n\n \n二\n\n\nthree", encoding="utf-8")
    assert [text.strip() for text in read_texts(str(path))] == ["one\nstill one", "二", "three"]


def test_a_plain_file_may_be_compressed_and_of_gb18030(tmp_path):
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress("借款人应当按照合同约定的期限返还借款。\n\n第二条".encode("gb18030")))
    assert [text.strip() for text in read_texts(str(path))] == ["借款人应当按照合同约定的期限返还借款。", "第二条"]


def test_a_folder_is_read_in_order_of_name_with_its_subfolders_but_no_hidden_file(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2.txt").write_text("second")
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": "first"}) + "\n")
    (tmp_path / ".c.txt").write_text("hidden")
    (tmp_path / "notes.md").write_text("not read")
    assert list(read_texts(str(tmp_path))) == ["first", "second"]


def test_what_can_not_be_read_is_skipped_and_kept_file_by_file(tmp_path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.jsonl").write_text('{"text": "first"}\nnot JSON\n{"text": "second"}\n')
    (tmp_path / "corpus" / "b.txt").write_bytes("借款人\n".encode() + b"\xff\xfe\xff\n" + "应当还款\n".encode())
    (tmp_path / "corpus" / "c.jsonl").write_text('{"text": "third"}\n')
    rejects = tmp_path / "rejects"
    with pytest.raises(InputError, match=r"a\.jsonl:2"):
        list(read_texts(str(tmp_path / "corpus")))
    found = list(read_texts(str(tmp_path / "corpus"), on_bad_row="skip", rejects=rejects))
    assert found == ["first", "second", "借款人\n应当还款\n", "third"]
    kept = sorted(rejects.iterdir())
    assert [path.name.rpartition("corpus_")[2] for path in kept] == ["a.jsonl.rejects.jsonl", "b.txt.rejects.jsonl"]
    assert [json.loads(path.read_text())["line"] for path in kept] == [2, 2]


def test_nothing_is_left_where_all_could_be_read(tmp_path):
    (tmp_path / "a.txt").write_text("one")
    assert list(read_texts(str(tmp_path / "a.txt"), on_bad_row="skip", rejects=tmp_path / "rejects")) == ["one"]
    assert not (tmp_path / "rejects").exists()
    with pytest.raises(SettingsError, match="needs a file to keep them in"):
        list(read_texts(str(tmp_path / "a.txt"), on_bad_row="skip"))


def test_a_column_can_be_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("body,other\nlong,short\n")
    assert list(read_texts(str(path), Columns(text="other"))) == ["short"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty", None, "empty: the folder holds no text that can be read"),
        ("none.txt", None, r"none\.txt: can't be read \(received No such file"),
        ("cut.txt.gz", gzip.compress(b"a text" * 99, mtime=0)[:-9], "damaged or cut short"),
        ("bad.txt", b"fine\n\xff\xfe\xfa\n", r"bad\.txt:2: not valid UTF-8"),
        ("x.pdf", b"%PDF", "unknown kind of file"),
    ],
)
def test_what_can_not_be_read_is_named(tmp_path, name, content, says):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    elif "." not in name:
        path.mkdir()
    with pytest.raises(InputError, match=says):
        list(read_texts(str(path)))
