"""Figures of mining on real sets: `python -m bench.mining --data FOLDER`.

A scorecard of the loans' fields, rules of loans and messages, and how often rules are found where labels are shuffled.
Found on train and dev, measured once on test. The table goes to docs/results.md.
"""

import argparse
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.tables import replace_section, table
from fengkong import corpus, mining
from fengkong.domain import Example

SHUFFLED = 20
"""Times that the labels are shuffled, on SHUFFLED_CASES cases each."""
SHUFFLED_CASES = 2_000


@dataclass(frozen=True)
class Set:
    """A data set, the label of a bad outcome, and the field of money."""

    file: str
    bad: str
    money: str = ""


LOANS = Set("lc_loans_2007_2011_en", "charged_off", "loan_amnt")
RULES = (LOANS, Set("sms_spam_en", "spam"), Set("finnsp_negative_zh", "negative"))


def read(one: Set, data: Path) -> corpus.Splits:
    """The set as it is split, with shares such as "28.40%" as the numbers that rules want."""
    examples = corpus.read_examples(data / f"{one.file}.jsonl.gz", corpus.Columns(group=""))
    return corpus.split_examples([_as_numbers(ex) for ex in examples], how="given")


def _as_numbers(ex: Example) -> Example:
    shares = {
        name: float(value.removesuffix("%"))
        for name, value in ex.fields.items()
        if isinstance(value, str) and value.endswith("%")
    }
    return replace(ex, fields={**ex.fields, **shares})


def scorecard(one: Set, data: Path) -> list[str]:
    """The row of a scorecard."""
    cases, held_out = mining.past_cases(read(one, data), bad=one.bad)
    begun = time.perf_counter()
    card = mining.scorecard(cases, held_out)
    seconds = time.perf_counter() - begun
    used = f"{len(card.characteristics)} of {len(cases.fields)} fields"
    found = f"AUC {card.held_out.auc}, KS {card.held_out.ks}, PSI {card.psi:.3f}"
    return [f"scorecard, {one.file}", used, found, f"AUC {card.train.auc.value:.3f}", f"{seconds:.1f} s", "AUC ≥ .67"]


def rules(one: Set, data: Path) -> list[str]:
    """The row of mined rules: what those that were proposed hit on test, all together and each at its best."""
    cases, held_out = mining.past_cases(read(one, data), bad=one.bad, money=one.money)
    begun = time.perf_counter()
    mined = mining.mine_rules(cases, held_out)
    seconds = time.perf_counter() - begun
    shown = f"lift {_span([rule.held_out.lift for rule in mined.rules])}"
    before = f"lift {_span([rule.found.lift for rule in mined.rules])}"
    return [f"rules, {one.file}", f"{len(mined.rules)} of {mined.tried} tried", shown, before, f"{seconds:.1f} s", ""]


def _span(values: Sequence[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}" if values else "-"


def shuffled(one: Set, data: Path) -> list[str]:
    """The row of rules on shuffled labels, where every rule found is a false one."""
    whole = read(one, data)
    examples, found = [*whole.train, *whole.dev, *whole.test], 0
    begun = time.perf_counter()
    for seed in range(SHUFFLED):
        rng = random.Random(seed)  # noqa: S311 - a draw, no secret
        drawn = rng.sample(examples, SHUFFLED_CASES)
        labels = rng.sample([ex.label for ex in drawn], len(drawn))
        mixed = [replace(ex, label=label) for ex, label in zip(drawn, labels, strict=True)]
        half = SHUFFLED_CASES // 2
        splits = corpus.Splits(mixed[:half], [], mixed[half:])
        found += bool(mining.mine_rules(*mining.past_cases(splits, bad=one.bad), seed=seed).rules)
    seconds = (time.perf_counter() - begun) / SHUFFLED
    told = f"found something in {found} of {SHUFFLED} runs"
    return [f"rules, {one.file}, labels shuffled", "", told, "", f"{seconds:.1f} s", "≤ 1 in 20"]


def main() -> None:
    """Measure, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data sets")
    options = parser.parse_args()
    lines = [scorecard(LOANS, options.data)]
    lines += [rules(one, options.data) for one in RULES]
    lines.append(shuffled(LOANS, options.data))
    body = table(["what", "used", "on test", "on train and dev", "time", "aim"], lines)
    print(body)
    replace_section("mining", body)


if __name__ == "__main__":
    main()
