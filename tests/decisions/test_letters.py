"""The letter to an applicant: the reasons for a decline, in the language's own forms, from a template that is data."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from fengkong.decisions import Decider, Policy, Stored, find_decision, letter
from fengkong.decisions.letters import LetterLanguage, letter_reasons, written
from fengkong.domain import Document, FieldValue, InputError, SettingsError, Signal, Span
from fengkong.ledger import MemoryLedger
from fengkong.rules import RuleSet
from fengkong.scoring import FakeScorer

RULES = """
format: 1
name: loan
version: "1"
default: approve
inputs: {amount: decimal, income: decimal, signals.risk: signal}
reasons:
  R-AMOUNT: {en: The amount is too high., zh: 申请金额过高。}
  R-DEBT: {en: The income does not cover the amount, zh: 收入不足以偿还}
  R-RISK: {en: The application speaks of difficulties, zh: 申请内容反映出还款困难}
  R-LOOK: {en: A person should look., zh: 需人工审核。}
rules:
  - {id: amount, when: amount > 1000, then: decline, reason: R-AMOUNT}
  - {id: debt, when: amount > income, then: decline, reason: R-DEBT, unknown: decline}
  - {id: risk, when: signals.risk.p > 0.5, then: decline, reason: R-RISK}
  - {id: look, when: amount > 10, then: review, reason: R-LOOK}
"""


class Marking(FakeScorer):
    """A model that marks what it read."""

    def score(self, docs: Sequence[Document]) -> list[Signal]:
        spans = (Span(0, 4, "debt", "x", 0.1), Span(5, 9, "lost my job", "x", 0.7), Span(5, 9, "sick", "x", 0.2))
        return [replace(sig, spans=spans) for sig in super().score(docs)]


def stored(text: str = "urgent", **fields: FieldValue) -> Stored:
    ledger = MemoryLedger()
    scorer = Marking("risk", ["low", "high"], {"urgent": 0.9}, positive="high")
    decider = Decider(
        Policy("loans", RuleSet.parse(RULES)),
        {"risk": scorer},
        ledger,
        now=lambda: datetime(2026, 3, 1, 12, tzinfo=UTC),
        new_id=lambda _: "d-1",
    )
    decider.decide(Document(text, {"amount": Decimal("12500.50"), "income": 90000, **fields}))
    return find_decision(ledger, "d-1")


def test_reasons_quote_what_the_model_marked_and_leave_out_what_asked_for_review_only() -> None:
    assert letter_reasons(stored().dec, "en") == [
        "The amount is too high.",
        'The application speaks of difficulties ("lost my job", "sick")',
    ]
    assert letter_reasons(stored().dec, "zh") == ["申请金额过高。", "申请内容反映出还款困难（“lost my job”、“sick”）"]


def test_what_was_missing_is_named() -> None:
    dec = stored("a car", income=None).dec
    assert letter_reasons(dec, "en")[1] == "Information that the rules need is missing. (missing: income)"
    assert letter_reasons(dec, "zh")[1] == "缺少规则所需的信息。（缺少：income）"


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        ("en", ["1 March 2026", "Reference: d-1", "1. The amount is too high.\n2. ", "Yours faithfully,\nThe bank"]),
        ("zh", ["2026年3月1日", "编号：d-1", "1. 申请金额过高。\n2. ", "尊敬的申请人：", "The bank"]),
    ],
)
def test_the_letter_has_reasons_reference_date_and_sender(language: LetterLanguage, parts: list[str]) -> None:
    written_letter = letter(stored(), language=language, sender="The bank")
    assert all(part in written_letter for part in parts)
    assert "$" not in written_letter


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (Decimal("12500.50"), "12,500.50", "12,500.50"),
        (1234567, "1,234,567", "1,234,567"),
        (date(2026, 11, 5), "5 November 2026", "2026年11月5日"),
        (datetime(2026, 11, 5, 8, tzinfo=UTC), "5 November 2026", "2026年11月5日"),
        (True, "yes", "是"),
        (None, "not given", "未提供"),
        ("上海", "上海", "上海"),
        (("a", "b"), "a, b", "a、b"),
    ],
)
def test_values_stand_in_the_languages_form(value: FieldValue, english: str, chinese: str) -> None:
    assert (written(value, "en"), written(value, "zh")) == (english, chinese)


def test_a_template_may_name_fields_in_any_script_and_what_is_put_in_is_not_read_again() -> None:
    made = letter(
        stored(城市="上海 $sender", **{"loan.amount": 5}),
        language="zh",
        sender="$reasons",
        template="$城市，${loan.amount}，$amount，$$5，$sender",
    )
    assert made == "上海 $sender，5，12,500.50，$5，$reasons"


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("$amuont", r"names what the decision doesn't have .received '.amuont'.; did you mean 'amount'"),
        ("pay 5$ now", "can't be read .*write a dollar sign as"),
        ("${amount.__class__}", "names what the decision doesn't have"),
    ],
)
def test_a_template_that_names_what_is_not_there_is_refused(template: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=fault):
        letter(stored(), language="en", sender="x", template=template)


def test_only_a_decline_gets_such_a_letter() -> None:
    with pytest.raises(InputError, match=r"only a decline .* .received d-1: review."):
        letter(stored("a car", amount=50), language="en", sender="x")
    with pytest.raises(InputError, match=r"no such decision .received 'd-2'"):
        find_decision(MemoryLedger(), "d-2")
