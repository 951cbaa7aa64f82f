"""What of a document nobody sees: in its text, and in the texts of its metadata. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headgate.terminology.invisible import Invisible, find_invisible

__all__ = ["Hidden", "find_hidden"]


@dataclass(frozen=True, slots=True)
class Hidden:
    """What of a document nobody sees.

    Attributes:
        text: what of its text.
        entries: what of its metadata, by name.
    """

    text: Invisible | None
    entries: Mapping[str, Invisible]


def find_hidden(text: str, metadata: Mapping[str, object]) -> Hidden | None:
    """Return what of a document nobody sees, in its text and in the texts of its metadata; None for nothing."""
    found = find_invisible(text)
    # Within other values a text is printed as Python prints it, and that shows them.
    entries = {
        name: hidden
        for name, value in metadata.items()
        if isinstance(value, str) and (hidden := find_invisible(str.__str__(value))) is not None
    }
    return Hidden(found, entries) if found is not None or entries else None
