"""Packs: what a new workspace of one kind is made of, as data. docs/packs.md says how to write one."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fengkong.corpus.simulation.simulators import Simulator, find_simulator
from fengkong.domain.errors import SettingsError, likely_slip

__all__ = ["IN_PACK", "PACKS", "Pack", "find_pack"]

PACK_FILE = "pack.toml"
_ROOT = files("fengkong.assembly").joinpath("packs")

PACKS = tuple(sorted(folder.name for folder in _ROOT.iterdir() if folder.joinpath(PACK_FILE).is_file()))
"""The packs that come with fengkong."""


IN_PACK = r"\w[\w.-]*"
"""What the name of a file in the pack, and so in the workspace, is like: none leads out of either."""
FileName = Annotated[str, Field(pattern=f"^{IN_PACK}$")]


class _Contents(BaseModel):
    """What `pack.toml` says.

    simulation: a world in the pack's folder, or the name of one that comes with fengkong. rows: labelled texts.
    waiting: texts that wait for a decision. files: copied as they are. recipe: keys that differ from the default
    recipe, by language.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    simulation: FileName
    rows: int = Field(ge=50)
    waiting: int = Field(ge=1)
    files: tuple[FileName, ...] = ("rules.yaml",)
    recipe: Mapping[str, Mapping[str, str | int | float | bool | tuple[str, ...]]] = {}


@dataclass(frozen=True)
class Pack:
    """A pack's folder, and what its `pack.toml` says."""

    root: Traversable | Path
    contents: _Contents

    def text(self, name: str) -> str:
        """One file of the pack. Raises SettingsError where it has no such file."""
        try:
            return self.root.joinpath(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                "the pack's file can't be read", where=str(self.root.joinpath(name)), cure="write it, in UTF-8"
            ) from error

    @property
    def simulator(self) -> Simulator:
        """Writes the pack's sample."""
        return find_simulator(self.contents.simulation, self.root)


def find_pack(name: str) -> Pack:
    """The pack of that name that comes with fengkong, else the one in that folder.

    Raises SettingsError for a pack that does not exist, and for a `pack.toml` that can't be used.
    """
    root: Traversable | Path = _ROOT.joinpath(name) if name in PACKS else Path(name)
    file = root.joinpath(PACK_FILE)
    try:
        if not file.is_file():
            raise SettingsError("the pack is not known", received=repr(name), cure=likely_slip(name, PACKS))
        return Pack(root, _Contents.model_validate(tomllib.loads(file.read_text(encoding="utf-8"))))
    except OSError as error:
        raise SettingsError(
            "the pack can't be read", where=str(file), received=error.strerror or "", cure="check its rights"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            "the file is not valid TOML", where=str(file), received=str(error), cure="correct it"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise SettingsError(
            f"the key {key!r} can't be used: {first['msg']}", where=str(file), cure="put it right"
        ) from error
