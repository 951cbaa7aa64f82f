"""Histories of change: when the documents of a source were added, changed and removed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from headgate.clock import read_instant
from headgate.errors import HeadgateError
from headgate.origins.git import Change, Commit, GitProblem, read_commits
from headgate.tuning.lives import ALIKE, BULK_DOCUMENTS, BULK_SHARE, History, Life
from headgate.tuning.registries import read_registry

__all__ = ["History", "Life", "history_of", "read_history"]

_CHANGES: Mapping[object, Change] = {
    "added": "added",
    "changed": "changed",
    "removed": "removed",
    "listed": "added",
    "moved": "removed",  # as a feed of changes says it
}
_SQLITE = b"SQLite format 3"
_MOST_DOCUMENTS = 1_000_000
_MOST_LINE = 1_000_000


def read_history(place: Path, feed: str | None = None) -> History:
    """Return the history of a folder in a git checkout, of a file of changes, or of a feed in a registry.

    Args:
        place: a folder, a registry, or JSON Lines with `document`, `at` (ISO 8601 with an offset) and, where it is not
            a change, `kind`: added or removed. The lines of a feed of changes are read too; those without a time are
            left out.
        feed: of a registry the feed that is meant, by its name; by default the only one that dates changes.

    Raises:
        HeadgateError: it cannot be read, or nothing happened in it.
    """
    if _is_database(place):
        return read_registry(place, feed)
    if feed is not None:
        raise HeadgateError(f"{place}: only a registry holds feeds, and this is none.")
    try:
        return history_of(read_commits(place) if place.is_dir() else _at_once(_read_lines(place)))
    except GitProblem as problem:
        raise HeadgateError(f"{place}: {problem}.") from None


def history_of(commits: Iterable[Commit]) -> History:
    """Return the history that commits amount to, in whatever order they come.

    Raises:
        HeadgateError: there are none.
    """
    ordered = sorted(commits, key=lambda commit: commit.at)
    if not ordered:
        raise HeadgateError("nothing was ever changed there.")
    history = History(ordered[0].at, ordered[-1].at)
    alive: dict[str, Life] = {}
    for commit in ordered:
        changed = [name for kind, name in commit.files if kind != "removed" and name in alive]
        removed = sum(kind == "removed" for kind, _ in commit.files)
        most = max(BULK_DOCUMENTS, BULK_SHARE * len(alive))
        is_bulk = len(changed) > most
        history.bulk_events += is_bulk
        history.bulk_changes += len(changed) if is_bulk else 0
        for kind, name in commit.files:
            life = alive.get(name)
            if kind == "removed":
                if life is not None:
                    life.until, life.is_gone = commit.at, removed <= most
                    del alive[name]
            elif life is None:
                alive[name] = life = Life(commit.at)
                history.lives.append(life)
            elif not is_bulk:
                life.changes.append(commit.at)
    return history


def _is_database(place: Path) -> bool:
    try:
        with place.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def _at_once(events: Iterable[Commit]) -> Iterator[Commit]:
    """Yield as one what follows so closely that it was stamped together, as by a build."""
    ordered = sorted(events, key=lambda event: event.at)
    run: list[Commit] = []
    for event in ordered:
        if run and event.at - run[-1].at >= ALIKE:
            yield _joined(run)
            run = []
        run.append(event)
    if run:
        yield _joined(run)


def _joined(run: Sequence[Commit]) -> Commit:
    return Commit(run[0].at, tuple(file for event in run for file in event.files))


def _read_lines(file: Path) -> Iterator[Commit]:
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(iter(lambda: lines.readline(_MOST_LINE), b""), start=1):
                if number > _MOST_DOCUMENTS:
                    raise HeadgateError(f"{file}: more than {_MOST_DOCUMENTS:,} lines.")
                if line.strip():
                    yield from _read_line(file, number, line)
    except OSError as error:
        raise HeadgateError(f"{file}: it cannot be read ({error.strerror}).") from None


def _read_line(file: Path, number: int, line: bytes) -> Iterator[Commit]:
    try:
        event = json.loads(line)
        is_of_feed = "uri" in event
        name, kind = event["uri" if is_of_feed else "document"], event.get("kind", "changed")
        change = _CHANGES.get(kind)
        if isinstance(name, str) and change is not None:
            if "at" in event or not is_of_feed:
                yield Commit(read_instant(event["at"]), ((change, name),))
            return
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass
    raise HeadgateError(
        f"{file}:{number}: the line is not a change. Write "
        '{"document": "...", "at": "2026-06-01T12:00:00Z"}, and "kind": "added" or "removed" where it is one.'
    )
