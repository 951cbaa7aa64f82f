"""The scorecard of sources for people."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from rich.console import Group
from rich.text import Text

from headgate.admission.overriding import Override
from headgate.admission.quarantine import Held
from headgate.encoding import in_number
from headgate.history.counting import modes_in_words
from headgate.history.scorecard import Scorecard, SourceScore
from headgate.report import (
    Listing,
    Step,
    Verdict,
    add_view,
    age_in_words,
    badge,
    clip,
    escape,
    figures,
    line_chart,
    linked_html,
    new_table,
    plain,
    prose,
    ranked,
    steps_rich,
    table,
    verdict_html,
    verdict_rich,
    within,
)

__all__ = ["scorecard_html", "scorecard_rich", "scorecard_verdict"]

_ROWS = 100
_REASONS = 12
_PERIODS = 400
_LATEST = 24
_AGES = (0.5, 0.9, 0.99)


def scorecard_verdict(card: Scorecard, log: str = "LOG") -> Verdict:
    """Return whether the objective is met.

    Args:
        card: the scorecard.
        log: the log that it is of, as a command names it.
    """
    if not card.prompts:
        return Verdict("warn", _sentence(card))
    kind: Literal["good", "bad", "warn"] = "bad" if not card.is_met else "good" if card.is_enforced else "warn"
    held = f"{_share(card.sound, card.prompts)} of prompts {_held(card)} only admissible documents"
    worst = max(card.sources.items(), key=lambda pair: pair[1].spoiled, default=None)
    steps = []
    if worst is not None and worst[1].spoiled:
        name, score = worst
        words = f"Without the gate, source {clip(name, 60)} would spoil the most prompts ({score.spoiled:,}): "
        steps.append(
            Step(words + _reasons(score), f"headgate log {shlex.quote(log)} --source {shlex.quote(clip(name, 60))}")
        )
    return Verdict(kind, _sentence(card), f"{_share(card.sound_before, card.prompts)} without the gate", held, steps)


def scorecard_html(
    card: Scorecard,
    held: Mapping[str, Held] | None = None,
    opened: Mapping[str, Override] | None = None,
    *,
    log: str = "LOG",
) -> str:
    """Return a scorecard as HTML.

    Args:
        card: the scorecard.
        held: sources in quarantine.
        opened: sources that are open by hand.
        log: the log that it is of, as a command names it.
    """
    parts = [verdict_html(scorecard_verdict(card, log)), *(f"<p>{escape(note)}</p>" for note in _notes(card))]
    parts += [f"<p>{badge('opened by hand', 'warn')} {escape(str(one))}</p>" for one in (opened or {}).values()]
    if not card.prompts:
        return "".join(parts)
    parts.append(
        figures(
            (
                (_share(card.sound, card.prompts), f"of the prompts {_held(card)} only admissible documents"),
                (_share(card.sound_before, card.prompts), "would have without the gate"),
                (f"{card.empty:,}", f"{'prompt' if card.empty == 1 else 'prompts'} {_left(card)} no document left"),
                (f"{card.prompts - card.sound:,} of {_allowed(card)}", "prompts of the error budget spent"),
            )
        )
    )
    if len(card.periods) > 1:
        parts += [f"<h2>Sound prompts by {card.by}</h2>", _chart(card)]
    rows, rest = within(
        (_cells(name, score, held or {}) for name, score in card.sources.items()), len(card.sources), "sources", _ROWS
    )
    head = (
        "source",
        "documents",
        "admitted" if card.is_enforced else "admissible",
        "kept out",
        "of these without proof",
        "and tampered",
        "prompts it spoils without the gate",
        "age p50 / p90 / p99",
        "kept out for",
    )
    parts += ["<h2>Sources</h2>", table(head, rows, numbers=(1, 2, 3, 4, 5, 6)) + rest]
    if len(card.periods) > 1:
        admitted = "Admitted" if card.is_enforced else "Admissible"
        parts += [f"<h2>{admitted} by source and {card.by}</h2>", _source_chart(card)]
    failing = _failing(card)
    if failing:
        parts += [
            f"<h2>Without proof by {card.by}, the worst {len(failing)}</h2>",
            table((card.by, "source", "without proof", "of"), failing, numbers=(2, 3)),
            '<p class="soft"><code>to_dict()</code>, or <code>--json</code>, has all.</p>',
        ]
    return "".join(parts)


def scorecard_rich(card: Scorecard, *, log: str = "LOG") -> Group:
    """Return a scorecard for a terminal.

    Args:
        card: the scorecard.
        log: the log that it is of, as a command names it.
    """
    verdict = scorecard_verdict(card, log)
    parts: list[Any] = [verdict_rich(verdict), *map(prose, _notes(card))]
    admitted = "admitted" if card.is_enforced else "admissible"
    columns = [("source", False), ("documents", True), (admitted, True), ("kept out", True), ("without proof", True)]
    columns += [("tampered", True), ("prompts spoiled", True), ("age p50", True), ("p99", True)]
    listed = new_table(None, [*columns, ("kept out for", False)])
    for name, score in list(card.sources.items())[:_ROWS]:
        listed.add_row(
            plain(name, 40),
            f"{score.documents:,}",
            f"{score.admitted:,}",
            f"{score.kept_out:,}",
            f"{score.failures:,}",
            f"{score.tampered:,}",
            f"{score.spoiled:,} of {score.prompts:,}",
            age_in_words(score.ages.percentile(0.5)),
            age_in_words(score.ages.percentile(0.99)),
            Text(_reasons(score)),
        )
    if len(card.sources) > _ROWS:
        listed.caption = f"and {len(card.sources) - _ROWS:,} more sources; --json lists all"
    parts += [Text(), listed]
    if len(card.periods) > 1:
        parts += [Text(), _periods_rich(card)]
    return Group(*parts, steps_rich(verdict))


def _periods_rich(card: Scorecard) -> Listing:
    """Return the latest periods; all of them are in the page and in `to_dict`."""
    latest = list(card.periods.items())[-_LATEST:]
    title = f"By {card.by}" + (
        f", the latest {_LATEST} of {len(card.periods):,}; --json lists all" if len(card.periods) > _LATEST else ""
    )
    columns = [
        (card.by, False),
        ("prompts", True),
        ("sound", True),
        ("without the gate", True),
        ("without proof", True),
    ]
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
    words = "missed" if not card.is_met else "met" if card.is_enforced else "met, as far as it was enforced"
    emptied = f" {in_number(card.empty, 'prompt')} {_left(card)} no document left." if card.empty else ""
    spent = f"{card.budget_spent:.0%} of the error budget is spent"
    before = f"{card.sound_before:,}" if card.sound_before else "none"
    return (
        f"In {modes_in_words(card.modes)}: {card.sound:,} of {in_number(card.prompts, 'prompt')} {_held(card)} only "
        f"admissible documents; without the gate, {before} would have.{emptied} "
        f"The objective of {card.objective * 100:.4g}% is {words}: {spent}."
    )


def _allowed(card: Scorecard) -> str:
    """Return how many prompts the objective allows to be unsound, in whole prompts: of a part of one, none is spent."""
    return f"{int(card.budget):,}" if card.budget >= 1 else "less than 1"


def _held(card: Scorecard) -> str:
    return "held" if card.is_enforced else "would hold"


def _left(card: Scorecard) -> str:
    return "had" if card.is_enforced else "would have"


def _notes(card: Scorecard) -> Iterator[str]:
    if card.prompts and not card.is_enforced:
        yield (
            f"Judged as if enforced: {card.prompts - card.enforced:,} of {card.prompts:,} admissions were not, and "
            "what counts here as kept out of their prompts was in them."
        )
    let_in = sum(score.let_in for score in card.sources.values())
    if let_in:
        yield (
            f"{in_number(let_in, 'document')} came in although a check "
            f"failed for {'it' if let_in == 1 else 'them'}: rules in audit or warn mode."
        )
    if card.skipped:
        yield f"{in_number(card.skipped, 'line')} of the log skipped."


def _cells(name: str, score: SourceScore, held: Mapping[str, Held]) -> tuple[str, ...]:
    shown = f"<strong><bdi>{escape(clip(name, 80))}</bdi></strong>"
    if name in held:
        since = f"{held[name].since:%Y-%m-%d %H:%M} UTC"
        shown += f" {badge('in quarantine', 'bad')}<br>" + f'<span class="soft">since {since}</span>'
    ages = "<br>".join(dict.fromkeys(escape(age_in_words(score.ages.percentile(share))) for share in _AGES))
    return (
        shown,
        f"{score.documents:,}",
        f"{score.admitted:,}",
        f"{score.kept_out:,} ({_share(score.kept_out, score.documents)})",
        f"{score.failures:,}",
        f"{score.tampered:,}",
        f"{score.spoiled:,} of {score.prompts:,}",
        ages,
        linked_html(_reasons(score)),
    )


def _reasons(score: SourceScore) -> str:
    """Return why documents were kept out, what kept out most first: the numbers add up to `kept_out`."""
    counted = ranked(score.reasons)
    said = ", ".join(f"{reason} {count:,}" for reason, count in counted[:_REASONS])
    if len(counted) > _REASONS:
        rest = sum(count for _, count in counted[_REASONS:])
        said += f", and {rest:,} for {len(counted) - _REASONS:,} other reasons"
    return said or "\u2013"


def _share(count: int, total: int) -> str:
    return f"{100 * count / total:.1f}%" if total else "\u2013"


def _chart(card: Scorecard) -> str:
    periods = list(card.periods.items())[-_PERIODS:]
    last = max(1, len(periods) - 1)
    sound = [(n / last, p.sound / max(1, p.prompts)) for n, (_, p) in enumerate(periods)]
    before = [(n / last, p.sound_before / max(1, p.prompts)) for n, (_, p) in enumerate(periods)]
    lowest, when = min((p.sound_before / max(1, p.prompts), start) for start, p in periods)
    return line_chart(
        [
            ("with the gate", sound),
            ("without it", before),
            ("objective", [(0.0, card.objective), (1.0, card.objective)]),
        ],
        alt=(
            f"Share of sound prompts by {card.by}. With the gate {_share(card.sound, card.prompts)}, without it "
            f"{_share(card.sound_before, card.prompts)}; without it the lowest is {lowest:.0%}, at {when}. "
            f"The objective is {card.objective * 100:.4g}%."
        ),
        x_ticks=_ticks([start for start, _ in periods]),
        y_ticks=[(n / 4, f"{n * 25}%") for n in range(5)],
        is_step=False,
        kinds=("good", "before", "warn"),
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
        y_ticks=[(n / 4, f"{n * 25}%") for n in range(5)],
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
