"""How charts are drawn: Altair specifications rendered to SVG by vl-convert, without a browser or a network.

Colours are CSS variables with a fallback, so one SVG reads well on light, dark and paper. Text stays text: the reader's
fonts draw it, Chinese included.
"""

from typing import Any

import altair as alt
import vl_convert

__all__ = ["FAINT", "HEIGHT", "INK", "MAIN", "SECOND", "WIDTH", "Rows", "plot", "svg"]

Rows = list[dict[str, Any]]

INK, FAINT = "var(--ink, #1f2328)", "var(--rule, #d8dce1)"
MAIN, SECOND = "var(--accent, #2563a8)", "var(--warn, #c2571a)"
FONT = "system-ui, PingFang SC, Microsoft YaHei, Noto Sans CJK SC, sans-serif"
WIDTH, HEIGHT = 600, 220


def plot(rows: Rows, width: int = WIDTH, height: int = HEIGHT) -> alt.Chart:
    """A chart of rows, its data inside it. width, height: in pixels, axes apart."""
    return alt.Chart(alt.InlineData(values=rows), width=width, height=height)


def svg(chart: alt.TopLevelMixin) -> str:
    """The drawing, in the house style."""
    specification = chart.to_dict()
    specification["config"] = {
        "background": "transparent",
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            "labelColor": INK,
            "titleColor": INK,
            "labelFontSize": 11,
            "titleFontSize": 11,
            "titleFontWeight": "normal",
            "labelLimit": 180,
            "labelFlush": False,
            "grid": True,
            "gridColor": FAINT,
            "domainColor": FAINT,
            "tickColor": FAINT,
        },
        "axisDiscrete": {"grid": False},
        "legend": {"labelColor": INK, "labelFontSize": 11, "orient": "bottom", "symbolType": "circle"},
        "title": {"color": INK, "fontSize": 12, "fontWeight": "normal", "anchor": "start"},
    }
    return str(vl_convert.vegalite_to_svg(specification))
