"""Running a checked rule set over a table: the same answers as row by row, without the traces."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import polars as pl

from fengkong.domain.decisions import Outcome, RuleState
from fengkong.rules.codegen import compile_conditions
from fengkong.rules.columns import Column, read_column
from fengkong.rules.definition import Rule
from fengkong.rules.frames import Program, read_name
from fengkong.rules.points import SNOOZED
from fengkong.rules.rowwise import ROW, raw_name
from fengkong.rules.tree import input_names
from fengkong.rules.types import Type

__all__ = ["RuleTable", "TableRunner"]

CHUNK = 65_536
"""Rows that are worked on at a time: what is in between takes some hundreds of bytes a row."""

_STATES = tuple(RuleState)


@dataclass(frozen=True, slots=True)
class RuleTable:
    """What every rule says of every row.

    states: one column of UInt8 a rule, under its id, in the author's order; a code counts in `RuleTable.STATES`.
    outcome: UInt8, the value of the most severe `Outcome` that a rule asks for, else the rule set's default.
    """

    states: pl.DataFrame
    outcome: pl.Series

    STATES = _STATES


class TableRunner:
    """The rules of one set, ready for tables. Immutable but for the programs that it keeps."""

    def __init__(self, rules: Sequence[Rule], inputs: Mapping[str, Type], default: Outcome, text_limit: int) -> None:
        self._rules = rules
        self._inputs = inputs
        self._default = default
        self._text_limit = text_limit
        self._names = [frozenset(input_names(rule.condition)) for rule in rules]
        self._used = sorted(frozenset[str]().union(*self._names))
        self._programs: dict[frozenset[str], Program] = {}

    def run(self, frame: pl.DataFrame) -> RuleTable:
        """The states and outcomes of all rows."""
        parts = [self._chunk(frame.slice(at, CHUNK)) for at in range(0, max(len(frame), 1), CHUNK)]
        return RuleTable(pl.concat([states for states, _ in parts]), pl.concat([outcome for _, outcome in parts]))

    def _chunk(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
        columns, raw = self._read(frame)
        doubles = frozenset(name for name, column in columns.items() if column.doubles)
        program = self._programs.get(doubles)
        if program is None:
            program = Program([rule.condition for rule in self._rules], self._inputs, doubles, self._text_limit)
            self._programs[doubles] = program
        answers = program.run(raw)
        faults = {name: column.faults for name, column in columns.items() if column.faults is not None}
        judged = pl.DataFrame([answer.alias(f"{at}") for at, answer in enumerate(answers)])
        judged = judged.with_columns(fault.alias(f"fault {name}") for name, fault in faults.items())
        broken = [[pl.col(f"fault {name}") for name in sorted(names & faults.keys())] for names in self._names]
        # By number: Polars reads a name like ^.*$ as a pattern of names, and an id may be anything.
        states = judged.select(_state(pl.col(f"{at}"), broken[at]).alias(f"{at}") for at in range(len(self._rules)))
        states = self._settled(states, columns, raw)
        asked = states.select(_asked(pl.col(f"{at}"), rule).alias(f"{at}") for at, rule in enumerate(self._rules))
        outcome = asked.select(pl.max_horizontal(pl.all()).fill_null(int(self._default)).alias("outcome")).to_series()
        return pl.DataFrame([states[f"{at}"].alias(rule.id) for at, rule in enumerate(self._rules)]), outcome

    def _settled(self, states: pl.DataFrame, columns: Mapping[str, Column], raw: pl.DataFrame) -> pl.DataFrame:
        """The states, with the row path's in the rows that hold a text which no column can."""
        rows = sorted({row for column in columns.values() for row in column.unheld})
        if not rows:
            return states
        conditions = [rule.condition for rule in self._rules]
        evaluate = compile_conditions(conditions, {name: self._inputs[name] for name in self._used}, self._text_limit)
        codes = []
        for row in rows:
            given = raw.row(row, named=True)
            answers, _, faults = evaluate({name: given[raw_name(name)] for name in self._used}.get)
            judged = zip(answers, self._names, strict=True)
            codes.append([_STATES.index(_state_of(answer, names & faults.keys())) for answer, names in judged])
        exact = zip(states, zip(*codes, strict=True), strict=True)
        return pl.DataFrame([column.scatter(rows, list(mine)) for column, mine in exact])

    def _read(self, frame: pl.DataFrame) -> tuple[dict[str, Column], pl.DataFrame]:
        """The inputs that rules use, as they were read, and a frame that has them both so and as they came."""
        columns: dict[str, Column] = {}
        series: list[pl.Series] = []
        for name in self._used:
            # A column of the table must never stand in for a snooze.
            given = name in frame.columns and not name.startswith(SNOOZED)
            raw = frame[name] if given else pl.repeat(None, len(frame), eager=True)
            columns[name] = read_column(raw, self._inputs[name], self._text_limit)
            series += [raw.alias(raw_name(name)), columns[name].values.alias(read_name(name))]
        return columns, pl.DataFrame([pl.int_range(len(frame), eager=True).alias(ROW), *series])


def _state(answer: pl.Expr, faults: Sequence[pl.Expr]) -> pl.Expr:
    state = pl.when(answer).then(_code(RuleState.HIT)).otherwise(_code(RuleState.NO_HIT))
    state = pl.when(answer.is_null()).then(_code(RuleState.UNKNOWN)).otherwise(state)
    if faults:
        state = pl.when(pl.any_horizontal(faults)).then(_code(RuleState.ERROR)).otherwise(state)
    return state


def _state_of(answer: bool | None, faults: Set[str]) -> RuleState:
    if faults:
        return RuleState.ERROR
    if answer is None:
        return RuleState.UNKNOWN
    return RuleState.HIT if answer else RuleState.NO_HIT


def _asked(state: pl.Expr, rule: Rule) -> pl.Expr:
    wanted = {
        RuleState.HIT: rule.then,
        RuleState.UNKNOWN: rule.unknown,
        RuleState.ERROR: Outcome.REVIEW,
    }
    asked = pl.lit(None, dtype=pl.UInt8)
    for word, outcome in wanted.items():
        if outcome is not None:
            asked = pl.when(state == _code(word)).then(pl.lit(int(outcome), dtype=pl.UInt8)).otherwise(asked)
    return asked


def _code(state: RuleState) -> pl.Expr:
    return pl.lit(_STATES.index(state), dtype=pl.UInt8)
