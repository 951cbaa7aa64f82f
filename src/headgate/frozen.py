"""Making values that cannot be changed as fast as those that can."""

from __future__ import annotations

from dataclasses import fields, make_dataclass
from typing import Any

__all__ = ["draft_of"]


def draft_of(kind: type) -> Any:
    """Return a class whose instances are filled in like those of a frozen dataclass with slots, and then become one.

    The constructor of a frozen dataclass sets each field through a function call, which for a dozen fields takes longer
    than a decision. `draft = Draft(...); draft.__class__ = Kind` assigns them, and is a `Kind` from then on.

    Args:
        kind: a frozen dataclass with slots; its defaults are not taken over.
    """
    # The bases too: only classes that are laid out alike may take each other's places.
    return make_dataclass(
        f"{kind.__name__}Draft", [field.name for field in fields(kind)], bases=kind.__bases__, slots=True
    )
