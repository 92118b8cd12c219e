"""One text end to end in this process, beside the bare model call: `python -m bench.deciding --bundle B --data FOLDER`.

Row P5: normalise, mask, tokenise, score, run fifty rules, conclude; no ledger. Each text takes the whole road and then
the bare call on its own token ids, in turn, so that a machine that slows down slows both. The bundle is one that
answers a label, such as a run of `bench.quality`.
"""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import onnxruntime as ort

from bench.tables import replace_section, table
from fengkong import corpus
from fengkong.decisions import Policy
from fengkong.decisions.signals import ask_needed
from fengkong.decisions.sources import gather
from fengkong.domain import Document
from fengkong.rules import RuleSet
from fengkong.scoring import Bundle, Scorer, Tokeniser
from fengkong.text import clean

THREADS = 2
TEXTS = 400
ROUNDS = 3
RULES = 50
NOW = datetime(2026, 1, 1, tzinfo=UTC)

HEAD = """
format: 1
name: p5
version: "1"
default: approve
inputs:
  amount: decimal
  income: decimal
  signals.{name}: {{type: signal, labels: [{labels}]}}
reasons:
  R: {{en: one of many, zh: 其中之一}}
rules:
"""
RULE = """  - id: rule-{n}
    when: amount > {limit} and amount / income > 3 and signals.{name}.label == "{label}"
    then: review
    reason: R
"""


def rules_of(scorer: Scorer) -> RuleSet:
    """Fifty rules of three clauses, each of which needs the model."""
    labels = ", ".join(f'"{label}"' for label in scorer.labels)
    rules = (
        RULE.format(n=n, limit=100 + n, name=scorer.name, label=scorer.labels[n % len(scorer.labels)])
        for n in range(RULES)
    )
    return RuleSet.parse(HEAD.format(name=scorer.name, labels=labels) + "".join(rules))


class Bare:
    """The runtime alone, on the ids of one text at a time."""

    def __init__(self, bundle: Bundle) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = THREADS
        self._session = ort.InferenceSession(bundle.model, options, providers=["CPUExecutionProvider"])
        self._tokeniser = Tokeniser(bundle.tokenizer, bundle.manifest.max_tokens)

    def ids(self, text: str) -> np.ndarray:
        """What the model is given for a text, of shape (1, tokens)."""
        return np.array([self._tokeniser.encode([clean(text).text])[0].ids], dtype=np.int64)

    def run(self, ids: np.ndarray) -> None:
        """One call."""
        self._session.run(["logits"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})


def measure(bundle: Path, texts: Sequence[str]) -> tuple[list[float], list[float]]:
    """Seconds of every text on the whole road, and of its bare call; both in turn, after a round that doesn't count."""
    loaded = Bundle.load(bundle)
    scorer, bare = Scorer(loaded, threads=THREADS), Bare(loaded)
    policy = Policy("p5", rules_of(scorer))
    docs = [Document(text, {"amount": 9000, "income": 2000}) for text in texts]
    given = [bare.ids(text) for text in texts]
    whole, alone = list[float](), list[float]()
    for counts in range(ROUNDS + 1):
        for doc, ids in zip(docs, given, strict=True):
            began = perf_counter()
            pending = policy.consider(doc, gather(doc, (), NOW))
            [signals] = ask_needed([scorer], [doc], [pending.needed])
            conclusion = pending.conclude(signals)
            between = perf_counter()
            bare.run(ids)
            ended = perf_counter()
            assert conclusion.trace.rules, "the rules were run"  # noqa: S101 - the trace is read, as an answer would
            if counts:
                whole.append(between - began)
                alone.append(ended - between)
    return whole, alone


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True, help="a sealed bundle that answers a label")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data sets")
    options = parser.parse_args()
    texts = [ex.text for ex in corpus.read_examples(options.data / "fpb_sentiment_en.jsonl.gz")][:TEXTS]
    whole, alone = measure(options.bundle, texts)
    rows = []
    for name, share in (("p50", 50), ("p99", 99)):
        ours, bare = (float(np.percentile(side, share)) * 1e3 for side in (whole, alone))
        bar = "≤ 1.3" if name == "p50" else ""
        what = f"one text to a conclusion, {RULES} rules with their trace, against the bare model call, {name}"
        rows.append(["P5", what, f"{ours:.2f} ms", f"{bare:.2f} ms", f"{ours / bare:.2f}", bar])
    added = median(a - b for a, b in zip(whole, alone, strict=True)) * 1e6
    body = table(["row", "what", "ours", "bare", "ratio", "bar"], rows) + f"\n\nAdded to the bare call: {added:.0f} µs."
    print(body)
    replace_section("deciding", body)


if __name__ == "__main__":
    main()
