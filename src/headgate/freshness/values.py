"""Values as libraries and stores make them of times, as Python's own: numpy, Decimal, protobuf, pairs of numbers."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

__all__ = ["MOST_VALUES", "pair_as_time", "plain_value"]

MOST_VALUES = 16
"""How many values one entry may hold."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# Protobuf's JSON, Firestore's, and its REST clients'.
_PAIRS = tuple(
    frozenset(names) for names in (("seconds", "nanos"), ("seconds", "nanoseconds"), ("_seconds", "_nanoseconds"))
)


def plain_value(value: object) -> Any:
    """Return a value as Python's own type: numpy's scalars, Decimal, protobuf's Timestamp, `struct_time`.

    Subclasses of `datetime`, such as pandas' Timestamp, become one.
    """
    if isinstance(value, time.struct_time):
        offset = value.tm_gmtoff
        zone = timezone(timedelta(seconds=offset)) if offset is not None else None
        # C allows 60 and 61 for leap seconds; `datetime` allows neither.
        return datetime(*value[:5], min(value.tm_sec, 59), tzinfo=zone)
    if isinstance(value, Decimal):
        return _plain_decimal(value)
    kind = type(value)
    if kind.__module__.partition(".")[0] == "numpy" and getattr(value, "size", 1) <= MOST_VALUES:
        # Nanoseconds have no `datetime`; numpy writes them as ISO 8601.
        return str(value) if kind.__name__ == "datetime64" else value.tolist()  # type: ignore[attr-defined]
    if kind.__name__ == "Timestamp" and kind.__module__.startswith("google.protobuf."):
        return _since_epoch(value.seconds, value.nanos)  # type: ignore[attr-defined]
    # pandas' NaT is a `datetime` too, and has no date to combine.
    if isinstance(value, datetime) and kind is not datetime and kind.__name__ != "NaTType":
        return datetime.combine(value.date(), value.timetz())
    return value


def pair_as_time(value: Mapping[Any, object]) -> tuple[datetime] | None:
    """Return the time that a pair of seconds and nanoseconds since 1970 is; None for any other mapping.

    Raises:
        OverflowError: the calendar ends before.
    """
    if len(value) != 2 or frozenset(value) not in _PAIRS:
        return None
    numbers = {str(name).lstrip("_"): number for name, number in value.items()}
    seconds, nanos = numbers.pop("seconds"), numbers.popitem()[1]
    # Seconds are a text in the JSON of 64-bit numbers.
    if isinstance(seconds, str) and seconds.isascii() and seconds.isdigit() and len(seconds) <= 12:
        seconds = int(seconds)
    if type(seconds) is not int or type(nanos) is not int or not 0 <= nanos < 10**9:
        return None
    return (_since_epoch(seconds, nanos),)


def _since_epoch(seconds: int, nanos: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds, microseconds=nanos // 1_000)


def _plain_decimal(value: Decimal) -> object:
    if value.is_nan():
        return math.nan
    if value.is_finite() and value.adjusted() > 20:
        return value  # as a whole number its digits might fill the memory
    return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
