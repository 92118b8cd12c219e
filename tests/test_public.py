"""`import fengkong` gives the few words of its stub, quickly, and nothing else."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import fengkong

PACKAGE = Path(fengkong.__path__[0])
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.pyi"))


def stub_names(stub: Path) -> set[str]:
    names = set()
    for node in ast.parse(stub.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def test_the_package_offers_what_its_stub_lists():
    assert {*dir(fengkong), "__version__"} == stub_names(PACKAGE / "__init__.pyi")


@pytest.mark.parametrize("name", sorted(stub_names(PACKAGE / "__init__.pyi")))
def test_every_public_word_is_there(name):
    assert getattr(fengkong, name) is not None


@pytest.mark.parametrize("room", ROOMS)
def test_every_word_of_a_room_is_there_and_described(room):
    module = importlib.import_module(f"fengkong.{room}")
    assert module.__doc__
    assert set(dir(module)) == stub_names(PACKAGE / room / "__init__.pyi")
    for name in dir(module):
        assert getattr(module, name) is not None


def test_importing_the_rooms_loads_no_library():
    rooms = ", ".join(f"fengkong.{room}" for room in ROOMS)
    heavy = {"numpy", "onnxruntime", "polars", "pydantic", "sklearn", "sqlalchemy", "torch", "transformers", "yaml"}
    code = f"import sys, fengkong, {rooms}; print([name for name in {sorted(heavy)} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)  # noqa: S603 - our own
    assert done.stdout == b"[]\n"
