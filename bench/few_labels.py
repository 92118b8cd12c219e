"""Few labels: `python -m bench.few_labels --data FOLDER`; 8, 32 and 128 a class, the automatic recipe beside others.

Each way learns from the same texts, and chooses (strengths, steps, what to keep) on nothing else than these and the
same few of dev; test is whole. Resumable: a figure that was made is not made again. `--quick` is one seed, the first
set, 8 and 32 a class. The table goes to docs/results.md.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from time import perf_counter
from typing import Any

import numpy as np

from bench.tables import mean_and_spread, replace_section, table
from fengkong import corpus, training
from fengkong.corpus.splitting import Splits
from fengkong.domain import Example

SECTION = "few-labels"
WAYS = ("ngrams", "frozen", "contrastive", "auto")
NAMES = {
    "ngrams": "n-grams",
    "frozen": "frozen + linear",
    "contrastive": "pairs (SetFit's way)",
    "auto": "automatic",
}
DEV_SHARE = 4  # dev has a quarter of train's texts a class, and at least two
MINUTES = 20.0


@dataclass(frozen=True)
class Set:
    """One data set, the base that reads it, and the figure that counts."""

    file: str
    base: str
    figure: str


SETS = (
    Set("fpb_sentiment_en.jsonl.gz", "minilm", "macro_f1"),
    Set("banking77_intent_en.jsonl.gz", "minilm", "macro_f1"),
    Set("finnl_news_zh.jsonl.gz", "minilm", "micro_f1"),
)


def few(splits: Splits, a_class: int, seed: int) -> Splits:
    """So many texts a class from train, a quarter as many from dev, and all of test whose labels are known."""
    train = drawn(splits.train, a_class, seed)
    known = {label for ex in train for label in labels_of(ex)}

    def heard(examples: Sequence[Example]) -> list[Example]:
        return [ex for ex in examples if set(labels_of(ex)) <= known]

    dev = drawn(heard(splits.dev), max(2, a_class // DEV_SHARE), seed)
    return Splits(train, dev, heard(splits.test), how="given")


def labels_of(ex: Example) -> tuple[str, ...]:
    """All labels of an example."""
    return ex.labels if ex.labels is not None else (ex.label,)


def drawn(examples: Sequence[Example], a_class: int, seed: int) -> list[Example]:
    """Texts in random order, taken while one of their labels still wants some; all where a class has fewer."""
    wanted: dict[str, int] = defaultdict(lambda: a_class)
    taken = []
    for place in np.random.default_rng(seed).permutation(len(examples)):
        labels = labels_of(examples[place])
        if labels and all(wanted[label] > 0 for label in labels):
            taken.append(examples[place])
            for label in labels:
                wanted[label] -= 1
    return taken


def run(one: Set, splits: Splits, way: str, seed: int, folder: Path) -> dict[str, Any]:
    """Figure and minutes of one way, made now or earlier, and what it kept."""
    found = folder / "few.json"
    if not found.exists():
        recipe = training.Recipe.from_values(
            {"base": one.base, "model": way, "minutes": MINUTES, "seed": seed, "threads": 1}
        )
        task = training.Task("topic", language="zh" if "_zh" in one.file else "en")
        began = perf_counter()
        training.run_job(task, recipe, splits, folder, resume=True)
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        kept = next((line["value"] for line in metrics["run"]["choices"] if line["name"] == "model"), way)
        facts = {"figure": figure(metrics, one.figure), "kept": kept, "minutes": (perf_counter() - began) / 60}
        found.write_text(json.dumps(facts), encoding="utf-8")
    return dict(json.loads(found.read_text(encoding="utf-8")))


def figure(metrics: Mapping[str, Any], name: str) -> float:
    """A figure of the sealed model on test, whatever the kind of task."""
    test = metrics["models"][0]["test"]
    return float(test.get("figures", test)[name]["value"])


def rows(one: Set, a_class: int, runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[list[str]]:
    """A row a way."""
    lines = []
    for way, found in runs.items():
        kept = ", ".join(dict.fromkeys(str(facts["kept"]) for facts in found)) if way == "auto" else ""
        figures = mean_and_spread([facts["figure"] for facts in found])
        minutes = f"{mean(facts['minutes'] for facts in found):.1f}"
        lines.append([one.file.split(".")[0], str(a_class), NAMES[way], f"{one.figure} {figures}", minutes, kept])
    return lines


def main() -> None:
    """Run what is missing, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data sets")
    parser.add_argument("--out", type=Path, default=Path("build/few_labels"), help="where runs are kept")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--a-class", type=int, nargs="+", default=[8, 32, 128], help="numbers of labels a class")
    parser.add_argument("--only", nargs="+", default=[one.file.split(".")[0] for one in SETS], help="names of sets")
    parser.add_argument("--quick", action="store_true", help="one seed, the first set, 8 and 32 a class")
    options = parser.parse_args()
    if options.quick:
        options.seeds, options.a_class, options.only = [1], [8, 32], [SETS[0].file.split(".")[0]]
    lines: list[list[str]] = []
    for one in (one for one in SETS if one.file.split(".")[0] in options.only):
        splits = corpus.split_examples(corpus.read_examples(options.data / one.file), how="given")
        for a_class in options.a_class:
            runs: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
            for seed in options.seeds:
                drawn_splits = few(splits, a_class, seed)
                for way in WAYS:
                    folder = options.out / f"{one.file.split('.')[0]}-{a_class}-{seed}-{way}"
                    runs[way].append(run(one, drawn_splits, way, seed, folder))
                    print(folder.name, runs[way][-1], flush=True)
            lines += rows(one, a_class, runs)
    header = ["set", "labels a class", "way", "test, mean ± sd over seeds", "minutes, whole run", "kept"]
    body = table(header, lines)
    print(body)
    if not options.quick and len(options.only) == len(SETS):
        replace_section(SECTION, body)


if __name__ == "__main__":
    main()
