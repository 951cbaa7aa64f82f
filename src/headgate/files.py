"""Reading configuration files under a bound, and writing results whole or not at all."""

from __future__ import annotations

import codecs
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from headgate.errors import PolicyError

__all__ = [
    "MISSING_HERE",
    "MISSING_IN_POLICY",
    "create",
    "read_config_bytes",
    "read_config_text",
    "replacing",
    "replacing_bytes",
    "require_no_dangling_link",
    "write_bytes",
    "write_text",
]

MISSING_HERE = "Check the path: a relative one begins in the current folder."
MISSING_IN_POLICY = "Check the path: a relative one begins in the folder of the policy, not in the current one."


def read_config_bytes(path: Path, max_bytes: int) -> bytes:
    """Return the content of a configuration file.

    Raises:
        PolicyError: the file is missing, unreadable, not a regular file, or longer than `max_bytes`.
    """
    try:
        if path.exists() and not path.is_file():
            raise PolicyError("this is not a regular file.", "Name a file.", file=str(path))
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except FileNotFoundError:
        raise PolicyError("the file does not exist.", MISSING_HERE, file=str(path)) from None
    except (OSError, ValueError) as error:  # a name that is too long, or holds a null character
        reason = error.strerror if isinstance(error, OSError) else error
        raise PolicyError(f"the file cannot be read ({reason}).", "Check its permissions.", file=str(path)) from error
    if len(data) > max_bytes:
        raise PolicyError(
            f"the file is larger than {max_bytes:,} bytes.", "Split it, or raise the limit.", file=str(path)
        )
    return data


def read_config_text(path: Path, max_bytes: int) -> str:
    """Return the content of a configuration file as text, without a byte order mark.

    Raises:
        PolicyError: as `read_config_bytes`, or the file is not UTF-8.
    """
    data = read_config_bytes(path, max_bytes)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        problem = "this is UTF-16." if is_utf16 else f"byte {error.start} is not UTF-8."
        raise PolicyError(problem, "Save the file as UTF-8.", file=str(path)) from error


def require_no_dangling_link(path: Path) -> None:
    """Raise if a path is a link that leads to nothing.

    Raises:
        PolicyError: it is one: what is written would appear in a place that nobody named.
    """
    if path.is_symlink() and not path.exists():
        raise PolicyError("this is a link that leads to nothing.", "Remove it, or name the file.", file=str(path))


def create(path: Path, text: str, mode: int = 0o666) -> None:
    """Write a new file, never through a link and never over what is there.

    Args:
        path: the file; its folder exists.
        text: its content.
        mode: its permissions, before the process's own mask.

    Raises:
        FileExistsError: there is one, or a link, whatever it leads to.
        OSError: it cannot be written.
    """
    # Created with its final permissions, so that a secret is never readable by others, not even briefly.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """Open a file for writing that appears under its name only when it is complete.

    It is written aside, in the same folder, forced to the disk and renamed. Whoever reads `path` meanwhile, or after
    a crash, finds the old file or the new one, never a part. What is not a regular file (a pipe, a terminal) is
    written directly.

    Args:
        path: the file; its folder is made if there is none.

    Raises:
        PolicyError: it is a link that leads to nothing.
        OSError: it cannot be written; the old file is still there.
    """
    with _replaced(path) as target, target.open("w", encoding="utf-8") as stream:
        yield stream


@contextmanager
def replacing_bytes(path: Path, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """As `replacing`, for bytes.

    Args:
        path: the file.
        mode: the permissions of a new one, before the process's own mask.
    """
    with _replaced(path, mode) as target, target.open("wb") as stream:
        yield stream


@contextmanager
def _replaced(path: Path, mode: int = 0o666) -> Iterator[Path]:
    """Yield the file to write, which takes the place of `path` afterwards."""
    require_no_dangling_link(path)
    target = Path(os.path.realpath(path))  # a link keeps pointing to where it points
    if target.exists() and not target.is_file():
        yield target
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".headgate-{secrets.token_hex(8)}.part")
    try:
        aside.touch(mode, exist_ok=False)
        yield aside
        _force(aside)
        # A new file has the mode that the process gives to files; an old one keeps its own.
        if target.exists():
            aside.chmod(stat.S_IMODE(target.stat().st_mode))
        aside.replace(target)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _force(file: Path) -> None:
    # For writing: not every system forces what was opened to be read.
    descriptor = os.open(file, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Write a whole file as `replacing` does."""
    with replacing(path) as stream:
        stream.write(text)


def write_bytes(path: Path, data: bytes, *, is_forced: bool = True) -> None:
    """Write a whole file, which appears under its name only when it is complete.

    Args:
        path: the file; its folder is made if there is none.
        data: its content.
        is_forced: whether it is forced to the disk. What is known by its digest need not be: a part is noticed.

    Raises:
        OSError: it cannot be written; the old file is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".headgate-{secrets.token_hex(8)}.part")
    try:
        with aside.open("xb") as stream:
            stream.write(data)
            if is_forced:
                stream.flush()
                os.fsync(stream.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    if is_forced:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Force a rename to the disk, where the system can do that for folders."""
    try:
        # Windows opens no folders.
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        return
    finally:
        os.close(descriptor)
