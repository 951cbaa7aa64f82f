"""Curves, levels, comparisons and glossaries' effects for people; nothing here needs more than headgate itself."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Literal

from rich.console import Group
from rich.text import Text

from headgate.codes import titled
from headgate.encoding import in_number
from headgate.policy import format_duration
from headgate.report import (
    TERMINAL,
    Bar,
    Step,
    Verdict,
    add_view,
    badge,
    bar_chart,
    clip,
    diff_html,
    escape,
    line_chart,
    linked_html,
    new_table,
    plain,
    prose,
    steps_rich,
    table,
    titled_html,
    uri_html,
    verdict_html,
    verdict_rich,
    within,
)
from headgate.tuning.comparing import Comparison
from headgate.tuning.curves import Curve, Levels
from headgate.tuning.suggesting import Suggestion
from headgate.tuning.terms import TermEffect

__all__ = ["comparison_html", "curve_html", "levels_html", "suggestion_html", "terms_html"]

_DAY = timedelta(days=1)
_MOVES = 15
_WHOLE = 0.9
_TERMS = 40
_ROUND = tuple(
    timedelta(days=days) for days in (1, 7, 14, 30, 60, 90, 180, 365, 730, 1_095, 1_825, 3_650, 7_300, 10_950)
)
_CURVE_HEAD = ("max_age", "documents", "prompts with a document", "prompts that lose none")
_LEVELS_HEAD = ("required", "documents admitted", "prompts with a document", "undecided", "kept out by")
_MOVES_HEAD = ("document", "change", "source", "prompts", "what kept or keeps it out", "in words")
_INTERVALS_HEAD = ("verified every", "out of date at its end", "at most (95%)", "budget")
_TERMS_HEAD = ("canonical term", "put in before", "put in then")


def curve_html(curve: Curve) -> str:
    """Return a curve as a chart and a table."""
    return (
        _headed(_curve_verdict(curve)) + _curve_image(curve) + _html_table(_CURVE_HEAD, _curve_rows(curve), (1, 2, 3))
    )


def curve_rich(curve: Curve) -> Group:
    """Return a curve for a terminal."""
    return _rich_table(_curve_verdict(curve), _CURVE_HEAD, _curve_rows(curve), (1, 2, 3))


def levels_html(levels: Levels) -> str:
    """Return levels as a chart and a table."""
    bars = [Bar(f"require: {level.require}", level.documents, note=f"{level.documents:,}") for level in levels.levels]
    alt = f"Documents admitted of {levels.levels[0].total:,}, by what is required"
    chart = bar_chart(bars, alt=alt, longest=levels.levels[0].total)
    return _headed(_levels_verdict(levels)) + chart + _html_table(_LEVELS_HEAD, _levels_rows(levels), (1, 2, 3))


def levels_rich(levels: Levels) -> Group:
    """Return levels for a terminal."""
    return _rich_table(_levels_verdict(levels), _LEVELS_HEAD, _levels_rows(levels), (1, 2, 3))


def comparison_html(comparison: Comparison) -> str:
    """Return the documents that two policies decide differently."""
    rows = (
        (
            uri_html(move.document),
            badge("\u2717 dropped", "bad") if move.after == "drop" else badge("\u2713 added", "good"),
            f"<bdi>{escape(clip(move.source, 60))}</bdi>",
            f"{move.prompts:,}",
            ", ".join(titled_html(code) for code in move.because[:4]),
            f"<bdi>{escape(clip(move.message, 200))}</bdi>",
        )
        for move in comparison.moves
    )
    kept, rest = within(rows, len(comparison.moves), "documents", _MOVES)
    shown = table(_MOVES_HEAD, kept, numbers=(3,)) + rest if comparison.moves else ""
    return _headed(_comparison_verdict(comparison)) + shown


def comparison_rich(comparison: Comparison) -> Group:
    """Return the documents that two policies decide differently, for a terminal."""
    rows = (
        (
            clip(move.document, 70),
            "\u2717 dropped" if move.after == "drop" else "\u2713 added",
            clip(move.source, 30),
            f"{move.prompts:,}",
            ", ".join(titled(code) for code in move.because[:4]),
        )
        for move in comparison.moves[:_MOVES]
    )
    return _rich_table(_comparison_verdict(comparison), _MOVES_HEAD[:-1], rows, (3,), len(comparison.moves))


def terms_html(effect: TermEffect) -> str:
    """Return what another glossary would change."""
    rows = _terms_rows(effect)
    examples = "".join(
        f'<div class="text" dir="auto">{diff_html(text, rewrite.edits, shown=4)}</div>'
        for text, rewrite in effect.examples
    )
    return _headed(_terms_verdict(effect)) + (_html_table(_TERMS_HEAD, rows, (1, 2)) if rows else "") + examples


def terms_rich(effect: TermEffect) -> Group:
    """Return what another glossary would change, for a terminal."""
    return _rich_table(_terms_verdict(effect), _TERMS_HEAD, _terms_rows(effect), (1, 2))


def suggestion_html(suggestion: Suggestion) -> str:
    """Return a suggestion as a sentence and a table."""
    rows = _html_table(_INTERVALS_HEAD, _interval_rows(suggestion), (1, 2))
    return _headed(_suggestion_verdict(suggestion)) + rows


def suggestion_rich(suggestion: Suggestion) -> Group:
    """Return a suggestion for a terminal."""
    return _rich_table(_suggestion_verdict(suggestion), _INTERVALS_HEAD, _interval_rows(suggestion), (1, 2))


def _suggestion_verdict(suggestion: Suggestion) -> tuple[Verdict, str]:
    days = round(suggestion.span / _DAY)
    seen = f"{in_number(suggestion.changes, 'change')} of {in_number(suggestion.documents, 'document')}"
    note = f"{suggestion.why} Seen: {seen} in {in_number(days, 'day')}."
    if suggestion.within is None:
        return Verdict("warn", "Nothing is suggested."), note
    line = f"verified_within: {format_duration(suggestion.within)}"
    return Verdict("good", line, steps=(Step("In the policy, for the source:", f"freshness: {{{line}}}"),)), note


def _interval_rows(suggestion: Suggestion) -> Iterable[tuple[str, ...]]:
    for one in suggestion.intervals:
        mark = "within the budget" if one.at_most <= suggestion.budget else ""
        yield format_duration(one.within), f"{one.share:.1%}", f"{one.at_most:.1%}", mark


def _headed(said: tuple[Verdict, str]) -> str:
    return verdict_html(said[0], f"<p>{escape(said[1])}</p>" if said[1] else "")


def _html_table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int]) -> str:
    cells = [tuple(f"<bdi>{linked_html(cell)}</bdi>" if cell else "" for cell in row) for row in rows]
    return table(head, cells, numbers=tuple(numbers))


def _rich_table(
    said: tuple[Verdict, str],
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers: Sequence[int],
    total: int | None = None,
) -> Group:
    listed = new_table(None, [(name, place in numbers) for place, name in enumerate(head)])
    for row in rows:
        listed.add_row(*(plain(cell, 100) for cell in row))
    verdict, note = said
    parts: list[Any] = [verdict_rich(verdict)]
    if note:
        parts.append(prose(note))
    if listed.row_count:
        parts += [Text(), listed]
    if total is not None and total > listed.row_count:
        parts.append(Text(f"and {total - listed.row_count:,} more; to_dict() has all", style=TERMINAL["before"]))
    return Group(*parts, steps_rich(verdict))


def _curve_verdict(curve: Curve) -> tuple[Verdict, str]:
    whose = f"source {curve.source}" if curve.source else "all sources"
    documents, prompts = in_number(curve.documents, "document"), in_number(curve.prompts, "prompt")
    sentence = f"{documents} in {prompts} would be admissible at any age ({whose})."
    undated = f"{curve.undated:,} {'has' if curve.undated == 1 else 'have'} no usable time." if curve.undated else ""
    undecided = f"{curve.undecided:,} cannot be decided again from what was recorded." if curve.undecided else ""
    note = f"{undated} {undecided}".strip()
    steps = []
    wanted = curve.shortest(_WHOLE)
    if wanted is not None and (curve.current is None or curve.current < wanted):
        words = f"{_WHOLE:.0%} of the prompts lose nothing to age from this on; in the policy:"
        steps.append(Step(words, f"freshness: {{max_age: {format_duration(wanted)}}}"))
    if curve.current is None:
        return Verdict("warn", f"{sentence} The policy sets no max_age.", steps=steps), note
    now = curve.at(curve.current)
    after = f"{now.documents:,} of {documents} admitted; {now.whole:,} of {prompts} lose none"
    kind: Literal["good", "warn"] = "good" if now.whole >= _WHOLE * curve.prompts else "warn"
    before = f"at any age {documents} in {prompts}"
    return Verdict(kind, sentence, before, f"at {format_duration(curve.current)}: {after}", steps), note


def _curve_rows(curve: Curve) -> list[tuple[str, ...]]:
    rows = []
    for age in _shown_ages(curve):
        point = curve.at(age)
        label = format_duration(age) + (" (now)" if age == curve.current else "")
        counted = _counted(curve, point.documents, point.prompts, point.whole)
        rows.append((label, *(_share(count, total) for count, total in counted)))
    return rows


def _levels_verdict(levels: Levels) -> tuple[Verdict, str]:
    whose = f"source {levels.source}" if levels.source else "all sources"
    first, last = levels.levels[0], levels.levels[-1]
    documents, prompts = in_number(first.total, "document"), in_number(first.total_prompts, "prompt")
    sentence = f"{documents} in {prompts}, by what is required of {whose}."
    kind: Literal["good", "warn"] = "good" if last.documents == first.documents else "warn"
    before, after = (f"require: {one.require} admits {one.documents:,}" for one in (first, last))
    return Verdict(kind, sentence, before, after), ""


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


def _comparison_verdict(comparison: Comparison) -> tuple[Verdict, str]:
    before, after = comparison.admitted
    moves = len(comparison.moves)
    sentence = (
        f"{in_number(moves, 'document')} {'is' if moves == 1 else 'are'} decided differently, in "
        f"{comparison.changed_prompts:,} of {in_number(comparison.prompts, 'prompt')}. Admitted: {before:,} of "
        f"{comparison.documents:,}, then {after:,}."
    )
    note = f"{comparison.undecided:,} cannot be decided again." if comparison.undecided else ""
    kind: Literal["good", "warn"] = "warn" if moves else "good"
    return Verdict(kind, sentence, f"{before:,} admitted", f"{in_number(after, 'document')} admitted"), note


def _terms_verdict(effect: TermEffect) -> tuple[Verdict, str]:
    notes = [f"{in_number(effect.without_text, 'record')} without text."] if effect.without_text else []
    ambiguous = ", ".join(f"{clip(alias, 60)} ({count:,})" for alias, count in effect.ambiguous.most_common(10))
    notes += [f"Left alone as ambiguous: {ambiguous}."] if ambiguous else []
    sentence = f"{effect.changed:,} of {in_number(effect.documents, 'text')} would read differently."
    return Verdict("warn" if effect.changed or effect.ambiguous else "good", sentence), " ".join(notes)


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
        y_ticks=[(n / 4, f"{n * 25}%") for n in range(5)],
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
