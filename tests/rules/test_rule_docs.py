"""The page on rules tells the truth: its example runs as printed, and its table has every code with its severity."""

import re
import runpy
from pathlib import Path

import pytest

import fengkong

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")


def test_the_example_prints_what_the_page_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example, printed = re.findall(r"```(?:python)?\n(.*?)```", PAGE, re.DOTALL)[:2]
    (tmp_path / "example.py").write_text(example, encoding="utf-8")
    runpy.run_path(str(tmp_path / "example.py"))
    assert capsys.readouterr().out == printed


def test_the_table_lists_every_code() -> None:
    sources = (Path(fengkong.__path__[0]) / "rules").glob("*.py")
    used = {code for source in sources for code in re.findall(r'"(R\d{3})"', source.read_text(encoding="utf-8"))}
    assert used == set(re.findall(r"^\| (R\d{3}) \|", PAGE, re.MULTILINE))
