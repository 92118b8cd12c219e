"""The command line as a process of its own: how it starts, and how it meets pipes and the keyboard."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import fengkong
from fengkong.cli.app import TRAIN_EXTRA

COMMAND = "from fengkong.cli.app import main; main()"
HEAVY = ["altair", "numpy", "onnxruntime", "polars", "pydantic", "sklearn", "sqlalchemy", "torch", "transformers"]
LIST_HEAVY = f"import atexit, sys; atexit.register(lambda: print([name for name in {HEAVY} if name in sys.modules]))"


def start(*args: str, code: str = COMMAND, **env: str) -> subprocess.Popen[bytes]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", code, *args], env=os.environ | env, **pipes)  # noqa: S603 - our own


def run(*args: str, stdin: str = "", code: str = COMMAND, **env: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    with start(*args, code=code, **env) as process:
        out, err = process.communicate(stdin.encode())
    return process.returncode, out.decode(), err.decode()


def test_version_and_help_load_nothing_heavy():
    """Start time: what `--help` does not need is not loaded."""
    for option, shown in (("--help", "explain"), ("--version", f"fengkong {fengkong.__version__}")):
        code, out, err = run(option, code=f"{LIST_HEAVY}; {COMMAND}")
        assert (code, err) == (0, "")
        assert shown in out
        assert out.endswith("\n[]\n")


def test_without_the_train_extra_only_training_is_missing(workspace: Path):
    blocked = f"import sys; sys.modules.update(dict.fromkeys({sorted(TRAIN_EXTRA)})); {COMMAND}"
    for command in ("evaluate", "score", "decide", "explain", "bundle show"):
        code, _, err = run(*command.split(), code=blocked)
        assert code == 0, (command, err)
    code, out, err = run("train", "--json", code=blocked)
    assert code == 3
    assert "pip install 'fengkong[train]'" in err
    assert json.loads(out)["error"]["code"] == "settings"
    assert "Traceback" not in err


def test_a_reader_that_has_seen_enough_is_no_error(workspace: Path):
    for command in ("score", "decide"):
        with start(command) as process:
            assert process.stdout
            assert process.stderr
            process.stdout.close()
            said = process.stderr.read().decode()
        assert process.returncode == 0, (command, said)
        assert "Traceback" not in said
        assert "BrokenPipe" not in said


def test_texts_come_from_standard_input_and_no_colour_goes_to_a_pipe(workspace: Path):
    code, out, err = run("decide", "-", stdin='{"id": "甲", "text": "I have a steady job."}')
    assert code == 0, err
    assert "document 甲" in out
    assert "\x1b[" not in out


def test_a_terminal_sees_what_moved_the_score_in_colour(workspace: Path):
    facts = ["--field", "amount=90000", "--field", "income=3000"]
    code, out, err = run("explain", "--text", "I have a steady job.", *facts, FORCE_COLOR="1", TERM="xterm")
    assert code == 0, err
    assert "\x1b[1;31m" in out or "\x1b[1;34m" in out


def test_ctrl_c_is_said_and_leaves_a_state_to_resume_from(new_workspace: Path):
    with start("train", "--set", "epochs=400") as process:
        events = new_workspace / "runs" / "0001" / "events.jsonl"
        while process.poll() is None and not (events.exists() and events.stat().st_size):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.stderr
        said = process.stderr.read().decode()
    assert process.returncode == 130, said
    assert "fengkong: interrupted; the state is saved, go on with: fengkong train --set epochs=400 --resume" in said
    assert "Traceback" not in said
    assert (events.parent / "checkpoint.safetensors").exists()
