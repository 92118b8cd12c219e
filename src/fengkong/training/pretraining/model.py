"""An encoder with a head that names hidden words, from the folder of a base."""

from typing import Any, cast

import torch
from transformers import MODEL_FOR_MASKED_LM_MAPPING, AutoModelForMaskedLM, PreTrainedModel
from transformers.utils.generic import ModelOutput

from fengkong.domain.errors import BaseModelError
from fengkong.training.bases.finding import find_base
from fengkong.training.bases.loading import BaseModel
from fengkong.training.bases.quiet import quiet

__all__ = ["MaskedModel", "check_maskable"]


class MaskedModel(torch.nn.Module):
    """Answers logits for hidden tokens alone: over 85% of the work of the widest layer is never done.

    The head is the base's own where its folder holds one, else seeded; its last layer is the embedding (Press & Wolf
    2017). There is no dropout: a run of a fixed budget learns more without it (Geiping & Goldstein 2023).
    """

    def __init__(self, base: BaseModel, *, seed: int) -> None:
        """Raises BaseModelError where the base is none that fills in words."""
        super().__init__()
        check_maskable(base)
        with quiet(), torch.random.fork_rng():
            torch.manual_seed(seed)
            self.whole = cast(
                "PreTrainedModel",
                AutoModelForMaskedLM.from_pretrained(
                    find_base(base.name),
                    config=base.encoder.config,
                    dtype=torch.float32,
                    attn_implementation="eager",
                    use_safetensors=True,
                    local_files_only=True,
                    trust_remote_code=False,
                ),
            )
        self._hidden: torch.Tensor | None = None
        self.encoder.register_forward_hook(self._choose)

    @property
    def encoder(self) -> PreTrainedModel:
        """The part that is kept."""
        return cast("PreTrainedModel", self.whole.base_model)

    def forward(self, input_ids: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Logits [hidden tokens, vocabulary] of rows [rows, length] where `hidden` [rows, length] is true."""
        self._hidden = hidden
        logits: torch.Tensor = self.whole(input_ids=input_ids, attention_mask=torch.ones_like(input_ids)).logits
        return logits[0]

    def _choose(self, _encoder: torch.nn.Module, _args: Any, output: ModelOutput) -> ModelOutput:
        """Between encoder and head: the states of hidden tokens, as if they were one row."""
        output["last_hidden_state"] = output["last_hidden_state"][self._hidden][None]
        return output


def check_maskable(base: BaseModel) -> None:
    """Raises BaseModelError where the base is none that fills in words."""
    if base.family != "encoder" or type(base.encoder.config) not in MODEL_FOR_MASKED_LM_MAPPING:
        raise BaseModelError(
            "this kind of base can't be pre-trained by hiding words",
            where=base.name,
            received=f"{base.encoder.config.model_type}, {base.family}",
            cure="choose an encoder such as BERT or RoBERTa",
        )
