"""A git repository as a feed: which files there are, and the last commit that was about each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from headgate.origins.feeds.feed import Entry, FeedError, Pull
from headgate.origins.git import Commit, GitProblem, list_files, read_commits

__all__ = ["Repository"]

_BULK_DOCUMENTS, _BULK_SHARE = 10, 0.1


@dataclass(frozen=True, slots=True)
class Repository:
    """The files of a folder in a checkout.

    Args:
        folder: the folder.
        base: what the URIs of its files begin with.
        strip: the end of file names that URIs do not have.
    """

    folder: Path
    base: str
    strip: str = ""

    def pull(self, cursor: str, now: datetime) -> Pull:  # noqa: ARG002 - the commits are all there
        """Return the files of the last commit, each with the last change of its own.

        A commit that touched very many files at once is no evidence that any of them was changed, nor that it was not.
        Nothing is fetched: whoever runs the checkout pulls it.
        """
        try:
            files = set(list_files(self.folder))
            commits = list(read_commits(self.folder))
        except GitProblem as problem:
            raise FeedError(f"{self.folder}: {problem}.") from None
        if not files:
            raise FeedError(f"{self.folder}: the last commit has no file there.")
        changed, touched = _last_changes(commits, len(files))
        entries = [Entry(self._uri(name), changed.get(name), touched.get(name)) for name in sorted(files)]
        gone = sorted(self._uri(name) for name in {name for commit in commits for _, name in commit.files} - files)
        return Pull(entries, removed=gone, is_complete=True)

    def _uri(self, name: str) -> str:
        stem = name[: -len(self.strip)] if self.strip and name.endswith(self.strip) else name
        return self.base + quote(stem.encode("utf-8", "surrogateescape"))


def _last_changes(commits: list[Commit], files: int) -> tuple[dict[str, datetime], dict[str, datetime]]:
    """Return when each file was changed last, and when it was touched later together with very many others.

    It was changed by what was about it, or else by the first commit that has it.
    """
    found: dict[str, datetime] = {}
    first: dict[str, datetime] = {}
    touched: dict[str, datetime] = {}
    for commit in commits:  # the last one first
        is_bulk = len(commit.files) > max(_BULK_DOCUMENTS, _BULK_SHARE * files)
        for kind, name in commit.files:
            first[name] = commit.at
            if is_bulk:
                touched[name] = max(commit.at, touched.get(name, commit.at))
            elif kind != "removed":
                found.setdefault(name, commit.at)
    changed = {**first, **found}
    return changed, {name: at for name, at in touched.items() if at > changed[name]}
