"""The values that proofs share: times, versions, and how much one covers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

from headgate.errors import SealError

__all__ = [
    "DEFINITION_BYTES",
    "EPOCH",
    "MAX_COVERED",
    "MAX_DEFINITIONS",
    "SECONDS",
    "in_seconds",
    "is_definition",
    "read_definitions",
    "read_version",
]

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
SECONDS = range(-62_135_596_800, 253_402_300_800)
"""The seconds since `EPOCH` of the years 1 to 9999."""
MAX_COVERED = 64
"""How many entries a proof covers at most beside the text."""
MAX_DEFINITIONS = 32
"""How many short forms a proof tells the long forms of."""
DEFINITION_BYTES = 2_000
"""How long they are together, as JSON."""
_SHORT_CHARS, _LONG_CHARS = 20, 200
# The largest whole number that databases keep without loss.
_MAX_VERSION = 2**63 - 1


def in_seconds(value: datetime) -> int:
    """Return an aware time in whole seconds since 1970."""
    return (value - EPOCH) // timedelta(seconds=1)


def is_definition(short: object, long: object) -> bool:
    """Return whether a proof can say that a short form stands for a long one: both are plain words on one line."""
    return (
        isinstance(short, str)
        and isinstance(long, str)
        and 1 < len(short) <= _SHORT_CHARS
        and short.isalnum()
        and 1 < len(long) <= _LONG_CHARS
        and long.isprintable()
    )


def read_definitions(value: object) -> Mapping[str, str]:
    """Return the definitions of short forms that a proof carries.

    Raises:
        SealError: it is not an object of plain words, or there are too many (P106).
    """
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MAX_DEFINITIONS:
        raise SealError("P106", f"the claim 'defs' is not an object of at most {MAX_DEFINITIONS} entries")
    if not all(is_definition(short, long) for short, long in value.items()):
        raise SealError("P106", "the claim 'defs' holds more than plain words")
    return value


def read_version(value: object) -> int | None:
    """Return a version if there is one.

    Raises:
        SealError: it is not a whole number between 0 and 2**63 - 1 (P106).
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_VERSION:
        raise SealError("P106", "the version is not a whole number")
    return value
