"""The run folder remembers what happened, and puts a bundle into use in one step."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from fengkong.corpus.splitting import Splits
from fengkong.domain.documents import Example
from fengkong.domain.errors import FacilityError, SettingsError
from fengkong.training.data_sum import data_digest
from fengkong.training.progress import Evaluated, Step
from fengkong.training.run_folder import RunFolder, install_bundle, next_run, unfinished_run

RECIPE = "seed = 42\n"


def step(number: int) -> Step:
    return Step(number, 9, 1, 1 / number, 1e-4, 100.0, 9.0 - number)


def evaluated(number: int) -> Evaluated:
    return Evaluated(number, {"macro_f1": 0.5, "loss": 0.7}, best=True)


@pytest.fixture
def run(tmp_path) -> RunFolder:
    run = RunFolder(tmp_path / "runs" / "0001")
    run.begin(RECIPE)
    return run


def test_the_log_gives_back_what_was_told_up_to_a_step(run):
    told = [step(1), evaluated(2), step(2), step(3), evaluated(4), step(4)]
    for event in told:
        run.log(event)
    assert run.replay(until=3) == told[:4]
    assert run.replay(until=9) == told[:4], "what lies after the step is cut, since training passes there again"
    run.log(step(4))
    assert run.replay(until=4) == [*told[:4], step(4)]
    assert run.replay(until=0) == []


@pytest.mark.parametrize("cut", ['{"kind": "step", "st', '{"kind": "st\xff', "nul", '{"kind": "step"}', "[1]", '"x"'])
def test_a_line_cut_short_by_a_crash_ends_the_log(run, cut):
    run.log(step(1))
    with run.events.open("ab") as file:
        file.write(cut.encode("latin-1"))
    assert run.replay(until=5) == [step(1)]
    run.log(step(2))
    assert run.replay(until=5) == [step(1), step(2)]


def test_a_run_is_taken_up_only_on_purpose(run):
    with pytest.raises(SettingsError, match=r"0001.*lies here already.*--resume"):
        run.check(resume=False)
    run.check(resume=True)
    run.metrics.write_text("{}")
    for resume in (False, True):
        with pytest.raises(SettingsError, match=r"complete.*name another folder"):
            run.check(resume=resume)
    RunFolder(run.path / "fresh").check(resume=False)


def test_beginning_again_clears_half_a_bundle_and_keeps_the_state(run):
    for half in (run.bundle, run.path / ".bundle.x1y2"):
        half.mkdir()
        (half / "model.onnx").write_bytes(b"half")
    run.checkpoint.write_bytes(b"state")
    run.begin(RECIPE)
    assert sorted(path.name for path in run.path.iterdir()) == ["checkpoint.safetensors", "recipe.toml"]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path, run):
    (tmp_path / "file").write_text("")
    with pytest.raises(FacilityError, match=r"can't be written.*Not a directory"):
        RunFolder(tmp_path / "file" / "run").begin(RECIPE)
    run.events.mkdir()
    with pytest.raises(FacilityError, match=r"events\.jsonl.*can't be written.*--resume"):
        run.log(step(1))


def test_runs_are_numbered_and_the_latest_may_be_unfinished(tmp_path):
    runs = tmp_path / "runs"
    assert next_run(runs) == runs / "0001"
    assert unfinished_run(runs) is None
    for name in ("0002", "0010", "notes", "²"):
        (runs / name).mkdir(parents=True)
    assert next_run(runs) == runs / "0011"
    assert unfinished_run(runs) == runs / "0010"
    RunFolder(runs / "0010").metrics.write_text("{}")
    assert unfinished_run(runs) is None, "0002 was given up when 0010 was begun"


def test_the_digest_sees_every_part_of_the_data():
    ex = Example("a loan", "good", fields={"income": 1})
    other = Example("a car", "bad")
    splits = Splits([ex, other], [ex], [ex])
    same = Splits([replace(ex), replace(other)], [ex], [ex])
    assert data_digest(splits) == data_digest(same)
    changes = [
        Splits([other, ex], [ex], [ex]),
        Splits([ex], [other, ex], [ex]),
        *(
            Splits([replace(ex, **change), other], [ex], [ex])
            for change in ({"text": "a loan."}, {"label": "bad"}, {"fields": {"income": 2}}, {"fields": {}})
        ),
    ]
    assert len({data_digest(each) for each in (splits, *changes)}) == 1 + len(changes)


@pytest.fixture
def bundles(tmp_path) -> list[Path]:
    made = [tmp_path / "runs" / number / "bundle" for number in ("0001", "0002")]
    for path in made:
        path.mkdir(parents=True)
        (path / "manifest.json").write_text(path.parent.name)
    return made


def test_a_bundle_is_put_into_use_and_replaced_by_the_next(tmp_path, bundles):
    target = tmp_path / "bundle"
    for bundle in bundles:
        install_bundle(bundle, target)
        assert (target / "manifest.json").read_text() == bundle.parent.name
    assert not Path(os.readlink(target)).is_absolute(), "the workspace can be moved as a whole"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "runs"]


def test_a_link_whose_bundle_is_gone_is_replaced(tmp_path, bundles):
    (tmp_path / "bundle").symlink_to("gone")
    install_bundle(bundles[0], tmp_path / "bundle")
    assert (tmp_path / "bundle" / "manifest.json").read_text() == "0001"


def test_a_workspace_reached_by_a_link_gets_a_link_that_holds(tmp_path, bundles):
    deep = tmp_path / "far" / "deeper" / "ws"
    deep.mkdir(parents=True)
    (tmp_path / "ws").symlink_to(deep)
    install_bundle(bundles[0], tmp_path / "ws" / "bundle")
    assert (deep / "bundle" / "manifest.json").read_text() == "0001"


def test_a_real_folder_in_the_way_is_left_alone(tmp_path, bundles):
    target = tmp_path / "bundle"
    target.mkdir()
    (target / "precious").write_text("x")
    with pytest.raises(SettingsError, match=r"a folder lies where the link.*move it away"):
        install_bundle(bundles[0], target)
    assert (target / "precious").read_text() == "x"


def test_when_the_link_cannot_be_made_the_old_one_stays_in_use(tmp_path, bundles, monkeypatch):
    target = tmp_path / "bundle"
    install_bundle(bundles[0], target)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(FacilityError, match=r"the one before it stays in use.*No space left"):
        install_bundle(bundles[1], target)
    assert (target / "manifest.json").read_text() == "0001"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "runs"], "nothing is left lying about"
