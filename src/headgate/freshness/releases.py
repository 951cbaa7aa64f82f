"""Versions as they are written: whole numbers, dotted numbers and dates, and which of two is the later one."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from headgate.freshness.parsing import plain_value
from headgate.policy.identity import UNRELEASED_WORDS

__all__ = ["Release", "as_release", "is_unreleased", "read_release"]

# A leading v as in tags of git. What has letters after the numbers, such as a release candidate, orders nothing here.
_DOTTED = re.compile(r"[vV]?([0-9]{1,18}(?:\.[0-9]{1,9}){0,5})")
_DATE = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])(?:-(0[1-9]|[12][0-9]|3[01]))?")
# What comes before a release, or is not to become one: 4.0-rc.1, 4.0b2, 5.0.0-SNAPSHOT (PEP 440, SemVer 2.0.0, Maven).
_BEFORE = re.compile(
    r"[vV]?[0-9]+(?:\.[0-9]+)*[._-]?(?:a|b|c|m|rc|alpha|beta|pre|preview|dev|snapshot|nightly|canary|next)(?:[._-]?[0-9]+)?(?:[._-][0-9]+)*",
    re.IGNORECASE,
)
_WORD = re.compile(rf"(?:{'|'.join(sorted(UNRELEASED_WORDS))})(?:[._-]?[0-9]+)?(?:[._-][0-9]+)*", re.IGNORECASE)
_MOST_CHARS = 40


class Release(NamedTuple):
    """A version. Two are compared only where they are written in one scheme.

    Attributes:
        scheme: `number` for 10, 2.10.1 and v3; `date` for 2026-01.
        parts: its numbers, the most significant first; zeros at the end are left out, so that 10.0 is 10.
    """

    scheme: Literal["number", "date"]
    parts: tuple[int, ...]

    @property
    def whole(self) -> int | None:
        """The version as a whole number, if it is one."""
        return self.parts[0] if self.scheme == "number" and len(self.parts) == 1 else None

    def __str__(self) -> str:
        if self.scheme == "date":
            return "-".join(f"{part:02}" for part in self.parts)
        return ".".join(map(str, self.parts))


def as_release(version: int | None) -> Release | None:
    """Return a version of a proof, which is a whole number."""
    return Release("number", (version,)) if version is not None else None


def read_release(value: object) -> Release | None:
    """Return the version that a metadata value writes, or None for what orders nothing; never raises.

    Stores make floats of numbers, so 3.0 is 3; of 2.1 nobody knows whether it was 2.10.
    """
    try:
        value = plain_value(value)
    except Exception:  # noqa: BLE001 - foreign objects do what they like; they are not versions
        return None
    if isinstance(value, str):
        return _read_text(value.strip()) if len(value) <= _MOST_CHARS else None
    # Beyond 2**53 neighbouring whole numbers are one float, and two versions would be the same.
    if isinstance(value, float) and value.is_integer() and 0 <= value < 2**53:
        return as_release(int(value))
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
        return as_release(value)
    return None


def is_unreleased(text: str) -> bool:
    """Return whether a version says by its name that it is not released yet, such as `next` or `4.0-rc.1`."""
    return len(text) <= _MOST_CHARS and (_WORD.fullmatch(text) is not None or _BEFORE.fullmatch(text) is not None)


def _read_text(text: str) -> Release | None:
    date = _DATE.fullmatch(text)
    if date is not None:
        return Release("date", tuple(int(part) for part in date.groups() if part is not None))
    dotted = _DOTTED.fullmatch(text)
    if dotted is None:
        return None
    parts = [int(part) for part in dotted[1].split(".")]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return Release("number", tuple(parts))
