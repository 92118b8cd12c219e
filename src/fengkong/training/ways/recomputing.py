"""Gradient checkpointing: memory for time (Chen et al. 2016)."""

from transformers import PreTrainedModel

from fengkong.domain.errors import SettingsError

__all__ = ["recompute_layers"]


def recompute_layers(encoder: PreTrainedModel) -> None:
    """Keep the inputs of each layer alone while training, and compute what is inside again for the gradient.

    Raises SettingsError where this kind of base can't.
    """
    if not encoder.supports_gradient_checkpointing:
        raise SettingsError(
            f"a base of the kind {encoder.config.model_type!r} can't compute its layers twice",
            where="gradient_checkpointing",
            received="true",
            cure="set it to false, and lower batch_tokens and raise accumulation to save memory",
        )
    # Later releases of transformers 5 give it this name, and warn of the old one.
    enable = getattr(encoder, "activation_checkpointing_enable", encoder.gradient_checkpointing_enable)
    enable({"use_reentrant": False})
