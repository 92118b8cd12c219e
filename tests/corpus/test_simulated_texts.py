"""Worlds of texts: what is drawn, written and told as truth, in every world that comes with fengkong."""

import math
import shutil
from collections import Counter, defaultdict
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest

from fengkong.corpus import Simulation, TextTruth, find_simulator, simulate_texts
from fengkong.corpus.copies import copy_key
from fengkong.corpus.duplicates import near_copies
from fengkong.corpus.simulation.composing import Sentence, compose
from fengkong.corpus.simulation.language import Language
from fengkong.corpus.simulation.wording import load_wording
from fengkong.corpus.simulation.world import load_world
from fengkong.domain import SettingsError

WORLDS = files("fengkong.corpus.simulation")
NAMES = ("fraud", "credit", "market", "service", "incident")
EVERY = [pytest.param(name, language, id=f"{name}-{language}") for name in NAMES for language in ("en", "zh")]


@cache
def simulated(name: str, language: Language) -> Simulation[TextTruth]:
    return find_simulator(name)(500, language=language, seed=7)


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_texts_are_whole_and_none_nearly_repeats_another(name: str, language: Language) -> None:
    texts = [ex.text for ex in simulated(name, language).examples]
    assert len(texts) == len({copy_key(text) for text in texts}) == 500
    assert len(near_copies(texts).members()) == 500
    assert not [text for text in texts if set("{}|#") & set(text)]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_arguments_give_the_same_bytes(name: str, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        find_simulator(name)(40, language="zh", seed=3).write(tmp_path / folder)
    for file in ("data.jsonl", "truth.jsonl"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    assert (
        find_simulator(name)(40, language="zh", seed=4).examples
        != find_simulator(name)(40, language="zh", seed=3).examples
    )


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_every_label_occurs_as_often_as_its_causes_say(name: str, language: Language) -> None:
    truths = simulated(name, language).truth
    for question, labels in load_world(WORLDS.joinpath(name)).questions.items():
        for label in labels:
            chances = [truth.probabilities[question][label] for truth in truths]
            spread = math.sqrt(sum(p * (1 - p) for p in chances))
            drawn = sum(truth.labels[question] == label for truth in truths)
            assert drawn > 0
            assert abs(drawn - sum(chances)) < 4 * spread


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_probabilities_are_the_softmax_of_the_contributions(name: str, language: Language) -> None:
    for truth in simulated(name, language).truth:
        for question, causes in truth.contributions.items():
            sums = {label: sum(of.get(label, 0.0) for of in causes.values()) for label in causes["base"]}
            total = sum(math.exp(value) for value in sums.values())
            for label, value in sums.items():
                assert truth.probabilities[question][label] == pytest.approx(math.exp(value) / total)


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_planted_phrases_stand_where_the_truth_says(name: str, language: Language) -> None:
    simulation = simulated(name, language)
    for ex, truth in zip(simulation.examples, simulation.truth, strict=True):
        assert ex.place.name == truth.id
        assert [span.label for span in truth.planted if span.label not in truth.senses] == []
        assert len(truth.planted) == len(truth.senses)
        for span in (*truth.planted, *truth.distractors, *truth.entities):
            assert ex.text[span.start : span.end] == span.text != ""
        for span in truth.planted:
            effects = [causes.get(span.label, {}) for causes in truth.contributions.values()]
            assert abs(span.weight) == max(abs(worth) for effect in effects for worth in effect.values())
        assert all(span.weight == 0 for span in truth.distractors)


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_every_cause_is_said_in_both_senses_with_like_words(name: str, language: Language) -> None:
    used: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for truth in simulated(name, language).truth:
        for span in truth.planted:
            words = span.text.casefold().split() if language == "en" else list(span.text)
            used[span.label][truth.senses[span.label]].update(words)
    assert used.keys() == load_world(WORLDS.joinpath(name)).causes.keys()
    shared = [len(s["risky"] & s["benign"]) / len(s["risky"] | s["benign"]) for s in used.values()]
    assert all(share > 0 for share in shared)
    assert sum(shared) / len(shared) > 0.2


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_can_say_the_same(name: str) -> None:
    world = load_world(WORLDS.joinpath(name))
    english, chinese = (load_wording(WORLDS.joinpath(name), language, world) for language in ("en", "zh"))
    for part in ("scenes", "causes", "slots", "codes"):
        assert getattr(english, part).keys() == getattr(chinese, part).keys()
    texts = [text for senses in chinese.causes.values() for side in senses.values() for text in side]
    assert not [text for text in texts if set(",:;?!") & set(text)]
    assert all(
        len(set(side)) >= 3 for words in (english, chinese) for s in words.causes.values() for side in s.values()
    )


def test_rings_share_a_number_and_a_script_and_stand_in_one_group() -> None:
    simulation = simulated("fraud", "en")
    rings: dict[str, list[int]] = defaultdict(list)
    for place, truth in enumerate(simulation.truth):
        if truth.ring:
            rings[truth.ring].append(place)
    assert len(rings) >= 3
    for ring, places in rings.items():
        examples = [simulation.examples[place] for place in places]
        assert {ex.group for ex in examples} == {ring}
        assert len({ex.fields["phone"] for ex in examples}) == 1
        times = [ex.time.timestamp() for ex in examples if ex.time]
        assert max(times) - min(times) < 15 * 86_400
    most = max(rings.values(), key=len)
    assert len({simulation.examples[place].fields["sender"] for place in most}) >= 3


def test_a_burst_is_one_sender_within_the_hour() -> None:
    simulation = simulated("fraud", "zh")
    bursts: dict[object, list[float]] = defaultdict(list)
    for ex, truth in zip(simulation.examples, simulation.truth, strict=True):
        if truth.burst and ex.time:
            bursts[ex.fields["sender"]].append(ex.time.timestamp())
    assert bursts
    together = [sum(0 <= other - time <= 3600 for other in times) for times in bursts.values() for time in times]
    assert max(together) >= 3


def test_entities_are_marked_in_the_truth() -> None:
    simulation = simulated("market", "en")
    for ex, truth in zip(simulation.examples, simulation.truth, strict=True):
        assert ex.pair in {span.text for span in truth.entities}
        assert {span.label for span in truth.entities} == {"COMPANY"}


def test_times_are_in_order_and_groups_come_again() -> None:
    for name in NAMES:
        examples = simulated(name, "en").examples
        times = [ex.time for ex in examples if ex.time is not None]
        assert times == sorted(times)
        assert max(Counter(ex.group for ex in examples).values()) > 1


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """The incident world as files of one's own."""
    folder = tmp_path / "world"
    shutil.copytree(str(WORLDS.joinpath("incident")), folder)
    return folder


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("model.toml", 'causes = ["hurt"', 'causes = ["hirt"', r"the cause is not known \(received 'hirt'\).*'hurt'"),
        (
            "model.toml",
            "risky.effects.danger = { danger = 5.0 }",
            "risky.effects.dangr = {}",
            "the question is not known",
        ),
        (
            "model.toml",
            "{ danger = 3.0, harmless = -2.0 }",
            "{ danger = 3.0, harmles = -2.0 }",
            "the label is not known",
        ),
        ("model.toml", "weight = 1.3", "wieght = 1.3", "can't be used"),
        ("model.toml", "again = 0.25", "again = ", "not valid TOML"),
        ("phrases_en.toml", "[causes.hurt]", "[causes.hirt]", r"a part has no words \(received 'causes.hurt'\)"),
        ("phrases_en.toml", "distractors =", "distracters =", r"the key is not known .*'distractors'"),
        (
            "model.toml",
            "[causes.hurt]",
            "[causes.base]\nrisky = {}\nbenign = {}\n[causes.hurt]",
            "log-odds are called 'base'",
        ),
        ("model.toml", "reasons = [0, 1]", "reasons = [3, 1]", "the second number lies below the first"),
        ("model.toml", "weights = [0.2, 0.8]", "weights = [0, 0]", "the weights must add up to something"),
        ("model.toml", "harmless = 0.0", "harmless = nan", r"'questions\.danger\.harmless' can't be used"),
        ("model.toml", "harmless = 0.0", "harmless = inf", r"'questions\.danger\.harmless' can't be used"),
        ("model.toml", "danger = 5.0", "danger = 1e308", r"danger' can't be used"),
        ("phrases_en.toml", "a cyclist fell", "a cyclist {fell", "a brace stands alone"),
        ("phrases_en.toml", "a cyclist fell", "a cyclist} fell", "a brace stands alone"),
        ("phrases_en.toml", "a cyclist fell", "a {} fell", "nothing fills the slot"),
        ("phrases_en.toml", "a cyclist fell", "a {{street}er} fell", "nothing fills the slot"),
        ("phrases_en.toml", "a cyclist fell", "{any} fell", r"nothing fills the slot \(received 'any'\)"),
        ("phrases_en.toml", 'who = "it"', 'who = "{other}"', r"nothing fills the slot \(received 'other'\)"),
        (
            "phrases_en.toml",
            'street = ["Mill"',
            'street = ["{street}"',
            "leads back to itself .*street -> street",
        ),
        ("phrases_en.toml", 'd1 = ["1"', 'd1 = ["{d1|{d1}}"', "a slot leads back to itself"),
        ("phrases_en.toml", '"somebody needed a doctor"', '" "', r"a phrase is blank \(received 'causes'\)"),
        ("phrases_en.toml", "closers = [", "closers = 3 # [", "'closers' can't be used"),
        ("phrases_en.toml", "[causes.hurt]\nrisky =", "[causes.hurt]\nriski =", r"\(received 'causes\.hurt\.risky'\)"),
        ("phrases_en.toml", "[slots]", "[slots]\nroad = []", r"\(received 'slots\.road'\)"),
        ("phrases_en.toml", 'money = "{:,}"', 'money = "{:>9999999999}"', "money can't be written so"),
        ("phrases_en.toml", "money_scale = 1", 'money_scale = "one"', "'money_scale' can't be used"),
    ],
)
def test_a_world_that_cannot_be_used_says_where_and_why(world: Path, file: str, old: str, new: str, fault: str) -> None:
    text = (world / file).read_text(encoding="utf-8")
    assert old in text
    (world / file).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(SettingsError, match=fault):
        simulate_texts(world, 20)


def test_a_phrase_of_which_nothing_is_left_is_told() -> None:
    wording = load_wording(WORLDS.joinpath("incident"), "en", load_world(WORLDS.joinpath("incident")))
    with pytest.raises(SettingsError, match=r"no words once its slots are filled \(received hurt\)"):
        compose(wording, [Sentence("there is a hole"), Sentence("", "Also, ", "hurt", 1.0)])


def test_a_world_with_too_few_words_is_told(tmp_path: Path) -> None:
    (tmp_path / "model.toml").write_text(
        """
        group = { field = "sender", prefix = "S" }
        questions.danger = { no = 0.0, yes = 0.0 }
        fields.place = { kind = "phrase" }
        scenes.road = { weight = 1.0, causes = ["hurt"] }
        causes.hurt = { risky = { effects.danger = { yes = 4.0 } }, benign = {} }
        """,
        encoding="utf-8",
    )
    (tmp_path / "phrases_en.toml").write_text(
        """
        sentence_end = "."
        joiner = " "
        money = "{}"
        money_scale = 1
        slots.place = ["Mill street", "Station street"]
        scenes.road = ["there is a hole in {place}"]
        causes.hurt = { risky = ["somebody fell"], benign = ["nobody fell"] }
        """,
        encoding="utf-8",
    )
    assert len(simulate_texts(tmp_path, 4).examples) == 4
    with pytest.raises(SettingsError, match="too few words for so many different texts"):
        simulate_texts(tmp_path, 40)


@pytest.mark.parametrize("n", [0, -1])
def test_a_count_below_one_is_refused(world: Path, n: int) -> None:
    with pytest.raises(SettingsError, match="at least 1"):
        simulate_texts(world, n)


def test_an_unknown_simulation_names_the_likely_slip() -> None:
    with pytest.raises(SettingsError, match="did you mean 'market'"):
        find_simulator("marcet")
