"""The last changes that a registry knows of the documents of a feed, as a history."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from headgate.clock import FIRST_DATE
from headgate.encoding import shown
from headgate.errors import HeadgateError
from headgate.registry import NEVER_TOLD, FeedRegistry, FeedState, Said
from headgate.tuning.lives import History, Life, stamped_together

__all__ = ["read_registry"]

_YEAR = timedelta(days=365)
_SHOWN = 10


def read_registry(file: Path, feed: str | None = None) -> History:
    """Return what a registry knows of how the documents of a feed have changed: of each its last change alone.

    Args:
        file: the registry.
        feed: the name of the feed; by default the only one that says when its documents were changed.

    Raises:
        HeadgateError: it is not a registry, or nobody can tell which feed is meant.
    """
    _require_registry(file)
    registry = FeedRegistry(file)
    try:
        state = _chosen(file, registry.states(), feed)
        said = list(registry.documents_of(state.feed).values())
    finally:
        registry.close()
    return _history(state, said, file)


def _require_registry(file: Path) -> None:
    """Raise if a file is none into which feeds were pulled: nothing is made in the database of somebody else."""
    try:
        with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'feed_states'").fetchone():
                return
    except sqlite3.Error as error:
        raise HeadgateError(f"{file}: it cannot be read ({type(error).__name__}).") from None
    raise HeadgateError(f"{file}: no feed was ever pulled into it. Name a checkout, or a file of changes.")


def _chosen(file: Path, states: Mapping[str, FeedState], name: str | None) -> FeedState:
    named = [state for state in states.values() if name is None or state.name == name]
    telling = [state for state in named if state.tells_changes]
    if len(telling) == 1:
        return telling[0]
    if name is not None and len(named) == 1:
        raise HeadgateError(f"{file}: the feed {shown(name)} does not say when its documents were changed.")
    known = sorted(state.name for state in states.values() if state.tells_changes)
    if not known:
        raise HeadgateError(f"{file}: no feed in it says when its documents were changed.")
    listed = ", ".join(shown(one) for one in known[:_SHOWN])
    raise HeadgateError(f"{file}: it has the feeds {listed}. Name the one that is meant: --feed NAME.")


def _history(state: FeedState, said: Sequence[Said], file: Path) -> History:
    changed = {one.document: one.modified for one in said if one.modified is not None and _is_dated(one)}
    gone = {one.document: one.seen for one in said if one.is_gone}
    runs = stamped_together(changed)
    for name in (name for run in runs for name in run):
        del changed[name]
    for name in (name for run in stamped_together(gone) for name in run):
        del gone[name]
    if not changed:
        raise HeadgateError(f"{file}: {shown(state.name)} does not say when its documents were changed.")
    # Not until the last pull: a checkout that nobody brings up to date is pulled as if nothing were changed.
    times = (*changed.values(), *gone.values())
    history = History(min(times), max(times), is_of_last_changes=True)
    history.bulk_changes, history.bulk_events = sum(map(len, runs)), len(runs)
    # Older changes say only that there was none since, and do not tell how often there is one.
    since = history.end - _YEAR
    history.lives += [Life(FIRST_DATE, changes=[at] if at > since else []) for at in changed.values()]
    history.lives += [Life(FIRST_DATE, at, is_gone=True) for at in gone.values()]
    return history


def _is_dated(said: Said) -> bool:
    return not said.is_gone and said.untold_until != NEVER_TOLD
