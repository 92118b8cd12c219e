"""Row P6 beside its peer: the same rules on ours and on the ZEN engine, in turn: `python -m bench.zen_rules`.

Fifty rules of three clauses that both engines can say, one document at a time, each with its trace. ZEN gets them as an
expression node (a line a rule) and as a collect table (a row a rule), and the quicker of the two counts. Its trace says
which rules answered what; ours keeps the value of every clause too, and unknowns, of which ZEN knows none: documents
here are complete. The table goes to docs/results.md.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

import yaml
import zen

from bench.rules import INPUTS
from bench.tables import replace_section, table
from fengkong.domain import RuleState
from fengkong.rules import RuleSet

RULES = 50
DOCUMENTS = 200
ROUNDS = 7

CLAUSES = (
    "amount > {a}",
    "income < {b}",
    "amount / income > {e}",
    "debt + amount > income * {e}",
    "years in [{f}, {g}]",
    "inquiries >= {f}",
    'grade in ["F", "G"]',
    "verified",
    "signals.risk.p >= 0.{d}",
    'signals.fraud.label == "yes"',
    'contains(text, "urgent")',
)


def conditions() -> list[str]:
    """Fifty conditions of three clauses, in words that both languages share; the same each time."""
    rng = Random(7)  # noqa: S311 - the same rules each time
    found = []
    for _ in range(RULES):
        numbers = {"a": rng.randint(5_000, 40_000), "b": rng.randint(1_000, 5_000), "d": rng.randint(10, 99)}
        numbers |= {"e": rng.randint(1, 9), "f": rng.randint(1, 5), "g": rng.randint(6, 9)}
        found.append(" and ".join(clause.format(**numbers) for clause in rng.sample(CLAUSES, 3)))
    return found


def ours_of(rules: Sequence[str]) -> RuleSet:
    """The conditions as our rule set."""
    written = [{"id": f"r{at}", "when": when, "then": "review", "reason": "R"} for at, when in enumerate(rules)]
    head = {"format": 1, "name": "peer", "version": "1", "default": "approve", "inputs": dict(INPUTS)}
    return RuleSet.parse(yaml.safe_dump(head | {"rules": written, "reasons": {"R": {"en": "e", "zh": "z"}}}))


def decisions_of(rules: Sequence[str]) -> dict[str, zen.ZenDecision]:
    """The conditions as ZEN's two kinds of node."""
    lines = [{"id": str(at), "key": f"r{at}", "value": rule} for at, rule in enumerate(rules)]
    rows = [{"_id": str(at), "when": rule, "rule": f'"r{at}"'} for at, rule in enumerate(rules)]
    columns = {"inputs": [{"id": "when", "name": "when"}], "outputs": [{"id": "rule", "field": "rule", "name": "rule"}]}
    nodes = {
        "expressions": {"type": "expressionNode", "content": {"expressions": lines}},
        "collect table": {"type": "decisionTableNode", "content": {"hitPolicy": "collect", **columns, "rules": rows}},
    }
    engine = zen.ZenEngine()
    return {name: engine.create_decision(json.dumps(_graph(node))) for name, node in nodes.items()}


def _graph(node: Mapping[str, Any]) -> dict[str, Any]:
    ends = [{"id": "in", "name": "in", "type": "inputNode"}, {"id": "out", "name": "out", "type": "outputNode"}]
    edges = [{"id": "1", "sourceId": "in", "targetId": "it"}, {"id": "2", "sourceId": "it", "targetId": "out"}]
    return {"nodes": [*ends, {"id": "it", "name": "it", **node}], "edges": edges}


def documents() -> list[dict[str, Any]]:
    """Complete documents, under our dotted names."""
    rng = Random(11)  # noqa: S311 - the same documents each time
    return [
        {
            "amount": round(rng.uniform(500, 40_000), 2),
            "income": float(rng.randint(500, 20_000)),
            "debt": round(rng.uniform(0, 30_000), 2),
            "years": rng.randint(0, 10),
            "inquiries": rng.randint(0, 8),
            "grade": rng.choice("ABCDEFG"),
            "verified": rng.random() < 0.5,
            "signals.risk.p": rng.random(),
            "signals.fraud.label": rng.choice(["no", "yes"]),
            "text": rng.choice(["loan for a car", "please, urgent", "consolidation of debt"]),
        }
        for _ in range(DOCUMENTS)
    ]


def nested(doc: Mapping[str, Any]) -> dict[str, Any]:
    """The same with signals as objects, as ZEN reads them."""
    plain = {name: value for name, value in doc.items() if not name.startswith("signals.")}
    signals = {"risk": {"p": doc["signals.risk.p"]}, "fraud": {"label": doc["signals.fraud.label"]}}
    return {**plain, "signals": signals}


def microseconds(work: Callable[[Any], object], docs: Sequence[object]) -> float:
    """Of one document, by the clock."""
    began = perf_counter()
    for doc in docs:
        work(doc)
    return (perf_counter() - began) / len(docs) * 1e6


def main() -> None:
    """Measure all sides in turn, make sure that they agree, and write the table."""
    conditions_said = conditions()
    ours, theirs = ours_of(conditions_said), decisions_of(conditions_said)
    docs = documents()
    given = [nested(doc) for doc in docs]
    hits = [[rule.rule for rule in ours.run(doc).rules if rule.state is RuleState.HIT] for doc in docs]
    said = [[row["rule"] for row in theirs["collect table"].evaluate(doc)["result"] or ()] for doc in given]
    if hits != said:
        raise SystemExit("the engines disagree")
    sides: dict[str, Callable[[], float]] = {
        "kept": lambda: microseconds(ours.run, docs),
        "read": lambda: microseconds(lambda doc: ours.run(doc).rules, docs),
        **{
            name: lambda decision=decision: microseconds(lambda doc: decision.evaluate(doc, {"trace": True}), given)  # type: ignore[misc]
            for name, decision in theirs.items()
        },
    }
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for counts in range(ROUNDS + 1):
        for name, side in sides.items():
            figure = side()
            if counts:
                taken[name].append(figure)
    peer = min(theirs, key=lambda name: median(taken[name]))
    rows = []
    for name, what in (
        ("kept", "every clause's value and unknowns kept; the trace is built when read"),
        ("read", "the same, and the trace of all fifty rules read"),
    ):
        ratios = [b / a for a, b in zip(taken[name], taken[peer], strict=True)]
        ratio = f"{median(ratios):.1f} ({min(ratios):.1f}-{max(ratios):.1f})"
        figures = [f"{median(taken[side]):.1f} µs" for side in (name, peer)]
        rows.append(["P6", f"one document, 50 rules x 3 clauses: {what}", *figures, ratio, "≥ 5"])
    other = next(name for name in theirs if name != peer)
    note = (
        f"ZEN as {peer}; as {other} it took {median(taken[other]):.0f} µs. Both found the same hits in every document."
    )
    body = table(["row", "what", "ours", "ZEN with trace", "ratio, median (range)", "bar"], rows) + f"\n\n{note}"
    print(body)
    replace_section("zen", body)


if __name__ == "__main__":
    main()
