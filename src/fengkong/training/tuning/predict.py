"""Logits and text vectors for many texts, in their own order, from batches of like length."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from fengkong.domain.errors import InputError
from fengkong.training.encoding import Batch, Encoded, Float32s, Int64s, collate, plan_batches
from fengkong.training.networks.classifier import TextClassifier
from fengkong.training.networks.token_head import TokenTagger
from fengkong.training.tuning.memory import ran_out

__all__ = ["Tensors", "autocast", "embed_texts", "logits_of", "predict_logits", "read_once", "tensors_of"]

Tensors = tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]

PREDICT_TOKENS = 2048


def predict_logits(
    network: TextClassifier, encoded: Encoded, *, padding: int, bf16: bool = False, batch_tokens: int = PREDICT_TOKENS
) -> Float32s:
    """Logits, float32 [texts, labels], in the order of `encoded`; dropout is off, and the network's mode is kept.

    Of a network that tags, [texts, tokens, tags], with nothing behind a batch's longest text.
    """
    return _read(network, logits_of, encoded, padding=padding, bf16=bf16, batch_tokens=batch_tokens)


def logits_of(network: TextClassifier, batch: Batch) -> torch.Tensor:
    """What the network answers to a batch; where it holds text vectors, these are taken and nothing is read."""
    device = next(network.parameters()).device
    ids, mask, fields = tensors_of(batch, device)
    if batch.vectors is not None:
        return network.decide(torch.from_numpy(batch.vectors).to(device), fields)
    if batch.owners is not None:
        kept = None if batch.kept is None else torch.from_numpy(batch.kept).to(device)
        return network.read_windows(ids, mask, torch.from_numpy(batch.owners).to(device), fields, kept)
    logits: torch.Tensor = network(ids, mask, fields)
    return logits


def read_once(network: TextClassifier, encoded: Encoded, *, padding: int, bf16: bool = False) -> Encoded:
    """The texts with their vectors, where nothing of the encoder learns: no step has to read them again."""
    learns = any(weights.requires_grad for weights in network.encoder.parameters())
    if learns or isinstance(network, TokenTagger) or encoded.windows is not None:
        return encoded
    return replace(encoded, vectors=embed_texts(network, encoded, padding=padding, bf16=bf16))


def embed_texts(
    network: TextClassifier, encoded: Encoded, *, padding: int, bf16: bool = False, batch_tokens: int = PREDICT_TOKENS
) -> Float32s:
    """Pooled text vectors, float32 [texts, hidden], in the order of `encoded`: what the head would receive."""

    def embed(network: TextClassifier, batch: Batch) -> torch.Tensor:
        ids, mask, _ = tensors_of(batch, next(network.parameters()).device)
        vectors = network.embed(ids, mask)
        return vectors if batch.owners is None else _mean_of_windows(vectors, batch.owners)

    return _read(network, embed, encoded, padding=padding, bf16=bf16, batch_tokens=batch_tokens)


def _read(
    network: TextClassifier,
    answer: Callable[[TextClassifier, Batch], torch.Tensor],
    encoded: Encoded,
    *,
    padding: int,
    bf16: bool,
    batch_tokens: int,
) -> Float32s:
    if not len(encoded):
        raise InputError("there are no texts to read", cure="give a split that holds examples")
    device = next(network.parameters()).device
    batches = plan_batches(encoded.lengths, batch_tokens)
    was_training = network.training
    network.eval()
    try:
        with torch.inference_mode(), autocast(device, bf16):
            answers = [
                answer(network, collate(encoded, texts, padding=padding)).float().cpu().numpy() for texts in batches
            ]
    except (MemoryError, RuntimeError) as error:
        if not ran_out(error) or batch_tokens < encoded.lengths.max():
            raise
        return _read(network, answer, encoded, padding=padding, bf16=bf16, batch_tokens=batch_tokens // 2)
    finally:
        network.train(was_training)
    rows = np.concatenate(_of_one_length(answers))
    return rows[np.argsort(np.concatenate(batches))]


def _mean_of_windows(vectors: torch.Tensor, owners: Int64s) -> torch.Tensor:
    of_text = torch.from_numpy(owners).to(vectors.device)
    totals = vectors.new_zeros(int(owners[-1]) + 1, vectors.shape[1]).index_add(0, of_text, vectors)
    return totals / torch.bincount(of_text)[:, None]


def _of_one_length(answers: list[Float32s]) -> list[Float32s]:
    """The same, where they are of tokens with zeros up to the longest text of all."""
    if answers[0].ndim < 3:
        return answers
    longest = max(answer.shape[1] for answer in answers)
    return [np.pad(answer, ((0, 0), (0, longest - answer.shape[1]), (0, 0))) for answer in answers]


def tensors_of(batch: Batch, device: torch.device) -> Tensors:
    """What the network takes: ids, mask and fields, on its device."""
    fields = None if batch.fields is None else torch.from_numpy(batch.fields).to(device)
    return torch.from_numpy(batch.input_ids).to(device), torch.from_numpy(batch.attention_mask).to(device), fields


def autocast(device: torch.device, bf16: bool) -> torch.autocast:
    """Matrix products in bf16 (weights stay fp32) where asked for; else a context that does nothing."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=bf16)
