"""Block, allow and watch lists: how values are found on them, their versions, and rows that can't be used."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.domain import Finding, RuleError
from fengkong.rules import RuleSet, RuleTable, check, csv_files
from fengkong.rules.listing import Listing, plain_form

TEXT = """\
format: 1
name: lists
version: 1
default: approve
inputs:
  phone: text
  name: text
  account: text
  applied: date
lists:
  blocked: {file: blocked.csv, of: phone, as_of: applied}
  friends: friends.csv
  accounts: {file: sub/accounts.csv, of: code}
reasons:
  WHY: {en: Because., zh: 因为。}
rules:
  - {id: blocked, when: phone in lists.blocked, then: decline, reason: WHY}
  - {id: stranger, when: name not in lists.friends, then: review, reason: WHY}
  - {id: account, when: account in lists.accounts and name is known, then: review, reason: WHY}
"""
BLOCKED = "value,until,note\n138 0013 8000,,fraud\n+86 139-0013-9000,2025-06-30,\n0044 20 7946 0000,2025-01-01,old\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "rules.yaml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "blocked.csv").write_text(BLOCKED, encoding="utf-8")
    (tmp_path / "friends.csv").write_text('value\n张三\n"Li,  Si"\n', encoding="utf-8-sig")
    (tmp_path / "sub" / "accounts.csv").write_text("value,note\n6222-0212 33,\n", encoding="utf-8")
    return tmp_path


def state(rs: RuleSet, rule: str, **values: object) -> str:
    return next(str(trace.state) for trace in rs.run(values).rules if trace.rule == rule)


@pytest.mark.parametrize(
    "written",
    [
        "13800138000",
        "+86 138 0013 8000",
        "（138）0013－8000",
        "١٣٨٠٠١٣٨٠٠٠",
        "１３８００１３８０００",
        "008613800138000",
    ],
)
def test_a_phone_is_found_however_it_is_written(folder: Path, written: str) -> None:
    rs = RuleSet.load(folder / "rules.yaml")
    assert state(rs, "blocked", phone=written) == "hit"
    assert state(rs, "blocked", phone=written.translate({ord(three): "4" for three in "3３٣"})) == "no_hit"


def test_names_and_codes_are_found_whatever_their_case_and_blanks(folder: Path) -> None:
    rs = RuleSet.load(folder / "rules.yaml")
    assert state(rs, "stranger", name="LI, SI ") == "no_hit"
    assert state(rs, "stranger", name="张三\u200b") == "no_hit"
    assert state(rs, "stranger", name="张四") == "hit"
    assert state(rs, "account", name="x", account="6222 021233") == "hit"


def test_an_entry_holds_up_to_its_last_day(folder: Path) -> None:
    rs = RuleSet.load(folder / "rules.yaml")
    assert state(rs, "blocked", phone="13900139000", applied=date(2025, 6, 30)) == "hit"
    assert state(rs, "blocked", phone="13900139000", applied=date(2025, 7, 1)) == "no_hit"
    assert state(rs, "blocked", phone="13900139000") == "unknown"
    assert state(rs, "blocked", phone="13700137000") == "no_hit"
    assert state(rs, "blocked", phone="442079460000", applied="2025-01-01") == "hit"


def test_an_unknown_value_is_doubt_and_an_empty_one_is_on_no_list(folder: Path) -> None:
    rs = RuleSet.load(folder / "rules.yaml")
    assert state(rs, "blocked") == "unknown"
    assert state(rs, "stranger") == "unknown"
    assert state(rs, "blocked", phone=" \u3000") == "no_hit"
    assert state(rs, "blocked", phone=138) == "error"


def test_a_table_gives_the_same_answers(folder: Path) -> None:
    rs = RuleSet.load(folder / "rules.yaml")
    phones = ["138 00138000", "13900139000", None, "1", "13900139000"]
    days = [None, date(2025, 6, 1), None, date(2025, 1, 1), None]
    frame = pl.DataFrame({"phone": phones, "applied": days, "name": ["张三", "X", "li, si", None, "y"]})
    outcomes = rs.run_table(frame).outcome.to_list()
    for outcome, row in zip(outcomes, frame.to_dicts(), strict=True):
        asked = [rule.outcome for rule in rs.run(row).rules if rule.outcome is not None]
        assert outcome == max([*asked, rs.default])


def test_a_list_is_versioned_by_what_it_holds(folder: Path) -> None:
    rs = RuleSet.load(folder / "rules.yaml")
    assert set(rs.lists) == {"blocked", "friends", "accounts"}
    lines = BLOCKED.splitlines()
    same = "\n".join([lines[0], lines[3], lines[1].replace("fraud", "another note"), lines[2], ""])
    (folder / "blocked.csv").write_text(same, encoding="utf-8")
    again = RuleSet.load(folder / "rules.yaml")
    assert (again.hash, again.lists) == (rs.hash, rs.lists)
    (folder / "blocked.csv").write_text(BLOCKED.replace("8000,,", "8000,2030-01-01,"), encoding="utf-8")
    changed = RuleSet.load(folder / "rules.yaml")
    assert changed.hash != rs.hash
    assert changed.lists["blocked"] != rs.lists["blocked"]
    assert changed.lists["friends"] == rs.lists["friends"]


def found(folder: Path, text: str = TEXT, **files: str) -> list[Finding]:
    (folder / "rules.yaml").write_text(text, encoding="utf-8")
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    return check(folder / "rules.yaml")


FAULTS = [
    ("value,until\n13800138000,soon\n", "R017", "error", "blocked.csv:2", "'until' is no day"),
    ("value,until\n,\n,2025-01-01\n", "R017", "error", "blocked.csv:3", "empty"),
    ("value\nnobody\n", "R017", "error", "blocked.csv:2", "empty as a phone"),
    ("value\n1,2\n", "R017", "error", "blocked.csv:2", "2 cells"),
    ("note\n1\n", "R016", "error", "blocked.csv:1", "'value' is missing"),
    ("value,value\n1,1\n", "R016", "error", "blocked.csv:1", "twice"),
    ("value,\n1,1\n", "R016", "error", "blocked.csv:1", "no name"),
    ("", "R016", "error", "blocked.csv:1", "no header"),
    ('value\n"1\n', "R016", "error", "blocked.csv", "no CSV"),
    ("value\n138 00138000\n+8613800138000\n", "R018", "warning", "blocked.csv:3", "line 2"),
    ("value\n", "R013", "info", "rules.yaml:11", "empty"),
]


@pytest.mark.parametrize(("content", "code", "severity", "place", "words"), FAULTS)
def test_bad_rows_are_findings_with_their_line(
    folder: Path, content: str, code: str, severity: str, place: str, words: str
) -> None:
    (finding,) = [finding for finding in found(folder, blocked=content) if finding.code == code]
    assert (finding.severity, finding.place.file.startswith(str(folder))) == (severity, True)
    assert str(finding.place).endswith(place)
    assert words in finding.message


DECLARATIONS = [
    ("file: blocked.csv", "file: blokked.csv", "R016", "does not exist"),
    ("file: blocked.csv", "file: ../blocked.csv", "R016", "not in the rule set's folder"),
    ("file: blocked.csv", "file: /etc/passwd", "R016", "not in the rule set's folder"),
    ("file: blocked.csv", "file: sub/../blocked.csv", "R016", "not in the rule set's folder"),
    ("file: blocked.csv", "file: FOLDER/blocked.csv", "R016", "not in the rule set's folder"),
    ("file: blocked.csv", "file: sub", "R016", "can't be read"),
    ("file: blocked.csv", 'file: "a\\0b"', "R016", "not in the rule set's folder"),
    ("of: phone", "of: fone", "R011", "did you mean 'phone'?"),
    (", as_of: applied", "", "R025", "as_of"),
    ("as_of: applied", "as_of: phone", "R023", "applied"),
    ("blocked: {", "b c: {", "R011", "'b c'"),
    ("phone in lists.blocked", "phone in lists.blokked", "R023", "did you mean 'lists.blocked'?"),
    ("phone in lists.blocked", "applied in lists.blocked", "R025", "texts"),
    ("phone in lists.blocked", "lower('1') in lists.blocked", "R025", "input"),
    ("phone in lists.blocked", "lists.blocked == phone", "R021", "x in lists.blocked"),
]


@pytest.mark.parametrize(("old", "new", "code", "words"), DECLARATIONS)
def test_faults_of_declarations(folder: Path, old: str, new: str, code: str, words: str) -> None:
    text = TEXT.replace(old, new.replace("FOLDER", folder.as_posix()), 1)
    errors = [finding for finding in found(folder, text) if finding.severity == "error"]
    assert code in [finding.code for finding in errors]
    assert words in "".join(map(str, errors))


def test_many_bad_rows_are_told_in_few_lines_and_warnings_hide_no_error(folder: Path) -> None:
    rows = "".join("13800138000,\n" for _ in range(100)) + "".join(f"1{n},never\n" for n in range(100))
    findings = found(folder, blocked=f"value,until\n{rows}")
    assert [finding.severity for finding in findings].count("error") == 20
    assert [finding.severity for finding in findings].count("warning") == 20
    with pytest.raises(RuleError, match=r"blocked\.csv:102.*and 19 more"):
        RuleSet.load(folder / "rules.yaml")


def test_what_holds_no_phone_and_no_code_is_doubt(folder: Path) -> None:
    rs = RuleSet.load(folder / "rules.yaml")
    written = {"blocked": ["call me", "", " ", "none: -"], "account": ["--", "", "?!", "6222021233"]}
    wanted = {"blocked": ["unknown", "no_hit", "no_hit", "unknown"], "account": ["unknown", "no_hit", "unknown", "hit"]}
    for rule, name in (("blocked", "phone"), ("account", "account")):
        values = [{name: value, "name": "x", "applied": date(2025, 1, 1)} for value in written[rule]]
        assert [state(rs, rule, **given) for given in values] == wanted[rule]
        states = rs.run_table(pl.DataFrame(values)).states[rule]
        assert [str(RuleTable.STATES[code]) for code in states] == wanted[rule]


def test_the_hash_covers_how_a_list_is_looked_up(folder: Path) -> None:
    def hash_of(old: str, new: str) -> str:
        text = TEXT.replace("applied: date", "applied: date\n  paid: date").replace(old, new, 1)
        return RuleSet.parse(text, folder=folder).hash

    hashes = [
        hash_of("", ""),
        hash_of("of: phone", "of: code"),
        hash_of("as_of: applied", "as_of: paid"),
        hash_of(", of: code", ""),
    ]
    assert len(set(hashes)) == len(hashes)
    assert hash_of("friends: friends.csv", "friends: {file: friends.csv, of: text}") == hashes[0]


def test_a_list_of_too_many_rows_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "ROWS", 3)
    assert found(folder) == []
    rows = "".join(f"1380013800{n}\n" for n in range(5))
    errors = [finding for finding in found(folder, blocked=f"value\n{rows}") if finding.severity == "error"]
    assert [(finding.code, finding.place.line) for finding in errors] == [("R022", 5)]


def test_a_list_that_nothing_looks_into_is_told(folder: Path) -> None:
    findings = found(folder, TEXT.replace("phone in lists.blocked", 'phone == "1"'))
    assert [(finding.code, finding.place.line) for finding in findings if finding.code == "R013"] == [("R013", 11)]


def test_a_text_has_no_folder_unless_it_is_named(folder: Path) -> None:
    assert {finding.code for finding in check(TEXT) if finding.severity == "error"} == {"R016"}
    assert check(TEXT, folder=folder) == []
    assert RuleSet.parse(TEXT, folder=folder).hash == RuleSet.load(folder / "rules.yaml").hash


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=20), st.sampled_from(["text", "code", "phone"]))
def test_the_plain_form_of_a_plain_form_is_itself(value: str, kind: str) -> None:
    plain = plain_form(value, kind)
    if kind != "phone":  # a number that begins with 00 twice is no number
        assert plain_form(plain, kind) == plain
    assert plain_form(f" {value}\u3000", kind) == plain


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=80) | st.text(alphabet='value,until\n"2025-01139 ', max_size=60).map(str.encode))
def test_any_bytes_give_findings_or_a_list(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "b.csv").write_bytes(content)
    text = "format: 1\nname: n\nversion: 1\ninputs: {p: text}\nlists: {b: b.csv}\nreasons: {R: {en: e, zh: z}}\n"
    text += "rules: [{id: r, when: p in lists.b, then: review, reason: R}]"
    errors = [finding for finding in check(text, folder=folder) if finding.severity == "error"]
    if errors:
        assert all(finding.code in {"R016", "R017", "R025"} for finding in errors)
    else:
        RuleSet.parse(text, folder=folder).run({"p": "1"})


def test_listings_are_equal_where_they_hold_the_same() -> None:
    one = Listing.of(frozenset({"a", "b"}), {"b": date(2025, 1, 1), "c": date(2025, 1, 2)})
    assert one == Listing.of(frozenset({"b", "a"}), {"c": date(2025, 1, 2)})
    assert one != Listing.of(frozenset({"a", "b", "c"}), {})
    assert list(one.until) == ["c"]
