"""What of a document nobody sees: in its text, and in the names and values of its metadata. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from headgate.terminology.invisible import Invisible, find_invisible, without_invisible

__all__ = ["UNREAD", "Hidden", "cleared", "find_hidden", "holds_invisible"]

UNREAD = "values too large to be read"
"""What is counted of metadata in which nobody can look for signs."""

_MOST_PARTS, _MOST_DEPTH = 10_000, 32
_UNREAD = Invisible((), {UNREAD: 1})


@dataclass(frozen=True, slots=True)
class Hidden:
    """What of a document nobody sees.

    Attributes:
        text: what of its text.
        entries: what of its metadata, by name: of the name, and of each text in the value.
        names: the names of entries that hold such signs themselves, or have a value that is too large to be read.
    """

    text: Invisible | None
    entries: Mapping[str, tuple[Invisible, ...]]
    names: frozenset[str] = frozenset()


def find_hidden(text: str, metadata: Mapping[str, object]) -> Hidden | None:
    """Return what of a document nobody sees, in its text and in its metadata; None for nothing."""
    found = find_invisible(text)
    entries: dict[str, tuple[Invisible, ...]] = {}
    names: set[str] = set()
    for name, value in metadata.items():
        of_name = find_invisible(str.__str__(name)) if isinstance(name, str) else None
        try:
            of_value = [find_invisible(part) for part in _texts(value)]
        except ValueError:
            of_name, of_value = _UNREAD, []
        if of_name is not None:
            names.add(name)
        held = tuple(one for one in (of_name, *of_value) if one is not None)
        if held:
            entries[name] = held
    return Hidden(found, entries, frozenset(names)) if found is not None or entries else None


def holds_invisible(value: object) -> bool:
    """Return whether a value of a document holds something in words that nobody sees."""
    try:
        return any(find_invisible(text) is not None for text in _texts(value))
    except ValueError:
        return True  # nobody knows


def cleared(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata without what nobody sees in its values; what is too large or too deep to be read is left out."""
    kept: dict[str, Any] = {}
    for name, value in metadata.items():
        try:
            kept[name] = _Clearing().value(value, 0)
        except Exception:  # noqa: BLE001, S112 - a value may raise wherever it is asked; what cannot be read does not leave
            continue
    return kept


class _Clearing:
    """Copies one value, counting its parts."""

    def __init__(self) -> None:
        self._left = _MOST_PARTS

    def value(self, value: object, depth: int) -> Any:
        """Return a value without what nobody sees in its texts.

        Raises:
            ValueError: it has too many parts, or is nested too deeply.
        """
        if isinstance(value, str):
            text = str.__str__(value)
            found = find_invisible(text)
            return without_invisible(text, found).text if found is not None else value
        if not isinstance(value, (Mapping, list, tuple, set, frozenset)):
            return value
        self._left -= len(value)
        if depth > _MOST_DEPTH or self._left < 0:
            raise ValueError("too large to be read")
        if isinstance(value, Mapping):
            kept = ((name, held) for name, held in value.items() if not holds_invisible(name))
            return {name: self.value(held, depth + 1) for name, held in kept}
        parts = [self.value(part, depth + 1) for part in value]
        return parts if isinstance(value, list) else tuple(parts) if isinstance(value, tuple) else frozenset(parts)


def _texts(value: object) -> Iterator[str]:
    """Yield the texts in a value, however nested.

    Raises:
        ValueError: it has too many parts, or is nested too deeply.
    """
    level = [value]
    left = _MOST_PARTS
    for depth in count():
        nested: list[object] = []
        for one in level:
            if isinstance(one, str):
                yield str.__str__(one)
            elif isinstance(one, (Mapping, list, tuple, set, frozenset)):
                left -= len(one)
                if depth > _MOST_DEPTH or left < 0:
                    raise ValueError("too large to be read")
                nested += [*one.keys(), *one.values()] if isinstance(one, Mapping) else one
        if not nested:
            return
        level = nested
