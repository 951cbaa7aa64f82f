"""Dates for documents that have none: what the document, a server, the history or the file says about its last change.

In that order: a document's own statement (front matter) comes before what a server said when it was loaded
(`Last-Modified`), and that before the last commit that touched the file. The file's own time is that of a checkout or a
copy more often than not, so it is written under its own name, `file_time`, which no rule reads unless a policy says so.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone
from pathlib import Path
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from headgate.encoding import in_number
from headgate.errors import HeadgateError
from headgate.freshness import RESTRICTING_ROLES, Interval, Unreadable, find_entry, read_time
from headgate.freshness.catalogue import AGE_ROLES
from headgate.integration.frontmatter import split_front_matter
from headgate.origins.git import GitProblem, Repositories
from headgate.policy import MetadataKeys

__all__ = ["ADDED_KEYS", "DATE_KEY", "EVIDENCE", "FILE_TIME_KEY", "FROM_KEY", "Dated", "Dating", "report_undated"]

DATE_KEY = "last_modified"
FROM_KEY = "last_modified_from"
"""The metadata key that says on what the date rests: `front_matter`, `http`, `git` or `file`."""
FILE_TIME_KEY = "file_time"
ADDED_KEYS = (DATE_KEY, FROM_KEY, FILE_TIME_KEY)

EVIDENCE: tuple[str, ...] = ("front_matter", "http", "git")

_PLACES = ("file_path", "source", "path", "filepath", "url")
_HEADERS = ("headers", "response_headers", "http_headers")
_LONGEST_PATH = 2_048
_LONGEST_DATE = 64
_MOST_HEADERS = 1_000
_HEAD_BYTES = 128_000
_MOST_NAMED = 3

_log = logging.getLogger("headgate")


@dataclass(frozen=True, slots=True)
class Dated:
    """A document's metadata with a date.

    Attributes:
        metadata: a copy, with what was found.
        evidence: on what the date rests; `own` where the document had one, None where there is none.
        problem: why there is none, or why a better one could not be used.
    """

    metadata: dict[str, object]
    evidence: str | None
    problem: str | None = None


class Dating:
    """Adds `last_modified` to the metadata of documents that do not say when they were last changed.

    What front matter says beside that and restricts a document (an end of validity, a successor) is added as well.

    Args:
        root: where relative paths begin; no file outside of it is looked at. By default the current folder.
        evidence: what to use, the first that is there: `front_matter`, `http`, `git`.
        file_time: `separate` writes the file's own time as `file_time` where nothing better was found; `modified`
            writes it as `last_modified`, for folders whose files keep their times; `off` leaves it out.
        keys: how to read times without a zone, and further names of metadata keys.

    Raises:
        HeadgateError: there is no such evidence.
    """

    def __init__(
        self,
        root: str | Path = ".",
        *,
        evidence: Sequence[str] = EVIDENCE,
        file_time: str = "separate",
        keys: MetadataKeys | None = None,
    ) -> None:
        unknown = [name for name in evidence if name not in EVIDENCE]
        if unknown:
            raise HeadgateError(f"{unknown[0]!r} is not evidence of a date. Known: {', '.join(EVIDENCE)}.")
        if file_time not in ("separate", "modified", "off"):
            raise HeadgateError(f"file_time={file_time!r}: write separate, modified or off.")
        self._root = Path(root)
        self._evidence = tuple(evidence)
        self._file_time = file_time
        self._keys = keys or MetadataKeys()
        self._repositories = Repositories()

    def date_all(self, documents: Sequence[tuple[str, Mapping[str, object]]]) -> list[Dated]:
        """Return the metadata of documents, each with a date where one can be found; git is asked once for all.

        Args:
            documents: texts with their metadata, before they are split: front matter is at the top of a document.
        """
        files = [self._file_of(metadata) for _, metadata in documents]
        open_files = {
            file
            for file, (_, metadata) in zip(files, documents, strict=True)
            if file is not None and not self._is_dated(metadata, file)
        }
        commits = self._repositories.last_commits(open_files) if "git" in self._evidence and open_files else {}
        dated = [
            self._date(text, metadata, file, commits) for file, (text, metadata) in zip(files, documents, strict=True)
        ]
        if "front_matter" not in self._evidence:
            return dated
        return [
            replace(one, metadata={**self._restrictions(text, one.metadata, file), **one.metadata})
            for one, file, (text, _) in zip(dated, files, documents, strict=True)
        ]

    def _date(
        self, text: str, metadata: Mapping[str, object], file: Path | None, commits: Mapping[Path, str | GitProblem]
    ) -> Dated:
        if self._is_dated(metadata, file):
            return Dated(dict(metadata), "own")
        problems: list[str] = []
        for name in self._evidence:
            try:
                found = self._look(name, text, metadata, file, commits)
            except Unreadable as unreadable:
                # It is there and says something else than what would be taken instead.
                return Dated(dict(metadata), None, f"{name}: {unreadable}")
            except GitProblem as unanswered:
                problems.append(str(unanswered))
                continue
            if found is not None:
                return Dated({**metadata, DATE_KEY: found, FROM_KEY: name}, name)
        added: dict[str, object] = {}
        if file is not None and self._file_time != "off":
            time = _file_time(file)
            as_modified = time is not None and self._file_time == "modified"
            added = {DATE_KEY: time, FROM_KEY: "file"} if as_modified else {FILE_TIME_KEY: time} if time else {}
        evidence = "file" if DATE_KEY in added else None
        problem = "; ".join(problems) or ("nothing says when it was changed" if evidence is None else None)
        return Dated({**metadata, **added}, evidence, None if evidence else problem)

    def _look(
        self,
        name: str,
        text: str,
        metadata: Mapping[str, object],
        file: Path | None,
        commits: Mapping[Path, str | GitProblem],
    ) -> str | None:
        if name == "front_matter":
            return self._from_front_matter(text, file)
        if name == "http":
            header = _last_modified(metadata)
            return None if header is None else _written(self._read(header), header)
        commit = commits.get(file) if file is not None else None
        if isinstance(commit, GitProblem):
            raise commit
        return commit

    def _from_front_matter(self, text: object, file: Path | None) -> str | None:
        for candidate in (text, _head_of(file)):
            if not isinstance(candidate, str):
                continue
            try:
                front, _ = split_front_matter(candidate)
            except ValueError as error:
                raise Unreadable(str(error)) from None
            entry = find_entry(front, "modified", self._keys)
            if entry is not None:
                return _written(self._read(entry[1]), entry[1])
        return None

    def _restrictions(self, text: object, metadata: Mapping[str, object], file: Path | None) -> dict[str, object]:
        """Return what front matter says that restricts a document and metadata does not, such as an end of validity."""
        found: dict[str, object] = {}
        for candidate in (text, _head_of(file)):
            if not isinstance(candidate, str):
                continue
            try:
                front, _ = split_front_matter(candidate)
            except ValueError:
                continue  # which was said about its date
            for role in RESTRICTING_ROLES:
                entry = find_entry(front, role, self._keys)
                if entry is not None and find_entry(metadata, role, self._keys) is None:
                    found.setdefault(entry[0], entry[1])
        return found

    def _is_dated(self, metadata: Mapping[str, object], file: Path | None) -> bool:
        """Return whether a document has a date already that is not its file's."""
        entries = [entry for role in AGE_ROLES if (entry := find_entry(metadata, role, self._keys)) is not None]
        return any(not self._is_of_file(value, file) for _, value in entries)

    def _is_of_file(self, value: object, file: Path | None) -> bool:
        # What a folder reader writes as the last modification, or as the creation, is what the file says of itself.
        if type(value) is float:
            return True
        try:
            interval = self._read(value)
            stat = file.stat() if file is not None else None
        except (Unreadable, OSError, ValueError):
            return False
        if stat is None:
            return False
        times = [datetime.fromtimestamp(int(one), timezone.utc) for one in (stat.st_mtime, stat.st_ctime)]
        return any(interval.earliest <= one <= interval.latest for one in times)

    def _read(self, value: object) -> Interval:
        if isinstance(value, str) and len(value) > _LONGEST_DATE:
            raise Unreadable("it is too long for a date")
        zone = self._keys.timezone
        return read_time(value, zone=ZoneInfo(zone) if zone else None, date_order=self._keys.date_order)

    def _file_of(self, metadata: Mapping[str, object]) -> Path | None:
        root = self._root.resolve()
        for key in _PLACES:
            value = metadata.get(key)
            if isinstance(value, str) and 0 < len(value) <= _LONGEST_PATH:
                file = _below(root, value)
                if file is not None:
                    return file
        return None


def report_undated(found: Sequence[Dated]) -> None:
    """Log which documents have no date, and why, as one warning."""
    undated = [one for one in found if one.evidence is None]
    if not undated:
        return
    reasons = Counter(one.problem or "" for one in undated).most_common(_MOST_NAMED)
    named = "; ".join(f"{in_number(count, 'document')}: {reason}" for reason, count in reasons)
    _log.warning("%s of %d without a date that counts: %s", in_number(len(undated), "document"), len(found), named)


def _below(root: Path, value: str) -> Path | None:
    """Return the file that a path or `file:` URI means, if it is one below a folder."""
    path = unquote(value.removeprefix("file:").removeprefix("//")) if value.startswith("file:") else value
    # A folder reader's URIs begin with the folder's own name.
    for base in (root, root.parent):
        try:
            file = (base / path).resolve()
            if file.is_relative_to(root) and file.is_file():
                return file
        except (OSError, ValueError, RuntimeError):
            continue
    return None


def _head_of(file: Path | None) -> str | None:
    try:
        if file is None:
            return None
        with file.open("rb") as opened:
            return opened.read(_HEAD_BYTES).decode("utf-8", "replace").lstrip("\ufeff")
    except OSError:
        return None


def _last_modified(metadata: Mapping[str, object]) -> object:
    for name in _HEADERS:
        headers = metadata.get(name)
        if isinstance(headers, Mapping) and len(headers) <= _MOST_HEADERS:
            for key, value in headers.items():
                if isinstance(key, str) and key.lower() == "last-modified" and value is not None:
                    return value
    return None


def _written(interval: Interval, value: object) -> str:
    if interval.is_instant:
        return interval.earliest.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else str(value)


def _file_time(file: Path) -> str | None:
    try:
        return datetime.fromtimestamp(int(file.stat().st_mtime), timezone.utc).isoformat(timespec="seconds")
    except (OSError, ValueError, OverflowError):
        return None
