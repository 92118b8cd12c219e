"""Tables of figures, written between two marks of a page so that no figure is ever copied by hand."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev

__all__ = ["RESULTS", "mean_and_spread", "replace_section", "table"]

RESULTS = Path(__file__).parents[1] / "docs" / "results.md"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def mean_and_spread(values: Sequence[float], digits: int = 3) -> str:
    """The mean, and the standard deviation where there are several."""
    spread = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{mean(values):.{digits}f}{spread}"


def replace_section(name: str, body: str, page: Path = RESULTS) -> None:
    """Put a body between `<!-- name:begin -->` and `<!-- name:end -->` of a page."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    if not rest:
        raise SystemExit(f"{page} has no section {name!r}")
    page.write_text(f"{before}{begin}\n{body.strip()}\n{end}{after}", encoding="utf-8")
