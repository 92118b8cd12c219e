"""The page that every report is: one HTML file that opens anywhere, in the house style.

Names and texts come from strangers: the templates escape all of them, and the page forbids scripts and outside files.
"""

import os
from importlib import resources
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined

from fengkong.domain.errors import FacilityError

__all__ = ["number", "page_environment", "write_page"]


def page_environment() -> Environment:
    """The templates of this folder. page.html.jinja wants `name`, `title`, `created` and `language`."""
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number}
    return environment


def number(value: float | None) -> str:
    """A figure with three decimals; a dash where there is none."""
    return "–" if value is None else f"{value:.3f}"


def write_page(path: Path, text: str) -> None:
    """Write a file whole or not at all. Raises FacilityError where it can't be written."""
    partial = path.with_name(f".{path.name}.part")
    try:
        with partial.open("w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise FacilityError(
            "the file can't be written", where=str(path), received=error.strerror or "", cure="free space or permission"
        ) from error


def _template(name: str) -> str:
    return resources.files("fengkong.training.reporting").joinpath(name).read_text("utf-8")
