"""Does a sealed graph find the entities that the trained network finds? On whole texts, from raw text to span."""

from collections.abc import Sequence

import numpy as np
import torch
from tokenizers import Tokenizer

from fengkong.domain.documents import Example
from fengkong.domain.spans import Span
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.entities import EntityFinder, WordRead
from fengkong.scoring.manifest import Manifest
from fengkong.scoring.scorer import Scorer
from fengkong.scoring.tokens import Tokeniser
from fengkong.scoring.words import word_spans
from fengkong.text.cleaning import clean
from fengkong.training.encoding import encode
from fengkong.training.exporting.parity import Attempt
from fengkong.training.measuring.entity_metrics import entity_figures
from fengkong.training.networks.classifier import TextClassifier
from fengkong.training.tasks.kind import Kind
from fengkong.training.tuning.predict import predict_logits

__all__ = ["EntityComparison"]

Spans = tuple[Span, ...]
NOWHERE = Span(0, 0, "")


class EntityComparison:
    """The trained network's own entities, to hold each format against."""

    def __init__(
        self,
        network: TextClassifier,
        tokenizer: Tokenizer,
        manifest: Manifest,
        kind: Kind,
        examples: Sequence[Example],
        *,
        dev_texts: int,
    ) -> None:
        """examples: the texts to compare on, those of dev first."""
        self._head = manifest.heads[0]
        self._examples, self._dev_texts = examples, dev_texts
        encoded = encode(examples, tokenizer, kind.targets(examples), max_tokens=manifest.max_tokens)
        logits = predict_logits(network, encoded, padding=0)  # any id will do: padding is masked
        cleans = [clean(ex.text) for ex in examples]
        tokeniser = Tokeniser(tokenizer.to_str().encode(), manifest.max_tokens)
        tokens, words = tokeniser.encode_words([one.text for one in cleans])
        read = WordRead(
            [ex.text for ex in examples],
            cleans,
            words,
            logits[words.text, words.lead],
            [token.unread for token in tokens],
        )
        self._trained, self._holds = EntityFinder(self._head).find(read)

    def attempt(self, name: str, bundle: Bundle) -> Attempt:
        """Score the same texts through the bundle, as it will be in use."""
        scorer = Scorer(bundle, threads=torch.get_num_threads())
        signals = scorer.score([ex.document() for ex in self._examples])
        found = [sig.spans for sig in signals]
        holds = np.array([[sig.probabilities.get(label, np.nan) for label in self._head.labels] for sig in signals])
        difference = np.abs(holds - self._holds)
        return Attempt(
            name,
            bundle.manifest.precision,
            megabytes=len(bundle.model) / 1e6,
            agreement=self._agreement(found, len(found)),
            dev_agreement=self._agreement(found, self._dev_texts),
            dev_texts=self._dev_texts,
            metric="entity_f1",
            figure=self._f1(found),
            figure_trained=self._f1(self._trained),
            mean_difference=float(difference.mean()),
            max_difference=float(difference.max()),
        )

    def _agreement(self, found: Sequence[Spans], texts: int) -> float:
        """The share of words that bear the same tag in both."""
        equal = total = 0
        for ex, ours, theirs in zip(self._examples[:texts], found, self._trained, strict=False):
            places = word_spans(ex.text)
            total += len(places)
            equal += sum(a == b for a, b in zip(_tags(places, ours), _tags(places, theirs), strict=True))
        return equal / total if total else 1.0

    def _f1(self, found: Sequence[Spans]) -> float:
        dev = slice(self._dev_texts)
        truth = [ex.entities or () for ex in self._examples[dev]]
        return entity_figures(truth, found[dev], self._head.labels, resamples=0).figures["entity_f1"].value or 0.0


def _tags(places: Sequence[tuple[int, int]], spans: Spans) -> list[tuple[str, bool]]:
    """Of each word the type of the entity that it lies in ("" outside of all), and whether it begins it."""
    tags, waiting = [], iter((*spans, NOWHERE))
    span = next(waiting)
    for start, end in places:
        while span is not NOWHERE and span.end <= start:
            span = next(waiting)
        inside = span.start < end and span.end > start
        tags.append((span.label, start <= span.start) if inside else ("", False))
    return tags
