"""What was found in a file that a person wrote, as a message about it may show it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import PurePath

from headgate.encoding import safe_uri
from headgate.policy.documents import Steps
from headgate.policy.durations import BusinessDays, format_span

__all__ = ["as_written", "shown_value"]

_SHOWN_CHARS = 60


def shown_value(found: object) -> str:
    """Return a value as a message may hold it: a key or a password that was written in the wrong place may not."""
    if isinstance(found, (Mapping, list, tuple, bytes, bytearray)):
        return f"a {type(found).__name__}"
    if isinstance(found, (timedelta, BusinessDays)):
        return format_span(found)
    if isinstance(found, (PurePath, date)):
        found = str(found)
    if isinstance(found, str):
        if any(sign in found for sign in ("{", "\n", "-----BEGIN")):
            return "this text"
        found = safe_uri(found)
    text = repr(found)
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 3] + "..."


def as_written(document: object, path: Steps, found: object) -> object:
    """Return a duration as its author wrote it, where it is still at its place; whatever else was found as it is.

    Args:
        document: the plain values of the whole document.
        path: where the value is in it.
        found: the value as it was read.
    """
    if not isinstance(found, (timedelta, BusinessDays)):
        return found
    for step in path:
        is_there = isinstance(document, Mapping) and step in document
        if isinstance(document, (list, tuple)) and isinstance(step, int):
            is_there = step < len(document)
        if not is_there:
            return found
        document = document[step]  # type: ignore[index]
    return document if isinstance(document, str) else found
