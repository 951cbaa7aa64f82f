"""The same as figures, through matplotlib: `pip install 'headgate[plots]'`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from headgate.errors import HeadgateError
from headgate.report import LIGHT, LIGHT_CHART, SERIES, clip, visible

if TYPE_CHECKING:
    from headgate.tuning.curves import Curve, Levels
    from headgate.tuning.suggesting import Suggestion
    from headgate.tuning.terms import TermEffect

__all__ = ["INK", "bars_in", "new_axes", "plot_curve", "plot_levels", "plot_suggestion", "plot_terms"]

_DAY = timedelta(days=1)
INK = LIGHT["ink"]
_SOFT, _LINE = LIGHT["soft"], LIGHT["line"]
_SERIES = [light for light, _ in SERIES]
_TITLE_SIZE = 11


def bars_in(kind: str) -> dict[str, Any]:
    """Return how bars of a kind are drawn: `good`, `bad`, `warn` or `before`; what is bad is hatched."""
    fill, edge = LIGHT_CHART[kind]
    if kind == "bad":
        return {"color": fill, "edgecolor": LIGHT["panel"], "linewidth": 0, "hatch": "////"}
    return {"color": fill, "edgecolor": edge, "linewidth": 0.8}


def new_axes(axes: Any = None, *, title: str = "", size: tuple[float, float] = (8.0, 3.6)) -> Any:
    """Return axes to draw on: those that are given, or new ones.

    Args:
        axes: those that are given.
        title: what is drawn, where the axes have no title yet.
        size: width and height of a new figure, in inches.

    Raises:
        HeadgateError: matplotlib is not installed.
    """
    if axes is None:
        try:
            from matplotlib import pyplot
        except ImportError:
            raise HeadgateError("Plots need matplotlib: pip install 'headgate[plots]'") from None
        figure, axes = pyplot.subplots(figsize=size, layout="constrained")
        # A ground of its own, as the charts of pages have: no ink is legible on white and on black.
        figure.patch.set_facecolor(LIGHT["panel"])
        axes.patch.set_facecolor(LIGHT["panel"])
        axes.spines[:].set_color(_SOFT)
        axes.tick_params(colors=INK)
        axes.xaxis.label.set_color(INK)
        axes.yaxis.label.set_color(INK)
    if title and not axes.get_title(loc="left"):
        axes.set_title(title, loc="left", fontsize=_TITLE_SIZE, fontweight="bold", color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def plot_curve(curve: Curve, axes: Any = None) -> Any:
    """Draw what survives against `max_age`."""
    whose = f"source {clip(visible(curve.source), 40)}" if curve.source else "all sources"
    axes = new_axes(axes, title=f"What survives which max_age ({_plain(whose)})")
    points = [point for point in curve.points if point.max_age > timedelta(0)] or list(curve.points)
    days = [max(point.max_age / _DAY, 0.1) for point in points]
    for name, values, total, style in (
        ("documents", [p.documents for p in points], curve.documents, {"color": _SERIES[0]}),
        ("prompts with a document", [p.prompts for p in points], curve.prompts, {"color": _SERIES[1], "ls": "--"}),
        ("prompts that lose none", [p.whole for p in points], curve.prompts, {"color": _SERIES[2], "ls": ":"}),
    ):
        axes.step(days, [100 * value / max(1, total) for value in values], where="post", label=name, lw=2, **style)
    if curve.current is not None:
        axes.axvline(curve.current / _DAY, color=LIGHT["warn"], lw=1.5, ls="-.", label="max_age in the policy")
    axes.set(xscale="log", ylim=(0, 101), xlabel="max_age, in days", ylabel="surviving, %")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(axis="y", color=_LINE)
    axes.legend(frameon=False, labelcolor=INK)
    return axes


def plot_levels(levels: Levels, axes: Any = None) -> Any:
    """Draw what survives under each level of assurance."""
    axes = new_axes(axes, title="Documents admitted, by what is required", size=(8.0, 2.4))
    names = [level.require for level in levels.levels]
    shares = [100 * level.documents / max(1, level.total) for level in levels.levels]
    bars = axes.barh(names, shares, **bars_in("good"))
    axes.bar_label(bars, [f"{level.documents:,}" for level in levels.levels], padding=4, color=INK)
    axes.set(xlim=(0, 108), xlabel="documents admitted, %")
    axes.invert_yaxis()
    return axes


def plot_suggestion(suggestion: Suggestion, axes: Any = None) -> Any:
    """Draw the share that is out of date against the interval of verification."""
    axes = new_axes(axes, title="How much is out of date, by how often it is verified")
    days = [one.within / _DAY for one in suggestion.intervals]
    axes.plot(
        days, [100 * one.share for one in suggestion.intervals], color=_SERIES[0], lw=2, marker="o", label="expected"
    )
    at_most = [100 * one.at_most for one in suggestion.intervals]
    axes.plot(days, at_most, color=_SERIES[0], lw=1.2, ls="--", label="at most, 95%")
    axes.axhline(100 * suggestion.budget, color=LIGHT["warn"], lw=1.5, ls=":", label="budget")
    if suggestion.within is not None:
        axes.axvline(suggestion.within / _DAY, color=LIGHT["good"], lw=1.5, label="suggested")
    axes.set(xscale="log", xlabel="verified every, in days", ylabel="out of date, %")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.legend(frameon=False, labelcolor=INK)
    return axes


def plot_terms(effect: TermEffect, axes: Any = None) -> Any:
    """Draw how often each canonical term is put in."""
    terms = [term for term, _ in (effect.after + effect.before).most_common(12)]
    axes = new_axes(axes, title="Places rewritten, by canonical term", size=(8.0, 1.1 + 0.38 * len(terms)))
    # Outside text: no math markup, nothing hidden.
    names = [_plain(clip(visible(term), 40)) for term in terms]
    places = range(len(terms))
    axes.barh([p - 0.2 for p in places], [effect.before[t] for t in terms], 0.38, label="before", **bars_in("before"))
    axes.barh([p + 0.2 for p in places], [effect.after[t] for t in terms], 0.38, label="then", **bars_in("good"))
    axes.set(yticks=list(places), yticklabels=names, xlabel="places rewritten")
    axes.invert_yaxis()
    axes.legend(frameon=False, labelcolor=INK)
    return axes


def _plain(text: str) -> str:
    """Return outside text without math markup."""
    return text.replace("$", r"\$")
