import errno
import json
import math
import os
import re
from collections import Counter, defaultdict
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from fengkong.corpus import Simulation, read_examples, simulate
from fengkong.corpus.simulation import Truth
from fengkong.corpus.simulation.language import Language
from fengkong.corpus.simulation.loan.causal import FRAUD, REASONS
from fengkong.corpus.simulation.loan.phrases import load_phrases
from fengkong.domain import Example, FacilityError, SettingsError, Span

LANGUAGES: tuple[Language, ...] = ("en", "zh")


@pytest.fixture(scope="module", params=LANGUAGES)
def simulation(request: pytest.FixtureRequest) -> Simulation:
    return simulate(1500, language=request.param, seed=7)


def rows(simulation: Simulation) -> list[tuple[Example, Truth]]:
    return list(zip(simulation.examples, simulation.truth, strict=True))


BAD_EN = r"(missed \w+ instalments on the [a-z ]+|was dismissed by the [a-z ]+|gambled until the [a-z ]+ was gone)"
GOOD_EN = r"(was promoted by the [a-z ]+|settled the .* early|kept the job at .*|threw away the sheet .*)"
BAD_ZH = r"(被[^，]+辞退了|把积蓄取空了，什么也没剩|赌到[^，]+一分不剩|用别人的名字签了字)"
GOOD_ZH = r"(被[^，]+提拔了|没让[^，]+成逾期|扔掉了[^，]+|用证件上的名字签了字)"


@cache
def planted_phrases(language: Language) -> list[Span]:
    return [span for truth in simulate(4000, language=language, seed=1).truth for span in truth.planted]


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        simulate(60, language="zh", seed=3).write(tmp_path / name)
    for file in ("data.jsonl", "truth.jsonl"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    assert simulate(60, seed=3).examples != simulate(60, seed=4).examples


def test_both_labels_occur_and_texts_differ(simulation: Simulation) -> None:
    labels = Counter(ex.label for ex in simulation.examples)
    assert set(labels) == {"good", "bad"}
    assert 0.3 < labels["bad"] / 1500 < 0.6
    assert len({ex.text for ex in simulation.examples}) > 1490


def test_no_slot_or_choice_is_left_open(simulation: Simulation) -> None:
    assert not [ex.text for ex in simulation.examples if set("{}|") & set(ex.text)]


def test_labels_follow_the_causal_probability(simulation: Simulation) -> None:
    for low in (0.0, 0.25, 0.5, 0.75):
        drawn = [(ex.label == "bad", t.probability) for ex, t in rows(simulation) if low <= t.probability < low + 0.25]
        expected = sum(p for _, p in drawn)
        deviation = math.sqrt(sum(p * (1 - p) for _, p in drawn))
        assert abs(sum(bad for bad, _ in drawn) - expected) < 4 * deviation


def test_the_probability_is_the_logistic_of_the_contributions(simulation: Simulation) -> None:
    for truth in simulation.truth:
        assert truth.probability == pytest.approx(1 / (1 + math.exp(-sum(truth.contributions.values()))))


def test_planted_phrases_stand_where_the_truth_says_with_the_effect_it_counts(simulation: Simulation) -> None:
    for ex, truth in rows(simulation):
        assert truth.planted
        for span in (*truth.planted, *truth.distractors):
            assert ex.text[span.start : span.end] == span.text != ""
        for span in truth.planted:
            assert span.weight == truth.contributions[span.label] != 0
        assert all(span.weight == 0 for span in truth.distractors)


@pytest.mark.parametrize(
    ("language", "pattern", "sign"),
    [
        ("en", rf"(in the end )?i {BAD_EN}", 1),
        ("en", rf"(in the end )?i {GOOD_EN}", -1),
        ("en", rf"it was my [a-z -]+, not me, who {BAD_EN}", -1),
        ("en", rf"nobody can say that i {GOOD_EN}", 1),
        ("en", rf"unlike me, my [a-z -]+ {GOOD_EN}", 1),
        ("en", rf"at first i .*, but (later|after that) i {GOOD_EN}", -1),
        ("zh", rf"(最后)?我{BAD_ZH}", 1),
        ("zh", rf"谁也不能说我{BAD_ZH}", -1),
        ("zh", rf"{BAD_ZH}的是我[^，]+，不是我", -1),
        ("zh", rf"我[^我，]+跟你们说我{GOOD_ZH}，这不是事实", 1),
    ],
)
def test_the_effect_follows_what_the_phrase_means(language: Language, pattern: str, sign: int) -> None:
    found = [span for span in planted_phrases(language) if re.fullmatch(pattern, span.text.casefold())]
    assert found
    assert all(span.weight * sign > 0 for span in found)


def test_numbers_speak_against_each_other_as_the_effect_says(simulation: Simulation) -> None:
    pattern = re.compile(
        r"we spend ([\d,]+) a month and bring home ([\d,]+)|家里每月花(\d+)元，进账(\d+)元", re.IGNORECASE
    )
    found = 0
    for truth in simulation.truth:
        for span in truth.planted:
            if match := pattern.fullmatch(span.text):
                spent, earned = (int(number.replace(",", "")) for number in match.groups() if number)
                assert (spent > earned) == (span.weight > 0)
                found += 1
    assert found > 5


def test_openers_belong_to_no_phrase(simulation: Simulation) -> None:
    openers = [opener for language in LANGUAGES for opener in load_phrases(language).openers if opener]
    for truth in simulation.truth:
        assert not [
            span.text for span in truth.planted if span.text.casefold().startswith(tuple(map(str.casefold, openers)))
        ]


def test_every_cause_is_planted_in_both_senses(simulation: Simulation) -> None:
    seen = {(span.label, span.weight > 0) for truth in simulation.truth for span in truth.planted}
    assert seen >= {(cause, sense) for cause in REASONS for sense in (True, False)}


def test_distractors_occur_without_effect(simulation: Simulation) -> None:
    assert 0.2 < sum(bool(truth.distractors) for truth in simulation.truth) / 1500 < 0.8
    for truth in simulation.truth:
        spans = sorted((*truth.planted, *truth.distractors), key=lambda span: span.start)
        assert all(left.end <= right.start for left, right in pairwise(spans))


def test_the_words_of_a_risky_phrase_also_stand_in_benign_ones(simulation: Simulation) -> None:
    """No bag of words solves it: within a cause, the characters of the two senses are nearly the same."""
    used: dict[str, dict[bool, set[str]]] = defaultdict(lambda: {True: set(), False: set()})
    for truth in simulation.truth:
        for span in truth.planted:
            words = span.text.casefold().split() if " " in span.text else list(span.text)
            used[span.label][span.weight > 0].update(words)
    del used["inconsistent"]
    for senses in used.values():
        assert len(senses[True] & senses[False]) > 0.4 * len(senses[True] | senses[False])


def test_fraud_patterns_are_named(simulation: Simulation) -> None:
    patterns = {pattern for truth in simulation.truth for pattern in truth.fraud}
    assert patterns == FRAUD
    for truth in simulation.truth:
        planted = {span.label for span in truth.planted if span.weight > 0 and span.label in FRAUD}
        assert planted == set(truth.fraud)


def test_text_and_field_disagree_on_income_only_where_the_facts_are_inconsistent(simulation: Simulation) -> None:
    for ex, truth in rows(simulation):
        income = str(ex.fields["income"])
        stated = [span.text for span in truth.planted if span.label == "inconsistent"] or [ex.text]
        assert (income in stated[0].replace(",", "")) != ("inconsistent" in truth.fraud)


def test_the_protected_effect_moves_labels_and_nothing_else() -> None:
    without, with_effect = simulate(1500, seed=5), simulate(1500, seed=5, protected_effect=2.0)
    assert [ex.text for ex in without.examples] == [ex.text for ex in with_effect.examples]
    assert [ex.fields for ex in without.examples] == [ex.fields for ex in with_effect.examples]
    for (before, old), (after, new) in zip(rows(without), rows(with_effect), strict=True):
        if old.protected["sex"] == "female":
            assert new.probability > old.probability
            assert (before.label, after.label) != ("bad", "good")
        else:
            assert (new.probability, after.label) == (old.probability, before.label)


def test_without_protected_effect_the_sexes_differ_by_chance_only() -> None:
    simulation = simulate(4000, seed=11)
    shares = {
        sex: sum(truth.label == "bad" for truth in group) / len(group)
        for sex in ("female", "male")
        for group in [[truth for truth in simulation.truth if truth.protected["sex"] == sex]]
    }
    assert abs(shares["female"] - shares["male"]) < 0.06


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_protected_attribute_shows_in_the_text_but_is_no_field(language: Language) -> None:
    pronouns = {"female": r"\bshe\b|\bher\b|她", "male": r"\bhe\b|\bhis\b|\bhim\b|(?<!其)他"}
    shown = 0
    for ex, truth in rows(simulate(1000, language=language)):
        assert "sex" not in ex.fields
        sexes = {sex for sex, words in pronouns.items() if re.search(words, ex.text)}
        assert sexes <= {truth.protected["sex"]}
        shown += len(sexes)
    assert shown > 200


def test_rows_carry_time_in_order_and_an_applicant_who_may_come_back(simulation: Simulation) -> None:
    times = [ex.time for ex in simulation.examples if ex.time is not None]
    assert len(times) == 1500
    assert times == sorted(times)
    counts = Counter(ex.group for ex in simulation.examples)
    assert 1 < max(counts.values()) < 10
    facts: dict[str | None, set[object]] = defaultdict(set)
    for ex in simulation.examples:
        facts[ex.group].add((ex.fields["income"], ex.fields["region"]))
    assert all(len(seen) == 1 for seen in facts.values())


def test_some_fields_are_unknown(simulation: Simulation) -> None:
    unknown = Counter(name for ex in simulation.examples for name, value in ex.fields.items() if value is None)
    assert set(unknown) == {"employment_years", "existing_debt"}


def test_what_is_written_reads_back_as_the_same_examples(simulation: Simulation, tmp_path: Path) -> None:
    data, truth = simulation.write(tmp_path / "new")
    read = read_examples(data)
    assert [(ex.text, ex.label, ex.group, ex.time, dict(ex.fields)) for ex in read] == [
        (ex.text, ex.label, ex.group, ex.time, dict(ex.fields)) for ex in simulation.examples
    ]
    ids = [json.loads(line)["id"] for line in data.read_text("utf-8").splitlines()]
    truths = [json.loads(line) for line in truth.read_text("utf-8").splitlines()]
    assert [row["id"] for row in truths] == ids == [ex.place.name for ex in simulation.examples]
    assert truths[0]["planted"][0]["text"] in read[0].text


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(FacilityError, match="can't be written"):
        simulate(2).write(blocker / "inside")


def test_a_full_disk_leaves_the_earlier_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, _ = simulate(3).write(tmp_path)
    before = data.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(FacilityError, match="No space left"):
        simulate(5).write(tmp_path)
    assert data.read_bytes() == before
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "at least 1"),
        ({"n": 5, "language": "eng"}, "did you mean 'en'"),
        ({"n": 5, "protected_effect": math.nan}, "must be finite"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        simulate(**arguments)  # type: ignore[arg-type]
