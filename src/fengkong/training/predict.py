"""Logits for many texts, in their own order, from batches of like length."""

import numpy as np
import torch

from fengkong.training.encoding import Batch, Encoded, Float32s, collate, plan_batches
from fengkong.training.network import TextClassifier

__all__ = ["Tensors", "autocast", "predict_logits", "tensors_of"]

Tensors = tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]

PREDICT_TOKENS = 2048


def predict_logits(
    network: TextClassifier, encoded: Encoded, *, padding: int, bf16: bool = False, batch_tokens: int = PREDICT_TOKENS
) -> Float32s:
    """Logits, float32 [texts, labels], in the order of `encoded`; dropout is off, and the network's mode is kept."""
    device = next(network.parameters()).device
    logits = np.zeros((len(encoded), network.head.out_features), dtype=np.float32)
    was_training = network.training
    network.eval()
    try:
        with torch.inference_mode(), autocast(device, bf16):
            for texts in plan_batches(encoded.lengths, batch_tokens):
                answer = network(*tensors_of(collate(encoded, texts, padding=padding), device))
                logits[texts] = answer.float().cpu().numpy()
    finally:
        network.train(was_training)
    return logits


def tensors_of(batch: Batch, device: torch.device) -> Tensors:
    """What the network takes: ids, mask and fields, on its device."""
    fields = None if batch.fields is None else torch.from_numpy(batch.fields).to(device)
    return torch.from_numpy(batch.input_ids).to(device), torch.from_numpy(batch.attention_mask).to(device), fields


def autocast(device: torch.device, bf16: bool) -> torch.autocast:
    """Matrix products in bf16 (weights stay fp32) where asked for; else a context that does nothing."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=bf16)
