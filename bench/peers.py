"""The peers, each from its own package: the loop of most tutorials, the Trainer, the pipeline.

Every peer starts from the same base, reads the same texts (each in its own order) and uses the same threads. What is
timed is the steady run: loading, tokenising and the first steps are left out on all sides.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors.torch import load_model
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    PreTrainedModel,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    pipeline,
    set_seed,
)
from transformers.modeling_outputs import SequenceClassifierOutput
from transformers.utils import logging

from fengkong.corpus import Splits
from fengkong.training import Recipe, TextClassifier
from fengkong.training.bases.loading import find_base
from fengkong.training.preparation import prepare

__all__ = ["as_pipeline_model", "pipeline_scores", "seed_recipe", "threads", "trainer"]

SEED_BATCH = 16
SEED_LENGTH = 128


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Torch on that many threads, and back."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # the pipeline would list all classes that it knows, at every start

WARM_UP = 4
"""Steps that are not timed."""


def fresh(base: Path, labels: int, seed: int, attention: str = "sdpa") -> tuple[Any, Any]:
    """The base with a new linear head, and its tokenizer. attention: "sdpa" (the default of its package) or "eager"."""
    set_seed(seed)
    model = AutoModelForSequenceClassification.from_pretrained(base, num_labels=labels, attn_implementation=attention)
    return model, AutoTokenizer.from_pretrained(base)


def seed_recipe(
    base: Path, texts: Sequence[str], y: np.ndarray, *, labels: int, steps: int, learning_rate: float, seed: int
) -> float:
    """The plain loop: every text padded to 128, fp32, batch 16, AdamW. Returns texts a second."""
    model, tokenizer = fresh(base, labels, seed)
    encoded = tokenizer(list(texts), padding="max_length", truncation=True, max_length=SEED_LENGTH, return_tensors="pt")
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate)
    order = torch.randperm(len(texts), generator=torch.Generator().manual_seed(seed))
    model.train()
    started = time.perf_counter()
    for step in range(steps + WARM_UP):
        if step == WARM_UP:
            started = time.perf_counter()
        at = torch.arange(step * SEED_BATCH, (step + 1) * SEED_BATCH) % len(texts)
        index = order[at]
        batch = {name: value[index] for name, value in encoded.items()}
        loss = model(**batch, labels=torch.as_tensor(y[index.numpy()])).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return steps * SEED_BATCH / (time.perf_counter() - started)


class StopWatch(TrainerCallback):
    """From the first step to the end, without the set-up."""

    began = ended = 0.0

    def on_train_begin(self, *_arguments: Any, **_others: Any) -> None:
        """Start."""
        self.began = time.perf_counter()

    def on_train_end(self, *_arguments: Any, **_others: Any) -> None:
        """Stop."""
        self.ended = time.perf_counter()


def trainer(
    base: Path,
    texts: Sequence[str],
    y: np.ndarray,
    *,
    labels: int,
    batch: int,
    attention: str,
    learning_rate: float,
    seed: int,
    folder: Path,
) -> float:
    """transformers' Trainer with what makes it fast on a processor: bf16, batches of like length; one pass.

    Returns texts a second. The texts are all seen once, since batches of like length begin with the longest.
    """
    model, tokenizer = fresh(base, labels, seed, attention)
    encoded = tokenizer(list(texts), truncation=True, max_length=256)
    rows = [
        {"input_ids": ids, "attention_mask": [1] * len(ids), "labels": int(label)}
        for ids, label in zip(encoded["input_ids"], y, strict=True)
    ]
    arguments = TrainingArguments(
        output_dir=str(folder),
        use_cpu=True,
        bf16=True,
        train_sampling_strategy="group_by_length",
        per_device_train_batch_size=batch,
        num_train_epochs=1,
        learning_rate=learning_rate,
        seed=seed,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    watch = StopWatch()
    run = Trainer(
        model=model,
        args=arguments,
        train_dataset=rows,
        data_collator=DataCollatorWithPadding(tokenizer),
        callbacks=[watch],
    )
    run.train()
    return len(texts) / (watch.ended - watch.began)


class Wrapped(PreTrainedModel):  # type: ignore[no-untyped-call]  # transformers leaves a hook unannotated
    """A trained network of ours as the pipeline takes it: the same weights, answered by torch."""

    def __init__(self, config: Any, network: TextClassifier) -> None:
        super().__init__(config)
        self.network = network

    def forward(self, input_ids: Any, attention_mask: Any, **_others: Any) -> SequenceClassifierOutput:
        """Logits, as the pipeline asks for them."""
        return SequenceClassifierOutput(logits=self.network(input_ids, attention_mask))


def as_pipeline_model(bundle: Path, splits: Splits) -> tuple[Any, Any]:
    """The network that a bundle was exported from, and its tokenizer, for the pipeline."""
    recipe = Recipe.load(bundle / "recipe.toml")
    prepared = prepare(recipe, splits)
    load_model(prepared.network, str(bundle / "weights.safetensors"))
    config = prepared.network.encoder.config
    config.num_labels = len(prepared.labels)
    model: Any = Wrapped(config, prepared.network)
    return model.eval(), AutoTokenizer.from_pretrained(find_base(recipe.base))


def pipeline_scores(model: Any, tokenizer: Any, texts: Sequence[str], *, batch: int) -> tuple[np.ndarray, float]:
    """transformers' text-classification pipeline. Returns probabilities (n, labels) and texts a second."""
    classify = pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu", top_k=None)
    classify(list(texts[:batch]), batch_size=batch, truncation=True, max_length=256)
    started = time.perf_counter()
    answers = classify(list(texts), batch_size=batch, truncation=True, max_length=256)
    rate = len(texts) / (time.perf_counter() - started)
    names = [model.config.id2label[index] for index in range(model.config.num_labels)]
    scores: list[dict[str, float]] = [
        {str(row["label"]): row["score"] for row in answer} for answer in cast("Any", answers)
    ]
    return np.array([[by_label[name] for name in names] for by_label in scores]), rate
