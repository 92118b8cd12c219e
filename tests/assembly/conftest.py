"""A small workspace of every pack in both languages, made once a session."""

from collections.abc import Callable
from functools import cache

import pytest

from fengkong.assembly import Settings, create_workspace
from fengkong.corpus.simulation.language import Language

ROWS = 240


@pytest.fixture(scope="session")
def pack_workspace(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Language], Settings]:
    """The settings of a workspace of 240 rows of a pack; not to be changed."""

    @cache
    def make(pack: str, language: Language) -> Settings:
        folder = tmp_path_factory.mktemp(pack) / f"my-{pack}"
        create_workspace(pack, folder, language=language, rows=ROWS, recipe='model = "tuned"\nepochs = "auto"\n')
        return Settings.read(folder)

    return make
