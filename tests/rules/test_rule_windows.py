"""Inputs that are computed from past events: what is declared, and what is refused."""

from datetime import timedelta

import pytest

from fengkong.rules import Kind, RuleSet, Window, check

TEXT = """\
format: 1
name: windows
version: 1
default: approve
inputs:
  phone_apps: {type: window, events: application, by: phone, measure: count, over: 24 h}
  paid: {type: window, events: payment, by: card, measure: sum, of: amount, over: 30d, where: {channel: app, ok: true}}
  idle: {type: window, events: login, by: user, measure: since_last, over: 2 w}
reasons:
  WHY: {en: Because., zh: 因为。}
rules:
  - {id: often, when: phone_apps >= 3 and paid > 100, then: review, reason: WHY}
  - {id: back, when: idle > 12.5, then: review, reason: WHY, unknown: no_hit}
"""


def test_windows_are_told_and_are_plain_inputs() -> None:
    rs = RuleSet.parse(TEXT)
    assert rs.windows == (
        Window("phone_apps", "application", "phone", "count", timedelta(hours=24)),
        Window("paid", "payment", "card", "sum", timedelta(days=30), "amount", {"channel": "app", "ok": "true"}),
        Window("idle", "login", "user", "since_last", timedelta(weeks=2)),
    )
    assert [rs.inputs[window.name].kind for window in rs.windows] == [Kind.INTEGER, Kind.DECIMAL, Kind.DECIMAL]
    assert [rule.state for rule in rs.run({"phone_apps": 3, "paid": "100.01", "idle": 12.5}).rules] == ["hit", "no_hit"]
    assert rs.run({"phone_apps": 3}).rules[0].state == "unknown"


def test_a_window_is_part_of_the_hash() -> None:
    hashes = {
        RuleSet.parse(TEXT.replace(*change)).hash for change in [("24 h", "25 h"), ("app,", "web,"), ("2 w", "14 d")]
    }
    assert len(hashes) == 3
    assert RuleSet.parse(TEXT).hash in hashes


FAULTS = [
    ("measure: count", "measure: cuont", "R011", "did you mean 'count'?"),
    ("measure: count", "measure: count, of: amount", "R011", "only sum"),
    (", of: amount", "", "R011", "add of: FIELD"),
    ("24 h", "24 hours", "R011", "24 h"),
    ("24 h", "0 h", "R011", "'0 h'"),
    ("24 h", "9999 w", "R011", "3660 d"),
    ("events: application, ", "", "R004", "'events'"),
    ("over: 24 h", "ovr: 24 h", "R003", "did you mean 'over'?"),
    ("over: 24 h", "over: [1]", "R005", "'over'"),
    ("{channel: app, ok: true}", "[app]", "R005", "mapping"),
    ("{channel: app, ok: true}", "{channel: [app]}", "R005", "'channel'"),
    ("phone_apps: {type: window", "phone_apps: {type: windo", "R003", "'events'"),
    ("  phone_apps:", "  signals.often:", "R011", "signals"),
]


@pytest.mark.parametrize(("old", "new", "code", "words"), FAULTS)
def test_faults(old: str, new: str, code: str, words: str) -> None:
    errors = [finding for finding in check(TEXT.replace(old, new, 1)) if finding.severity == "error"]
    assert code in [finding.code for finding in errors], errors
    assert {finding.place.line for finding in errors} <= {6, 7, 12}
    assert words in "".join(map(str, errors))


SLIPS = [
    ("by: card", "by: crd", "'crd'", "did you mean 'card'?"),
    ("of: amount", "of: amuont", "'amuont'", "did you mean 'amount'?"),
    ("{channel: app", "{chanel: app", "'chanel'", "did you mean 'channel'?"),
]


@pytest.mark.parametrize(("old", "new", "what", "cure"), SLIPS)
def test_a_field_that_is_almost_an_input_is_told(old: str, new: str, what: str, cure: str) -> None:
    text = TEXT.replace("reasons:", "  card: entity\n  amount: decimal\n  channel: text\nreasons:")
    assert "R038" not in [finding.code for finding in check(text)]
    (slip,) = [finding for finding in check(text.replace(old, new, 1)) if finding.code == "R038"]
    assert (slip.severity, slip.place.line) == ("warning", 7)
    assert what in slip.message
    assert slip.cure.startswith(cure)
    assert RuleSet.parse(text.replace(old, new, 1)).windows


def test_fields_of_events_need_no_input_and_are_not_held_against_windows_or_signals() -> None:
    text = TEXT.replace("by: card", "by: pad").replace("of: amount", "of: phone_app")
    assert "R038" not in [finding.code for finding in check(text)]


def test_the_place_of_a_slip_is_its_own_line() -> None:
    block = "  idle:\n    type: window\n    events: login\n    by: uesrs\n    measure: since_last\n    over: 2 w\n"
    text = TEXT[: TEXT.index("  idle:")] + block + "  users: text\n" + TEXT[TEXT.index("reasons:") :]
    assert [(finding.code, finding.place.line) for finding in check(text) if finding.code == "R038"] == [("R038", 11)]
