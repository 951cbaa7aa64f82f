"""A rehearsal as a figure, through matplotlib: `pip install 'headgate[plots]'`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headgate.tuning.plots import INK, bars_in, new_axes

if TYPE_CHECKING:
    from headgate.rehearsal.result import Rehearsal

__all__ = ["plot_rehearsal"]


def plot_rehearsal(rehearsal: Rehearsal, axes: Any = None) -> Any:
    """Draw the share of prompts with at least one document of each bad injection, without and with the gate."""
    results = [one for one in rehearsal.injections.values() if one.injection.is_bad]
    title = (
        f"Prompts with a bad document: {rehearsal.spoiled_without:,} without, {rehearsal.spoiled_with:,} with the gate"
    )
    axes = new_axes(axes, title=title, size=(8.0, 1.2 + 0.42 * len(results)))
    total = max(1, rehearsal.questions)
    places = range(len(results))
    without = [100 * one.prompts_without / total for one in results]
    gated = [100 * one.prompts_with / total for one in results]
    axes.barh([place - 0.2 for place in places], without, 0.38, label="without the gate", **bars_in("before"))
    label = "with the gate: came through"
    bars = axes.barh([place + 0.2 for place in places], gated, 0.38, label=label, **bars_in("bad"))
    axes.bar_label(bars, [f"{value:.0f}%" for value in gated], padding=3, fontsize=8, color=INK)
    axes.set(yticks=list(places), yticklabels=[one.injection.name for one in results], xlim=(0, 100))
    axes.set_xlabel("prompts with at least one such document, %")
    axes.invert_yaxis()
    axes.legend(frameon=False, loc="best", labelcolor=INK)
    return axes
