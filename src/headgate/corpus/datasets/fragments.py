"""From a place to the fragments of a data set: the units of work, each read, judged and committed by itself.

A fragment is a run of row groups of a Parquet file, or a whole file of another kind. The place is a file, a folder, or
an address of any file system that Arrow or fsspec knows; or the folder that an earlier run has written, whose list of
parts is checked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from headgate.corpus.datasets.ledger import LEDGER, PARTS, listed_rows
from headgate.corpus.lines import LINES_SUFFIXES
from headgate.corpus.tables import TABLE_SUFFIXES
from headgate.errors import HeadgateError, one_line

__all__ = ["ARROW_SUFFIXES", "Dataset", "Fragment", "find_fragments", "open_place", "suffix_of"]

ARROW_SUFFIXES = (".arrow", ".feather", ".ipc")
_TABLE_SUFFIXES = (".parquet", *ARROW_SUFFIXES, *LINES_SUFFIXES, *sorted(TABLE_SUFFIXES - {".parquet", ".json"}))
_HIDDEN = (".", "_")
_ROWS = 20_000
_BYTES = 512_000_000
# What a group of rows may take when it is unpacked: a small file may hold a large one.
_LARGEST_GROUP = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Fragment:
    """A unit of work.

    Attributes:
        place: the path or address of the data set.
        path: the file within its file system.
        name: the file below the place, for people, and the row groups where it is not the whole file.
        size: of the file, in bytes.
        modified: when it was modified, in nanoseconds since 1970, or an empty text where nobody says.
        groups: the first row group of a Parquet file, and the one after the last; empty for a whole file.
        rows: how many rows it has; None where that is not known before it is read.
        first: the number of its first row in the file.
    """

    place: str
    path: str
    name: str
    size: int
    modified: str
    groups: tuple[int, ...] = ()
    rows: int | None = None
    first: int = 0


@dataclass(slots=True)
class Dataset:
    """What is to be worked on.

    Attributes:
        fragments: in the order of their names.
        problems: what cannot be worked on, by name, with the reason; rows lost by it are not known.
        passed_over: files of other kinds.
    """

    fragments: list[Fragment] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int | None:
        """How many rows there are, where all fragments say so."""
        known = [one.rows for one in self.fragments if one.rows is not None]
        return sum(known) if len(known) == len(self.fragments) else None


@lru_cache(maxsize=8)
def open_place(place: str) -> tuple[Any, str]:
    """Return the Arrow file system of a path or address, and the path in it.

    Raises:
        HeadgateError: there is no such file system, or its package is not installed.
    """
    from pyarrow import fs

    if "://" not in place:
        return fs.LocalFileSystem(), Path(place).absolute().as_posix()
    try:
        found: tuple[Any, str] = fs.FileSystem.from_uri(place)
        return found
    except (ValueError, OSError):  # not one of Arrow's own
        pass
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise HeadgateError(f"{_shown(place)}: this address needs fsspec: pip install 'headgate[stores]'") from None
    try:
        opened, path = url_to_fs(place)
    except (ValueError, ImportError, OSError) as error:
        raise HeadgateError(f"{_shown(place)} cannot be opened: {one_line(error)}.") from None
    return fs.PyFileSystem(fs.FSSpecHandler(opened)), str(path)


def find_fragments(place: str) -> Dataset:
    """Return the fragments of a data set.

    Hidden files (of a name that begins with a dot or an underscore) are not part of a data set; files of other kinds
    are passed over, and named. A file that cannot be opened is a problem, and no reason to leave the others.

    Args:
        place: a file, a folder, or an address.

    Raises:
        HeadgateError: there is no such place, or nothing in it can be read.
    """
    from pyarrow import fs

    files, root = open_place(place)
    dataset = Dataset()
    try:
        (info,) = files.get_file_info([root])
        if info.type == fs.FileType.NotFound:
            raise HeadgateError(f"{_shown(place)}: there is no such file or folder.")
        is_folder = info.type == fs.FileType.Directory
        is_local = isinstance(files, fs.LocalFileSystem)
        if is_folder:
            names = _local_files(root, dataset) if is_local else fs.FileSelector(root, recursive=True)
            found = files.get_file_info(names)
        else:
            found = [info]
    except (OSError, ValueError) as error:
        raise HeadgateError(f"{_shown(place)} cannot be listed: {one_line(error)}.") from None
    listed = _listed(Path(root)) if is_folder and is_local else None
    for one in sorted((one for one in found if one.type == fs.FileType.File), key=lambda one: str(one.path)):
        name = one.path[len(root) :].lstrip("/") if is_folder else one.base_name
        if listed is not None and name not in listed:
            continue
        if any(part.startswith(_HIDDEN) for part in name.split("/")):
            continue
        _add(dataset, files, place, one, name)
    for name, rows in (listed or {}).items():
        _require_rows(dataset, name, rows)
    if not dataset.fragments and not dataset.problems:
        known = ", ".join(_TABLE_SUFFIXES)
        raise HeadgateError(f"{_shown(place)}: there is no table in it that can be read. These are: {known}.")
    return dataset


def _local_files(root: str, dataset: Dataset) -> list[str]:
    """Return the files below a folder; what is not followed or cannot be read is a problem of the data set.

    Not by Arrow's own listing, which follows links: they could bring in, and have sealed, what is not in the folder,
    and a few that lead back to it would never come to an end.
    """
    found: list[str] = []

    def report(path: str, why: str) -> None:
        dataset.problems[Path(path).relative_to(root).as_posix()] = why

    for folder, folders, names in os.walk(root, onerror=lambda error: report(str(error.filename), _unreadable(error))):
        for name in (*folders, *names):
            if not name.startswith(_HIDDEN) and os.path.islink(os.path.join(folder, name)):
                report(os.path.join(folder, name), "it is a symbolic link, which is not followed")
        folders[:] = [name for name in folders if not name.startswith(_HIDDEN)]
        paths = (os.path.join(folder, name) for name in names if not name.startswith(_HIDDEN))
        found += [path for path in paths if not os.path.islink(path)]
    return found


def _unreadable(error: OSError) -> str:
    return f"the folder cannot be read ({error.strerror})"


def _listed(root: Path) -> dict[str, int] | None:
    """Return how many rows each part of an earlier run has; None for a folder that no run has written."""
    if (root / LEDGER).is_file() and (root / PARTS).is_dir():
        return listed_rows(root)
    if (root / "run.json").is_file() and (root / PARTS).is_dir():
        raise HeadgateError(f"{root} holds a run that has not come to its end. Go on with it first.")
    return None


def _require_rows(dataset: Dataset, name: str, rows: int) -> None:
    """Name a part of an earlier run that is gone, or has not the number of rows that were written."""
    found = [one for one in dataset.fragments if one.name.partition("#")[0] == name]
    held = sum(one.rows or 0 for one in found)
    if held == rows or name in dataset.problems:
        return
    why = f"it has {held:,} rows, and {rows:,} were written" if found else f"it is gone, with {rows:,} rows"
    dataset.problems[name] = why


def suffix_of(path: str) -> str | None:
    """Return the ending of a file that can be read as a table; None for another one."""
    lowered = path.lower()
    return next((suffix for suffix in _TABLE_SUFFIXES if lowered.endswith(suffix)), None)


def _add(dataset: Dataset, files: Any, place: str, info: Any, name: str) -> None:
    suffix = suffix_of(info.path)
    modified = "" if info.mtime_ns is None else str(info.mtime_ns)
    whole = Fragment(place, info.path, name, info.size or 0, modified)
    if suffix is None:
        dataset.passed_over.append(name)
        return
    if suffix != ".parquet":
        dataset.fragments.append(whole)
        return
    try:
        dataset.fragments += _of_parquet(files, whole)
    except (OSError, ValueError, LookupError, ArithmeticError, MemoryError, NotImplementedError) as error:
        dataset.problems[name] = f"it cannot be opened ({one_line(error)})"


def _of_parquet(files: Any, whole: Fragment) -> Iterator[Fragment]:
    """Yield runs of row groups of about equal size."""
    from pyarrow import parquet

    with files.open_input_file(whole.path) as opened:
        metadata = parquet.ParquetFile(opened).metadata
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    sizes = [(one.num_rows, one.total_byte_size) for one in groups]
    if any(size > _LARGEST_GROUP for _, size in sizes):
        raise ValueError(f"a group of its rows is larger than {_LARGEST_GROUP:,} bytes; write it again in smaller ones")
    first, before, rows, weight = 0, 0, 0, 0
    for number, (some, size) in enumerate(sizes):
        if number > first and (rows + some > _ROWS or weight + size > _BYTES):
            yield _run(whole, (first, number), (before, rows), len(sizes))
            first, before, rows, weight = number, before + rows, 0, 0
        rows, weight = rows + some, weight + size
    yield _run(whole, (first, len(sizes)), (before, rows), len(sizes))


def _run(whole: Fragment, run: tuple[int, int], rows: tuple[int, int], groups: int) -> Fragment:
    name = whole.name if run == (0, groups) else f"{whole.name}#{run[0]}-{run[1] - 1}"
    return replace(whole, name=name, groups=run, first=rows[0], rows=rows[1])


def _shown(place: str) -> str:
    """Return an address without what may be a password in it."""
    scheme, mark, rest = place.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"[:200] if mark else place[:200]
