"""The command line as a process of its own: how it starts, and how it meets pipes and the keyboard."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import fengkong

COMMAND = [sys.executable, "-c", "from fengkong.cli.app import main; main()"]
HEAVY = ["altair", "numpy", "onnxruntime", "polars", "pydantic", "sklearn", "sqlalchemy", "torch", "transformers"]


def run(*args: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *args], input=stdin, capture_output=True, check=False, env=os.environ | env)


def test_version_and_help_import_nothing_heavy():
    """Start time: what `--help` does not need is not loaded."""
    probe = (
        "import atexit, sys\n"
        "from fengkong.cli.app import main\n"
        f"atexit.register(lambda: print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr))\n"
        "main()"
    )
    for option, shown in (("--help", b"explain"), ("--version", f"fengkong {fengkong.__version__}".encode())):
        done = subprocess.run([sys.executable, "-c", probe, option], capture_output=True, check=True)
        assert shown in done.stdout
        assert done.stderr == b"[]\n"


def test_a_reader_that_has_seen_enough_is_no_error(workspace: Path):
    with subprocess.Popen([*COMMAND, "score"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        said = process.stderr.read().decode()
    assert process.returncode == 0
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


def test_texts_come_from_standard_input_and_colour_only_to_a_terminal(workspace: Path):
    row = json.dumps({"id": "甲", "text": "I have a steady job."}, ensure_ascii=False).encode()
    done = run("decide", "-", stdin=row)
    assert done.returncode == 0, done.stderr
    assert "document 甲" in done.stdout.decode()
    assert b"\x1b[" not in done.stdout
    marked = run("explain", "-", "--field", "income=1", stdin=row, FORCE_COLOR="1")
    assert marked.returncode == 3
    coloured = run("explain", "--text", "I have a steady job.", "--field", "income=3000", FORCE_COLOR="1", COLUMNS="80")
    assert b"\x1b[1;3" in coloured.stdout


def test_ctrl_c_is_said_and_training_can_be_resumed(new_workspace: Path):
    args = [*COMMAND, "train", "--set", "epochs=400"]
    with subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        events = new_workspace / "runs" / "0001" / "events.jsonl"
        while process.poll() is None and not (events.exists() and events.stat().st_size):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.stderr
        said = process.stderr.read().decode()
    assert process.returncode == 130, said
    assert "fengkong: interrupted" in said
    assert "Traceback" not in said
    assert (events.parent / "checkpoint.safetensors").exists()
