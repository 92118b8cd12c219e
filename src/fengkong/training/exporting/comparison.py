"""The trained network's own answers to some texts, question by question, to hold each format of the graph against."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer

from fengkong.domain.documents import Example
from fengkong.scoring.bundle import Bundle
from fengkong.scoring.entities import EntityFinder, WordRead
from fengkong.scoring.fields import FieldEncoder
from fengkong.scoring.manifest import GRAPH, NGRAMS, Head, Manifest
from fengkong.scoring.ngrams import NgramModel, ngram_text
from fengkong.scoring.scorer import Scorer, open_scorers
from fengkong.scoring.signals import answers
from fengkong.scoring.tokens import Tokeniser
from fengkong.text.cleaning import clean
from fengkong.training.encoding import Float32s, encode
from fengkong.training.exporting.entity_parity import EntityQuestion
from fengkong.training.exporting.parity import Answers, Attempt, compare
from fengkong.training.networks.classifier import TextClassifier
from fengkong.training.tasks.kind import Kind
from fengkong.training.tasks.together import Together
from fengkong.training.tuning.predict import predict_logits

__all__ = ["Comparison"]


class Comparison:
    """What a network says of examples. Each format is scored as it will be in use: from raw text to answer."""

    def __init__(
        self,
        network: TextClassifier,
        tokenizer: Tokenizer,
        manifest: Manifest,
        kind: Kind,
        examples: Sequence[Example],
        *,
        dev_texts: int,
        ngrams: NgramModel | None = None,
    ) -> None:
        """examples: the texts to compare on, those of dev (dev_texts) first. ngrams: what the manifest blends in."""
        encoded = encode(
            examples,
            tokenizer,
            kind.targets(examples),
            max_tokens=manifest.max_tokens,
            fields=FieldEncoder(manifest.fields) if manifest.fields else None,
            windows=manifest.windows,
        )
        logits = predict_logits(network, encoded, padding=0)  # any id will do: padding is masked
        if ngrams is not None:
            texts = [ngram_text(clean(ex.text).text, clean(ex.pair).text) for ex in examples]
            blend = manifest.blend
            logits = blend[GRAPH] * logits + blend[NGRAMS] * ngrams.logits(texts, encoded.fields)
        self._questions: list[_TextQuestion | EntityQuestion] = []
        for head in manifest.heads:
            rows, of_head, targets = np.arange(len(examples)), logits, encoded.targets
            if isinstance(kind, Together):
                rows, of_head, targets = kind.only(head.name, logits, encoded.targets)
            mine, on_dev = [examples[row] for row in rows.tolist()], int((rows < dev_texts).sum())
            if head.task == "entities":
                tokeniser = Tokeniser(tokenizer.to_str().encode(), manifest.max_tokens, windows=manifest.windows)
                trained = EntityFinder(head).find(_words_read(mine, tokeniser, of_head))
                self._questions.append(EntityQuestion(head, mine, on_dev, *trained))
            else:
                self._questions.append(_TextQuestion(head, mine, answers(head, of_head), targets[:on_dev]))

    def attempt(self, name: str, bundle: Bundle) -> Attempt:
        """Score the same texts through the bundle; of several questions, the worst counts."""
        scorers = open_scorers(bundle, threads=torch.get_num_threads())
        attempts = [asked.attempt(name, bundle, scorers[asked.head.name]) for asked in self._questions]
        return min(attempts, key=lambda attempt: (attempt.accepted, attempt.agreement))


@dataclass(frozen=True, eq=False)
class _TextQuestion:
    """A head that answers for whole texts: the examples, what the network says, and the truth of the first, of dev."""

    head: Head
    examples: Sequence[Example]
    trained: Answers
    dev_targets: npt.NDArray[Any]

    def attempt(self, name: str, bundle: Bundle, scorer: Scorer) -> Attempt:
        """How near the bundle's answers are."""
        found = scorer.probabilities(
            [ex.text for ex in self.examples], [ex.fields for ex in self.examples], [ex.pair for ex in self.examples]
        )
        return compare(
            name,
            bundle.manifest.precision,
            len(bundle.model),
            head=self.head,
            found=found,
            trained=self.trained,
            dev_targets=self.dev_targets,
        )


def _words_read(examples: Sequence[Example], tokeniser: Tokeniser, logits: Float32s) -> WordRead:
    """The words of the examples with the network's logits (texts, tokens, tags), as a scorer would have read them."""
    cleans = [clean(ex.text) for ex in examples]
    _, words = tokeniser.encode_words([one.text for one in cleans])
    return WordRead([ex.text for ex in examples], cleans, words, logits[words.text, words.lead])
