"""JSON Lines, one document per line: reading, writing, and the count that shows when lines are missing."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from headgate.chunk import Chunk
from headgate.corpus.item import CorpusItem
from headgate.corpus.records import NO_FIELDS, Fields, parse_json, to_item
from headgate.encoding import in_number, to_json
from headgate.limits import Limits

__all__ = ["COUNT_KEY", "LINES_SUFFIXES", "read_lines", "to_line", "to_lines"]

LINES_SUFFIXES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
"""How the names of JSON Lines end."""

COUNT_KEY = "headgate"
"""The name, beside `text` and `metadata`, under which a line says which one it is: `{"document": 3}`.

The last line adds how many there are: `{"document": 10, "of": 10}`. So a file that lost its end, or lines in between,
is known from a complete one, wherever it was copied, and readers that do not know the name pass over it.
"""


def to_line(chunk: Chunk, *, is_ascii: bool = False, count: Mapping[str, int] | None = None) -> str:
    """Return a chunk as a line of JSON Lines, as `read_corpus` reads it.

    Args:
        chunk: the chunk.
        is_ascii: whether characters other than ASCII are escaped, for streams of any encoding.
        count: what to write under `COUNT_KEY`.

    Raises:
        ValueError: its metadata cannot be written as JSON.
    """
    record = {"id": chunk.id, "text": chunk.text, "metadata": dict(chunk.metadata), COUNT_KEY: count}
    try:
        return to_json({key: value for key, value in record.items() if value is not None}, is_ascii=is_ascii)
    except RecursionError:
        raise ValueError("its metadata is nested too deeply") from None


def to_lines(chunks: Iterable[Chunk], *, is_ascii: bool = False) -> Iterator[str]:
    """Yield chunks as lines that say which one they are, and the last one how many there are.

    Raises:
        ValueError: a chunk's metadata cannot be written as JSON.
    """
    # One is held back, because only the last line says how many there are.
    number, last = 0, None
    for chunk in chunks:
        if last is not None:
            yield to_line(last, is_ascii=is_ascii, count={"document": number})
        number, last = number + 1, chunk
    if last is not None:
        yield to_line(last, is_ascii=is_ascii, count={"document": number, "of": number})


def read_lines(file: Path, limits: Limits, fields: Fields = NO_FIELDS) -> Iterator[CorpusItem]:
    """Yield the documents of a JSON Lines file, what cannot be read of it, and whether lines are missing."""
    tally = _Tally()
    try:
        with _open(file) as lines:
            # Twice the text, for escapes and metadata.
            for number, line in enumerate(_bounded(lines, 2 * limits.text_bytes), 1):
                place = f"{file}:{number}"
                if line is None:
                    yield CorpusItem(place, None, f"it is longer than {2 * limits.text_bytes:,} bytes")
                elif line.strip():
                    yield _read_record(line, place, limits, fields, tally)
    except (OSError, EOFError, zlib.error) as error:
        yield CorpusItem(str(file), None, f"it cannot be read to its end ({error})")
    problem = tally.problem()
    if problem is not None:
        yield CorpusItem(str(file), None, problem, is_document=False)


@dataclass(slots=True)
class _Tally:
    """How many of the documents say which one they are, and how many there ought to be."""

    numbered: int = 0
    expected: int | None = None

    def add(self, count: object) -> None:
        if not isinstance(count, dict) or type(count.get("document")) is not int:
            return
        self.numbered += 1
        if type(count.get("of")) is int:
            # Files may be joined: each has a last line of its own.
            self.expected = (self.expected or 0) + count["of"]

    def problem(self) -> str | None:
        if not self.numbered or self.numbered == self.expected:
            return None
        held = f"it holds {in_number(self.numbered, 'document')}"
        if self.expected is None:
            return f"its end is missing: {held}, and not the last one, which counts them"
        return f"{held}, but was written with {self.expected:,}"


def _open(file: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(file, "rb")) if file.suffix == ".gz" else file.open("rb")


def _bounded(stream: BinaryIO, most: int) -> Iterator[bytes | None]:
    """Yield the lines of a stream, and None for one that is longer than `most` bytes."""
    while line := stream.readline(most):
        if line.endswith(b"\n") or len(line) < most:
            yield line
            continue
        # What follows on the same line must not be taken for a document of its own.
        while len(line) == most and not line.endswith(b"\n"):
            line = stream.readline(most)
        yield None


def _read_record(line: bytes, place: str, limits: Limits, fields: Fields, tally: _Tally) -> CorpusItem:
    try:
        record = parse_json(line)
    except ValueError as error:
        return CorpusItem(place, None, str(error))
    if isinstance(record, dict):
        tally.add(record.get(COUNT_KEY))
    return to_item(record, place, limits, fields)
