"""The pages name every setting, recipe key, command and option that exists, and link to pages that exist."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from fengkong.assembly import Settings
from fengkong.cli.app import app
from fengkong.training import Recipe

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]


def read(page: str) -> str:
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def settings_of(section: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in section.model_fields.items():
        inner = [kind for kind in (field.annotation, *getattr(field.annotation, "__args__", ())) if _is_section(kind)]
        if inner:
            yield from settings_of(inner[0], f"{prefix}{name}.")
        elif not field.exclude:
            yield prefix + name


def _is_section(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def test_the_workspace_page_lists_every_setting_and_no_other():
    listed = re.findall(r"^\| `([\w.]+)` \|", read("workspace.md").partition("## Settings")[2], re.MULTILINE)
    assert listed == list(settings_of(Settings))


def test_the_workspace_page_says_the_true_defaults():
    given = {"name": "n", "data": {"source": "s"}, "model": {"name": "m"}, "folder": "."}
    defaults = Settings.model_validate(given).model_dump()
    rows = re.findall(r'^\| `([\w.]+)` \| `("?[\w./-]+"?)` \|', read("workspace.md"), re.MULTILINE)
    for name, shown in rows:
        section, _, key = name.rpartition(".")
        if section != "costs":  # absent as a whole, the training room's own hold
            found = defaults[section][key] if section else defaults[key]
            assert tomllib.loads(f"value = {shown}")["value"] == found, name
    assert len(rows) > 10


def test_the_default_recipe_explains_every_key_and_holds_the_defaults():
    text = Recipe.commented_default()
    assert list(tomllib.loads(text)) == list(Recipe.model_fields)
    assert Recipe.parse(text) == Recipe()
    lines = text.splitlines()
    for name in Recipe.model_fields:
        place = next(n for n, line in enumerate(lines) if line.startswith(f"{name} ="))
        assert lines[place - 1].startswith("# "), name


def test_the_command_page_has_a_chapter_for_every_command():
    chapters = re.findall(r"^## ([a-z][a-z ]*)$", read("cli.md"), re.MULTILINE)
    commands = [info.callback.__name__ for info in app.registered_commands if info.callback]
    groups = [f"{group.name} {info.callback.__name__}" for group in app.registered_groups for info in _of(group)]
    assert chapters == [*commands, *groups]


def _of(group):
    return group.typer_instance.registered_commands


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_pages_that_exist(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_page_is_linked_from_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"docs/{page.name}" not in readme] == []
