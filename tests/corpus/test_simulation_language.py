"""The language material itself: whole, mirrored, and free of slots that nobody fills."""

import re
from random import Random

import pytest

from fengkong.corpus.simulation.language import Language
from fengkong.corpus.simulation.loan.causal import INCONSISTENT, PURPOSES, REASONS, REGIONS
from fengkong.corpus.simulation.loan.phrases import load_phrases

LANGUAGES: tuple[Language, ...] = ("en", "zh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cause_purpose_and_region_has_words(language: Language) -> None:
    phrases = load_phrases(language)
    assert {*phrases.predicates, *phrases.clauses} == set(REASONS)
    assert INCONSISTENT not in REASONS
    assert set(phrases.purposes) == set(PURPOSES)
    assert set(phrases.regions) == set(REGIONS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cause_has_several_paraphrases_of_each_sense(language: Language) -> None:
    phrases = load_phrases(language)
    for sides in phrases.predicates.values():
        assert set(sides) == {"bad", "good"}
        assert all(len(set(side)) >= 5 for side in sides.values())
    for clauses in phrases.clauses.values():
        assert set(clauses) == {"risky", "benign"}
        assert all(len(set(side)) >= 3 for side in clauses.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_some_frames_need_only_the_denied_predicate(language: Language) -> None:
    frames = load_phrases(language).frames
    assert any("{true}" not in frame for frame in frames)
    assert any("{false}" not in frame for frame in frames)
    assert all("{true}" in frame or "{false}" in frame for frame in frames)


def test_braces_nest_and_a_slot_keeps_its_value() -> None:
    phrases = load_phrases("en")
    for seed in range(30):
        filled = phrases.fill(Random(seed), "{my {kin}|my {kin}} and again {kin}", {})
        assert re.fullmatch(r"my (.+) and again \1", filled)


@pytest.mark.parametrize(("years", "words"), [(0, "less than a year"), (1, "one year"), (7, "7 years")])
def test_durations_read_well(years: int, words: str) -> None:
    assert load_phrases("en").duration(years) == words


def test_chinese_uses_chinese_punctuation() -> None:
    phrases = load_phrases("zh")
    texts = [*phrases.openers, *phrases.facts, *phrases.frames, *phrases.distractors]
    texts += [text for sides in phrases.predicates.values() for side in sides.values() for text in side]
    assert not [text for text in texts if set(",:;?!") & set(text)]
