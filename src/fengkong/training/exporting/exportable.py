"""Whether a network can be sealed once it is trained: found out before the time is spent."""

from typing import NamedTuple, Self

import torch

from fengkong.domain.errors import BaseModelError, BundleError, FacilityError
from fengkong.scoring.engine import Engine
from fengkong.training.bases.from_scratch import KINDS
from fengkong.training.bases.quiet import quiet
from fengkong.training.exporting.onnx_graph import OTHER_KINDS, not_exportable, settled, to_onnx
from fengkong.training.networks.classifier import TextClassifier

__all__ = ["check_exportable"]

LARGEST = 2**31 - 2**24  # bytes; protobuf, in which ONNX is written, ends at 2 GiB
TOLERANCE = 1e-3  # of the largest logit


def check_exportable(network: TextClassifier) -> None:
    """Refuse, before any training, a network that could not be sealed after it.

    Each kind that `KINDS` makes is exported by the tests; another is exported here once, and its graph is held against
    it on texts of other lengths than those it was drawn from.
    Raises BaseModelError: too large for one graph, of a kind that can't be exported or is exported to something else,
    or of one whose answers depend on padding, so that a text would be judged by what it shares a batch with.
    """
    size = 4 * sum(weights.numel() for weights in network.parameters())
    if size > LARGEST:
        raise BaseModelError(
            "the base model is too large to be sealed in one graph",
            received=f"{size / 1e9:.1f} GB in fp32",
            cure=f"choose one of at most {LARGEST // 4_000_000} million parameters",
        )
    kind = network.encoder.config.model_type
    if kind in KINDS:
        return
    final = settled(network)
    texts = _Texts.of(final)
    with quiet(), torch.inference_mode():
        logits = final(*texts)
        alone = texts.alone(1)
        if not _near(_answers(final(*alone), alone.mask), _answers(logits[1:2], texts.mask[1:2])):
            raise BaseModelError(
                "this kind of base model lets padding into its answers, so that a text's score would depend on others",
                received=kind,
                cure=OTHER_KINDS,
            )
    try:
        engine = Engine(
            to_onnx(final).SerializeToString(),
            threads=1,
            labels=logits.shape[-1],
            with_fields=texts.fields is not None,
        )
        found = engine.run(
            texts.ids.numpy(), texts.mask.numpy(), None if texts.fields is None else texts.fields.numpy()
        )
    except (BundleError, FacilityError) as error:
        raise not_exportable(kind, "a graph that can't be run") from error
    if not _near(_answers(torch.from_numpy(found), texts.mask), _answers(logits, texts.mask)):
        raise not_exportable(kind, "another answer than the network's")


class _Texts(NamedTuple):
    """Texts of no meaning, of other lengths than the exporter is shown."""

    ids: torch.Tensor
    mask: torch.Tensor
    fields: torch.Tensor | None

    @classmethod
    def of(cls, network: TextClassifier) -> Self:
        ids = (torch.arange(3 * 21).reshape(3, 21) * 7 + 3) % network.encoder.config.vocab_size
        mask = (torch.arange(21) < torch.tensor([[21], [4], [12]])).long()
        head = network.field_head
        return cls(ids, mask, None if head is None else torch.zeros(3, head.wide.in_features))

    def alone(self, text: int) -> Self:
        """One of them, without padding."""
        length = int(self.mask[text].sum())
        fields = None if self.fields is None else self.fields[text : text + 1]
        return type(self)(self.ids[text : text + 1, :length], self.mask[text : text + 1, :length], fields)


def _answers(logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Logits of texts, or of their tokens where a network answers for each, without those of padding."""
    return logits if logits.ndim == 2 else logits[mask > 0]


def _near(found: torch.Tensor, expected: torch.Tensor) -> bool:
    same = found.shape == expected.shape
    return same and bool((found - expected).abs().max() <= TOLERANCE * expected.abs().max())
