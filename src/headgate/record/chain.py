"""The chain of a decision log: every record names the one before it, so that one that is missing or changed is found.

Each process chains its own records, because two processes cannot agree on an order without waiting for one another. The
first record of a chain names the last one that the file held then, whoever wrote it. docs/decision-log.md has the
format, and what a chain cannot show.
"""

from __future__ import annotations

import json
import os
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headgate.encoding import are, digest_label, in_number
from headgate.record.reading import raw_lines, record_in
from headgate.record.schema import ChainRecord

__all__ = [
    "Chain",
    "ChainCheck",
    "Head",
    "LogLines",
    "last_digest",
    "line_digest",
    "lines_of",
    "link_of",
    "read_heads",
    "verify_chain",
    "verify_lines",
]

LogLines = Iterable[tuple[str, "bytes | None", bool]]
"""The lines of a log: place, bytes (None for what cannot be read), and whether a chain may begin before them."""

_TAIL = 1_000_000
# How far back the record may be that another process saw as the last one when it began.
_RECENT = 10_000
_MOST_FINDINGS = 1_000
_MOST_CHAINS = 1_000_000


class Chain:
    """The records of one writer, in their order.

    Args:
        previous: the digest of the last record that the file holds, whoever wrote it; None if it holds none.
    """

    def __init__(self, previous: str | None = None) -> None:
        self.previous = previous
        self._id = secrets.token_hex(8)
        self._number = 0

    def link(self) -> ChainRecord:
        """Return what the next record says about its place."""
        return {"id": self._id, "n": self._number, "prev": self.previous}

    def advance(self, line: bytes) -> None:
        """Go on behind a record that has been written."""
        self.previous = line_digest(line)
        self._number += 1


@dataclass(frozen=True, slots=True)
class Head:
    """The last record of a chain.

    Attributes:
        number: its place in the chain, from 0.
        digest: of its line.
    """

    number: int
    digest: str


@dataclass(slots=True)
class ChainCheck:
    """What the chains of a log show.

    Attributes:
        records: how many records were looked at.
        unchained: how many of them are before the first chained one; older versions wrote no chain.
        findings: what is wrong, with file and line; at most 1,000 of them.
        count: how much is wrong.
        earlier: chains that begin before the oldest file, with how many of their records are not here.
        heads: the last record of each chain.
    """

    records: int = 0
    unchained: int = 0
    findings: list[str] = field(default_factory=list)
    count: int = 0
    earlier: dict[str, int] = field(default_factory=dict)
    heads: dict[str, Head] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.count

    def report(self, place: str, problem: str) -> None:
        """Add a finding."""
        self.count += 1
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(f"{place}: {problem}")

    def to_dict(self) -> dict[str, object]:
        """Return everything as plain JSON values; the heads can be kept elsewhere, for a later check."""
        return {
            "records": self.records,
            "unchained": self.unchained,
            "problems": self.count,
            "findings": list(self.findings),
            "earlier": dict(self.earlier),
            "heads": {name: [head.number, head.digest] for name, head in self.heads.items()},
        }


def line_digest(line: bytes) -> str:
    """Return the digest by which a record is named: of its bytes, without line break or what was torn before it."""
    return digest_label(record_in(line))


def last_digest(descriptor: int) -> str | None:
    """Return the digest of the last whole line of a file, or None if there is none within its last million bytes."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - _TAIL)
    os.lseek(descriptor, start, os.SEEK_SET)
    tail = os.read(descriptor, size - start)
    lines = tail.split(b"\n")[:-1]  # what follows the last line break is torn
    if start:
        lines = lines[1:]
    return next((line_digest(line) for line in reversed(lines) if line.strip()), None)


def verify_chain(paths: Iterable[str | Path], known: Mapping[str, Head] | None = None) -> ChainCheck:
    """Return what the chains of log files show.

    Args:
        paths: the files of one log, the oldest first.
        known: heads that were seen before, from receipts or an earlier check, and kept where the log's keeper cannot
            write: they must be here. Without them nothing shows that records are missing at a chain's end.

    Raises:
        HeadgateError: a file cannot be read.
    """
    return verify_lines([lines_of([Path(path) for path in paths])], known)


def verify_lines(logs: Iterable[LogLines], known: Mapping[str, Head] | None = None) -> ChainCheck:
    """Return what the chains of logs show, from wherever their lines come.

    Args:
        logs: of each log the lines, in their order. A chain may begin before what is here in the oldest file of a log
            that was rotated.
        known: as for `verify_chain`.
    """
    return _Verifier(known or {}).run(logs)


def lines_of(files: Sequence[Path]) -> Iterator[tuple[str, bytes | None, bool]]:
    """Yield the lines of the files of one log, the oldest first, as `verify_lines` takes them.

    Raises:
        HeadgateError: a file cannot be read.
    """
    for number, path in enumerate(files):
        # In a log that was never rotated, every chain begins at its beginning.
        may_begin_before = number == 0 and len(files) > 1
        for place, line in raw_lines(path):
            yield place, line, may_begin_before


def read_heads(value: Any) -> dict[str, Head]:
    """Return the heads in what an earlier check printed as JSON.

    Raises:
        ValueError: there are none.
    """
    heads = value.get("heads") if isinstance(value, Mapping) else None
    if not isinstance(heads, Mapping) or not all(_is_head(entry) for entry in heads.values()):
        raise ValueError("there are no heads of chains in it")
    return {str(name): Head(entry[0], entry[1]) for name, entry in heads.items()}


def _is_head(entry: object) -> bool:
    return isinstance(entry, list) and len(entry) == 2 and type(entry[0]) is int and isinstance(entry[1], str)


class _Verifier:
    """Goes through a log once; what it keeps is one entry per chain, and the last records."""

    def __init__(self, known: Mapping[str, Head]) -> None:
        self._known = known
        self._met: set[str] = set()
        self._check = ChainCheck()
        self._recent: OrderedDict[str, None] = OrderedDict()
        self._is_chained = False

    def run(self, logs: Iterable[LogLines]) -> ChainCheck:
        for log in logs:
            self._recent.clear()
            self._is_chained = False
            for place, line, may_begin_before in log:
                self._look_at(place, line, may_begin_before=may_begin_before)
        self._require_known()
        return self._check

    def _look_at(self, place: str, line: bytes | None, *, may_begin_before: bool) -> None:
        found = _link_in(line) if line is not None else None
        if found is None:
            return
        self._check.records += 1
        digest = line_digest(line) if line is not None else ""
        link, problem = found
        if link is None:
            self._unchained(place, problem)
        else:
            self._is_chained = True
            self._follow(place, link, digest, may_begin_before=may_begin_before)
        self._remember(digest)

    def _unchained(self, place: str, problem: str) -> None:
        if problem:
            self._check.report(place, problem)
        elif self._is_chained:
            self._check.report(place, "a record without a chain comes after chained ones, so it was added")
        else:
            self._check.unchained += 1

    def _follow(self, place: str, link: ChainRecord, digest: str, *, may_begin_before: bool) -> None:
        name, number, previous = link["id"], link["n"], link["prev"]
        head = self._check.heads.get(name)
        if head is None:
            self._begin(place, link, may_begin_before=may_begin_before)
        elif number <= head.number:
            problem = "repeated" if digest in self._recent else "out of order"
            self._check.report(place, f"record {number} of the chain {name} is {problem}, behind {head.number}")
            return
        elif number > head.number + 1:
            missing = in_number(number - head.number - 1, "record")
            self._check.report(
                place, f"{missing} of the chain {name} {are(number - head.number - 1)} missing before it"
            )
        elif previous != head.digest:
            self._check.report(place, f"the record before it in the chain {name} is not the one that was written")
        self._check.heads[name] = Head(number, digest)
        self._compare(place, name, self._check.heads[name])

    def _begin(self, place: str, link: ChainRecord, *, may_begin_before: bool) -> None:
        name, number, previous = link["id"], link["n"], link["prev"]
        if len(self._check.heads) >= _MOST_CHAINS:
            self._check.report(place, "there are more chains than are followed")
        if number and may_begin_before:
            self._check.earlier[name] = number
        elif number:
            self._check.report(
                place, f"the first {in_number(number, 'record')} of the chain {name} {are(number)} missing"
            )
        elif previous is not None and previous not in self._recent and not may_begin_before:
            self._check.report(place, f"the record is missing after which the chain {name} began")

    def _compare(self, place: str, name: str, found: Head) -> None:
        known = self._known.get(name)
        if known is not None and known.number == found.number:
            self._met.add(name)
            if known.digest != found.digest:
                self._check.report(place, f"record {found.number} of the chain {name} is not the one that is known")

    def _require_known(self) -> None:
        for name, known in self._known.items():
            head = self._check.heads.get(name)
            # A rotated file that is gone takes its chains along; what is known of them cannot be here.
            is_rotated_away = head is not None and known.number < self._check.earlier.get(name, 0)
            if name not in self._met and not is_rotated_away:
                self._check.report("known", f"record {known.number} of the chain {name} is not here")

    def _remember(self, digest: str) -> None:
        self._recent[digest] = None
        if len(self._recent) > _RECENT:
            self._recent.popitem(last=False)


def _link_in(line: bytes) -> tuple[ChainRecord | None, str] | None:
    """Return where a line says that it belongs, or what is wrong with that; None for a line that is not a record."""
    try:
        value = json.loads(record_in(line))
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or value.get("type") != "admission":
        return None
    if value.get("chain") is None:
        return None, ""
    link = link_of(value)
    return (link, "") if link is not None else (None, "what it says about its chain cannot be read")


def link_of(record: Mapping[str, Any]) -> ChainRecord | None:
    """Return the place of a record in its chain; None where it names none, or none that can be read."""
    link = record.get("chain")
    if (
        not isinstance(link, dict)
        or not isinstance(link.get("id"), str)
        or type(link.get("n")) is not int
        or link["n"] < 0
        or not (link.get("prev") is None or isinstance(link["prev"], str))
    ):
        return None
    return {"id": link["id"][:64], "n": link["n"], "prev": link.get("prev")}
