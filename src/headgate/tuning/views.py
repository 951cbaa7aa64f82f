"""Curves, levels, comparisons and glossaries' effects for people; nothing here needs more than headgate itself."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from rich.console import Group
from rich.text import Text

from headgate.codes import titled
from headgate.policy import format_duration
from headgate.report import (
    Bar,
    add_view,
    badge,
    bar_chart,
    clip,
    diff_html,
    escape,
    line_chart,
    new_table,
    plain,
    prose,
    table,
    within,
)
from headgate.tuning.comparing import Comparison
from headgate.tuning.curves import Curve, Levels
from headgate.tuning.suggesting import Suggestion
from headgate.tuning.terms import TermEffect

__all__ = ["comparison_html", "curve_html", "levels_html", "suggestion_html", "terms_html"]

_DAY = timedelta(days=1)
_MOVES = 15
_TERMS = 40
_ROUND = tuple(
    timedelta(days=days) for days in (1, 7, 14, 30, 60, 90, 180, 365, 730, 1_095, 1_825, 3_650, 7_300, 10_950)
)
_CURVE_HEAD = ("max_age", "documents", "prompts with a document", "prompts that lose none")
_LEVELS_HEAD = ("required", "documents admitted", "prompts with a document", "undecided", "kept out by")
_MOVES_HEAD = ("", "document", "source", "prompts", "what kept or keeps it out", "in words")
_INTERVALS_HEAD = ("verified every", "out of date at its end", "at most (95 %)", "")
_TERMS_HEAD = ("canonical term", "put in before", "put in then")


def curve_html(curve: Curve) -> str:
    """Return a curve as a chart and a table."""
    return _headed(_curve_words(curve)) + _curve_image(curve) + _html_table(_CURVE_HEAD, _curve_rows(curve), (1, 2, 3))


def curve_rich(curve: Curve) -> Group:
    """Return a curve for a terminal."""
    return _rich_table(_curve_words(curve), _CURVE_HEAD, _curve_rows(curve), (1, 2, 3))


def levels_html(levels: Levels) -> str:
    """Return levels as a chart and a table."""
    bars = [Bar(f"require: {level.require}", level.documents, note=f"{level.documents:,}") for level in levels.levels]
    chart = bar_chart(bars, alt="Documents admitted, by what is required", longest=levels.levels[0].total)
    return _headed(_levels_words(levels)) + chart + _html_table(_LEVELS_HEAD, _levels_rows(levels), (1, 2, 3))


def levels_rich(levels: Levels) -> Group:
    """Return levels for a terminal."""
    return _rich_table(_levels_words(levels), _LEVELS_HEAD, _levels_rows(levels), (1, 2, 3))


def comparison_html(comparison: Comparison) -> str:
    """Return the documents that two policies decide differently."""
    rows = (
        (
            badge("\u2717 goes", "bad") if move.after == "drop" else badge("\u2713 comes", "good"),
            f"<code>{escape(clip(move.document, 120))}</code>",
            escape(clip(move.source, 60)),
            f"{move.prompts:,}",
            escape(", ".join(titled(code) for code in move.because[:4])),
            escape(clip(move.message, 200)),
        )
        for move in comparison.moves
    )
    kept, rest = within(rows, len(comparison.moves), "documents", _MOVES)
    shown = table(_MOVES_HEAD, kept, numbers=(3,)) + rest if comparison.moves else ""
    return _headed(_comparison_words(comparison)) + shown


def comparison_rich(comparison: Comparison) -> Group:
    """Return the documents that two policies decide differently, for a terminal."""
    rows = (
        (
            "\u2717 goes" if move.after == "drop" else "\u2713 comes",
            clip(move.document, 70),
            clip(move.source, 30),
            f"{move.prompts:,}",
            ", ".join(titled(code) for code in move.because[:4]),
        )
        for move in comparison.moves[:_MOVES]
    )
    return _rich_table(_comparison_words(comparison), _MOVES_HEAD[:-1], rows, (3,), len(comparison.moves))


def terms_html(effect: TermEffect) -> str:
    """Return what another glossary would change."""
    rows = _terms_rows(effect)
    examples = "".join(
        f'<div class="text">{diff_html(text, rewrite.edits, shown=4)}</div>' for text, rewrite in effect.examples
    )
    return _headed(_terms_words(effect)) + (_html_table(_TERMS_HEAD, rows, (1, 2)) if rows else "") + examples


def terms_rich(effect: TermEffect) -> Group:
    """Return what another glossary would change, for a terminal."""
    return _rich_table(_terms_words(effect), _TERMS_HEAD, _terms_rows(effect), (1, 2))


def suggestion_html(suggestion: Suggestion) -> str:
    """Return a suggestion as a sentence and a table."""
    rows = _html_table(_INTERVALS_HEAD, _interval_rows(suggestion), (1, 2))
    return _headed(_suggestion_words(suggestion)) + rows


def suggestion_rich(suggestion: Suggestion) -> Group:
    """Return a suggestion for a terminal."""
    return _rich_table(_suggestion_words(suggestion), _INTERVALS_HEAD, _interval_rows(suggestion), (1, 2))


def _suggestion_words(suggestion: Suggestion) -> tuple[str, str]:
    what = "Nothing is suggested."
    if suggestion.within is not None:
        what = f"verified_within: {format_duration(suggestion.within)}"
    days = round(suggestion.span / _DAY)
    seen = f"{suggestion.changes:,} changes of {suggestion.documents:,} documents in {days:,} days."
    return what, f"{suggestion.why} Seen: {seen}"


def _interval_rows(suggestion: Suggestion) -> Iterable[tuple[str, ...]]:
    for one in suggestion.intervals:
        mark = "within the budget" if one.at_most <= suggestion.budget else ""
        yield format_duration(one.within), f"{one.share:.1%}", f"{one.at_most:.1%}", mark


def _headed(words: tuple[str, str]) -> str:
    return f"<p><strong>{escape(words[0])}</strong> {escape(words[1])}</p>"


def _html_table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int]) -> str:
    return table(head, [tuple(map(escape, row)) for row in rows], numbers=tuple(numbers))


def _rich_table(
    words: tuple[str, str],
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers: Sequence[int],
    total: int | None = None,
) -> Group:
    listed = new_table(None, [(name, place in numbers) for place, name in enumerate(head)])
    for row in rows:
        listed.add_row(*(plain(cell, 100) for cell in row))
    parts: list[Any] = [prose(words[0], "bold")]
    if words[1]:
        parts.append(prose(words[1]))
    if listed.row_count:
        parts += [Text(), listed]
    if total is not None and total > listed.row_count:
        parts.append(Text(f"and {total - listed.row_count:,} more", style="dim"))
    return Group(*parts)


def _curve_words(curve: Curve) -> tuple[str, str]:
    whose = f"source {curve.source}" if curve.source else "all sources"
    sentence = f"{curve.documents:,} documents in {curve.prompts:,} prompts would be admissible at any age ({whose})."
    undated = f"{curve.undated:,} have no usable time." if curve.undated else ""
    undecided = f"{curve.undecided:,} cannot be decided again from what was recorded." if curve.undecided else ""
    return sentence, f"{undated} {undecided}".strip()


def _curve_rows(curve: Curve) -> list[tuple[str, ...]]:
    rows = []
    for age in _shown_ages(curve):
        point = curve.at(age)
        label = format_duration(age) + (" (now)" if age == curve.current else "")
        counted = _counted(curve, point.documents, point.prompts, point.whole)
        rows.append((label, *(_share(count, total) for count, total in counted)))
    return rows


def _levels_words(levels: Levels) -> tuple[str, str]:
    whose = f"source {levels.source}" if levels.source else "all sources"
    first = levels.levels[0]
    return f"{first.total:,} documents in {first.total_prompts:,} prompts, by what is required of {whose}.", ""


def _levels_rows(levels: Levels) -> list[tuple[str, ...]]:
    return [
        (
            level.require,
            _share(level.documents, level.total),
            _share(level.prompts, level.total_prompts),
            f"{level.undecided:,}",
            ", ".join(f"{code} {count:,}" for code, count in sorted(level.reasons.items())),
        )
        for level in levels.levels
    ]


def _comparison_words(comparison: Comparison) -> tuple[str, str]:
    before, after = comparison.admitted
    sentence = (
        f"{len(comparison.moves):,} documents are decided differently, in {comparison.changed_prompts:,} of "
        f"{comparison.prompts:,} prompts. Admitted: {before:,} of {comparison.documents:,}, then {after:,}."
    )
    return sentence, f"{comparison.undecided:,} cannot be decided again." if comparison.undecided else ""


def _terms_words(effect: TermEffect) -> tuple[str, str]:
    notes = [f"{effect.without_text:,} records keep no text."] if effect.without_text else []
    ambiguous = ", ".join(f"{clip(alias, 60)} ({count:,})" for alias, count in effect.ambiguous.most_common(10))
    notes += [f"Left alone as ambiguous: {ambiguous}."] if ambiguous else []
    return f"{effect.changed:,} of {effect.documents:,} texts would read differently.", " ".join(notes)


def _terms_rows(effect: TermEffect) -> list[tuple[str, ...]]:
    terms = sorted({*effect.before, *effect.after}, key=lambda term: (-effect.after[term] - effect.before[term], term))
    return [(clip(t, 120), f"{effect.before[t]:,}", f"{effect.after[t]:,}") for t in terms[:_TERMS]]


def _counted(curve: Curve, documents: int, prompts: int, whole: int) -> tuple[tuple[int, int], ...]:
    return ((documents, curve.documents), (prompts, curve.prompts), (whole, curve.prompts))


def _share(count: int, total: int) -> str:
    return f"{count:,} ({count / total:.0%})" if total else f"{count:,}"


def _shown_ages(curve: Curve) -> list[timedelta]:
    oldest = curve.points[-1].max_age
    # One round age beyond the oldest document, where the curve has come to its end.
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


add_view(Curve, curve_html, curve_rich)
add_view(Levels, levels_html, levels_rich)
add_view(Comparison, comparison_html, comparison_rich)
add_view(Suggestion, suggestion_html, suggestion_rich)
add_view(TermEffect, terms_html, terms_rich)
