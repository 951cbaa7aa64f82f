"""The same as figures, through matplotlib: `pip install 'headgate[plots]'`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from headgate.errors import HeadgateError
from headgate.report import clip, visible

if TYPE_CHECKING:
    from headgate.tuning.curves import Curve, Levels
    from headgate.tuning.suggesting import Suggestion
    from headgate.tuning.terms import TermEffect

__all__ = ["BLUE", "GREEN", "INK", "RED", "new_axes", "plot_curve", "plot_levels", "plot_suggestion", "plot_terms"]

_DAY = timedelta(days=1)
# The background is transparent: each colour has a contrast of at least 3:1 to white and to near black.
BLUE, RED, GREEN, INK, _GREY = "#3b82d9", "#d9534f", "#2f9e68", "#757f8c", "#a8b0ba"


def new_axes(axes: Any = None, *, size: tuple[float, float] = (8.0, 3.6)) -> Any:
    """Return axes to draw on: those that are given, or new ones.

    Raises:
        HeadgateError: matplotlib is not installed.
    """
    if axes is None:
        try:
            from matplotlib import pyplot
        except ImportError:
            raise HeadgateError("Plots need matplotlib: pip install 'headgate[plots]'") from None
        figure, axes = pyplot.subplots(figsize=size, layout="constrained")
        # Transparent, so that it fits a light page and a dark one.
        figure.patch.set_alpha(0)
        axes.patch.set_alpha(0)
        axes.spines[:].set_color(INK)
        axes.tick_params(colors=INK)
        axes.xaxis.label.set_color(INK)
        axes.yaxis.label.set_color(INK)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def plot_curve(curve: Curve, axes: Any = None) -> Any:
    """Draw what survives against `max_age`."""
    axes = new_axes(axes)
    points = [point for point in curve.points if point.max_age > timedelta(0)] or list(curve.points)
    days = [max(point.max_age / _DAY, 0.1) for point in points]
    for name, values, total, style in (
        ("documents", [p.documents for p in points], curve.documents, {"color": BLUE}),
        ("prompts with a document", [p.prompts for p in points], curve.prompts, {"color": GREEN, "ls": "--"}),
        ("prompts that lose none", [p.whole for p in points], curve.prompts, {"color": RED, "ls": ":"}),
    ):
        axes.step(days, [100 * value / max(1, total) for value in values], where="post", label=name, lw=2, **style)
    if curve.current is not None:
        axes.axvline(curve.current / _DAY, color=_GREY, lw=1.5)
        axes.annotate("now", (curve.current / _DAY, 102), ha="center", color=_GREY, annotation_clip=False)
    axes.set(xscale="log", ylim=(0, 101), xlabel="max_age, in days", ylabel="surviving, %")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.grid(axis="y", alpha=0.3)
    axes.legend(frameon=False, labelcolor=INK)
    return axes


def plot_levels(levels: Levels, axes: Any = None) -> Any:
    """Draw what survives under each level of assurance."""
    axes = new_axes(axes, size=(8.0, 2.2))
    names = [level.require for level in levels.levels]
    shares = [100 * level.documents / max(1, level.total) for level in levels.levels]
    bars = axes.barh(names, shares, color=BLUE)
    axes.bar_label(bars, [f"{level.documents:,}" for level in levels.levels], padding=4, color=INK)
    axes.set(xlim=(0, 108), xlabel="documents admitted, %")
    axes.invert_yaxis()
    return axes


def plot_suggestion(suggestion: Suggestion, axes: Any = None) -> Any:
    """Draw the share that is out of date against the interval of verification."""
    axes = new_axes(axes)
    days = [one.within / _DAY for one in suggestion.intervals]
    axes.plot(days, [100 * one.share for one in suggestion.intervals], color=BLUE, lw=2, marker="o", label="expected")
    at_most = [100 * one.at_most for one in suggestion.intervals]
    axes.plot(days, at_most, color=BLUE, lw=1, ls="--", label="at most, 95 %")
    axes.axhline(100 * suggestion.budget, color=RED, lw=1.5, ls=":", label="budget")
    if suggestion.within is not None:
        axes.axvline(suggestion.within / _DAY, color=_GREY, lw=1.5)
    axes.set(xscale="log", xlabel="verified every, in days", ylabel="out of date, %")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.legend(frameon=False, labelcolor=INK)
    return axes


def plot_terms(effect: TermEffect, axes: Any = None) -> Any:
    """Draw how often each canonical term is put in."""
    terms = [term for term, _ in (effect.after + effect.before).most_common(12)]
    axes = new_axes(axes, size=(8.0, 0.8 + 0.38 * len(terms)))
    # Outside text: no math markup, nothing hidden.
    names = [clip(visible(term), 40).replace("$", r"\$") for term in terms]
    places = range(len(terms))
    axes.barh([p - 0.2 for p in places], [effect.before[t] for t in terms], 0.38, color=_GREY, label="before")
    axes.barh([p + 0.2 for p in places], [effect.after[t] for t in terms], 0.38, color=BLUE, label="then")
    axes.set(yticks=list(places), yticklabels=names, xlabel="places rewritten")
    axes.invert_yaxis()
    axes.legend(frameon=False, labelcolor=INK)
    return axes
