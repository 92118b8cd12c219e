"""A linear probe becomes the head of a network: the two then answer alike."""

import torch
from torch import nn

from fengkong.training.linear.probe import Probe
from fengkong.training.networks.classifier import TextClassifier

__all__ = ["install_probe"]


def install_probe(network: TextClassifier, probe: Probe) -> None:
    """Set the network's head, and that of its fields where it has one, to a probe on [embeddings, fields]."""
    with torch.no_grad():
        network.head.weight.copy_(torch.from_numpy(probe.weights[0].T))
        network.head.bias.copy_(torch.from_numpy(probe.bias))
        if network.field_head is not None:
            network.field_head.wide.weight.copy_(torch.from_numpy(probe.weights[1].T))
            nn.init.zeros_(network.field_head.wide.bias)
            nn.init.zeros_(network.field_head.deep_head.weight)
            nn.init.zeros_(network.field_head.deep_head.bias)
