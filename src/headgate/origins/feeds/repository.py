"""A git repository as a feed: which files there are, and the last commit that was about each."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from headgate.clock import read_instant
from headgate.origins.feeds.feed import Entry, FeedError, Pull
from headgate.origins.git import Commit, GitProblem, GitTimeout, arrived_since, find_head, list_files, read_commits
from headgate.registry import NEVER_TOLD

__all__ = ["Repository"]

_BULK_DOCUMENTS, _BULK_SHARE = 10, 0.1


@dataclass(frozen=True, slots=True)
class Repository:
    """The files of a folder in a checkout.

    Args:
        folder: the folder.
        base: what the URIs of its files begin with.
        strip: the end of file names that URIs do not have.
        within: how long a pull may take.
    """

    folder: Path
    base: str
    strip: str = ""
    within: timedelta = timedelta(minutes=1)

    def pull(self, cursor: str, now: datetime) -> Pull:
        """Return the files of the last commit, each with the last change of its own.

        A commit that touched very many files at once is not evidence that any of them was changed, nor that it was not.
        What has arrived since the last pull was changed no earlier than that, whatever the dates of commits say.
        Nothing is fetched: whoever runs the checkout pulls it.
        """
        seconds = self.within.total_seconds()
        deadline = time.monotonic() + seconds
        try:
            head = find_head(self.folder, deadline)
            # One commit throughout: somebody may pull meanwhile.
            listed = dict(list_files(self.folder, head, deadline))
            commits = list(read_commits(self.folder, head, deadline))
            before = _Before.read(self.folder, cursor, head, deadline)
        except GitTimeout:
            late = f"{self.folder}: no end within {seconds:g} s. Give the feed more: timeout: 10m."
            raise FeedError(late) from None
        except GitProblem as problem:
            raise FeedError(f"{self.folder}: {problem}.") from None
        files = set(listed)
        if not files:
            raise FeedError(f"{self.folder}: the last commit has no file there.")
        if before is not None:
            commits = [before.as_arrived(commit, now) for commit in commits]
        changed, touched = _last_changes(commits, len(files), now)
        untold = before.pulled if before is not None and before.arrived is None else None
        dates = {
            name: max((at for at in (touched.get(name), untold) if at is not None), default=None) for name in files
        }
        # What a link shows is changed by commits about another file.
        dates.update((name, NEVER_TOLD) for name, is_link in listed.items() if is_link)
        entries = [Entry(self._uri(name), changed.get(name), dates[name]) for name in sorted(files)]
        gone = sorted(self._uri(name) for name in {name for commit in commits for _, name in commit.files} - files)
        notes = ["Its history was rewritten: texts from before the last pull are not verified."] if untold else []
        return Pull(entries, removed=gone, is_complete=True, cursor=f"{head} {now.isoformat()}", notes=notes)

    def _uri(self, name: str) -> str:
        stem = name[: -len(self.strip)] if self.strip and name.endswith(self.strip) else name
        return self.base + quote(stem.encode("utf-8", "surrogateescape"))


@dataclass(frozen=True, slots=True)
class _Before:
    """The pull before.

    Attributes:
        pulled: when it was.
        arrived: the commits and the files that are new since then; None where its history is no more.
    """

    pulled: datetime
    arrived: tuple[frozenset[str], frozenset[str]] | None

    @classmethod
    def read(cls, folder: Path, cursor: str, now: str, deadline: float) -> _Before | None:
        """Return what a cursor says; None for the first pull.

        Args:
            folder: the folder of the checkout.
            cursor: that of the pull before.
            now: the hash of the last commit.
            deadline: when git has to be at its end.

        Raises:
            GitProblem: git cannot say what is new.
        """
        head, _, pulled = cursor.partition(" ")
        try:
            return cls(read_instant(pulled), arrived_since(folder, head, now, deadline))
        except ValueError as error:
            if isinstance(error, GitProblem):
                raise
            return None

    def as_arrived(self, commit: Commit, now: datetime) -> Commit:
        """Return a commit as of when it came. Of a merge that is new, what was there before it is left out.

        One that is older than the pull before, and was not there then, came at any time up to now.
        """
        if self.arrived is None or commit.id not in self.arrived[0]:
            return commit
        # What was changed and changed back in between was another text for a while.
        files = tuple(file for file in commit.files if not commit.is_merge or file[1] in self.arrived[1])
        return Commit(commit.at if commit.at > self.pulled else now, files, commit.id)


def _last_changes(commits: list[Commit], files: int, now: datetime) -> tuple[dict[str, datetime], dict[str, datetime]]:
    """Return when each file was changed last, and when it was touched later together with very many others.

    It was changed by what was about it; what came with very many others was not. The latest date counts, not that of
    the last commit: a rebase keeps dates, and clocks are wrong.
    """
    found: dict[str, datetime] = {}
    first: dict[str, datetime] = {}
    touched: dict[str, datetime] = {}
    for commit in commits:  # the last one first
        is_bulk = len(commit.files) > max(_BULK_DOCUMENTS, _BULK_SHARE * files)
        for kind, name in commit.files:
            at = min(commit.at, now)
            if is_bulk:
                touched[name] = max(at, touched.get(name, at))
            elif kind != "removed":
                found[name] = max(at, found.get(name, at))
            else:
                first[name] = at
    changed = {**first, **found}
    return changed, {name: at for name, at in touched.items() if name not in changed or at > changed[name]}
