"""`fengkong together`: several files, one model, and a clear word where that can't be."""

import json

from fengkong.scoring.bundle import Bundle


def test_two_questions_from_two_files(fengkong, workspace, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    words = {"car": "the loan is for a car", "house": "the loan is for a house"}
    rows = [
        {"text": f"{words[label]} {n % 7}", "label": label} for n in range(90) for label in [("car", "house")[n % 2]]
    ]
    (tmp_path / "use.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = fengkong(
        *("together", "-q", "risk=data.jsonl@bad", "-q", f"use={tmp_path / 'use.jsonl'}"),
        *("--out", "runs/both", "--recipe", "recipe.toml", "--set", "epochs=1"),
        *("--track", f"tensorboard:{tmp_path / 'logs'}"),
    )
    assert result.code == 0, result.err
    assert "risk\n" in result.out
    assert "use\n" in result.out
    bundle = Bundle.load(workspace / "runs/both/bundle")
    assert [(head.name, head.positive) for head in bundle.manifest.heads] == [("risk", "bad"), ("use", None)]
    assert (workspace / "runs/both/report-use.html").exists()
    (run,) = (tmp_path / "logs").iterdir()
    found = EventAccumulator(str(run)).Reload()
    assert {"train/loss", "dev/mean", "dev/risk.auc", "risk/test/auc", "use/test/auc"} <= set(found.Tags()["scalars"])
    shown = fengkong("bundle", "show", "runs/both/bundle")
    assert "risk (classification), use (classification)" in shown.out


def test_what_is_no_question_is_said(fengkong, workspace):
    result = fengkong("together", "-q", "data.jsonl", "--out", "runs/both")
    assert result.code == 3
    assert "a question is written as NAME=FILE" in result.err
    assert "Traceback" not in result.err
    one = fengkong("together", "-q", "risk=data.jsonl@bad", "--out", "runs/both", "--recipe", "recipe.toml")
    assert one.code == 3
    assert "two questions or more" in one.err
    assert not (workspace / "runs/both").exists()
