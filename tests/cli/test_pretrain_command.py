"""`fengkong pretrain`: raw text in, a base out, interrupted or not."""

import json
import os
import signal

import pytest

from fengkong import training
from fengkong.training.pretraining import start

FAST = ("--max-tokens", 32, "--batch-tokens", 128, "--vocabulary", 150)
DOCUMENTS = [f"第{n}条 借款人应当按照合同约定的期限返还借款并支付利息, article {n}." for n in range(30)]


@pytest.fixture(autouse=True)
def _corpus(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(start, "SIZES", {"small": {"layers": 2, "hidden": 16, "heads": 2}})
    (tmp_path / "laws.txt").write_text("\n\n".join(DOCUMENTS), encoding="utf-8")


def test_from_scratch_to_a_base_that_train_takes(fengkong, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    result = fengkong(
        *("pretrain", "--data", "laws.txt", "--from-scratch", "--steps", 3, "--out", "zh", "--licence", "CC0-1.0"),
        *("--track", "tensorboard:logs"),
        *FAST,
    )
    assert result.code == 0, result.err
    assert "perplexity of hidden words, on held-out documents:" in result.out
    assert "fengkong train --set base=zh" in result.out
    assert "read  29 documents of " in result.err
    assert "tokens/s" in result.err
    page = (tmp_path / "zh" / "README.md").read_text(encoding="utf-8")
    assert "corpus: laws.txt, 29 documents" in page
    assert "command: `fengkong pretrain --data laws.txt" in page
    assert training.load_base("zh").licence == "CC0-1.0"
    told = EventAccumulator(str(tmp_path / "logs" / "pretrain-zh")).Reload()
    assert {"train/loss", "dev/perplexity", "held_out/perplexity"} <= set(told.Tags()["scalars"])


def test_going_on_with_a_base_for_machines(fengkong):
    assert fengkong("pretrain", "-d", "laws.txt", "--from-scratch", "--steps", 1, "-o", "zh", *FAST).code == 0
    result = fengkong("pretrain", "-d", "laws.txt", "--base", "zh", "--epochs", 2, "-o", "zh2", *FAST[:4], "--json")
    assert result.code == 0, result.err
    found = json.loads(result.out)
    assert found["folder"] == "zh2"
    assert found["corpus"]["documents"] == 29
    assert len(found["curve"]) >= 2
    assert found["steps"] * 128 == found["tokens_read"] == found["curve"][-1][0]


def test_ctrl_c_saves_and_says_how_to_go_on(fengkong, monkeypatch):
    command = ("pretrain", "-d", "laws.txt", "--from-scratch", "--steps", 6, "-o", "zh", *FAST)
    whole_run = training.pretrain

    def interrupted(*args, tell, **options):
        def press(event):
            tell(event)
            if isinstance(event, training.PretrainingStep) and event.step == 2:
                os.kill(os.getpid(), signal.SIGINT)

        return whole_run(*args, tell=press, **options)

    with monkeypatch.context() as patch:
        patch.setattr(training, "pretrain", interrupted)
        stopped = fengkong(*command)
    assert stopped.code == 130
    assert "the state is saved, go on with: fengkong pretrain -d laws.txt" in stopped.err
    assert "--resume" in stopped.err
    again = fengkong(*command)
    assert again.code == 3
    assert "zh.unfinished: an unfinished pre-training lies here; go on with it by --resume" in again.err
    resumed = fengkong(*command, "--resume")
    assert resumed.code == 0, resumed.err


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ("--steps 1", 3, "what to begin with is not clear (received neither --base nor --from-scratch)"),
        ("--steps 1 --base minilm --from-scratch", 3, "what to begin with is not clear (received both)"),
        ("--steps 1 --base minilm --size small", 3, "--size: a base has its size"),
        ("--from-scratch", 3, "how long to pre-train is said by one number"),
        ("--steps 1 --base nowhere", 4, "there is no such base model (received nowhere)"),
        ("--steps 1 --from-scratch --data none.jsonl", 3, "none.jsonl: there is no such file"),
    ],
)
def test_what_can_not_be_done_is_said_and_leaves_nothing(fengkong, tmp_path, options, code, says):
    result = fengkong("pretrain", "--data", "laws.txt", "--out", "zh", *options.split())
    assert result.code == code
    assert says in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["laws.txt"]
