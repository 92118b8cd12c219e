"""A table is answered as its rows are: every state and every outcome, unknowns and errors included.

FENGKONG_LONG=1 makes it 10,000 generated cases.
"""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengkong.domain import Outcome, RuleState, Severity
from fengkong.rules import RuleSet, check

Answers = Callable[[RuleSet, pl.DataFrame], tuple[list[tuple[RuleState, ...]], list[Outcome]]]
EXAMPLES = 10_000 if os.environ.get("FENGKONG_LONG") else 60
BUSY = [HealthCheck.too_slow]  # on a busy machine, drawing takes its time

INPUTS: dict[str, Any] = {
    "a": "integer",
    "b": "integer",
    "x": "decimal",
    "金额": "decimal",
    "p": "probability",
    "q": "probability",
    "s": "text",
    "摘要": "text",
    "grade": {"type": "category", "values": ["A", "乙"]},
    "day": "date",
    "day2": "date",
    "moment": "datetime",
    "moment2": "datetime",
    "fee": {"type": "money", "currency": "CNY"},
    "span": "duration",
    "who": "entity",
    "tags": {"type": "list", "of": "text"},
    "sums": {"type": "list", "of": "decimal"},
    "ok": "boolean",
    "no": "boolean",
}


def rule_set(*conditions: str, unknown: str = "decline") -> RuleSet:
    rules = [
        {"id": f"规则{at}", "when": condition, "then": "review", "reason": "R", "unknown": unknown}
        for at, condition in enumerate(conditions)
    ]
    whole = {"format": 1, "name": "n", "version": 1, "default": "approve", "inputs": INPUTS, "rules": rules}
    text = yaml.safe_dump(whole | {"reasons": {"R": {"en": "e", "zh": "z"}}}, allow_unicode=True, width=10_000)
    errors = [finding for finding in check(text) if finding.severity is Severity.ERROR]
    assert not errors, errors
    return RuleSet.parse(text)


# Expressions are drawn as texts, by the type of their value.
LITERALS = ["0", "1", "2", "-3", "0.1", "0.5", "2.50", "100", "0.30000000000000000001", "12345678901234567890"]
number = st.recursive(
    st.sampled_from(["a", "b", "x", "金额", "p", "q", *LITERALS, "length(s)", "days_between(day, day2)"])
    | st.sampled_from(["days_between(moment, moment2)", 'days_between(moment, datetime("2025-01-01T00:00:00+08:00"))']),
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/%"), inner)
        | st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner)
        | st.builds("round({}, {})".format, inner, st.integers(0, 3))
        | st.builds("{}({})".format, st.sampled_from(["abs", "-"]), inner)
    ),
    max_leaves=5,
)
COMPARISON = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
EQUALITY = st.sampled_from(["==", "!="])
words = st.sampled_from(["s", "摘要", "lower(s)", '"欺诈"', '"ab"', '""', '"İß"'])
PARTS = st.lists(st.sampled_from(['"ab"', '"诈"', '""', '"x.y"', '"É"']), min_size=1, max_size=3).map(", ".join)
PATTERNS = [
    r"\d+",
    r"(?i)k\b",
    "欺.诈?",
    r"^\w+$",
    "[^a-z]x",
    r"\s",
    r"\pN",
    "(?i)é",
    "a{2,3}|b",
    r"\D$",
]
days = st.sampled_from(["day", "day2", 'date("2025-01-31")'])
moments = st.sampled_from(["moment", "moment2 - span", 'datetime("2025-01-31T09:30:00+08:00")'])
spans = st.sampled_from(["span", "day - day2", "moment - moment2", 'duration("1 d 12 h")', "-span * a"])
money = st.sampled_from(["fee", "fee * x", "fee / 2 - fee", "abs(fee)", 'money("CNY 12.50")', "max(fee, fee + fee)"])
leaf = (
    st.builds("{} {} {}".format, number, COMPARISON, number)
    | st.builds("{} < {} <= {}".format, number, number, number)
    | st.builds("{} in [{}]".format, number, st.lists(st.sampled_from(LITERALS), min_size=1, max_size=3).map(", ".join))
    | st.builds("{} is {}".format, number, st.sampled_from(["known", "unknown"]))
    | st.builds("{} {} {}".format, days, COMPARISON, days)
    | st.builds("{} {} {}".format, moments, COMPARISON, moments)
    | st.builds("{} {} {}".format, spans, COMPARISON, spans)
    | st.builds("{} {} {}".format, money, COMPARISON, money)
    | st.builds("{}(sums) {} {}".format, st.sampled_from(["any_of", "all_of", "sum", "max"]), COMPARISON, number)
    | st.builds("who {} {}".format, EQUALITY, st.sampled_from(['"AB"', "who", '"欺诈"']))
    | st.builds("{} in tags".format, words)
    | st.builds("similarity({}, {}) {} {}".format, words, words, COMPARISON, st.sampled_from(["p", "0.5", "x"]))
    | st.sampled_from(["count(tags) > a", 'hour(moment, "Asia/Shanghai") > a', "weekday(day) in [1, 5]"])
    | st.builds("{}({}, {})".format, st.sampled_from(["contains", "starts", "ends"]), words, words)
    | st.builds("contains_any({}, [{}])".format, words, PARTS)
    | st.builds('matches({}, "{}")'.format, words, st.sampled_from(PATTERNS))
    | st.builds("{} {} {}".format, words, EQUALITY, words)
    | st.builds("{} in [{}]".format, words, PARTS)
    | st.builds("grade {} {}".format, EQUALITY, st.sampled_from(['"A"', '"乙"', "s"]))
    | st.builds("{} is known".format, st.sampled_from(list(INPUTS)))
    | st.sampled_from(["ok", "no", "true", "ok == no", 'day in [date("2025-01-31")]'])
)
condition = st.recursive(
    leaf,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner)
        | st.builds("not ({})".format, inner)
        | st.builds("at_least(2, [{}, {}, {}])".format, inner, inner, inner)
        | st.builds("({}) == ({})".format, inner, inner)
        | st.builds("({}) is known".format, inner)
    ),
    max_leaves=5,
)

# Columns of every data type that a value may come in, those that are of a wrong type included.
NEAR = [0.1, 0.5, 0.3, 2.5, 1.0, -3.0, 0.0, 100.0, 1e300, 9007199254740993.0, 5e-324, 0.30000000000000004]
floats = st.sampled_from(NEAR) | st.floats(-5, 5).map(lambda value: round(value, 2))
odd = st.sampled_from([float("nan"), float("inf"), -float("inf")])
decimals = st.sampled_from(["0.1", "0.30000000000000000001", "-3", "2.50", "12345678901234567890.12"]).map(Decimal)
texts = st.sampled_from(["", "ab", "欺诈", "ABK", "x1 y2", "İß", "aab", "É", "٣", "K"])
dates = st.sampled_from([date(2025, 1, 31), date(2024, 2, 29), date(1, 1, 1)])
times = st.sampled_from([datetime(2025, 1, 31, 1, 30, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC)])
NUMBERS: list[tuple[Any, pl.DataType]] = [
    (floats | odd, pl.Float64()),
    (st.integers(-4, 4), pl.Int64()),
    (st.integers(-(2**63), 2**63 - 1) | st.integers(2**53 - 2, 2**53 + 2), pl.Int64()),
    (st.integers(0, 200), pl.UInt8()),
    (decimals, pl.Decimal(38, 20)),
    (st.sampled_from([Decimal("0.5"), Decimal("-3"), Decimal("2.50")]), pl.Decimal(10, 2)),
    (st.sampled_from(["0.1", "+2.50", "-3", "1e5", "", "0.30000000000000000001", "x"]), pl.String()),
]
PROBABILITIES = [(st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0, 1.5]), pl.Float64()), *NUMBERS[1:2]]
WORDS = [(texts, pl.String()), (st.integers(0, 3), pl.Int64())]
GRADES = [(st.sampled_from(["A", "乙", "C"]), pl.String()), (st.sampled_from("AC"), pl.Categorical())]
DAYS = [(dates, pl.Date()), (st.sampled_from(["2025-01-31", "x"]), pl.String())]
MOMENTS = [
    (times, pl.Datetime("us", "UTC")),
    (times, pl.Datetime("ms", "Asia/Shanghai")),
    (st.sampled_from(["2025-01-31T09:30:00+08:00", "2025-01-31T09:30:00"]), pl.String()),
    (st.just(datetime(2025, 1, 31)), pl.Datetime("us")),  # noqa: DTZ001  # without a zone it is no moment
]
SPANS = [
    (st.sampled_from([timedelta(days=1, hours=12), timedelta(microseconds=-1)]), pl.Duration("us")),
    (st.sampled_from(["1 d 12 h", "P1D", "x"]), pl.String()),
]
LISTED: dict[str, list[tuple[Any, Any]]] = {
    "grade": GRADES,
    "fee": [*NUMBERS, (st.sampled_from(["CNY 12.50", "USD 1"]), pl.String())],
    "tags": [(st.lists(texts, max_size=3), pl.List(pl.String())), WORDS[0]],
    "sums": [(st.lists(floats | st.none(), max_size=3), pl.List(pl.Float64()))],
}
FLAGS = [(st.booleans(), pl.Boolean()), (st.integers(0, 1), pl.Int8())]
KINDS: dict[str, list[tuple[Any, Any]]] = {
    "integer": NUMBERS,
    "decimal": NUMBERS,
    "probability": PROBABILITIES,
    "text": WORDS,
    "date": DAYS,
    "datetime": MOMENTS,
    "boolean": FLAGS,
    "duration": SPANS,
    "entity": WORDS,
}


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    rows = draw(st.integers(1, 5))
    columns = []
    for name, declared in INPUTS.items():
        kinds = LISTED.get(name) or KINDS[declared]
        # The usual data type twice, so that most columns are of a right one.
        values, dtype = draw(st.sampled_from([kinds[0], *kinds]))
        cells = draw(st.lists(st.none() | values | values, min_size=rows, max_size=rows))
        if draw(st.integers(0, 9)):
            columns.append(pl.Series(name, cells, dtype=dtype, strict=False))
    return pl.DataFrame(columns) if columns else pl.DataFrame({"else": [None] * rows})


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=BUSY)
@given(st.lists(condition, min_size=1, max_size=3), frames())
def test_a_table_is_answered_as_its_rows_are(
    by_rows: Answers, by_table: Answers, conditions: list[str], frame: pl.DataFrame
) -> None:
    rs = rule_set(*[text for text in conditions if len(text) < 1_500] or ["ok"])
    assert by_table(rs, frame) == by_rows(rs, frame), (conditions, frame.to_dicts())


@settings(max_examples=EXAMPLES // 3, deadline=None, suppress_health_check=BUSY)
@given(condition.filter(lambda text: " is " not in text and len(text) < 1_500), frames(), st.data())
def test_what_is_learnt_later_never_turns_an_answer(text: str, frame: pl.DataFrame, data: st.DataObject) -> None:
    rs = rule_set(text)
    for row in frame.rows(named=True):
        forgotten = data.draw(st.sets(st.sampled_from(sorted(row)), max_size=len(row)))
        before, after = (rs.run(values).rules[0].state for values in (row | dict.fromkeys(forgotten), row))
        if RuleState.ERROR not in {before, after} and before is not RuleState.UNKNOWN:
            assert after is before, (text, row, forgotten)


def test_exact_where_doubles_are_in_doubt(by_rows: Answers, by_table: Answers) -> None:
    frame = pl.DataFrame(
        {
            "x": [0.1, 0.3, 0.30000000000000004, 3.0, 5e-324],
            "金额": ["0.2", "0.30000000000000000001", "0.1", "1", "0"],
            "a": [2**53 + 1, 2**63 - 1, -(2**63), 3, 0],
            "b": [2**53, 2**63 - 1, 1, 9, 0],
        }
    )
    rs = rule_set(
        "x + 金额 == 0.3",
        "x < 金额",
        "a > b",
        "a - b == 1",
        "a * b > 9223372036854775807",
        "a / b == x / 9",
        "a % b == 1",
        "round(x, 1) == 0.3",
        "x in [0.3, 3]",
        "a + a - a == a",
    )
    assert by_table(rs, frame) == by_rows(rs, frame)
    assert by_table(rs, frame)[0][0][0] is RuleState.HIT


def test_a_table_of_many_chunks_and_of_none() -> None:
    rs = rule_set("a > 3", "x / a > 0.5 and s == '欺诈'".replace("'", '"'))
    frame = pl.DataFrame({"a": [None, 1, 4, 9], "x": [1.0, 0.5, 2.0, 4.5], "s": ["欺诈", "欺诈", None, "欺诈"]})
    many = pl.concat([frame] * 20_000)
    once, often, never = rs.run_table(frame), rs.run_table(many), rs.run_table(frame.clear())
    assert often.states.height == 80_000
    assert often.states.tail(4).equals(once.states)
    assert often.outcome.head(4).to_list() == once.outcome.to_list()
    assert never.states.shape == (0, 2)
    assert len(never.outcome) == 0


def test_half_of_a_surrogate_pair_is_answered_as_row_by_row(by_rows: Answers, by_table: Answers) -> None:
    rs = rule_set(
        "s == 摘要",
        's == "\ufffd"',
        "matches(s, '[?]')",
        'lower(s) == "b"',
        'grade == "A"',
        'who == "a"',
        'join(tags) == "\ufffd"',
        "a > 1",
        "sum(sums) > 1 and day is known",
    )
    halves = {
        "s": ["\ud800", "\ud800", "b", "\ud83d\ude00", 1],
        "摘要": ["\udfff", "\ud800", "b", "\ufffd\ufffd", "b"],
        "grade": ["\ud800", "A", "A", None, "A"],
        "who": ["\ud800", "a", "a", None, "a"],
        "tags": [["\ud800"], ["a"], ["\ufffd"], None, [1]],
        "a": [1, 2, None, "\ud800", 3],
    }
    frame = pl.DataFrame([pl.Series(name, values, pl.Object) for name, values in halves.items()])
    frame = frame.with_columns(pl.Series("sums", [[1.0, 2.0]] * 5), pl.Series("day", [date(2025, 1, 31)] * 5))
    assert by_table(rs, frame) == by_rows(rs, frame)
