"""Bytes to lines of text: UTF-8, UTF-16 with its mark, and GB18030 where the bytes prove it.

A line that can't be decoded is handed on with its fault, so that one bad byte costs one row, not the file.
The encoding is decided at the first line that needs it, which also works for a pipe that can't be read twice.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from fengkong.domain.errors import InputError

__all__ = ["Line", "read_lines"]

MAX_LINE = 64 * 2**20
"""Bytes in one line; a longer one is not a table of texts, and would have to be held in memory whole."""
SAMPLE = 64 * 2**10

# The most frequent characters of written Chinese, with those usual in column names and bank messages. They cover a
# quarter or more of real text; bytes of another encoding that happen to decode hit them once in thirty or less.
_FREQUENT = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法"
    "学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日者意无力它与长把机十民第公此已工使情明性知全三又关点正业外"
    "将两高间由问很最重并物手应向文体政美相见被利什二等产或新制身果加西月话合回特代内信表化给世位次度任常先通原东提立及比员解名论处各"
    "入几认条平系更别变四总何电数安少报结反受目量再建务做接必场件计管期市直资金指统区保至社决展科司五基则达放强权设记品告类求据程交规"
    "万取额款贷户卡账股券银元标签费您请客骗诈"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One physical line, with its ending. `fault` says why it could not be decoded; `text` then holds escapes."""

    number: int
    text: str
    encoding: str
    fault: InputError | None = None


def read_lines(stream: BinaryIO, file: str) -> Iterator[Line]:
    """The lines of a binary stream, from 1.

    `file` is named in errors. Raises InputError for UTF-16 without a mark, for GB18030 that bears the mark of UTF-8,
    and for a line over 64 MiB.
    """
    first = stream.readline(MAX_LINE)
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield from _utf16_lines(first, stream, file)
        return
    _refuse_unmarked_utf16(first, file)
    marked = first.startswith(codecs.BOM_UTF8)
    raw_lines = _raw_lines(first.removeprefix(codecs.BOM_UTF8), stream, file)
    encoding, number = "", 0
    for raw in raw_lines:
        waiting = [raw]
        if not encoding and not raw.isascii():
            encoding, waiting = _decide(raw, raw_lines)
            if marked and encoding != "utf-8":
                raise InputError(
                    "the file bears the mark of UTF-8 but its bytes are GB18030",
                    where=f"{file}:{number + 1}",
                    cure="save it again as UTF-8",
                )
        for line in waiting:
            number += 1
            yield _decoded(line, number, encoding or "utf-8")


def _raw_lines(first: bytes, stream: BinaryIO, file: str) -> Iterator[bytes]:
    line, number = first, 1
    while line:
        if len(line) >= MAX_LINE:
            raise _too_long(file, number)
        yield line
        line, number = stream.readline(MAX_LINE), number + 1


def _too_long(file: str, number: int) -> InputError:
    return InputError(
        "a line is longer than 64 MiB", where=f"{file}:{number}", cure="give a table with one text a row, uncompressed"
    )


def _decided_by(line: bytes) -> bool:
    """Whether this line alone proves UTF-8: it decodes as such, and would be nonsense as GB18030."""
    text = None if line.isascii() else _strict(line, "utf-8")
    return text is not None and (_has_han(text) or not _is_chinese_gb18030(line))


def _decide(first: bytes, following: Iterator[bytes]) -> tuple[str, list[bytes]]:
    """The encoding, and the lines that were read to find it."""
    sample, size = [first], len(first)
    while not _decided_by(sample[-1]) and size < SAMPLE and (line := next(following, None)) is not None:
        sample.append(line)
        size += len(line)
    telling = [line for line in sample if not line.isascii()]
    utf8 = [line for line in telling if _strict(line, "utf-8") is not None]
    # Short GB18030 lines pass for UTF-8 now and then; a UTF-8 file with one foreign line must stay UTF-8.
    mostly_invalid = len(utf8) * 10 <= len(telling)
    if mostly_invalid and _is_chinese_gb18030(b"".join(telling)):
        return "gb18030", sample
    return "utf-8", sample


def _is_chinese_gb18030(raw: bytes) -> bool:
    """Whether the bytes decode as GB18030 into common Chinese: mostly GB2312, and often its most frequent characters.

    EUC-KR, EUC-JP, Big5 and the single-byte encodings decode too, but into rare characters.
    """
    decodable = b"".join(line for line in raw.splitlines(keepends=True) if _strict(line, "gb18030") is not None)
    foreign = [char for char in decodable.decode("gb18030") if ord(char) > 127]
    if not foreign or len(decodable) < len(raw) / 2:
        return False
    common = sum(_in_gb2312(char) for char in foreign)
    frequent = sum(char in _FREQUENT for char in foreign)
    return common >= 0.6 * len(foreign) and frequent >= max(1, 0.06 * len(foreign))


def _in_gb2312(char: str) -> bool:
    """First-level Han, Chinese punctuation or full-width forms of GB2312 (rows 1, 3 and 16 to 55)."""
    try:
        lead = char.encode("gb2312")[0]
    except UnicodeEncodeError:
        return False
    return lead in (0xA1, 0xA3) or 0xB0 <= lead <= 0xD7


def _decoded(raw: bytes, number: int, encoding: str) -> Line:
    text = _strict(raw, encoding)
    if text is None:
        fault = _undecodable(raw, encoding)
        return Line(number, raw.decode(encoding, "backslashreplace"), encoding, fault)
    if encoding == "gb18030" and not raw.isascii():
        other = _strict(raw, "utf-8")
        if other is not None and sum("\u4e00" <= char <= "\u9fff" for char in other) > 2:
            fault = InputError("a line of UTF-8 in a GB18030 file", cure="save the whole file as UTF-8")
            return Line(number, other, encoding, fault)
    return Line(number, text, encoding)


def _undecodable(raw: bytes, encoding: str) -> InputError:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError as error:
        received = f"byte 0x{raw[error.start]:02x} at byte {error.start + 1} of the line"
    cure = "save the file as UTF-8"
    if encoding == "utf-8" and _is_chinese_gb18030(raw):
        cure = "the line looks like GB18030: save the file as UTF-8"
    return InputError(f"not valid {encoding.upper()}", received=received, cure=cure)


def _strict(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _has_han(text: str) -> bool:
    return any("\u4e00" <= char <= "\u9fff" for char in text)


def _refuse_unmarked_utf16(first: bytes, file: str) -> None:
    head = first[:1024]
    if len(head) >= 8 and max(head[0::2].count(0), head[1::2].count(0)) > 0.4 * len(head):
        raise InputError(
            "every other byte is zero, as in UTF-16 without its mark", where=file, cure="save it again as UTF-8"
        )


def _utf16_lines(first: bytes, stream: BinaryIO, file: str) -> Iterator[Line]:
    """Lines split after decoding, since a newline is two bytes. Halves of surrogate pairs become faults."""
    decoder = codecs.getincrementaldecoder("utf-16")("surrogatepass")
    number, pending, chunk = 0, "", first
    while True:
        try:
            pending += decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError:
            fault = InputError("the file ends in the middle of a character", cure="copy the file again")
            yield Line(number + 1, pending, "utf-16", fault)
            return
        lines = pending.split("\n")
        pending = lines.pop()
        if len(pending) > MAX_LINE // 2:
            raise _too_long(file, number + 1)
        for text in lines:
            number += 1
            yield _checked_utf16(number, text + "\n")
        if not chunk:
            break
        chunk = stream.read(SAMPLE)
    if pending:
        yield _checked_utf16(number + 1, pending)


def _checked_utf16(number: int, text: str) -> Line:
    if any("\ud800" <= char <= "\udfff" for char in text):
        fault = InputError("not valid UTF-16: half of a surrogate pair", cure="save the file as UTF-8")
        return Line(number, text.encode("utf-8", "backslashreplace").decode(), "utf-16", fault)
    return Line(number, text, "utf-16")
