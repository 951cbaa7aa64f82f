"""The values that proofs share: times, versions, and how much one covers."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from headgate.errors import SealError

__all__ = ["EPOCH", "MAX_COVERED", "SECONDS", "in_seconds", "read_version"]

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
SECONDS = range(-62_135_596_800, 253_402_300_800)
"""The seconds since `EPOCH` of the years 1 to 9999."""
MAX_COVERED = 64
"""How many entries a proof covers at most beside the text."""
# The largest whole number that databases keep without loss.
_MAX_VERSION = 2**63 - 1


def in_seconds(value: datetime) -> int:
    """Return an aware time in whole seconds since 1970."""
    return (value - EPOCH) // timedelta(seconds=1)


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
