"""How old an answer was when it came: what a cache says of it (RFC 9111, section 5.1). No I/O."""

from __future__ import annotations

from datetime import timedelta

__all__ = ["read_age"]

_MOST_DIGITS = 9
# So old that nothing counts for as long: an age that is there and cannot be read may be any.
_ANY = timedelta(days=3_650)


def read_age(text: str) -> timedelta:
    """Return the age that an `Age` header says: of several the highest, and one that counts for nothing if it is none.

    Args:
        text: the value; empty where there is no such header.
    """
    if not text.strip():
        return timedelta(0)
    ages = [part.strip() for part in text.split(",")]
    if not all(age.isascii() and age.isdigit() and len(age) <= _MOST_DIGITS for age in ages):
        return _ANY
    return min(timedelta(seconds=max(map(int, ages))), _ANY)
