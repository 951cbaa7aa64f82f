"""From a folder or a JSON Lines file to chunks, each with the place it came from."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO, cast

from headgate.chunk import Chunk
from headgate.errors import HeadgateError, PolicyError
from headgate.freshness import find_entry
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.policy.loading import parse_yaml

__all__ = ["CorpusItem", "read_corpus"]

TEXT_SUFFIXES = frozenset((".md", ".markdown", ".txt", ".rst", ".html", ".htm", ".adoc", ".org", ".text"))
_LINES_SUFFIXES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_TEXT_NAMES = ("text", "page_content", "content")
_AGE_ROLES = ("modified", "published", "created")
_ID_NAMES = ("id", "id_", "_id", "doc_id")


@dataclass(frozen=True, slots=True)
class CorpusItem:
    """A chunk of a corpus.

    Attributes:
        place: where it stands, such as `handbook/leave.md` or `docs.jsonl:17`.
        chunk: the chunk; None where the place holds nothing that can be read.
        problem: why it cannot be read.
    """

    place: str
    chunk: Chunk | None
    problem: str | None = None


def read_corpus(
    path: str | Path, *, prefix: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> Iterator[CorpusItem]:
    """Yield the documents of a folder, of one text file, or of a JSON Lines file (also gzipped).

    A text file is one chunk. YAML front matter becomes metadata and is no part of the text. Where front matter names
    no source, `source` is the prefix and the path below the folder; where it has no date, `mtime` is the file's own.

    A line of JSON Lines is an object with `text` (or `page_content`, `content`), and either `metadata` or further
    entries that become the metadata.

    Args:
        path: the folder or file.
        prefix: what the URIs of files begin with, such as `https://handbook.example/`; by default `file:` and the
            name of the folder.
        limits: `text_bytes` bounds a file, and a line.

    Raises:
        HeadgateError: there is no such folder or file, or a file of another kind.
    """
    root = Path(path)
    if root.is_dir():
        start = prefix if prefix is not None else f"file:{root.resolve().name}/"
        return _read_folder(root, start, limits)
    if not root.is_file():
        raise HeadgateError(f"{root}: there is no such file or folder.")
    if root.name.endswith(_LINES_SUFFIXES):
        return _read_lines(root, limits)
    if root.suffix.lower() in TEXT_SUFFIXES:
        return iter([_read_text_file(root, root.name, prefix or "file:", limits)])
    known = ", ".join(sorted((*TEXT_SUFFIXES, *_LINES_SUFFIXES)))
    raise HeadgateError(f"{root}: this kind of file is not read. Give a folder, or a file of these: {known}.")


def _read_folder(root: Path, prefix: str, limits: Limits) -> Iterator[CorpusItem]:
    for file in sorted(root.rglob("*")):
        below = file.relative_to(root)
        if any(part.startswith(".") for part in below.parts) or file.is_symlink() or not file.is_file():
            continue
        if file.suffix.lower() in TEXT_SUFFIXES:
            yield _read_text_file(file, below.as_posix(), prefix, limits)
        elif file.name.endswith(_LINES_SUFFIXES):
            yield from _read_lines(file, limits)


def _read_text_file(file: Path, below: str, prefix: str, limits: Limits) -> CorpusItem:
    try:
        with file.open("rb") as opened:
            data = opened.read(limits.text_bytes + 1)
        modified = file.stat().st_mtime
    except OSError as error:
        return CorpusItem(str(file), None, f"it cannot be read ({error.strerror})")
    if len(data) > limits.text_bytes:
        return CorpusItem(str(file), None, f"it is longer than {limits.text_bytes:,} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return CorpusItem(str(file), None, f"byte {error.start} is not UTF-8")
    metadata, text, problem = _split_front_matter(text)
    if find_entry(metadata, "source") is None:
        metadata["source"] = f"{prefix}{below}"
    # A time that is there and cannot be read is not replaced by the file's own, which says something else.
    if all(find_entry(metadata, role) is None for role in _AGE_ROLES):
        metadata.setdefault("mtime", datetime.fromtimestamp(modified, timezone.utc).isoformat(timespec="seconds"))
    return CorpusItem(str(file), Chunk(text, metadata), problem)


def _split_front_matter(text: str) -> tuple[dict[str, object], str, str | None]:
    """Return front matter, the text after it, and why the front matter could not be read, if so."""
    if not text.startswith(("---\n", "---\r\n")):
        return {}, text, None
    head, mark, body = text[3:].replace("\r\n", "\n").partition("\n---\n")
    if not mark:
        return {}, text, None
    try:
        value = parse_yaml(head).value
    except PolicyError as error:
        return {}, text, f"its front matter cannot be read: {error.describe()}"
    if not isinstance(value, dict):
        return {}, text, None
    return dict(value), body.lstrip("\n"), None


def _read_lines(file: Path, limits: Limits) -> Iterator[CorpusItem]:
    try:
        with _open_lines(file) as lines:
            number = 0
            while line := lines.readline(2 * limits.text_bytes):
                number += 1
                if line.strip():
                    yield _read_record(line, f"{file}:{number}")
    except (OSError, EOFError) as error:
        yield CorpusItem(str(file), None, f"it cannot be read to its end ({error})")


def _open_lines(file: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(file, "rb")) if file.suffix == ".gz" else file.open("rb")


def _read_record(line: bytes, place: str) -> CorpusItem:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        return CorpusItem(place, None, f"it is no JSON ({str(error)[:80]})")
    if not isinstance(record, dict):
        return CorpusItem(place, None, "it is no JSON object")
    name = next((name for name in _TEXT_NAMES if isinstance(record.get(name), str)), None)
    if name is None:
        return CorpusItem(place, None, f"it has no text; one of {', '.join(_TEXT_NAMES)} must hold one")
    identifier = next((str(record[key]) for key in _ID_NAMES if isinstance(record.get(key), (str, int))), None)
    metadata = record.get("metadata")
    if not isinstance(metadata, Mapping):
        metadata = {key: value for key, value in record.items() if key != name}
    return CorpusItem(place, Chunk(record[name], metadata, identifier))
