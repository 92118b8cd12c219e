"""Speed beside the peers, in turn and in one run: `python -m bench.speed --data FOLDER`.

Rows P1, P2 (fine-tuning), P3, P4 (scoring) and P12 (start). Every figure is the median over rounds in which all
sides take turns, so that a machine that slows down slows all of them. The table goes to docs/results.md.
"""

import argparse
import copy
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import onnxruntime as ort
import torch
from sklearn.metrics import f1_score

from bench.peers import as_pipeline_model, pipeline_scores, seed_recipe, threads, trainer
from bench.tables import replace_section, table
from fengkong import corpus, training
from fengkong.scoring import Bundle, Scorer, Tokeniser
from fengkong.scoring.manifest import FORMAT
from fengkong.scoring.packing import pack
from fengkong.text import clean
from fengkong.training.bases.loading import find_base
from fengkong.training.encoding import shuffled_batches
from fengkong.training.preparation import prepare

THREADS = 2
ROUNDS = 3
SEED = 1
FIRST, LAST = 10, 70
SAMPLE = 640


@dataclass(frozen=True)
class Row:
    """One line of the table: what ours and the peer did in each round, and the bar."""

    row: str
    what: str
    ours: Sequence[float]
    peer: Sequence[float]
    bar: str
    unit: str = "texts/s"

    def cells(self) -> list[str]:
        """The medians, and the ratio round by round as median with its range."""
        ratios = [a / b for a, b in zip(self.ours, self.peer, strict=True)]
        ratio = f"{median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
        shown = [f"{median(side):,.3g} {self.unit}" for side in (self.ours, self.peer)]
        return [self.row, self.what, *shown, ratio, self.bar]


def in_turn(*sides: Callable[[], float], rounds: int = ROUNDS) -> list[list[float]]:
    """What each side gives, round by round, after a round that doesn't count."""
    for side in sides:
        side()
    measured = [[side() for side in sides] for _ in range(rounds)]
    return [list(figures) for figures in zip(*measured, strict=True)]


def ours_training(splits: corpus.Splits) -> float:
    """Texts a second of our loop as its defaults have it, by the clock, over 60 steps after 10 that don't count."""
    recipe = training.Recipe.from_values({"seed": SEED, "threads": THREADS})
    prepared = prepare(recipe, splits)
    plan, began, ended = prepared.plan, 0.0, 0.0
    batches = shuffled_batches(prepared.train.lengths, plan.batch_tokens, seed=plan.seed, epoch=0)
    with closing(training.fine_tune(prepared.start(), prepared.train, prepared.dev)) as events:
        for event in events:
            if isinstance(event, training.Step) and event.step == FIRST:
                began = perf_counter()
            if isinstance(event, training.Step) and event.step == LAST:
                ended = perf_counter()
                break
    return sum(len(batch) for batch in batches[FIRST:LAST]) / (ended - began)


def training_rows(splits: corpus.Splits, base: Path) -> list[Row]:
    """P1 and P2. The peers read a sample of the texts, since they take their time."""
    names = sorted({ex.label for ex in splits.train})
    sample = Random(SEED).sample(splits.train, SAMPLE)  # noqa: S311 - no secret
    texts, y = [ex.text for ex in sample], np.array([names.index(ex.label) for ex in sample])

    def plain_loop() -> float:
        return seed_recipe(base, texts, y, labels=len(names), steps=12, learning_rate=2e-5, seed=SEED)

    def trainer_of(batch: int, attention: str) -> Callable[[], float]:
        def run() -> float:
            options: dict[str, Any] = {"labels": len(names), "learning_rate": 2e-5, "seed": SEED}
            with tempfile.TemporaryDirectory() as folder:
                return trainer(base, texts, y, batch=batch, attention=attention, folder=Path(folder), **options)

        return run

    def ours() -> float:
        return ours_training(splits)

    best = {way: max((16, 32), key=lambda batch: trainer_of(batch, way)()) for way in ("sdpa", "eager")}
    mine, loop, *peers = in_turn(ours, plain_loop, *(trainer_of(best[way], way) for way in best))
    return [
        Row("P1", "fine-tuning, against the plain loop (padded to 128, fp32, batch 16)", mine, loop, "≥ 8"),
        *(
            Row(
                "P2",
                f"fine-tuning, against Trainer (bf16, group_by_length, batch {best[way]}, {way})",
                mine,
                peer,
                "≥ 1.6",
            )
            for way, peer in zip(best, peers, strict=True)
        ),
    ]


def sealed_bundle(splits: corpus.Splits, folder: Path) -> Path:
    """A bundle of one short run, so that the texts are scored by a model that tells them apart."""
    recipe = training.Recipe.from_values({"seed": SEED, "epochs": 2, "threads": THREADS})
    return training.run_job(training.Task("sentiment"), recipe, splits, folder).bundle


def scoring_rows(splits: corpus.Splits, bundle: Path) -> list[Row]:
    """P3 and P4; beside P3, what int8 does to the answers on test."""
    texts = [ex.text for ex in splits.test]
    scorer = Scorer(Bundle.load(bundle), threads=THREADS)
    model, tokenizer = as_pipeline_model(bundle, splits)
    models = {"fp32": model, "bf16": copy.deepcopy(model).to(torch.bfloat16)}

    def ours() -> float:
        began = perf_counter()
        scorer.probabilities(texts)
        return len(texts) / (perf_counter() - began)

    def pipeline_of(batch: int, precision: str) -> Callable[[], float]:
        return lambda: pipeline_scores(models[precision], tokenizer, texts, batch=batch)[1]

    best = {way: max((8, 16, 32, 64), key=lambda batch: pipeline_of(batch, way)()) for way in models}
    mine, bare, *peers = in_turn(ours, bare_loop(bundle, texts), *(pipeline_of(best[way], way) for way in models))
    theirs, found = pipeline_scores(model, tokenizer, texts, batch=best["fp32"])[0], scorer.probabilities(texts)
    truth = [scorer.labels.index(ex.label) for ex in splits.test]
    equal = float((found.argmax(axis=1) == theirs.argmax(axis=1)).mean())
    f1, f1_fp32 = (f1_score(truth, side.argmax(axis=1), average="macro") for side in (found, theirs))
    on_test = f"on test {equal:.1%} equal labels with fp32, macro-F1 {f1:.3f} against {f1_fp32:.3f}"
    return [
        *(
            Row(
                "P3",
                f"scoring, raw text to probability, against the pipeline ({way}, batch {best[way]}); {on_test}",
                mine,
                peer,
                "≥ 5, ≥ 99% equal",
            )
            for way, peer in zip(models, peers, strict=True)
        ),
        Row("P4", "the same against a bare runtime loop on packed token ids", mine, bare, "≥ 0.85"),
    ]


def bare_loop(bundle: Path, texts: Sequence[str]) -> Callable[[], float]:
    """The practical limit: the runtime alone, on batches that were made before."""
    loaded = Bundle.load(bundle)
    options = ort.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = ort.InferenceSession(loaded.model, options, providers=["CPUExecutionProvider"])
    tokeniser = Tokeniser(loaded.tokenizer, loaded.manifest.max_tokens)
    tokens = tokeniser.encode([clean(text).text for text in texts])
    batches = list(pack([token.ids for token in tokens], tokeniser.pad))

    def run() -> float:
        began = perf_counter()
        for batch in batches:
            session.run(["logits"], {"input_ids": batch.ids, "attention_mask": batch.mask})
        return len(texts) / (perf_counter() - began)

    return run


READY = """
import sys
from fengkong.scoring import Bundle, Scorer
Scorer(Bundle.load(sys.argv[1]), threads=2).probabilities(["ready"])
"""


def start_rows(bundle: Path) -> list[list[str]]:
    """P12: whole processes, from start to end."""

    def timed(*command: str) -> Callable[[], float]:
        def run() -> float:
            began = perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            return perf_counter() - began

        return run

    helped, ready = in_turn(
        timed(sys.executable, "-m", "fengkong.cli", "--help"), timed(sys.executable, "-c", READY, str(bundle))
    )

    def cells(what: str, seconds: Sequence[float], bar: str) -> list[str]:
        return ["P12", what, f"{median(seconds):.2f} s ({min(seconds):.2f}-{max(seconds):.2f})", "", "", bar]

    return [
        cells("`fengkong --help`, whole process", helped, "≤ 0.3 s"),
        cells("a new process with a bundle loaded and a first text scored", ready, "≤ 2 s"),
    ]


def main() -> None:
    """Measure all rows and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder with fpb_sentiment_en.jsonl.gz; else simulated texts")
    parser.add_argument("--out", type=Path, default=Path("build/speed"), help="where the bundle is kept")
    options = parser.parse_args()
    source = options.data / "fpb_sentiment_en.jsonl.gz" if options.data else None
    examples = corpus.read_examples(source) if source else corpus.simulate(4000).examples
    # Texts alone: the peers read no fields.
    splits = corpus.split_examples([replace(ex, fields={}) for ex in examples], seed=SEED)
    folder = options.out / f"{training.data_digest(splits)[:8]}-format{FORMAT}"  # an older bundle would not load
    bundle = folder / "bundle" if (folder / "metrics.json").exists() else sealed_bundle(splits, folder)
    with threads(THREADS):
        rows = [row.cells() for row in scoring_rows(splits, bundle)]
        rows = [row.cells() for row in training_rows(splits, find_base("minilm"))] + rows
    body = table(["row", "what", "ours", "peer", "ratio, median (range)", "bar"], rows + start_rows(bundle))
    print(body)
    replace_section("speed", body)


if __name__ == "__main__":
    main()
