"""Charts of a search and of a sweep over learning rates."""

from collections.abc import Mapping, Sequence

import altair as alt

from fengkong.training.reporting.drawing import INK, MAIN, SECOND, Rows, plot, svg

__all__ = ["rate_curve", "search_history", "search_importance"]

Words = Mapping[str, str]
HEIGHT = 240
BAR = 24


def search_history(values: Sequence[tuple[int, float, bool]], figure: str, words: Words, *, lower: bool) -> str:
    """The dev figure by trial, as (number, value, complete), with the best so far as a stair.

    lower: whether the lower figure is the better. Trials stopped early are hollow, and no part of the stair.
    """
    rows: Rows = [{"trial": number, "value": value, "complete": complete} for number, value, complete in values]
    stair: Rows = []
    for number, value, complete in values:
        if complete:
            best = stair[-1]["value"] if stair else value
            stair.append({"trial": number, "value": min(best, value) if lower else max(best, value)})
    x = alt.X("trial:Q", title=words["trial"], axis=alt.Axis(tickMinStep=1, format="d"), scale=alt.Scale(zero=False))
    y = alt.Y("value:Q", title=f"{figure} (dev)", scale=alt.Scale(zero=False, padding=8))
    dots = plot(rows, height=HEIGHT).mark_point(size=45, opacity=1).encode(x, y)
    filled = dots.mark_point(size=45, filled=True, color=MAIN).transform_filter("datum.complete")
    hollow = dots.mark_point(size=45, color=MAIN, opacity=0.6).transform_filter("!datum.complete")
    line = plot(stair, height=HEIGHT).mark_line(color=SECOND, interpolate="step-after", strokeWidth=1.8).encode(x, y)
    return svg(line + hollow + filled)


def search_importance(shares: Mapping[str, float], words: Words) -> str:
    """Each key's share in the variance of the figure, the greatest on top."""
    rows: Rows = [{"key": key, "share": share} for key, share in shares.items()]
    base = plot(rows, height=BAR * len(rows)).encode(
        alt.Y("key:N", sort=list(shares), title=None),
        alt.X(
            "share:Q",
            title=words["importance_axis"],
            axis=alt.Axis(format="%", tickCount=5),
            scale=alt.Scale(domain=[0, 1]),
        ),
    )
    text = base.mark_text(align="left", dx=4, color=INK, fontSize=11).encode(alt.Text("share:Q", format=".0%"))
    return svg(base.mark_bar(color=MAIN, opacity=0.8) + text)


def rate_curve(points: Sequence[tuple[float, float, float]], suggestion: float | None, words: Words) -> str:
    """Loss over the learning rate, as (rate, loss, smoothed), the suggestion as a line."""
    rows: Rows = [{"rate": rate, "loss": loss, "smoothed": smoothed} for rate, loss, smoothed in points]
    x = alt.X(
        "rate:Q", title=words["learning_rate"], scale=alt.Scale(type="log", nice=False), axis=alt.Axis(format="~e")
    )
    base = plot(rows, height=HEIGHT)
    raw = base.mark_line(color=MAIN, strokeWidth=0.8, opacity=0.4).encode(
        x, alt.Y("loss:Q", title=words["loss"], scale=alt.Scale(zero=False))
    )
    drawn = raw + base.mark_line(color=MAIN, strokeWidth=2).encode(x, alt.Y("smoothed:Q"))
    if suggestion is not None:
        at: Rows = [{"rate": suggestion}]
        drawn += plot(at, height=HEIGHT).mark_rule(color=SECOND, strokeDash=[4, 3], strokeWidth=1.5).encode(x)
    return svg(drawn)
