"""Speed beside the peers, in turn and in one run: `python -m bench.speed --data FOLDER`.

Rows P1, P2 (fine-tuning), P3, P4 (scoring) and P12 (start). Every figure is the median over rounds in which all
sides take turns, so that a machine that slows down slows all of them. The table goes to docs/results.md.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import onnxruntime as ort

from bench.peers import as_pipeline_model, pipeline_scores, seed_recipe, threads, trainer
from bench.tables import replace_section, table
from fengkong import corpus, training
from fengkong.scoring import Bundle, Scorer, Tokeniser
from fengkong.scoring.packing import pack
from fengkong.text import clean
from fengkong.training.base_models import find_base
from fengkong.training.preparation import prepare

THREADS = 2
ROUNDS = 5
SEED = 1


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
    """Texts a second of our loop as its defaults have it, over 60 steps after 10 that don't count."""
    recipe = training.Recipe.from_values({"seed": SEED, "threads": THREADS})
    prepared = prepare(recipe, splits)
    events = training.fine_tune(prepared.start(), prepared.train, prepared.dev)
    steps = islice((event for event in events if isinstance(event, training.Step)), 70)
    return [step.texts_per_second for step in steps][-1]


def training_rows(splits: corpus.Splits, base: Path) -> list[Row]:
    """P1 and P2."""
    texts = [ex.text for ex in splits.train]
    names = sorted({ex.label for ex in splits.train})
    y = np.array([names.index(ex.label) for ex in splits.train])

    def plain_loop() -> float:
        return seed_recipe(base, texts, y, labels=len(names), steps=10, learning_rate=2e-5, seed=SEED)[2]

    def trainer_of(batch: int) -> Callable[[], float]:
        def run() -> float:
            plan: dict[str, Any] = {"labels": len(names), "steps": 640 // batch, "learning_rate": 2e-5, "seed": SEED}
            with tempfile.TemporaryDirectory() as folder:
                return trainer(base, texts, y, batch=batch, folder=Path(folder), **plan)[2]

        return run

    def ours() -> float:
        return ours_training(splits)

    batches = {batch: median(in_turn(trainer_of(batch), rounds=2)[0]) for batch in (16, 32)}
    best = max(batches, key=lambda batch: batches[batch])
    mine, loop, hf = in_turn(ours, plain_loop, trainer_of(best))
    return [
        Row("P1", "fine-tuning, against the plain loop (padded to 128, fp32, batch 16)", mine, loop, "≥ 8"),
        Row("P2", f"fine-tuning, against Trainer (bf16, group_by_length, batch {best})", mine, hf, "≥ 1.6"),
    ]


def sealed_bundle(splits: corpus.Splits, folder: Path) -> Path:
    """A bundle of one short run, so that the texts are scored by a model that tells them apart."""
    recipe = training.Recipe.from_values({"seed": SEED, "epochs": 2, "threads": THREADS})
    return training.run_job(training.Task("sentiment"), recipe, splits, folder).bundle


def scoring_rows(splits: corpus.Splits, bundle: Path) -> list[Row]:
    """P3 and P4, with the agreement of labels beside P3."""
    texts = [ex.text for ex in splits.test] + [ex.text for ex in splits.dev]
    scorer = Scorer(Bundle.load(bundle), threads=THREADS)
    model, tokenizer = as_pipeline_model(bundle, splits)

    def ours() -> float:
        began = perf_counter()
        scorer.probabilities(texts)
        return len(texts) / (perf_counter() - began)

    def pipeline_of(batch: int) -> Callable[[], float]:
        return lambda: pipeline_scores(model, tokenizer, texts, batch=batch)[1]

    rates = {batch: median(in_turn(pipeline_of(batch), rounds=1)[0]) for batch in (1, 8, 16, 32, 64)}
    best = max(rates, key=lambda batch: rates[batch])
    mine, peer, bare = in_turn(ours, pipeline_of(best), bare_loop(bundle, texts))
    theirs = pipeline_scores(model, tokenizer, texts, batch=best)[0]
    found = scorer.probabilities(texts)
    agreement = float((found.argmax(axis=1) == theirs.argmax(axis=1)).mean())
    what = f"scoring, raw text to probability, against the pipeline (batch {best}); {agreement:.1%} equal labels"
    return [
        Row("P3", what, mine, peer, "≥ 5, ≥ 99% equal"),
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
    splits = corpus.split_examples(examples, seed=SEED)
    bundle = options.out / "bundle" if (options.out / "metrics.json").exists() else sealed_bundle(splits, options.out)
    with threads(THREADS):
        rows = [row.cells() for row in scoring_rows(splits, bundle)]
        rows = [row.cells() for row in training_rows(splits, find_base("minilm"))] + rows
    body = table(["row", "what", "ours", "peer", "ratio, median (range)", "bar"], rows + start_rows(bundle))
    print(body)
    replace_section("speed", body)


if __name__ == "__main__":
    main()
