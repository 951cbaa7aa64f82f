"""One fragment's work, committed as a whole: its rows as Parquet, then the record that says what they came of.

The record is what commits. A Parquet file without one was left by a run that ended before it; it is made again, and the
file is removed. A record is never replaced: of two processes that work on one fragment, the later one steps back.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import parquet

from headgate.corpus.datasets.fragments import Fragment
from headgate.corpus.datasets.opening import digest_of, read_fragment, require_unchanged
from headgate.corpus.datasets.summary import Summary
from headgate.corpus.item import CorpusItem
from headgate.corpus.kernel import Kernel
from headgate.corpus.rows import read_rows
from headgate.encoding import canonical_json
from headgate.errors import HeadgateError, one_line

__all__ = ["Failure", "Part", "PartWork", "remove_uncommitted"]

_AT_ONCE = 10_000
_BYTES_AT_ONCE = 128_000_000
_NOTICES = 20
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """What came of a fragment.

    Attributes:
        fragment: its name.
        input: the digest of what was read.
        settings: the digest of all else that the rows depend on.
        file: the Parquet file, in the folder of the parts.
        digest: its SHA-256, in hexadecimal.
        rows_in: how many rows were read.
        rows_out: how many are in the file.
        notices: what is to be said of the fragment as a whole.
        summary: what is in the file, as counts that add up.
    """

    fragment: str
    input: str
    settings: str
    file: str
    digest: str
    rows_in: int
    rows_out: int
    notices: tuple[str, ...] = ()
    summary: Summary = field(default_factory=Summary)

    def to_dict(self) -> dict[str, Any]:
        """Return the part as plain values."""
        return {**asdict(self), "notices": list(self.notices), "summary": self.summary.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Part:
        """Return the part that plain values describe.

        Raises:
            TypeError: they describe none.
            ValueError: the same.
        """
        more = {"notices": tuple(values["notices"]), "summary": Summary.from_dict(values["summary"])}
        return cls(**{**values, **more})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why nothing came of a fragment.

    Attributes:
        fragment: its name.
        reason: for people.
    """

    fragment: str
    reason: str


@dataclass(frozen=True)
class PartWork:
    """What is done with each fragment, in whichever process; it never raises.

    Args:
        kernel: what is done with its rows.
        folder: of the parts.
        settings: the digest of all that the rows depend on beside the fragment.
        has_places: whether each row says where it came from.
    """

    kernel: Kernel
    folder: Path
    settings: str
    has_places: bool

    def __call__(self, fragment: Fragment) -> Part | Failure:
        """Return what came of a fragment, now or in an earlier run."""
        try:
            return self._done(fragment)
        except MemoryError:
            return Failure(fragment.name, "there is not enough memory for it")
        except HeadgateError as error:
            return Failure(fragment.name, str(error))
        except OSError as error:
            return Failure(fragment.name, str(error.strerror or one_line(error)))
        except Exception as error:  # noqa: BLE001 - whatever a library raises about a file; the others go on
            return Failure(fragment.name, one_line(error))

    def _done(self, fragment: Fragment) -> Part:
        digest = digest_of(fragment)
        stem = f"part-{digest[:24]}-{self.settings[:16]}"
        record = self.folder / _record_of(stem)
        known = _read_record(record)
        if known is not None and known.settings == self.settings and _is_whole(self.folder, known):
            return known
        if known is not None:  # damaged, and so as good as none
            record.unlink(missing_ok=True)
        aside = self.folder / f".{stem}-{secrets.token_hex(4)}.parquet"
        try:
            part = self._write(fragment, digest, aside)
            require_unchanged(fragment)
            aside.replace(self.folder / part.file)
        finally:
            aside.unlink(missing_ok=True)
        return _commit(self.folder, record, part)

    def _write(self, fragment: Fragment, digest: str, aside: Path) -> Part:
        reading = _Reading(fragment, self.kernel)
        rows, summary = 0, Summary()
        empty = _placed(self.kernel.schema_for(pyarrow.schema([])), self.has_places)
        with aside.open("xb") as stream:
            with _Writer(stream, empty) as writer:
                for batch in self.kernel.stream(reading.blocks()):
                    summary.add(batch)
                    placed = _with_places(batch, reading.places) if self.has_places else batch
                    rows += placed.num_rows
                    writer.add(placed)
            stream.flush()
            os.fsync(stream.fileno())
        return Part(
            fragment=fragment.name,
            input=digest,
            settings=self.settings,
            file=aside.name.lstrip("."),
            digest=_digest(aside),
            rows_in=reading.rows,
            rows_out=rows,
            notices=tuple(reading.notices),
            summary=summary,
        )


class _Reading:
    """The documents of a fragment, counted while they are read."""

    def __init__(self, fragment: Fragment, kernel: Kernel) -> None:
        self._fragment, self._kernel = fragment, kernel
        self.rows = 0
        self.places: list[str] = []
        self.notices: list[str] = []

    def blocks(self) -> Iterator[tuple[Sequence[CorpusItem], Any]]:
        first = self._fragment.first
        name = self._fragment.name.partition("#")[0]
        for rows in read_fragment(self._fragment, self._kernel.fields):
            if isinstance(rows, list):
                items, batch = self._documents(rows), None
            else:
                items = list(read_rows(rows, fields=self._kernel.fields, place=name, first=first + self.rows))
                batch = rows
            self.rows += len(items)
            self.places = [item.place for item in items]
            if items:
                yield items, batch

    def _documents(self, items: list[CorpusItem]) -> list[CorpusItem]:
        """Leave out what is about the file as a whole, and keep it to be said."""
        for item in items:
            if not item.is_document and len(self.notices) < _NOTICES:
                self.notices.append(f"{item.place}: {item.problem}")
        return [item for item in items if item.is_document]


class _Writer:
    """Writes record batches as Parquet, in row groups of a useful size."""

    def __init__(self, stream: Any, empty: Any) -> None:
        self._stream, self._empty = stream, empty
        self._writer: Any = None
        self._held: list[Any] = []
        self._rows = self._bytes = 0

    def add(self, batch: Any) -> None:
        self._held.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= _AT_ONCE or self._bytes >= _BYTES_AT_ONCE:
            self._flush()

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            if self._held or self._writer is None:
                self._flush()
            self._writer.close()
        elif self._writer is not None:
            with suppress(Exception):  # the first error is the one to tell of
                self._writer.close()

    def _flush(self) -> None:
        table = pyarrow.Table.from_batches(self._held) if self._held else self._empty.empty_table()
        if self._writer is None:
            self._writer = parquet.ParquetWriter(self._stream, table.schema, compression="zstd")
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self._held, self._rows, self._bytes = [], 0, 0


def _placed(schema: Any, has_places: bool) -> Any:
    return pyarrow.schema([("place", pyarrow.string()), *schema]) if has_places else schema


def _with_places(batch: Any, places: Sequence[str]) -> Any:
    column = pyarrow.array(places, pyarrow.string())
    return pyarrow.RecordBatch.from_arrays([column, *batch.columns], schema=_placed(batch.schema, True))


def _record_of(stem: str) -> str:
    # A name that whoever reads the folder as a table passes over.
    return f"_{stem}.json"


def _commit(folder: Path, record: Path, part: Part) -> Part:
    """Write the record of a part, unless somebody else has; then theirs is the part."""
    aside = folder / f".{part.file}.json"
    with aside.open("xb") as stream:
        stream.write(canonical_json(part.to_dict()))
        stream.flush()
        os.fsync(stream.fileno())
    try:
        _link(aside, record)
    except FileExistsError:
        theirs = _read_record(record)
        if theirs is not None and _is_whole(folder, theirs):
            (folder / part.file).unlink(missing_ok=True)
            return theirs
        aside.replace(record)
    finally:
        aside.unlink(missing_ok=True)
    return part


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, if that is free.

    Raises:
        FileExistsError: it is not.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if target.exists():
            raise FileExistsError(str(target)) from None
        source.replace(target)


def remove_uncommitted(folder: Path, parts: Iterable[Part]) -> None:
    """Remove all files but those of the parts given: what a run left that ended in between, or of other inputs."""
    kept = {name for part in parts for name in (part.file, _record_of(part.file.rpartition("-")[0]))}
    for path in folder.iterdir():
        if path.name not in kept and path.name.lstrip("._").startswith("part-"):
            path.unlink(missing_ok=True)


def _read_record(path: Path) -> Part | None:
    try:
        return Part.from_dict(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return None


def _is_whole(folder: Path, part: Part) -> bool:
    try:
        return _digest(folder / part.file) == part.digest
    except OSError:
        return False


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
