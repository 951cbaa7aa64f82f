"""Reading configuration files under a bound, with errors that name the file."""

from __future__ import annotations

from pathlib import Path

from headgate.errors import PolicyError

__all__ = ["read_config_bytes", "read_config_text"]


def read_config_bytes(path: Path, max_bytes: int) -> bytes:
    """Return the content of a configuration file.

    Raises:
        PolicyError: the file is missing, unreadable, no regular file, or longer than `max_bytes`.
    """
    if not path.exists():
        raise PolicyError(
            "the file does not exist.", "Check the path; it is relative to the policy file.", file=str(path)
        )
    if not path.is_file():
        raise PolicyError("this is not a regular file.", "Name a file.", file=str(path))
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise PolicyError(
            f"the file cannot be read ({error.strerror}).", "Check its permissions.", file=str(path)
        ) from error
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
    try:
        return read_config_bytes(path, max_bytes).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PolicyError(f"byte {error.start} is not UTF-8.", "Save the file as UTF-8.", file=str(path)) from error
