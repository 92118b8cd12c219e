"""Fields have learned what they can before the first step, and tuning can only add to it."""

from random import Random
from typing import Any

import numpy as np
import pytest

from fengkong.corpus import Splits
from fengkong.domain import Example
from fengkong.scoring import FieldEncoder, fit_fields
from fengkong.training import Evaluated, Recipe, fine_tune, predict_logits, prepare
from fengkong.training.preparation import Prepared


def applications(count: int, seed: int) -> list[Example]:
    """Texts that say nothing, beside an income that says nearly all."""
    rng = Random(seed)
    incomes = [rng.uniform(0, 100) for _ in range(count)]
    labels = ["bad" if income + rng.gauss(0, 15) < 50 else "good" for income in incomes]
    return [
        Example("please lend me money", label, fields={"income": income})
        for income, label in zip(incomes, labels, strict=True)
    ]


@pytest.fixture
def prepared(tiny_base: Any) -> Prepared:
    splits = Splits(applications(200, 1), applications(80, 2), applications(80, 3))
    fields = FieldEncoder(fit_fields([ex.fields for ex in splits.train]))
    recipe = Recipe.from_values({"base": str(tiny_base), "epochs": 1, "threads": 1, "batch_tokens": 256})
    return prepare(recipe, splits, fields=fields)


def right(prepared: Prepared) -> float:
    logits = predict_logits(prepared.network, prepared.dev, padding=prepared.base.padding)
    return float(np.mean(logits.argmax(axis=1) == prepared.dev.targets))


def test_the_network_starts_at_what_the_fields_know(prepared: Prepared) -> None:
    assert right(prepared) > 0.8


def test_the_start_is_measured_so_that_tuning_is_kept_only_where_it_helps(prepared: Prepared) -> None:
    evaluations = [e for e in fine_tune(prepared.start(), prepared.train, prepared.dev) if isinstance(e, Evaluated)]
    assert evaluations[0].step == 0
    assert evaluations[0].figures["auc"] > 0.85
    assert max(e.figures["auc"] for e in evaluations) >= evaluations[0].figures["auc"]
    best = [e for e in evaluations if e.best][-1]
    logits = predict_logits(prepared.network, prepared.dev, padding=prepared.base.padding)
    assert float(np.mean(logits.argmax(axis=1) == prepared.dev.targets)) == pytest.approx(best.figures["accuracy"])
