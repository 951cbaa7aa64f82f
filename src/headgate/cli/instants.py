"""Instants on the command line: options that name one, and what they mean."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated

import typer

from headgate.clock import utc_now
from headgate.errors import HeadgateError
from headgate.freshness import Unreadable, read_time, shift
from headgate.policy.durations import parse_duration

__all__ = ["SINCE", "UNTIL", "NowOption", "end_of", "first_instant", "instant"]

SINCE = typer.Option(metavar="TIME", help="From this instant on; a whole day is its first instant in UTC.")
UNTIL = typer.Option(metavar="TIME", help="Before this instant; a whole day is its first instant in UTC.")
NowOption = Annotated[
    str | None,
    typer.Option("--now", metavar="TIME", help="Judge as of this instant: ISO 8601 with offset, or 'in 7d'."),
]
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_AHEAD = re.compile(r"\s*in\s+(?P<span>\S.*)", re.IGNORECASE)


def instant(text: str | None, option: str = "--now", right: str = "2026-06-01T12:00:00Z, or 'in 7d'") -> datetime:
    """Return the instant that an option names, or the present.

    Args:
        text: what was given.
        option: by which option.
        right: what would be right, for the error.

    Raises:
        HeadgateError: it is not an instant.
    """
    if text is None:
        return utc_now()
    ahead = _AHEAD.fullmatch(text)
    if ahead is not None:
        return _ahead(ahead["span"], text, option)
    try:
        # No zone is assumed: the same command must say the same on every machine.
        interval = read_time(text, zone=None, date_order=None)
    except Unreadable as error:
        raise HeadgateError(f"{option} {text!r}: {error}. Write {right}.") from None
    if not interval.is_instant:
        raise HeadgateError(f"{option} {text!r} is not one instant: say the time and its zone. Write {right}.")
    return interval.earliest


def first_instant(text: str, option: str) -> datetime:
    """Return the instant that an end of a span names: of a whole day, such as 2026-06-01, its first in UTC.

    Raises:
        HeadgateError: it is neither.
    """
    day = text.strip()
    return instant(f"{day}T00:00:00Z" if _DAY.fullmatch(day) else text, option, "2026-06-01, or 2026-06-01T12:00:00Z")


def _ahead(span: str, text: str, option: str) -> datetime:
    try:
        return shift(utc_now(), parse_duration(span))
    except ValueError as error:
        raise HeadgateError(f"{option} {text!r}: {error}") from None


def end_of(until: str, at: datetime, option: str = "--until") -> datetime:
    """Return the instant that an option names: a duration from now on, or an instant itself.

    Raises:
        HeadgateError: it is neither, or beyond all dates.
    """
    try:
        span = parse_duration(until)
    except ValueError:
        return instant(until, option)
    if not isinstance(span, timedelta):
        raise HeadgateError(f"{option} {until!r}: write 4h or 2026-06-01T12:00:00Z.")
    try:
        return at + span
    except OverflowError:
        raise HeadgateError(f"{option} {until!r} is beyond all dates.") from None
