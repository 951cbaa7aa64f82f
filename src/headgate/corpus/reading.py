"""From a folder or a JSON Lines file to chunks, each with the place it came from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from headgate.chunk import Chunk
from headgate.corpus.html import MAX_HTML_BYTES, decode_html, read_html
from headgate.corpus.item import CorpusItem
from headgate.corpus.lines import LINES_SUFFIXES, read_lines
from headgate.corpus.office import OFFICE_SUFFIXES, iso_of, read_office
from headgate.corpus.records import NO_FIELDS, Fields
from headgate.corpus.tables import TABLE_SUFFIXES, read_table
from headgate.errors import HeadgateError
from headgate.freshness import find_entry
from headgate.integration.frontmatter import split_front_matter
from headgate.limits import DEFAULT_LIMITS, Limits

__all__ = ["CorpusItem", "is_read_in_folder", "read_corpus"]

TEXT_SUFFIXES = frozenset((".md", ".markdown", ".txt", ".rst", ".html", ".htm", ".adoc", ".org", ".text"))
# Beside every documentation: nobody expects to find their text in an index, so naming each would be noise.
_NEVER_TEXT = frozenset(
    (
        *(".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".bmp", ".ico", ".tif", ".tiff", ".svg"),
        *(".mp3", ".wav", ".ogg", ".m4a", ".mp4", ".mov", ".webm", ".avi", ".mkv"),
        *(".woff", ".woff2", ".ttf", ".otf", ".eot"),
    )
)
_HTML_SUFFIXES = (".html", ".htm")
_AGE_ROLES = ("modified", "published", "created")


def read_corpus(
    path: str | Path, *, prefix: str | None = None, limits: Limits = DEFAULT_LIMITS, fields: Fields = NO_FIELDS
) -> Iterator[CorpusItem]:
    """Yield the documents of a folder, of one file, of JSON Lines (also gzipped), JSON, CSV or Parquet.

    A text file is one chunk, an HTML page the text that its reader sees, a DOCX its text, a PDF one chunk per page.
    Front matter (YAML, or TOML between `+++`) becomes metadata and is not part of the text; where it cannot be read,
    neither can the file: it may hold an end of validity. Where nothing names a source, `source` is the prefix and the
    path below the folder; where a document has no date, `mtime` is the file's own, which is not the document's.

    A line of JSON Lines is an object with `text` (or `page_content`, `content`), and either `metadata` or further
    entries that become the metadata. Beside `metadata`, only what restricts the document is taken from them. Rows of
    CSV and Parquet, and objects in a JSON file, are read alike. In a folder such tables are read only if `fields` says
    what they mean: most JSON beside documents is configuration.

    Everything that is passed over is yielded too, with its reason, apart from names that begin with a dot and from
    pictures, sound, video and fonts.

    Args:
        path: the folder or file.
        prefix: what the URIs of files begin with, such as `https://handbook.example/`; by default `file:` and the
            name of the folder.
        limits: `text_bytes` bounds a file, and a line.
        fields: which fields of records are the text, and metadata under other names.

    Raises:
        HeadgateError: there is no such folder or file, or a file of another kind, or the prefix ends within a name.
    """
    root = Path(path)
    if prefix is not None and prefix[-1:].isalnum():
        raise HeadgateError(
            f"--prefix {prefix!r} would make URIs such as {prefix + 'page.md'!r}. End it with what comes before "
            f"a path, such as {prefix + '/'!r}."
        )
    if root.is_dir():
        start = prefix if prefix is not None else f"file:{root.resolve().name}/"
        return _read_folder(root, start, limits, fields)
    if not root.is_file():
        raise HeadgateError(f"{root}: there is no such file or folder.")
    if root.name.endswith(LINES_SUFFIXES):
        return read_lines(root, limits, fields)
    if root.suffix.lower() in TABLE_SUFFIXES:
        return read_table(root, limits, fields)
    if root.suffix.lower() in OFFICE_SUFFIXES:
        return read_office(root, f"{prefix or 'file:'}{root.name}", limits)
    if root.suffix.lower() in TEXT_SUFFIXES:
        return iter([_read_text_file(root, root.name, prefix or "file:", limits)])
    known = ", ".join(sorted((*TEXT_SUFFIXES, *OFFICE_SUFFIXES, *LINES_SUFFIXES, *TABLE_SUFFIXES)))
    raise HeadgateError(f"{root}: this kind of file is not read. Give a folder, or a file of these: {known}.")


def is_read_in_folder(below: Path) -> bool:
    """Return whether a file in a folder of documents may be read as documents, by its name.

    Args:
        below: its path below the folder.
    """
    if any(part.startswith(".") for part in below.parts):
        return False
    suffix = below.suffix.lower()
    return (
        suffix in TEXT_SUFFIXES
        or suffix in OFFICE_SUFFIXES
        or suffix in TABLE_SUFFIXES
        or below.name.endswith(LINES_SUFFIXES)
    )


def _read_folder(root: Path, prefix: str, limits: Limits, fields: Fields) -> Iterator[CorpusItem]:
    closed: list[OSError] = []
    # Without `onerror` a folder that cannot be read is passed over in silence.
    for folder, folders, names in os.walk(root, onerror=closed.append):
        # In place, which is how `os.walk` is told where to go; sorted, so that two runs give one order.
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            if (Path(folder) / name).is_symlink():
                yield _skipped(Path(folder) / name, "it is a symbolic link, which is not followed")
        for name in sorted(names):
            if not name.startswith("."):
                yield from _read_file(root, Path(folder) / name, prefix, limits, fields)
    for error in closed:
        yield _skipped(Path(str(error.filename)), f"the folder cannot be read ({error.strerror})")


def _read_file(root: Path, file: Path, prefix: str, limits: Limits, fields: Fields) -> Iterator[CorpusItem]:
    # A link could bring in, and have sealed, what is not in the folder.
    if file.is_symlink():
        yield _skipped(file, "it is a symbolic link, which is not followed")
    elif not file.is_file():
        yield _skipped(file, "it is not a regular file")
    elif file.suffix.lower() in TEXT_SUFFIXES:
        yield _read_text_file(file, file.relative_to(root).as_posix(), prefix, limits)
    elif file.suffix.lower() in OFFICE_SUFFIXES:
        yield from read_office(file, f"{prefix}{file.relative_to(root).as_posix()}", limits)
    elif file.name.endswith(LINES_SUFFIXES):
        yield from read_lines(file, limits, fields)
    elif file.suffix.lower() in TABLE_SUFFIXES and fields.are_named:
        yield from read_table(file, limits, fields)
    elif file.suffix.lower() in TABLE_SUFFIXES:
        yield _skipped(file, f"tables in a folder are read if --text-field names their text ({file.suffix.lower()})")
    elif file.suffix.lower() not in _NEVER_TEXT:
        yield _skipped(file, f"files of this kind are not read ({file.suffix[:20] or 'no ending'})")


def _skipped(file: Path, why: str) -> CorpusItem:
    return CorpusItem(str(file), None, why, is_document=False)


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
        metadata, text = _parts(file, data)
    except UnicodeDecodeError as error:
        return CorpusItem(str(file), None, f"byte {error.start} is not UTF-8")
    except ValueError as error:
        return CorpusItem(str(file), None, str(error))
    if find_entry(metadata, "source") is None:
        metadata["source"] = f"{prefix}{below}"
    # A time that is there and cannot be read is not replaced by the file's own, which says something else.
    if all(find_entry(metadata, role) is None for role in _AGE_ROLES):
        metadata.setdefault("mtime", iso_of(modified))
    return CorpusItem(str(file), Chunk(text, metadata))


def _parts(file: Path, data: bytes) -> tuple[dict[str, object], str]:
    """Return the metadata and the text of a file.

    Raises:
        ValueError: it cannot be read; the message says why.
    """
    is_page = file.suffix.lower() in _HTML_SUFFIXES
    if is_page and len(data) > MAX_HTML_BYTES:
        raise ValueError(f"it is longer than {MAX_HTML_BYTES:,} bytes, which is the most for HTML")
    text = decode_html(data) if is_page else data.decode("utf-8").lstrip("\ufeff")
    try:
        metadata, text = split_front_matter(text)
    except ValueError as error:
        raise ValueError(f"its front matter cannot be read: {error}") from None
    if is_page:
        said, text = read_html(text)
        # What is at the top of the file was written by hand; the head by a template.
        metadata = {**said, **metadata}
    return metadata, text
