"""The successor that a document names: whether there is one, and how it may be shown.

The entry may hold anything; whatever is not a spelling of "none" is a successor. What is shown of it goes into records,
so that texts become digests and addresses lose what may be a secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from itertools import islice
from uuid import UUID

from headgate.encoding import safe_name
from headgate.freshness.parsing import is_none, plain_value

__all__ = ["name_successor"]

# Some stores keep a flag under this name; as texts these are its "no".
_NO_SUCCESSOR = frozenset(("no", "false", "0"))
_MOST_NAMED, _DEEPEST = 5, 3


def name_successor(value: object) -> str | None:
    """Return the successor that a metadata value names, fit to be shown; None if it names none. Never raises."""
    try:
        return _name(value, 0)
    except Exception as error:  # noqa: BLE001 - foreign objects do what they like; something is there
        return f"a value that cannot be read ({type(error).__name__})"


def _name(value: object, depth: int) -> str | None:
    value = plain_value(value)
    if is_none(value) or value is False or (isinstance(value, (int, float)) and value == 0):
        return None
    if value is True:
        return "unnamed"
    if isinstance(value, str):
        return _shown(value.strip())
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (int, float)):
        return f"{value:.6g}" if abs(value) > 2**63 else str(value)
    if isinstance(value, (list, tuple, Set, Mapping)):
        return _name_several(value, depth)
    return f"a value of type {type(value).__name__[:80]}"


def _name_several(value: object, depth: int) -> str | None:
    parts = list(islice(value.values() if isinstance(value, Mapping) else value, _MOST_NAMED + 1))  # type: ignore[call-overload]
    if depth >= _DEEPEST or len(parts) > _MOST_NAMED:
        return "several documents"
    names = [name for part in parts if (name := _name(part, depth + 1)) is not None]
    return ", ".join(names)[:400] if names else None


def _shown(text: str) -> str | None:
    if text.casefold() in _NO_SUCCESSOR:
        return None
    # The entry may be a sentence, or an address with a signature that opens the document.
    return safe_name(text)
