"""UTF-8, UTF-16 and GB18030 are read; what is none of them costs the rows it spoils."""

from pathlib import Path

import pytest

from fengkong.corpus import ReadReport, read_examples
from fengkong.domain.errors import InputError

CHINESE = "文本,标签\n客户申请贷款用于经营周转，收入稳定。,通过\n借款人逾期未还，涉嫌诈骗。,拒绝\n"


def read(path: Path, content: bytes) -> tuple[list[str], str]:
    path.write_bytes(content)
    report = ReadReport()
    return [ex.text for ex in read_examples(path, report=report)], report.encoding


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("gb18030", "gb18030"), ("gbk", "gb18030")],
)
def test_chinese_is_read_in_each_encoding(tmp_path: Path, encoding: str, said: str) -> None:
    texts, found = read(tmp_path / "a.csv", CHINESE.encode(encoding))
    assert texts == ["客户申请贷款用于经营周转，收入稳定。", "借款人逾期未还，涉嫌诈骗。"]
    assert found == said


def test_gb18030_after_a_long_run_of_ascii(tmp_path: Path) -> None:
    content = b"text,label\n" + b"plain words,a\n" * 20_000 + "这是一笔逾期的贷款,b\n".encode("gb18030")
    texts, found = read(tmp_path / "a.csv", content)
    assert texts[-1] == "这是一笔逾期的贷款"
    assert found == "gb18030"


def test_reading_gb18030_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CHINESE.encode("gb18030"))
    report = ReadReport()
    read_examples(tmp_path / "a.csv", report=report)
    assert [finding.code for finding in report.findings()] == ["D104"]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("text,label\nKäufer zahlt für Öl über Gebühr,a\n", "latin-1"),
        ("text,label\nПлатёж по кредиту просрочен,a\n", "cp1251"),
        ("text,label\n대출 상환이 연체되었습니다 고객님께 알립니다,a\n", "euc-kr"),
        ("text,label\nローンの返済が遅れています,a\n", "euc-jp"),
        ("text,label\n客戶申請貸款用於經營週轉,a\n", "big5"),
    ],
)
def test_other_encodings_are_refused_not_guessed(tmp_path: Path, content: str, encoding: str) -> None:
    with pytest.raises(InputError, match=r"a\.csv:2: not valid UTF-8 \(received byte 0x.*save the file as UTF-8"):
        read(tmp_path / "a.csv", content.encode(encoding))


def test_one_bad_byte_costs_one_row_of_utf8(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("text,label\n正常的一行,a\n".encode() + b"broken \xe4\xbd,a\n" + "又一行,b\n".encode())
    with pytest.raises(InputError, match=r"a\.csv:3: not valid UTF-8 \(received byte 0xe4 at byte 8 of the line\)"):
        read_examples(path)
    kept = read_examples(path, on_bad_row="skip", rejects=tmp_path / "rejects.jsonl")
    assert [ex.text for ex in kept] == ["正常的一行", "又一行"]


def test_a_gb18030_line_in_a_utf8_file_is_a_bad_row_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("text,label\n正常的一行,a\n".encode() + "这是另一种编码的一行,a\n".encode("gb18030"))
    with pytest.raises(InputError, match=r"a\.csv:3: not valid UTF-8.*looks like GB18030"):
        read_examples(path)


def test_one_gb18030_line_at_the_top_does_not_make_the_file_gb18030(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    foreign = "这是另一种编码的一行，我们要把它当作坏的一行来处理，其他的行不受影响,a\n".encode("gb18030")
    path.write_bytes(b"text,label\n" + foreign + "正常,a\n".encode() * 20)
    kept = read_examples(path, on_bad_row="skip", rejects=tmp_path / "rejects.jsonl")
    assert [ex.text for ex in kept] == ["正常"] * 20


def test_a_utf8_line_in_a_gb18030_file_is_a_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes((CHINESE * 300).encode("gb18030") + "这一行是另一种编码的文本,a\n".encode())
    with pytest.raises(InputError, match=r"a\.csv:901: a line of UTF-8 in a GB18030 file"):
        read_examples(path)


def test_utf16_with_half_a_pair_or_a_lost_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xff\xfe" + "text,label\nfine,a\n".encode("utf-16-le") + b"\x3d\xd8,\x00b\x00\n\x00")
    with pytest.raises(InputError, match=r"a\.csv:3: not valid UTF-16"):
        read_examples(path)
    path.write_bytes("text,label\nfine,a\nlast,b".encode("utf-16") + b"\x00")
    with pytest.raises(InputError, match=r"a\.csv:3: the file ends in the middle of a character"):
        read_examples(path)
