"""The scorecard of sources for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from headgate.admission.quarantine import Held
from headgate.codes import CODES
from headgate.history.scorecard import Scorecard, SourceScore
from headgate.report import (
    add_view,
    age_in_words,
    badge,
    clip,
    escape,
    figures,
    line_chart,
    new_table,
    plain,
    prose,
    table,
)

__all__ = ["scorecard_html", "scorecard_rich"]

_ROWS = 100
_PERIODS = 400
_LATEST = 24
_AGES = (0.5, 0.9, 0.99)


def scorecard_html(card: Scorecard, held: Mapping[str, Held] | None = None) -> str:
    """Return a scorecard as HTML.

    Args:
        card: the scorecard.
        held: sources in quarantine.
    """
    parts = [f"<p><strong>{escape(_sentence(card))}</strong> {escape(_skipped(card))}</p>"]
    if not card.prompts:
        return "".join(parts)
    parts.append(
        figures(
            (
                (_share(card.sound, card.prompts), "of the prompts held only admissible documents"),
                (_share(card.sound_before, card.prompts), "would have, had the gate dropped nothing"),
                (f"{card.prompts - card.sound:,} of {card.budget:,.1f}", "prompts of the error budget spent"),
            )
        )
    )
    if len(card.periods) > 1:
        parts += [f"<h3>Sound prompts by {card.by}</h3>", _chart(card)]
    rows = [_cells(name, score, held or {}) for name, score in list(card.sources.items())[:_ROWS]]
    head = (
        "source",
        "documents",
        "admitted",
        "failed",
        "tampered",
        "spoiled prompts",
        "age p50 / p90 / p99",
        "reasons",
    )
    parts += ["<h3>Sources</h3>", table(head, rows, numbers=(1, 2, 3, 4, 5))]
    if len(card.periods) > 1:
        parts += [f"<h3>Admitted by source and {card.by}</h3>", _source_chart(card)]
    failing = _failing(card)
    if failing:
        parts += [
            f"<h3>Failures by {card.by}</h3>",
            table((card.by, "source", "failed", "of"), failing, numbers=(2, 3)),
        ]
    return "".join(parts)


def scorecard_rich(card: Scorecard) -> Group:
    """Return a scorecard for a terminal."""
    parts: list[Any] = [prose(_sentence(card), "bold")]
    if skipped := _skipped(card):
        parts.append(prose(skipped))
    columns = [("source", False), ("documents", True), ("admitted", True), ("failed", True), ("tampered", True)]
    listed = new_table(
        None, [*columns, ("spoiled prompts", True), ("age p50", True), ("p99", True), ("reasons", False)]
    )
    for name, score in list(card.sources.items())[:_ROWS]:
        listed.add_row(
            plain(name, 40),
            f"{score.documents:,}",
            f"{score.admitted:,}",
            _share(score.failures, score.documents),
            f"{score.tampered:,}",
            f"{score.spoiled:,} of {score.prompts:,}",
            age_in_words(score.ages.percentile(0.5)),
            age_in_words(score.ages.percentile(0.99)),
            plain(_codes(score), 80),
        )
    parts += [Text(), listed]
    if len(card.periods) > 1:
        parts += [Text(), _periods_rich(card)]
    return Group(*parts)


def _periods_rich(card: Scorecard) -> Table:
    """Return the latest periods; all of them are in the page and in `to_dict`."""
    latest = list(card.periods.items())[-_LATEST:]
    title = f"By {card.by}" + (
        f", the latest {_LATEST} of {len(card.periods):,}" if len(card.periods) > _LATEST else ""
    )
    columns = [(card.by, False), ("prompts", True), ("sound", True), ("without the gate", True), ("failed", True)]
    listed = new_table(title, columns)
    for start, period in latest:
        failed = sum(period.failures.values())
        listed.add_row(
            plain(start), f"{period.prompts:,}", f"{period.sound:,}", f"{period.sound_before:,}", f"{failed:,}"
        )
    return listed


def _sentence(card: Scorecard) -> str:
    if not card.prompts:
        return "The log holds no admission."
    words = "met" if card.is_met else "missed"
    return (
        f"{card.sound:,} of {card.prompts:,} prompts held only admissible documents; without the gate it would have "
        f"been {card.sound_before:,}. The objective of {card.objective * 100:.4g} % is {words}: "
        f"{card.budget_spent:.0%} of the error budget is spent."
    )


def _skipped(card: Scorecard) -> str:
    return f"{card.skipped:,} lines of the log were skipped." if card.skipped else ""


def _cells(name: str, score: SourceScore, held: Mapping[str, Held]) -> tuple[str, ...]:
    shown = f"<strong>{escape(clip(name, 80))}</strong>"
    if name in held:
        since = f"{held[name].since:%Y-%m-%d %H:%M} UTC"
        shown += f" {badge('in quarantine', 'bad')}<br>" + f'<span class="soft">since {since}</span>'
    ages = "<br>".join(escape(age_in_words(score.ages.percentile(share)) or "\u2013") for share in _AGES)
    return (
        shown,
        f"{score.documents:,}",
        f"{score.admitted:,}",
        f"{score.failures:,} ({_share(score.failures, score.documents)})",
        f"{score.tampered:,}",
        f"{score.spoiled:,} of {score.prompts:,}",
        f'<span class="nowrap">{ages}</span>',
        escape(_codes(score)),
    )


def _codes(score: SourceScore) -> str:
    counted = (f"{code} {n:,}" for code, n in score.codes.most_common(6) if code in CODES)
    return ", ".join(counted) or "\u2013"


def _share(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} %" if total else "\u2013"


def _chart(card: Scorecard) -> str:
    periods = list(card.periods.items())[-_PERIODS:]
    last = max(1, len(periods) - 1)
    sound = [(n / last, p.sound / max(1, p.prompts)) for n, (_, p) in enumerate(periods)]
    before = [(n / last, p.sound_before / max(1, p.prompts)) for n, (_, p) in enumerate(periods)]
    lowest, when = min((p.sound_before / max(1, p.prompts), start) for start, p in periods)
    return line_chart(
        [
            ("objective", [(0.0, card.objective), (1.0, card.objective)]),
            ("with the gate", sound),
            ("without it", before),
        ],
        alt=f"Share of sound prompts by {card.by}. Without the gate the lowest is {lowest:.0%}, at {when}.",
        x_ticks=_ticks([start for start, _ in periods]),
        y_ticks=[(n / 4, f"{n * 25} %") for n in range(5)],
        is_step=False,
    )


def _source_chart(card: Scorecard) -> str:
    """Return the share of documents admitted, for the four sources that are asked for most."""
    periods = list(card.periods.items())[-_PERIODS:]
    last = max(1, len(periods) - 1)
    lines = []
    for source in list(card.sources)[:4]:
        asked = [(n, p) for n, (_, p) in enumerate(periods) if p.documents[source]]
        lines.append((source, [(n / last, p.admitted[source] / p.documents[source]) for n, p in asked]))
    said = "; ".join(f"{source}: {points[0][1]:.0%}, at last {points[-1][1]:.0%}" for source, points in lines if points)
    return line_chart(
        lines,
        alt=f"Share of documents admitted by {card.by}. {said}",
        x_ticks=_ticks([start for start, _ in periods]),
        y_ticks=[(n / 4, f"{n * 25} %") for n in range(5)],
        is_step=False,
    )


def _ticks(starts: list[str]) -> list[tuple[float, str]]:
    step, last = max(1, len(starts) // 6), max(1, len(starts) - 1)
    return [(n / last, start) for n, start in enumerate(starts) if n % step == 0]


def _failing(card: Scorecard) -> list[tuple[str, ...]]:
    found = [
        (failed / max(1, period.documents[source]), start, source, failed, period.documents[source])
        for start, period in card.periods.items()
        for source, failed in period.failures.items()
    ]
    found.sort(reverse=True)
    return [(escape(start), escape(clip(source, 80)), f"{n:,}", f"{of:,}") for _, start, source, n, of in found[:10]]


add_view(Scorecard, scorecard_html, scorecard_rich)
