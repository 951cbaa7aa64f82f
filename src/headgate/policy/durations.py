"""Durations as people write them in a policy: 90d, 36h, 15m, 30s, 300ms, 1d12h."""

from __future__ import annotations

import re
from datetime import timedelta

__all__ = ["format_duration", "parse_duration"]

_UNITS = {"w": 604_800.0, "d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
# `ms` comes first: alternatives are tried in order, and 300ms would be 300m and a stray s.
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|[wdhms])")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")


def parse_duration(value: object) -> timedelta:
    """Return the duration that `value` names.

    Args:
        value: a text such as `90d`, `36h`, `15m`, `1d12h`, or a timedelta that is not negative.

    Raises:
        ValueError: it is not a duration, or a negative or absurd one.
    """
    if isinstance(value, timedelta):
        if value < timedelta(0):
            raise ValueError(f"{value} is negative. Write 90d, 36h or 15m.")
        return value
    text = value.strip().replace(" ", "") if isinstance(value, str) else ""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{value!r} is not a duration. Write 90d, 36h or 15m.")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if seconds > 1_000 * 366 * 86_400:
        raise ValueError(f"{value!r} is more than a thousand years. Write 90d, 36h or 15m.")
    return timedelta(seconds=seconds)


def format_duration(value: timedelta) -> str:
    """Return a duration for people, in its two largest units: `412d`, `3d 4h`, `15m`."""
    seconds = int(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    if seconds >= 10 * 86_400:
        return f"{sign}{seconds // 86_400}d"
    parts = []
    for unit in ("d", "h", "m", "s"):
        count, seconds = divmod(seconds, int(_UNITS[unit]))
        if count:
            parts.append(f"{count}{unit}")
    return sign + (" ".join(parts[:2]) or "0s")
