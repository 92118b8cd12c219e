"""Live, shadow, replay and backtest are one: the same inputs give the same outcomes and reasons on every road."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.decisions import (
    Decider,
    Policy,
    Shadow,
    Velocity,
    backtest,
    case_table,
    compare,
    decision_from_record,
    read_cases,
    replay,
    stored_decisions,
    write_table,
)
from fengkong.decisions.replaying import decide_again
from fengkong.domain import Decision, Document, Fact, InputError, SettingsError, Signal
from fengkong.ledger import MemoryLedger
from fengkong.rules import RuleSet
from fengkong.scoring import FakeScorer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

RULES = Path(__file__).with_name("every_road.yaml").read_text(encoding="utf-8")


class Hops:
    names = frozenset({"graph.hops"})

    def facts(self, doc: Document, _as_of: datetime) -> list[Fact]:
        if "break" in doc.text:
            raise RuntimeError
        return [Fact("graph.hops", len(doc.text) % 7, "graph")]


class Moody(FakeScorer):
    """A model that fails, abstains or reads in part, as the text says."""

    def score(self, docs: Sequence[Document]) -> list[Signal]:
        if any("crash" in doc.text for doc in docs):
            raise RuntimeError
        changes = {"shy": {"abstained": True}, "long": {"unread": 3}, "bare": {"fieldless": True}}
        return [
            Signal(
                **{part: getattr(sig, part) for part in ("name", "label", "p", "probabilities", "bundle")},
                **{key: value for word, change in changes.items() if word in doc.text for key, value in change.items()},
            )
            for doc, sig in zip(docs, super().score(docs), strict=True)
        ]


def scorers() -> dict[str, FakeScorer]:
    return {
        "risk": Moody("risk", ["low", "high"], {"urgent": 0.9}, positive="high"),
        "threat": Moody("threat", ["no", "yes"], {"lawyer": 0.8}, positive="yes"),
    }


def decide(
    docs: Sequence[Document], rules: str = RULES, shadow: str | None = None
) -> tuple[list[Decision], MemoryLedger]:
    ledger, live, seconds = MemoryLedger(), RuleSet.parse(rules), count()
    beside = None
    if shadow:
        candidate = RuleSet.parse(shadow)
        beside = Shadow(Policy("loans", candidate), scorers(), sources=[Hops(), Velocity(candidate.windows, ledger)])
    decider = Decider(
        Policy("loans", live),
        scorers(),
        ledger,
        sources=[Hops(), Velocity(live.windows, ledger)],
        shadow=beside,
        now=lambda: NOON + timedelta(seconds=next(seconds)),
    )
    return decider.decide_many(docs), ledger


def told(decisions: Sequence[Decision]) -> list[tuple[str, list[str]]]:
    return [(str(dec.outcome), [reason.code for reason in dec.reasons]) for dec in decisions]


def backtested(pairs: pl.DataFrame) -> list[tuple[str, list[str]]]:
    return list(zip(pairs["after"].to_list(), pairs["after_reasons"].to_list(), strict=True))


WORDS = ["urgent", "wire", "lawyer", "crash", "shy", "long", "bare", "break", "紧急", "\u200b", "\ud800"]

_documents = st.builds(
    Document,
    st.lists(st.sampled_from(WORDS)).map(" ".join),
    st.fixed_dictionaries(
        {"customer": st.sampled_from(["a", "b"])},
        optional={
            "amount": st.none()
            | st.sampled_from([50, 99.5, 101, 950, 2000, Decimal("100.10"), "150.25", "much", True])
            | st.integers(0, 2000),
            "income": st.none() | st.integers(0, 300) | st.decimals(0, 99, places=2),
            "due": st.none() | st.dates(date(2025, 6, 1), date(2026, 6, 1)) | st.sampled_from(["2025-02-03", "soon"]),
        },
    ),
    time=st.none() | st.integers(1, 200).map(lambda hours: NOON - timedelta(hours=hours)),
)


@settings(deadline=None, max_examples=25)
@given(docs=st.lists(_documents, min_size=1, max_size=6))
def test_live_shadow_replay_and_backtest_agree(docs: list[Document]) -> None:
    live, ledger = decide(docs, shadow=RULES)
    stored, policy = list(stored_decisions(ledger)), Policy("loans", RuleSet.parse(RULES))
    assert [one.dec for one in stored] == live
    phantoms = [decision_from_record(entry.body) for entry in ledger.entries() if entry.kind == "phantom"]
    assert told(phantoms) == told(live)
    assert replay(stored, lambda _: policy).same == len(docs)
    assert backtested(backtest(policy, case_table(stored))) == told(live)
    assert backtested(backtest(policy, case_table(stored), scorers())) == told(live)


CANDIDATE = (
    RULES.replace("amount > 1000", "amount > 500")
    .replace("default: approve", "default: review")
    .replace("amount > 100 and signals.risk.p", "signals.risk.p")
)


@settings(deadline=None, max_examples=25)
@given(docs=st.lists(_documents, min_size=1, max_size=6))
def test_another_policy_over_the_table_equals_it_case_by_case(docs: list[Document]) -> None:
    _, ledger = decide(docs)
    stored, policy = list(stored_decisions(ledger)), Policy("loans", RuleSet.parse(CANDIDATE))
    assert backtested(backtest(policy, case_table(stored))) == told([decide_again(policy, one) for one in stored])


DOCS = [
    Document("a car", {"amount": 50, "income": 90, "city": "x"}, id="1"),
    Document("urgent", {"amount": 90, "income": 90, "city": "y"}, id="2"),
    Document("a boat of the lawyer", {"amount": Decimal("600.50"), "income": 900, "city": "x"}, id="3"),
    Document("urgent", {"amount": "1500", "income": 900, "city": None}, id="4"),
]


def test_a_signal_that_was_not_asked_is_asked_for_or_unknown() -> None:
    _, ledger = decide(DOCS)
    policy, cases = Policy("loans", RuleSet.parse(CANDIDATE)), case_table(stored_decisions(ledger))
    assert backtested(backtest(policy, cases))[1] == ("review", ["D-UNKNOWN"])
    assert backtested(backtest(policy, cases, scorers()))[1] == ("review", ["R-RISK", "D-UNKNOWN"])
    seen: list[int] = []
    backtest(policy, cases, scorers(), progress=seen.append)
    assert seen[-1] == 2


def test_another_bundle_is_asked_for_every_case_that_needs_it() -> None:
    _, ledger = decide(DOCS)
    other = scorers() | {"threat": FakeScorer("threat", ["no", "yes"], {"car": 0.9}, positive="yes")}
    policy = Policy("loans", RuleSet.parse(RULES))
    outcomes = backtest(policy, case_table(stored_decisions(ledger)), other)["after"].to_list()
    assert outcomes[0] == "decline"
    with pytest.raises(SettingsError, match="a signal that no model gives"):
        backtest(policy, case_table(stored_decisions(ledger)), {})


def test_windows_of_a_candidate_are_computed_as_of_each_case() -> None:
    docs = [
        Document("a car", {"amount": 5, "income": 9, "customer": "a"}, time=NOON + timedelta(hours=n)) for n in range(4)
    ]
    _, ledger = decide(docs)
    rules = RULES.replace("earlier:", "before:").replace("earlier > 2", "before > 1")
    candidate = Policy("loans", RuleSet.parse(rules))
    table = case_table(stored_decisions(ledger), [Velocity(candidate.windows, ledger)])
    assert table["before"].to_list() == [0, 1, 2, 3]


def test_a_callers_field_can_not_pass_for_a_candidates_window() -> None:
    docs = [
        Document("a car", {"amount": 70, "income": 90, "customer": "a", "past": 0}, time=NOON + timedelta(hours=n))
        for n in range(3)
    ]
    _, ledger = decide(docs)
    candidate = Policy("loans", RuleSet.parse(RULES.replace("earlier", "past")))
    live = Decider(candidate, scorers(), MemoryLedger(), sources=[Hops(), Velocity(candidate.windows, ledger)])
    table = case_table(stored_decisions(ledger), [Velocity(candidate.windows, ledger)])
    assert table["past"].to_list() == [0, 1, 2]
    assert [{fact.name: fact.value for fact in live.decide(doc).facts}["past"] for doc in docs] == [0, 1, 2]


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_cases_come_back_from_a_file_as_they_were(tmp_path: Path, suffix: str) -> None:
    _, ledger = decide(DOCS)
    table, path = case_table(stored_decisions(ledger)), tmp_path / f"cases{suffix}"
    if suffix == ".parquet":
        write_table(table, path)
    else:
        path.write_text("".join(json.dumps(one.body) + "\n" for one in stored_decisions(ledger)), encoding="utf-8")
    again = read_cases(path)
    assert sorted(again.columns) == sorted(table.columns)
    assert [again[name].to_list() for name in table.columns] == [table[name].to_list() for name in table.columns]
    policy = Policy("loans", RuleSet.parse(CANDIDATE))
    assert backtested(backtest(policy, again)) == backtested(backtest(policy, table))


def test_half_a_surrogate_pair_in_a_text_ends_no_backtest(tmp_path: Path) -> None:
    _, ledger = decide([Document("a \ud800 car", {"amount": 70, "income": 90}, pair="\ud800")])
    table = case_table(stored_decisions(ledger))
    assert (table["text"].to_list(), table["case pair"].to_list()) == (["a \ufffd car"], ["\ufffd"])
    write_table(table, tmp_path / "cases.parquet")


def test_the_difference_is_told_by_reason_segment_and_money() -> None:
    _, ledger = decide(DOCS)
    pairs = backtest(
        Policy("loans", RuleSet.parse(CANDIDATE)),
        case_table(stored_decisions(ledger)),
        scorers(),
        fields=["amount", "city"],
    )
    report = compare(pairs, by=["city"], money=["amount"])
    assert (report.n, report.failed) == (4, 0)
    assert sum(cell.money["amount"] for cell in report.matrix) == Decimal("2240.5")
    assert {segment.value: segment.n for segment in report.segments} == {"x": 2, "y": 1, None: 1}
    with pytest.raises(InputError, match=r"no such field .received 'citi'.; did you mean 'city'"):
        backtest(Policy("loans", RuleSet.parse(RULES)), case_table(stored_decisions(ledger)), fields=["citi"])


def test_what_a_silent_model_or_a_failed_source_explains_is_told_once_in_the_table_too() -> None:
    docs = [Document(text, {"amount": 150, "income": 90, "customer": "a"}) for text in ("crash", "break", "shy")]
    live, ledger = decide(docs)
    assert [codes for _, codes in told(live)] == [["D-MODEL-FAILED"], ["D-SOURCE-FAILED"], ["D-ABSTAINED"]]
    pairs = backtest(Policy("loans", RuleSet.parse(RULES)), case_table(stored_decisions(ledger)))
    assert backtested(pairs) == told(live)


def test_an_input_called_points_is_missed_like_any_other() -> None:
    rules = RULES.replace("  amount: decimal\n", "  amount: decimal\n  points: integer\n", 1)
    rules = rules.replace("amount > 100 and signals.risk.p > 0.5", "points > 3 and signals.risk.p > 0.5")
    live, ledger = decide([Document("crash", {"amount": 70, "income": 90, "customer": "a"})], rules)
    assert told(live) == [("review", ["D-UNKNOWN", "D-MODEL-FAILED"])]
    pairs = backtest(Policy("loans", RuleSet.parse(rules)), case_table(stored_decisions(ledger)))
    assert backtested(pairs) == told(live)
