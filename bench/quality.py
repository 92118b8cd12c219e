"""Figures on real sets: `python -m bench.quality --data FOLDER`.

Resumable: a run that is complete is not made again. Every run is the product's own (`fengkong train` with the default
recipe, but where the set says otherwise): choices on dev, the sealed bundle measured once on test, floors beside it.
The table of the rows that were run goes to docs/results.md.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean
from typing import Any, Literal

from bench.tables import mean_and_spread, replace_section, table
from fengkong import corpus, training
from fengkong.domain import digest


@dataclass(frozen=True)
class Set:
    """One data set: its row of the targets, what the model answers, the figures that count, and where its recipe
    departs from the default one.
    """

    row: str
    name: str
    file: str
    positive: str | None
    figures: tuple[str, ...]
    aim: str
    recipe: Mapping[str, object] = field(default_factory=dict)
    language: Literal["en", "zh"] = "en"


NGRAMS = {"model": "ngrams"}
"""The bundled base knows no Chinese: these rows are what n-grams alone reach."""

SETS = (
    Set("Q1", "sentiment", "fpb_sentiment_en.jsonl.gz", None, ("accuracy", "macro_f1"), "accuracy ≥ .86"),
    Set("Q2", "sentiment", "tfns_sentiment_en.jsonl.gz", None, ("accuracy", "macro_f1"), "accuracy ≥ .88"),
    Set("Q3", "intent", "banking77_intent_en.jsonl.gz", None, ("accuracy", "macro_f1"), "accuracy ≥ .93"),
    Set("Q4", "entities", "finer_ord_ner_en.jsonl.gz", None, ("entity_f1",), "entity F1 ≥ .80"),
    Set("Q5", "spam", "sms_spam_en.jsonl.gz", "spam", ("macro_f1", "auc", "recall@0.1%"), "macro-F1 ≥ .985"),
    Set(
        *("Q6", "default_risk", "lc_loans_2007_2011_en.jsonl.gz", "charged_off", ("auc", "ks", "pr_auc"), "AUC ≥ .69"),
        # Its texts only repeat the fields, which are read in full: the first third of a text, and one pass, are enough.
        recipe={"max_tokens": 32, "epochs": 1},
    ),
    *(
        Set("Q7", name, f"{file}.jsonl.gz", None, ("micro_f1", "macro_f1"), "micro-F1 ≥ .88", NGRAMS, "zh")
        for name, file in (("event", "finese_event_zh"), ("topic", "finnl_news_zh"))
    ),
    Set(
        *("Q8", "sentiment", "finfe_sentiment_zh.jsonl.gz", None, ("accuracy", "macro_f1"), "accuracy ≥ .78"),
        *(NGRAMS, "zh"),
    ),
    Set(
        *("Q8", "scam", "fbs_sms_zh.jsonl.gz", None, ("accuracy", "macro_f1"), "macro-F1 ≥ .92"),
        *(NGRAMS, "zh"),
    ),
)

ENTITIES_ZH = tuple(
    Set("Q9", "entities", f"{file}.jsonl.gz", None, ("entity_f1",), "reported, then raised", {}, "zh")
    for file in ("finner_ner_zh", "cluener_ner_zh")
)
CHINESE = (*(one for one in SETS if one.language == "zh"), *ENTITIES_ZH)


def read_by(base: Path) -> tuple[Set, ...]:
    """The Chinese sets, read by an encoder that knows Chinese; where a text has labels, blended with n-grams.

    Three passes: on two cores more would take these sets over half an hour each.
    """
    recipe = {"base": str(base), "max_tokens": 128, "epochs": 3}
    return tuple(replace(one, recipe=recipe if one.row == "Q9" else {**recipe, "model": "blend"}) for one in CHINESE)


ROWS = sorted({one.row for one in (*SETS, *ENTITIES_ZH)})


def run(one: Set, data: Path, seed: int, out: Path) -> dict[str, Any]:
    """The metrics of one run, made now or earlier."""
    folder = run_folder(one, seed, out)
    metrics = folder / "metrics.json"
    if not metrics.exists():
        recipe = training.Recipe.from_values({**one.recipe, "seed": seed})
        examples = corpus.read_examples(data / one.file, corpus.Columns(group=""))  # the splits are given
        splits = corpus.split_examples(examples, how="given", seed=seed)
        task = training.Task(one.name, one.positive, one.language)
        command = f"python -m bench.quality --data FOLDER --only {one.row} --seeds {seed}"
        training.run_job(
            task, recipe, splits, folder, origin=training.Origin(one.file, command), resume=True, tell=progress
        )
    return dict(json.loads(metrics.read_text(encoding="utf-8")))


def run_folder(one: Set, seed: int, out: Path) -> Path:
    """Where a run lies: its name follows from what the set says, so that a new key of the recipe moves none."""
    return out / f"{one.file.split('.')[0]}-{seed}-{digest(dict(one.recipe))[:8]}"


def progress(event: object) -> None:
    """Stages and evaluations, a line each."""
    match event:
        case training.Stage():
            print(f"  {event.name}  {event.detail}", flush=True)
        case training.Evaluated():
            print(f"    step {event.step}: " + ", ".join(f"{k} {v:.4f}" for k, v in event.figures.items()), flush=True)


def figure(metrics: Mapping[str, Any], name: str) -> float:
    """One figure of a model on one set, by the name that the table uses."""
    if name == "recall@0.1%":
        return float(metrics["binary"]["recall_at"][0]["recall"]["value"])
    place = metrics.get("figures") or (metrics["binary"] if name in ("auc", "ks", "pr_auc") else metrics)
    return float(place[name]["value"])


def rows(one: Set, runs: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """A row a model: the tuned one first, then its floors, on test."""
    names = [model["name"] for model in runs[0]["models"]]
    found = []
    for place, model in enumerate(names):
        tests = [run["models"][place]["test"] for run in runs]
        figures = "; ".join(f"{name} {mean_and_spread([figure(t, name) for t in tests])}" for name in one.figures)
        facts = ["", "", ""]
        if place == 0:
            seconds = [run["run"]["seconds"] for run in runs]
            tuning, whole = (mean(s["tuning"] for s in seconds), mean(sum(s.values()) for s in seconds))
            bundle = runs[0]["run"]["bundle"]
            size = f"{bundle['precision']}, {bundle['megabytes']:.0f} MB"
            facts = [f"{tuning / 60:.1f} / {whole / 60:.1f} min", size, one.aim]
        name = f"{one.file.split('.')[0]} ({len(runs)} seed{'s' * (len(runs) > 1)})" if place == 0 else ""
        shown = str(one.recipe.get("model", "tuned")) if place == 0 else model  # runs of an older format say "tuned"
        found.append([one.row if place == 0 else "", name, shown, figures, *facts])
    return found


def main() -> None:
    """Run what is missing, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data sets")
    parser.add_argument("--out", type=Path, default=Path("build/quality"), help="where runs are kept")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--only", nargs="+", default=ROWS, help="rows, such as Q1 Q6")
    parser.add_argument(
        "--sets", nargs="+", help="of these rows, sets by their file's name, such as finfe_sentiment_zh"
    )
    parser.add_argument("--base-zh", type=Path, help="a Chinese encoder, such as bench.pretrain leaves")
    parser.add_argument("--table", action="store_true", help="run nothing; write the table of what was run")
    options = parser.parse_args()
    lines: list[list[str]] = []
    sets = (*SETS, *(read_by(options.base_zh) if options.base_zh else ()))
    for one in sorted(sets, key=lambda one: (one.row, one.file)):
        if one.row in options.only and (not options.sets or one.file.split(".")[0] in options.sets):
            runs = []
            for seed in options.seeds:
                if options.table and not (run_folder(one, seed, options.out) / "metrics.json").exists():
                    continue
                print(f"{one.row} {one.file} seed {seed}", flush=True)
                runs.append(run(one, options.data, seed, options.out))
            lines += rows(one, runs) if runs else []
    header = ["row", "set", "model", "test, mean ± sd over seeds", "tuning / whole run", "bundle", "aim"]
    body = table(header, lines)
    print(body)
    if options.table or (options.only == ROWS and not options.sets):
        replace_section("quality", body)


if __name__ == "__main__":
    main()
