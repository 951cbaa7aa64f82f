"""A run over a data set: its folder, who may work in it, and what is there when it has come to its end.

run.json              what the run is about
parts/part-*.parquet  the rows that came of each fragment, and beside each its record
summary.json          counts over all of them
parts.json            the list of the parts; it is written last
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from headgate.corpus.datasets.fragments import Dataset, find_fragments
from headgate.corpus.datasets.ledger import LEDGER, PARTS, write_ledger
from headgate.corpus.datasets.parts import Failure, Part, PartWork, remove_uncommitted
from headgate.corpus.datasets.pool import each
from headgate.corpus.datasets.summary import Summary
from headgate.corpus.kernel import Kernel
from headgate.encoding import canonical_json
from headgate.errors import HeadgateError
from headgate.files import write_bytes
from headgate.provenance import SigningKey

__all__ = ["Begun", "Outcome", "Progress", "begun_in", "run"]

_FORM = 1  # of the folder; of another one nothing is used
_ABOUT, _SUMMARY, _LOCK = "run.json", "summary.json", ".lock"

Progress = Callable[[Dataset, Part | Failure], None]
"""Told of each fragment when it is finished."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that was begun in a folder.

    Attributes:
        about: what it is about.
        is_finished: whether it came to its end.
    """

    about: Mapping[str, object]
    is_finished: bool


@dataclass(slots=True)
class Outcome:
    """What came of a run.

    Attributes:
        folder: where it is.
        parts: of the fragments, in their order.
        failures: what nothing came of.
        passed_over: files of other kinds.
        summary: of all rows.
    """

    folder: Path
    parts: list[Part] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    summary: Summary = field(default_factory=Summary)

    @property
    def files(self) -> list[Path]:
        """The Parquet files."""
        return [self.folder / PARTS / one.file for one in self.parts]

    @property
    def notices(self) -> list[str]:
        """What is to be said of fragments as a whole."""
        return [notice for one in self.parts for notice in one.notices]

    @property
    def rows_in(self) -> int:
        """How many rows were read."""
        return sum(one.rows_in for one in self.parts)

    def to_dict(self) -> dict[str, object]:
        """Return the outcome as plain values."""
        return {
            "out": str(self.folder),
            "parts": len(self.parts),
            "rows_in": self.rows_in,
            "rows_out": sum(one.rows_out for one in self.parts),
            "failed": [{"fragment": one.fragment, "reason": one.reason} for one in self.failures],
            "notices": self.notices,
            "passed_over": self.passed_over,
            **self.summary.to_dict(),
        }


def begun_in(folder: Path) -> Begun | None:
    """Return the run that was begun in a folder; None where there is none.

    Raises:
        HeadgateError: what is there is of another version.
    """
    try:
        values = json.loads((folder / _ABOUT).read_bytes())
        if values["form"] != _FORM:
            raise HeadgateError(f"{folder} holds a run of another version of headgate. Name another folder.")
        return Begun(dict(values["about"]), (folder / LEDGER).exists())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise HeadgateError(f"{folder / _ABOUT} cannot be read ({type(error).__name__}). Remove the folder.") from None


def run(
    kernel: Kernel,
    place: str,
    folder: Path,
    *,
    workers: int,
    has_places: bool = True,
    key: SigningKey | None = None,
    progress: Progress | None = None,
    finish: Callable[[Outcome], None] | None = None,
) -> Outcome:
    """Work on a data set, or go on where an earlier run in the same folder ended.

    What is there of a fragment that has not changed, under the same settings, is not made again. Whatever moment a run
    is killed at, the next one loses nothing and does nothing twice.

    Args:
        kernel: what is done with the rows.
        place: the data set; see `headgate.corpus.datasets.fragments.find_fragments`.
        folder: where the results are written; it is made if there is none.
        workers: how many processes; with 0, this one does it all.
        has_places: whether each row that comes out says which row it is of.
        key: signs the list of the parts.
        progress: told of each fragment.
        finish: called before the list is written, for what is made of all parts.

    Raises:
        HeadgateError: there is no such data set; another run is working in the folder, or left its results there.
        OSError: the folder cannot be written.
    """
    _require_apart(place, folder)
    about = dict(kernel.about())
    settings = hashlib.sha256(canonical_json([_FORM, has_places, about])).hexdigest()
    parts = folder / PARTS
    parts.mkdir(parents=True, exist_ok=True)
    with _alone_in(folder):
        before = begun_in(folder)
        if before is not None and before.about != json.loads(canonical_json(about)):
            raise HeadgateError(_is_of_another(folder, before.about, about))
        (folder / LEDGER).unlink(missing_ok=True)
        write_bytes(folder / _ABOUT, canonical_json({"form": _FORM, "about": about, "place": _unsecret(place)}))
        dataset = find_fragments(place)
        outcome = _collect(dataset, PartWork(kernel, parts, settings, has_places), workers, progress)
        outcome.folder = folder
        remove_uncommitted(parts, outcome.parts)
        if finish is not None:
            finish(outcome)
        write_bytes(folder / _SUMMARY, canonical_json(outcome.summary.to_dict()))
        write_ledger(folder, {one.file: one.digest for one in outcome.parts}, _says(about, outcome), key)
    return outcome


def _says(about: Mapping[str, object], outcome: Outcome) -> dict[str, object]:
    return {
        "about": about,
        "rows_in": outcome.rows_in,
        "rows_out": sum(one.rows_out for one in outcome.parts),
        "parts": [
            {"fragment": one.fragment, "input": one.input, "rows_in": one.rows_in, "rows_out": one.rows_out}
            for one in outcome.parts
        ],
        "failed": [{"fragment": one.fragment, "reason": one.reason} for one in outcome.failures],
    }


def _collect(dataset: Dataset, work: PartWork, workers: int, progress: Progress | None) -> Outcome:
    outcome = Outcome(work.folder, passed_over=dataset.passed_over)
    outcome.failures = [Failure(name, reason) for name, reason in dataset.problems.items()]
    found: dict[str, Part] = {}
    for one in each(work, dataset.fragments, workers):
        if isinstance(one, Part):
            found[one.fragment] = one
        else:
            outcome.failures.append(one)
        if progress is not None:
            progress(dataset, one)
    # In the order of the data set, whichever was finished first.
    outcome.parts = [found[one.name] for one in dataset.fragments if one.name in found]
    outcome.failures.sort(key=lambda one: one.fragment)
    for part in outcome.parts:
        outcome.summary.merge(part.summary)
    return outcome


def _require_apart(place: str, folder: Path) -> None:
    """Refuse a folder that is in the data set, or that the data set is in: results would be read as rows."""
    if "://" in place:
        return
    read, written = Path(place).resolve(), folder.resolve()
    if read == written or read in written.parents or written in read.parents:
        raise HeadgateError(f"{folder} and {place} are within one another. Write the results elsewhere.")


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder; the system lets them in when this one ends, however it ends.

    Where there is no flock, only one run may work in a folder.

    Raises:
        HeadgateError: another one is working there.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HeadgateError(f"another run is working in {folder}. Wait for it, or name another folder.") from None
        yield
    finally:
        os.close(descriptor)


def _is_of_another(folder: Path, before: Mapping[str, object], about: Mapping[str, object]) -> str:
    plain = json.loads(canonical_json(about))
    differing = sorted(name for name in {*before, *plain} if before.get(name) != plain.get(name))
    return (
        f"{folder} holds the results of another run: {', '.join(differing)} differ. "
        "Name another folder, or remove this one."
    )


def _unsecret(place: str) -> str:
    scheme, mark, rest = place.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if mark else place
