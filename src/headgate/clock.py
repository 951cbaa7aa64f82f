"""The only place that reads the clock; everything below the gate takes `now` as a parameter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

__all__ = ["FIRST_DATE", "Clock", "read_instant", "require_aware", "utc_now"]

Clock = Callable[[], datetime]

FIRST_DATE = datetime(1990, 1, 1, tzinfo=timezone.utc)
"""What is before the web is the zero of somebody's clock (1970), or of an archive's format (1980), and no date."""


def utc_now() -> datetime:
    """Return the present as an aware datetime in UTC."""
    return datetime.now(timezone.utc)  # noqa: TID251 - this is the one place


def read_instant(text: object) -> datetime:
    """Return the instant that a record holds, as `datetime.isoformat` wrote it, or with `Z` for UTC.

    Raises:
        ValueError: it is not a string, not a time, or has no zone.
    """
    if not isinstance(text, str):
        raise ValueError("the time must be a string")
    # Python 3.10 reads no `Z`, which other programs write for UTC.
    instant = datetime.fromisoformat(f"{text[:-1]}+00:00" if text.endswith(("Z", "z")) else text)
    if instant.tzinfo is None:
        raise ValueError("the time has no zone")
    return instant


def require_aware(value: datetime, name: str) -> datetime:
    """Return `value` in UTC.

    Raises:
        ValueError: `value` is not a datetime or has no time zone, so it names no instant, or is outside the years 1 to
            9999 in UTC.
    """
    if not isinstance(value, datetime):
        raise ValueError(f"{name} must be an aware datetime, not {type(value).__name__}")
    if value.tzinfo is timezone.utc:
        return value
    if value.tzinfo is None or value.utcoffset() is None:
        raise ValueError(f"{name} must be an aware datetime: add tzinfo, for example timezone.utc")
    try:
        return value.astimezone(timezone.utc)
    except OverflowError:
        raise ValueError(f"{name} is outside the years 1 to 9999 in UTC") from None
