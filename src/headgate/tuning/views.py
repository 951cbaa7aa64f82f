"""Curves, levels, comparisons and glossaries' effects for notebooks; nothing here needs more than headgate itself."""

from __future__ import annotations

import math
from datetime import timedelta

from headgate.codes import CODES
from headgate.policy import format_duration
from headgate.report import (
    Bar,
    badge,
    bar_chart,
    clip,
    diff_html,
    escape,
    fragment,
    line_chart,
    table,
    within,
)
from headgate.tuning.comparing import Comparison
from headgate.tuning.curves import Curve, Levels
from headgate.tuning.terms import TermEffect

__all__ = ["comparison_html", "curve_html", "levels_html", "terms_html"]

_DAY = timedelta(days=1)
_MOVES = 15
_ROUND = tuple(
    timedelta(days=days) for days in (1, 7, 14, 30, 60, 90, 180, 365, 730, 1_095, 1_825, 3_650, 7_300, 10_950)
)


def curve_html(curve: Curve) -> str:
    """Return a curve as a chart and a table."""
    whose = f"source {curve.source}" if curve.source else "all sources"
    sentence = f"{curve.documents:,} documents in {curve.prompts:,} prompts would be admissible at any age ({whose})."
    notes = []
    if curve.undated:
        notes.append(f"{curve.undated:,} have no usable time.")
    if curve.undecided:
        notes.append(f"{curve.undecided:,} cannot be decided again from what was recorded.")
    rows = []
    for age in _shown_ages(curve):
        point = curve.at(age)
        label = format_duration(age) + (" (now)" if age == curve.current else "")
        rows.append(
            (escape(label), *(_share(n, of) for n, of in _counted(curve, point.documents, point.prompts, point.whole)))
        )
    head = ("max_age", "documents", "prompts with a document", "prompts that lose none")
    return fragment(
        f"<p><strong>{escape(sentence)}</strong> {escape(' '.join(notes))}</p>",
        _curve_image(curve),
        table(head, rows, numbers=(1, 2, 3)),
    )


def levels_html(levels: Levels) -> str:
    """Return levels as a chart and a table."""
    whose = f"source {levels.source}" if levels.source else "all sources"
    first = levels.levels[0]
    bars = [Bar(f"require: {level.require}", level.documents, note=f"{level.documents:,}") for level in levels.levels]
    rows = [
        (
            f"<code>{escape(level.require)}</code>",
            _share(level.documents, level.total),
            _share(level.prompts, level.total_prompts),
            escape(", ".join(f"{code} {count:,}" for code, count in sorted(level.reasons.items()))),
            f"{level.undecided:,}",
        )
        for level in levels.levels
    ]
    head = ("required", "documents admitted", "prompts with a document", "kept out by", "undecided")
    return fragment(
        f"<p><strong>{first.total:,} documents in {first.total_prompts:,} prompts, by what is required of "
        f"{escape(whose)}.</strong></p>",
        bar_chart(bars, alt=f"documents admitted, by what is required of {whose}", longest=first.total),
        table(head, rows, numbers=(1, 2, 4)),
    )


def comparison_html(comparison: Comparison) -> str:
    """Return the documents that two policies decide differently."""
    before, after = comparison.admitted
    sentence = (
        f"{len(comparison.moves):,} documents are decided differently, in {comparison.changed_prompts:,} of "
        f"{comparison.prompts:,} prompts. Admitted: {before:,} of {comparison.documents:,}, then {after:,}."
    )
    rows = (
        (
            badge("\u2717 goes", "bad") if move.after == "drop" else badge("\u2713 comes", "good"),
            f"<code>{escape(clip(move.document, 120))}</code>",
            escape(clip(move.source, 60)),
            escape(", ".join(_title(code) for code in move.because[:4])),
            escape(clip(move.message, 200)),
            f"{move.prompts:,}",
        )
        for move in comparison.moves
    )
    kept, rest = within(rows, len(comparison.moves), "documents", _MOVES)
    note = f" {comparison.undecided:,} cannot be decided again." if comparison.undecided else ""
    head = ("", "document", "source", "what kept or keeps it out", "in words", "prompts")
    shown = table(head, kept, numbers=(5,)) + rest if comparison.moves else ""
    return fragment(f"<p><strong>{escape(sentence)}</strong>{escape(note)}</p>", shown)


def terms_html(effect: TermEffect) -> str:
    """Return what another glossary would change."""
    sentence = f"{effect.changed:,} of {effect.documents:,} texts would read differently."
    note = f" {effect.without_text:,} records keep no text." if effect.without_text else ""
    terms = sorted({*effect.before, *effect.after}, key=lambda term: -(effect.after[term] + effect.before[term]))
    rows = [(escape(clip(t, 120)), f"{effect.before[t]:,}", f"{effect.after[t]:,}") for t in terms[:40]]
    examples = "".join(
        f'<div class="text">{diff_html(text, rewrite.edits, shown=4)}</div>' for text, rewrite in effect.examples
    )
    ambiguous = ", ".join(f"{clip(alias, 60)} ({count:,})" for alias, count in effect.ambiguous.most_common(10))
    return fragment(
        f"<p><strong>{escape(sentence)}</strong>{escape(note)}</p>",
        table(("canonical term", "put in before", "put in then"), rows, numbers=(1, 2)) if rows else "",
        f"<p>Left alone as ambiguous: {escape(ambiguous)}.</p>" if ambiguous else "",
        examples,
    )


def _counted(curve: Curve, documents: int, prompts: int, whole: int) -> tuple[tuple[int, int], ...]:
    return ((documents, curve.documents), (prompts, curve.prompts), (whole, curve.prompts))


def _share(count: int, total: int) -> str:
    return f"{count:,} ({count / total:.0%})" if total else f"{count:,}"


def _title(code: str) -> str:
    return f"{code} {CODES[code].title}" if code in CODES else code


def _shown_ages(curve: Curve) -> list[timedelta]:
    oldest = curve.points[-1].max_age
    ages = [age for age in _ROUND if age < oldest * 2][-9:]
    return sorted({*ages, *([curve.current] if curve.current else [])})


def _curve_image(curve: Curve) -> str:
    oldest = max(curve.points[-1].max_age, curve.current or _DAY, _DAY)

    def place(age: timedelta) -> float:
        # Logarithmic: what matters between a day and a month is as wide as what matters between years.
        return max(0.0, math.log10(max(age / _DAY, 0.5) / 0.5)) / math.log10(oldest / _DAY / 0.5)

    end = (1.0, curve.points[-1])
    points = [*((place(point.max_age), point) for point in curve.points), end]
    documents = [(x, p.documents / max(1, curve.documents)) for x, p in points]
    prompts = [(x, p.prompts / max(1, curve.prompts)) for x, p in points]
    whole = [(x, p.whole / max(1, curve.prompts)) for x, p in points]
    ticks = [(place(age), format_duration(age)) for age in _ROUND if age <= oldest]
    half = curve.points[len(curve.points) // 2]
    alt = (
        f"What survives against max_age. At {format_duration(half.max_age)}: {half.documents:,} of {curve.documents:,}"
    )
    return line_chart(
        [("documents", documents), ("prompts with a document", prompts), ("prompts that lose none", whole)],
        alt=f"{alt} documents, {half.prompts:,} of {curve.prompts:,} prompts have one.",
        x_ticks=_apart(ticks),
        y_ticks=[(n / 4, f"{n * 25} %") for n in range(5)],
        mark=(place(curve.current), f"now {format_duration(curve.current)}") if curve.current else None,
    )


def _apart(ticks: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return the ticks that leave room for their labels."""
    kept: list[tuple[float, str]] = []
    for tick in ticks:
        if not kept or tick[0] - kept[-1][0] > 0.06:
            kept.append(tick)
    return kept
