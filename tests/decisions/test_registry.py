"""The life of a policy: who may do what to it when, what can't go live, and a state that is the ledger's alone."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.decisions import Bands, Contents, Registry, State
from fengkong.decisions.bands import checked_bands
from fengkong.domain import BundleError, FengkongError, InputError, RuleError, SettingsError
from fengkong.ledger import Entry, Ledger, MemoryLedger
from fengkong.scoring import FakeScorer

RULES = """
format: 1
name: loan
version: "1"
default: approve
inputs: {amount: decimal, phone: text, signals.risk: signal}
lists: {blocked: lists/blocked.csv}
reasons: {R: {en: Because., zh: 因为。}}
rules:
  - {id: risk, when: amount > 100 and signals.risk.p > 0.5, then: decline, reason: R}
  - {id: blocked, when: phone in lists.blocked, then: decline, reason: R}
"""
SCORERS = {"risk": FakeScorer("risk", ["low", "high"], {"urgent": 0.9}, positive="high")}
OTHER = {"risk": FakeScorer("risk", ["low", "high"], {"boat": 0.9}, positive="high")}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "blocked.csv").write_text("value\n13800000000\n", encoding="utf-8")
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    return tmp_path / "rules.yaml"


@pytest.fixture
def contents(rules: Path) -> Contents:
    return Contents.read(rules, SCORERS, bands={"risk": Bands(0.2, 0.7)}, capacity=40)


def registry() -> Registry:
    return Registry("loans", MemoryLedger())


def lived(registry: Registry, contents: Contents, times: int = 1) -> Registry:
    """Versions that went the whole way, one after another."""
    for _ in range(times):
        number = registry.draft(contents, "Li").number
        registry.check(number, "Li", SCORERS)
        registry.approve(number, "Chen")
        registry.go_live(number, "Li", SCORERS)
    return registry


def states(registry: Registry) -> list[str]:
    return [str(version.state) for version in registry.versions]


def test_a_policy_goes_from_draft_to_live_and_retires_the_one_before(contents: Contents) -> None:
    loans = lived(registry(), contents, times=2)
    assert states(loans) == ["retired", "live"]
    assert (loans.live.number, str(loans.live)) == (2, "loans#2")
    assert [(change.action, change.by) for change in loans.live.changes] == [
        ("draft", "Li"),
        ("check", "Li"),
        ("approve", "Chen"),
        ("live", "Li"),
    ]
    assert loans.live.policy(SCORERS).version == "loans#2"


def test_contents_come_back_whole_and_no_longer_need_their_files(rules: Path, contents: Contents) -> None:
    loans = registry()
    loans.draft(contents, "Li")
    rules.unlink()
    (rules.parent / "lists" / "blocked.csv").unlink()
    kept = loans.version(1).contents
    assert (kept, kept.hash) == (contents, contents.hash)
    assert (kept.bundles, kept.bands, kept.capacity) == (
        {"risk": SCORERS["risk"].bundle_id},
        {"risk": Bands(0.2, 0.7)},
        40,
    )
    trace = loans.version(1).policy(SCORERS).rules.run({"phone": "138 0000 0000", "amount": 1})
    assert [str(rule.state) for rule in trace.rules] == ["no_hit", "no_hit"]
    trace = loans.version(1).policy(SCORERS).rules.run({"phone": "13800000000", "amount": 1})
    assert [str(rule.state) for rule in trace.rules] == ["no_hit", "hit"]


@pytest.mark.parametrize(
    "name", ["../evil.csv", "/evil.csv", "lists/../../evil.csv", "..\\evil.csv", "C:/evil.csv", ""]
)
def test_a_file_of_a_policy_lies_nowhere_but_beside_its_rules(rules: Path, contents: Contents, name: str) -> None:
    with pytest.raises(InputError, match="must lie beside its rules"):
        Contents(contents.rules, {name: "value\n1\n"})
    body = {"rules": contents.rules, "files": {name: "value\n1\n"}, "bundles": {}, "bands": {}, "capacity": None}
    with pytest.raises(InputError, match="must lie beside its rules"):
        Contents.from_body(body)


def test_a_list_is_named_from_the_rules_and_not_from_the_root(rules: Path) -> None:
    inside = rules.parent / "lists" / "blocked.csv"
    rules.write_text(RULES.replace("lists/blocked.csv", str(inside)), encoding="utf-8")
    with pytest.raises(RuleError, match="not in the rule set's folder"):
        Contents.read(rules, SCORERS)
    assert inside.read_text(encoding="utf-8") == "value\n13800000000\n"


def test_a_policy_holds_the_files_that_it_declares_and_no_others(rules: Path) -> None:
    (rules.parent / "photo").write_bytes(b"\xff\xd8")
    long = RULES.replace("因为。", "因为金额过大" * 20).replace("Because.", "photo")
    rules.write_text(long, encoding="utf-8")
    assert set(Contents.read(rules, SCORERS).files) == {"lists/blocked.csv"}


@pytest.mark.parametrize(
    "name", ["Li", " li ", "ＬＩ", "Li\u200b", "L\u00adi", "\ufeffLi", "L\u2060i\u3000", "L\u0456"]
)
def test_its_author_can_not_approve_it(contents: Contents, name: str) -> None:
    loans = registry()
    loans.draft(contents, "Li")
    loans.check(1, "Chen", SCORERS)
    with pytest.raises(SettingsError, match="version 1 can't be approved by its author"):
        loans.approve(1, name)
    assert states(loans) == ["checked"]


def test_a_change_needs_a_name_that_can_be_seen(contents: Contents) -> None:
    with pytest.raises(SettingsError, match="needs the name of who makes it"):
        registry().draft(contents, "\u200b ")


def test_no_step_can_be_left_out_or_done_twice(contents: Contents) -> None:
    loans = registry()
    loans.draft(contents, "Li")
    with pytest.raises(SettingsError, match="version 1 is draft, and only one that is checked"):
        loans.approve(1, "Chen")
    with pytest.raises(SettingsError, match="version 1 is draft, and only one that is approved or retired"):
        loans.go_live(1, "Chen", SCORERS)
    loans.check(1, "Li", SCORERS)
    with pytest.raises(SettingsError, match="version 1 is checked, and only one that is draft"):
        loans.check(1, "Li", SCORERS)
    with pytest.raises(SettingsError, match=r"no such version .received 7.; versions are 1 to 1"):
        loans.check(7, "Li", SCORERS)
    with pytest.raises(SettingsError, match="needs the name of who makes it"):
        loans.draft(contents, " ")
    with pytest.raises(SettingsError, match="nothing to go back to"):
        loans.roll_back("Li", SCORERS)


def test_rolling_back_goes_to_the_one_before_and_further(contents: Contents) -> None:
    loans = lived(registry(), contents, times=3)
    assert loans.roll_back("Chen", SCORERS, "too many declines").number == 2
    assert states(loans) == ["retired", "live", "retired"]
    assert loans.roll_back("Chen", SCORERS).number == 1
    with pytest.raises(SettingsError, match="nothing to go back to"):
        loans.roll_back("Chen", SCORERS)
    assert loans.go_live(3, "Li", SCORERS).number == 3
    assert loans.roll_back("Chen", SCORERS).number == 1


def test_a_policy_with_a_missing_bundle_can_not_go_live(contents: Contents) -> None:
    loans = lived(registry(), contents, times=2)
    for scorers in (OTHER, {}):
        with pytest.raises(BundleError, match="loans#1: the policy refers to a bundle for signal 'risk'"):
            loans.roll_back("Li", scorers)
        with pytest.raises(BundleError, match="is not here"):
            loans.go_live(1, "Li", scorers)
    assert loans.live.number == 2


def test_a_policy_with_a_missing_list_can_not_go_live(rules: Path, contents: Contents) -> None:
    loans = registry()
    loans.draft(Contents(contents.rules, {}, contents.bundles), "Li")
    with pytest.raises(RuleError, match=r"blocked\.csv"):
        loans.check(1, "Li", SCORERS)
    (rules.parent / "lists" / "blocked.csv").unlink()
    with pytest.raises(RuleError, match=r"blocked\.csv"):
        Contents.read(rules, SCORERS)


def test_a_shadow_is_checked_before_and_ends_when_it_goes_live(contents: Contents) -> None:
    loans = lived(registry(), contents)
    loans.draft(contents, "Li")
    with pytest.raises(SettingsError, match="version 2 is draft"):
        loans.set_shadow(2, "Li", SCORERS)
    loans.check(2, "Li", SCORERS)
    loans.set_shadow(2, "Li", SCORERS)
    assert (loans.shadow.number, loans.live.number) == (2, 1)
    loans.set_shadow(None, "Li", SCORERS)
    assert loans.shadow is None
    loans.set_shadow(2, "Li", SCORERS)
    loans.approve(2, "Chen")
    loans.go_live(2, "Li", SCORERS)
    assert (loans.shadow, loans.live.number) == (None, 2)


def test_the_state_is_the_ledgers_alone(tmp_path: Path, contents: Contents) -> None:
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        before = lived(Registry("loans", ledger), contents, times=2).versions
        Registry("cards", ledger).draft(contents, "Li")
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        assert Registry("loans", ledger).versions == before
        assert ledger.verify() == []


def test_a_change_that_another_follows_at_once_took_effect(contents: Contents) -> None:
    class Busy(MemoryLedger):
        """Where another person approves as soon as a version is checked."""

        def append(self, kind: str, subject: str, body: dict[str, object]) -> Entry:
            entry = super().append(kind, subject, body)
            if body["action"] == "check":
                super().append(kind, subject, {**body, "action": "approve", "by": "Chen"})
            return entry

    loans = Registry("loans", Busy())
    loans.draft(contents, "Li")
    version = loans.check(1, "Li", SCORERS)
    assert [str(change.action) for change in version.changes] == ["draft", "check", "approve"]


def test_an_entry_that_goes_round_the_registry_changes_nothing(contents: Contents) -> None:
    ledger = MemoryLedger()
    loans = Registry("loans", ledger)
    loans.draft(contents, "Li")
    loans.check(1, "Li", SCORERS)
    forged = {"format": 1, "version": 1, "by": "Li", "note": ""}
    ledger.append("policy", "loans", forged | {"action": "approve"})
    ledger.append("policy", "loans", forged | {"action": "live"})
    assert (states(loans), loans.live) == (["checked"], None)
    ledger.append("policy", "loans", forged | {"action": "bless"})
    with pytest.raises(InputError, match="entry 5: a change of a policy can't be read; verify the ledger"):
        _ = loans.live


@pytest.mark.parametrize(("low", "high"), [(0.7, 0.2), (-0.1, 0.5), (0.5, 1.1), (float("nan"), 0.5)])
def test_bands_that_are_none_are_refused(low: float, high: float) -> None:
    with pytest.raises(SettingsError, match="bands need"):
        checked_bands(low, high)


_steps = st.lists(
    st.tuples(st.sampled_from(["draft", "check", "approve", "live", "back"]), st.integers(1, 3), st.sampled_from("AB")),
    max_size=25,
)
CONTENTS = Contents(
    RULES.replace("lists: {blocked: lists/blocked.csv}\n", "").replace("phone in lists.blocked", 'phone == "1"'),
    {},
    {"risk": SCORERS["risk"].bundle_id},
)


@settings(deadline=None, max_examples=30)
@given(steps=_steps)
def test_whatever_is_tried_what_is_live_was_approved_by_another_and_is_one(steps: list[tuple[str, int, str]]) -> None:
    loans = registry()
    for step, number, by in steps:
        try:
            match step:
                case "draft":
                    loans.draft(CONTENTS, by)
                case "check":
                    loans.check(number, by, SCORERS)
                case "approve":
                    loans.approve(number, by)
                case "live":
                    loans.go_live(number, by, SCORERS)
                case "back":
                    loans.roll_back(by, SCORERS)
        except FengkongError:
            continue
    live = [version for version in loans.versions if version.state is State.LIVE]
    assert live == ([loans.live] if loans.live else [])
    for version in live:
        done = [change.action for change in version.changes]
        approved = version.changes[done.index("approve")]
        assert "check" in done[: done.index("approve")]
        assert approved.by != version.author
