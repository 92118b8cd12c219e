"""The rule engine by itself: `python -m bench.rules`.

Rows P6 (one document, with its whole trace) and P7 (a table of a million rows). Fifty conditions of three clauses over
amounts, ratios, categories, probabilities, days, money and a text; every input is unknown now and then. Times are CPU
seconds of the process, all its threads together, so that other work on the machine doesn't count. The table goes to
docs/results.md.
"""

import argparse
import resource
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from statistics import median
from time import process_time
from typing import Any

import polars as pl
import yaml

from bench.tables import replace_section, table
from fengkong.rules import RuleSet

RULES = 50
ROUNDS = 5
SAMPLE = 2_000
GIGABYTE = 1 << 20  # of the kilobytes that Linux counts in

INPUTS: dict[str, Any] = {
    "amount": "decimal",
    "income": "decimal",
    "debt": "decimal",
    "years": "integer",
    "inquiries": "integer",
    "grade": {"type": "category", "values": list("ABCDEFG")},
    "opened": "date",
    "fee": {"type": "money", "currency": "CNY"},
    "verified": "boolean",
    "signals.risk": {"type": "signal", "labels": ["low", "high"]},
    "signals.fraud": {"type": "signal", "labels": ["no", "yes"]},
}
CLAUSES = (
    "amount > {a}",
    "income < {b}",
    "amount / income > 0.{d}",
    "debt + amount > income * {e}",
    "years in [{f}, {g}]",
    "inquiries >= {f}",
    'grade in ["F", "G"]',
    'opened > date("202{f}-01-15")',
    'fee > money("CNY {b}.50")',
    "verified",
    "signals.risk.p >= 0.{d}",
    'signals.fraud.label == "yes"',
    "signals.fraud.p > signals.risk.p",
    "between(debt, {b}, {a})",
    "at_least(2, [verified, years > {g}, inquiries > {f}])",
    'contains(text, "贷款{f}")',
    'matches(text, "urgent|紧急")',
)
WORDS = ("loan for a car", "紧急 贷款3", "please, urgent", "consolidation of debt", "贷款5 用于装修")


def rule_set() -> RuleSet:
    """Fifty rules of three clauses; the same each time."""
    rng = Random(7)  # noqa: S311  # the same rules each time
    rules = []
    for at in range(RULES):
        numbers = {"a": rng.randint(5_000, 40_000), "b": rng.randint(1_000, 5_000), "d": rng.randint(10, 99)}
        numbers |= {"e": rng.randint(1, 9), "f": rng.randint(1, 5), "g": rng.randint(5, 9)}
        clauses = [clause.format(**numbers) for clause in rng.sample(CLAUSES, 3)]
        rules.append({"id": f"r{at}", "when": " and ".join(clauses), "then": "review", "reason": "R"})
    whole = {"format": 1, "name": "bench", "version": "1", "default": "approve", "inputs": INPUTS, "rules": rules}
    return RuleSet.parse(yaml.safe_dump(whole | {"reasons": {"R": {"en": "e", "zh": "z"}}}, allow_unicode=True))


def cases(rows: int) -> pl.DataFrame:
    """Past cases with one value in twenty unknown."""
    rng = Random(11)  # noqa: S311  # the same cases each time

    def column(draw: Callable[[], object]) -> list[object]:
        pool = [None if rng.random() < 0.05 else draw() for _ in range(9_973)]
        return (pool * (rows // len(pool) + 1))[:rows]

    return pl.DataFrame(
        {
            "amount": column(lambda: round(rng.uniform(500, 40_000), 2)),
            "income": column(lambda: float(rng.randint(0, 20_000))),
            "debt": column(lambda: round(rng.uniform(0, 30_000), 2)),
            "years": column(lambda: rng.randint(0, 30)),
            "inquiries": column(lambda: rng.randint(0, 8)),
            "grade": column(lambda: rng.choice("ABCDEFG")),
            "opened": column(lambda: date(2018, 1, 1) + timedelta(days=rng.randint(0, 3_000))),
            "fee": column(lambda: round(rng.uniform(0, 6_000), 2)),
            "verified": column(lambda: rng.random() < 0.5),
            "signals.risk.p": column(rng.random),
            "signals.fraud.p": column(rng.random),
            "signals.fraud.label": column(lambda: rng.choice(["no", "yes"])),
            "text": column(lambda: rng.choice(WORDS)),
        }
    ).sample(fraction=1.0, shuffle=True, seed=3)


def seconds(work: Callable[[], object], rounds: int) -> float:
    """The median CPU time of one call."""
    taken = []
    for _ in range(rounds):
        start = process_time()
        work()
        taken.append(process_time() - start)
    return median(taken)


def one_document(rules: RuleSet, rows: list[dict[str, Any]]) -> tuple[float, float]:
    """Microseconds a document: the answers alone, and with every rule's trace."""
    bare = seconds(lambda: [rules.run(row) for row in rows], ROUNDS)
    traced = seconds(lambda: [rules.run(row).rules for row in rows], ROUNDS)
    return bare / len(rows) * 1e6, traced / len(rows) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows: int = parser.parse_args().rows
    rules = rule_set()
    frame = cases(rows)
    sample = frame.head(SAMPLE)
    bare, traced = one_document(rules, sample.rows(named=True))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    parts = [rows // 4, rows // 2, rows]
    by_table = [seconds(lambda size=size: rules.run_table(frame.head(size)), 3) / size for size in parts]  # type: ignore[misc]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answers = rules.run_table(sample)
    states = [tuple(answers.STATES[code] for code in row) for row in answers.states.rows()]
    equal = states == [tuple(rule.state for rule in rules.run(row).rules) for row in sample.iter_rows(named=True)]
    growth = ", ".join(f"{size:,}: {took * size:.2f} s" for size, took in zip(parts, by_table, strict=True))
    each = by_table[-1]
    ratio = f"{traced / each / 1e6:.0f} ({bare / each / 1e6:.0f} without traces)"
    ours = [
        ["P6", "one document, 50 rules x 3 clauses, answers alone", f"{bare:.1f} µs", "", "", ""],
        ["P6", "the same with every rule's trace", f"{traced:.1f} µs", "", "", ""],
        [
            "P7",
            f"{rows:,} rows x 50 rules",
            f"{rows * each:.2f} s",
            f"row by row {rows * traced / 1e6:.0f} s",
            ratio,
            "≥ 10",
        ],
        ["P7", "growth", growth, "", f"{each / by_table[0]:.2f} of the quarter, a row", "linear"],
        [
            "P7",
            "peak memory, whole process",
            f"{peak / GIGABYTE:.2f} GB ({before / GIGABYTE:.2f} GB before)",
            "",
            "",
            "< 2 GB",
        ],
        ["P7", f"states of {SAMPLE:,} rows", "equal" if equal else "DIFFERENT", "", "", "equal"],
    ]
    body = table(["row", "what", "ours", "beside", "ratio", "bar"], ours)
    replace_section("rules", body)
    print(body)


if __name__ == "__main__":
    main()
