"""What is about to go out of date, for people."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group

from headgate.codes import titled
from headgate.encoding import in_number
from headgate.policy.durations import format_duration
from headgate.record.refetch import Refetch
from headgate.report import (
    TERMINAL,
    Step,
    Verdict,
    add_view,
    badge,
    clip,
    escape,
    linked_html,
    new_table,
    plain,
    prose,
    signed,
    steps_rich,
    table,
    uri_html,
    verdict_html,
    verdict_rich,
    within,
)
from headgate.tuning.outlook import Ending, FeedOutlook, Outlook, SourceOutlook

__all__ = ["outlook_html", "outlook_rich", "outlook_verdict"]

_ROWS = 50
_TO_FETCH = "To fetch again"
_BADGES = {
    "over": ("out of date", "bad"),
    "unknown": ("never verified", "bad"),
    "soon": ("ends soon", "warn"),
    "good": ("current", "good"),
    "open": ("no rule", "before"),
}
_SOURCES = ("source", "state", "last verified", "kept out from")
_FEEDS = ("feed", "source", "last pulled")
_ENDINGS = ("document", "source", "prompts", "from", "what will keep it out")
_REFETCH = ("document", "pieces", "source", "seen", "why")


def outlook_html(outlook: Outlook, *, policy: str = "headgate.yaml") -> str:
    """Return an outlook as HTML.

    Args:
        outlook: the outlook.
        policy: the policy that it is of, as a command names it.
    """
    note = f"<p>{escape(_notes(outlook))}</p>" if _notes(outlook) else ""
    parts = [verdict_html(outlook_verdict(outlook, policy), note)]
    sources = (
        (f"<bdi>{escape(clip(row[0], 60))}</bdi>", badge(*_BADGES[one.state]), *map(escape, row[2:]))
        for one, row in _pairs(outlook)
    )
    kept, rest = within(sources, len(outlook.sources), "sources")
    parts.append(table(_SOURCES, kept) + rest)
    for title, head, rows, total, numbers in _lists(outlook):
        cells = ((uri_html(row[0], 160), *(f"<bdi>{linked_html(cell)}</bdi>" for cell in row[1:])) for row in rows)
        kept, rest = within(cells, total, "feeds" if title == "Feeds" else "documents", _ROWS)
        if kept:
            parts += [f"<h2>{title}</h2>", table(head, kept, numbers=numbers) + rest]
    return "".join(parts)


def outlook_rich(outlook: Outlook, *, policy: str = "headgate.yaml") -> Group:
    """Return an outlook for a terminal, with the same arguments as `outlook_html`."""
    verdict = outlook_verdict(outlook, policy)
    parts: list[Any] = [verdict_rich(verdict)]
    if _notes(outlook):
        parts.append(prose(_notes(outlook)))
    listed = new_table(None, [(name, False) for name in _SOURCES])
    for one, row in _pairs(outlook):
        listed.add_row(plain(row[0], 60), signed(*_BADGES[one.state]), *(plain(cell, 80) for cell in row[2:]))
    parts.append(listed)
    for title, head, rows, total, numbers in _lists(outlook):
        listed = new_table(title, [(name, place in numbers) for place, name in enumerate(head)])
        for row in list(rows)[:_ROWS]:
            listed.add_row(*(plain(cell, 80) for cell in row))
        if total:
            parts.append(listed)
        if total > _ROWS:
            parts.append(prose(f"and {total - _ROWS:,} more documents; --json lists all", TERMINAL["before"]))
    return Group(*parts, steps_rich(verdict))


def outlook_verdict(outlook: Outlook, policy: str = "headgate.yaml") -> Verdict:
    """Return whether anything is about to go out of date.

    Args:
        outlook: the outlook.
        policy: the policy that it is of, as a command names it.
    """
    if outlook.is_good:
        return Verdict("good", _sentence(outlook))
    is_late = any(one.state in ("over", "unknown") for one in outlook.sources) or bool(outlook.refetch)
    steps = []
    late = [one.source for one in outlook.sources if one.state in ("over", "unknown", "soon")]
    if late:
        command = f"headgate watch --policy {shlex.quote(policy)}"
        steps.append(Step(f"Verify again: {', '.join(clip(name, 60) for name in late[:5])}.", command))
    if outlook.refetch:
        wanted = in_number(len(outlook.refetch), "document")
        steps.append(Step(f"Fetch {wanted} again and seal or list them (listed as {_TO_FETCH!r})."))
    return Verdict("bad" if is_late else "warn", _sentence(outlook), steps=steps)


def _lists(
    outlook: Outlook,
) -> Iterator[tuple[str, Sequence[str], Iterator[tuple[str, ...]], int, tuple[int, ...]]]:
    yield "Feeds", _FEEDS, map(_feed, outlook.feeds), len(outlook.feeds), ()
    yield "What ends soon", _ENDINGS, map(_ending, outlook.endings), len(outlook.endings), (2,)
    yield _TO_FETCH, _REFETCH, map(_refetch, outlook.refetch), len(outlook.refetch), (1,)


def _sentence(outlook: Outlook) -> str:
    span = format_duration(outlook.within)
    if outlook.is_good:
        return f"Nothing ends within {span}, and nothing has to be fetched again."
    said = []
    late = sum(one.state in ("over", "unknown") for one in outlook.sources)
    soon = sum(one.state == "soon" for one in outlook.sources)
    if late:
        said.append(f"{in_number(late, 'source')} out of date")
    if soon:
        said.append(f"{in_number(soon, 'source')} to be verified within {span}")
    if outlook.endings:
        ends = "reaches its" if len(outlook.endings) == 1 else "reach their"
        said.append(f"{in_number(len(outlook.endings), 'document')} {ends} limit within {span}")
    if outlook.refetch:
        said.append(f"{in_number(len(outlook.refetch), 'document')} to fetch again")
    silent = sum(one.pulled is None for one in outlook.feeds)
    late = sum(one.is_late for one in outlook.feeds) - silent
    if silent:
        said.append(f"{in_number(silent, 'feed')} never pulled")
    if late:
        said.append(f"{in_number(late, 'feed')} silent for too long")
    return f"{'; '.join(said)}."


def _notes(outlook: Outlook) -> str:
    notes = []
    if outlook.undecided:
        notes.append(f"The records of {in_number(outlook.undecided, 'document')} say too little to look ahead.")
    if outlook.otherwise:
        them = in_number(outlook.otherwise, "document")
        notes.append(
            f"As recorded last, the policy keeps {them} out for a different reason than time: `headgate replay` says "
            "which, and `headgate audit` whether that still holds."
        )
    if outlook.skipped:
        notes.append(f"{in_number(outlook.skipped, 'line')} of the log could not be read.")
    return " ".join(notes)


def _pairs(outlook: Outlook) -> Iterator[tuple[SourceOutlook, tuple[str, ...]]]:
    for one in outlook.sources:
        verified = f"{one.verified.at:%Y-%m-%d %H:%M} ({one.verified.name})" if one.verified is not None else ""
        yield one, (one.source, "", verified, f"{one.ends:%Y-%m-%d %H:%M}" if one.ends is not None else "")


def _feed(one: FeedOutlook) -> tuple[str, ...]:
    return one.name, clip(one.source, 60), f"{one.pulled:%Y-%m-%d %H:%M}" if one.pulled is not None else "never"


def _ending(one: Ending) -> tuple[str, ...]:
    when = f"{one.at:%Y-%m-%d %H:%M}" if one.at is not None else ""
    return (
        one.document,
        clip(one.source, 60),
        f"{one.prompts:,}",
        when,
        ", ".join(map(titled, one.reasons)),
    )


def _refetch(one: Refetch) -> tuple[str, ...]:
    return one.document, str(len(one.pieces)), clip(one.source, 60), f"{one.at:%Y-%m-%d %H:%M}", titled(one.code)


add_view(Outlook, outlook_html, outlook_rich)
