"""What can't be pre-trained, written or held is said in one sentence, and nothing is lost."""

import math
import resource
import signal
from dataclasses import replace

import pytest

from fengkong.domain.errors import BaseModelError, FacilityError, InputError, SettingsError
from fengkong.training.bases.from_scratch import make_base
from fengkong.training.bases.loading import load_base
from fengkong.training.pretraining.job import pretrain
from fengkong.training.pretraining.loop import PretrainingStep
from fengkong.training.pretraining.plan import Pretraining


def run(asked, texts, out, **options):
    return pretrain(asked, texts, out, device="cpu", **options)


def test_a_full_disk_at_the_end_loses_nothing(asked, texts, tmp_path):
    out, limits = tmp_path / "out", resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def fill(event):
        if isinstance(event, PretrainingStep) and event.step == event.steps:
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))

    try:
        with pytest.raises(FacilityError, match="go on by resuming: nothing is learnt anew"):
            run(asked, texts, out, tell=fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert not out.exists()
    events = []
    run(asked, texts, out, resume=True, tell=events.append)
    assert not any(isinstance(event, PretrainingStep) for event in events)
    assert load_base(str(out)).family == "encoder"


@pytest.mark.parametrize("kind", ["gpt2", "t5"])
def test_what_fills_in_no_words_is_refused_and_leaves_nothing(kind, texts, tmp_path):
    base = make_base(kind, texts, tmp_path / "base", hidden=16)
    for vocabulary in (None, 150):
        with pytest.raises(BaseModelError, match=rf"can't be pre-trained by hiding words \(received {kind}"):
            run(Pretraining(base=str(base), vocabulary=vocabulary, steps=1), texts, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["base"]


def test_a_base_that_does_not_know_the_language_is_refused(asked, tmp_path):
    with pytest.raises(SettingsError, match=r"does not know the language.*learn a new vocabulary by --vocabulary"):
        run(asked, [f"{n} ελληνικά κείμενα που δεν γνωρίζει το λεξιλόγιο" for n in range(9)], tmp_path / "out")


def test_a_folder_of_someone_else_is_left_alone(asked, texts, tmp_path):
    other = tmp_path / "out.unfinished"
    other.mkdir()
    (other / "mine").write_text("kept")
    with pytest.raises(SettingsError, match=r"out\.unfinished: something else lies where unfinished work is kept"):
        run(asked, texts, tmp_path / "out", resume=True)
    assert (other / "mine").read_text() == "kept"


def test_what_a_crash_left_before_the_first_step_is_made_anew(asked, texts, tmp_path):
    left = tmp_path / "out.unfinished"
    (left / "start").mkdir(parents=True)
    (left / "asked.json").write_text('"cut sho')
    asked = replace(asked, vocabulary=150, steps=1)
    assert run(asked, texts, tmp_path / "out").steps == 1
    assert not left.exists()


def test_a_full_disk_at_the_beginning_is_said(asked, texts, tmp_path):
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limits[1]))
        with pytest.raises(FacilityError, match="the working folder can't be written"):
            run(replace(asked, vocabulary=150), texts, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert not list(tmp_path.iterdir())


def test_a_taken_folder_and_an_empty_corpus_are_refused(asked, texts, tmp_path):
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine").write_text("kept")
    with pytest.raises(SettingsError, match="taken: the folder for the base is taken"):
        run(asked, texts, taken)
    with pytest.raises(InputError, match="the corpus holds no text"):
        run(asked, [], tmp_path / "out")
    with pytest.raises(InputError, match="there is no text to train a tokenizer on"):
        run(Pretraining(steps=1), [], tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ({}, "how long to pre-train is said by one number.*received none"),
        ({"steps": 3, "minutes": 1.0}, "received minutes, steps"),
        ({"steps": -3}, "steps is out of range"),
        ({"minutes": math.nan}, "minutes is out of range"),
        ({"steps": 1, "vocabulary": 3}, "vocabulary is out of range.*give 100 or more"),
        ({"steps": 1, "batch_tokens": 8}, "batch_tokens is out of range"),
        ({"steps": 1, "learning_rate": 0.0}, "learning_rate is out of range"),
    ],
)
def test_numbers_out_of_range_are_refused(numbers, says):
    with pytest.raises(SettingsError, match=says):
        Pretraining(**numbers)
