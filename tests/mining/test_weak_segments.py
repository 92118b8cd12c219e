"""Weak segments: where a model errs is found with its kind of error, and nothing is found where it errs nowhere."""

import random

import pytest

from fengkong.corpus import Splits
from fengkong.domain.documents import Example
from fengkong.domain.errors import InputError, SettingsError
from fengkong.mining import draft_segments, past_cases, weak_segments
from fengkong.mining.clauses import written
from fengkong.rules import check


def scored(seed, *, off=(), blind=(), size=4_000):
    """Cases with the probability `p` of a model: too low where `off`, guessing where `blind`, right elsewhere."""
    rng = random.Random(seed)
    examples = []
    for _ in range(size):
        fields = {"city": rng.choice(["Ulm", "Kiel", "Trier"]), "age": rng.randrange(18, 80)}
        text = rng.choice(["Wants a loan for a car", "申请一笔汽车贷款", "Long ago " * 30])
        truth = rng.choice([0.05, 0.1, 0.6])
        where = {"Kiel": fields["city"] == "Kiel", "old": fields["age"] >= 60, "zh": text.startswith("申")}
        p = 0.25 if any(where[name] for name in blind) else truth
        chance = truth + 0.25 * any(where[name] for name in off)
        label = "default" if rng.random() < chance else "repaid"
        examples.append(Example(text, label, fields={**fields, "p": p, "signals.x.p": rng.random()}))
    half = size // 2
    return past_cases(Splits(examples[:half], [], examples[half:]), bad="default")


def test_where_probabilities_are_too_low_is_found():
    weak = weak_segments(*scored(0, off=["Kiel"]), probability="p")
    first = weak.segments[0]
    assert (written(first.condition), first.weakness) == ('city == "Kiel"', "too low")
    assert first.held_out.bad - first.held_out.foretold > 0.15
    assert abs(weak.overall.bad - weak.overall.foretold) < first.held_out.bad - first.held_out.foretold


def test_where_a_model_tells_nothing_is_found_by_the_script_of_the_text():
    weak = weak_segments(*scored(1, blind=["zh"]), probability="p")
    first = weak.segments[0]
    assert first.weakness == "tells little"
    assert "Han" in written(first.condition) or "length(text) < " in written(first.condition)
    assert first.held_out.skill < 0.05
    assert weak.overall.skill > 0.15


def test_a_segment_is_weak_only_where_it_is_so_on_both_parts():
    cases, held_out = scored(1, size=16_000)[0], scored(2, blind=["Kiel"])[1]
    rng = random.Random(5)
    kiel = cases.by_name["city"].values == "Kiel"
    cases.by_name["p"].values[[bool(one) and rng.random() < 0.2 for one in kiel]] = 0.25
    weak = weak_segments(cases, held_out, probability="p", support=0.2)
    assert weak.tried > 0
    assert not [each for each in weak.segments if each.weakness == "tells little"]


def test_nothing_is_found_in_a_model_that_is_right():
    assert sum(bool(weak_segments(*scored(seed, size=2_000), probability="p").segments) for seed in range(5)) <= 1


def test_the_draft_passes_the_check_and_tells_the_figures():
    text = draft_segments(weak_segments(*scored(2, off=["old"], blind=["zh"]), probability="p"))
    assert check(text) == []
    assert "is too low" in text
    assert "tells less than elsewhere" in text
    assert "less reliable" in text
    assert "不够可靠" in text
    with pytest.raises(InputError, match="nothing was found"):
        draft_segments(weak_segments(*scored(3), probability="p", most=0))


def test_a_probability_must_be_one():
    cases = scored(4, size=400)
    with pytest.raises(InputError, match="no field holds a probability"):
        weak_segments(*cases, probability="age")
    with pytest.raises(InputError, match="no field holds a probability"):
        weak_segments(*cases, probability="q")
    with pytest.raises(SettingsError, match="can't be found so"):
        weak_segments(*cases, probability="p", support=2)
