"""Displayed: what makes a value show itself in notebooks and in rich terminals.

How it looks is decided far above, in `headgate.report`, which is loaded when somebody looks and not before.
"""

from __future__ import annotations

from collections.abc import Container
from importlib import import_module
from typing import Any

__all__ = ["Displayed"]


class Displayed:
    """A value that notebooks show as HTML and rich shows as tables."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """Return the value as HTML without scripts, at most 256 kB of it."""
        html: str = _report().to_html(self)
        return html

    def _repr_mimebundle_(
        self, include: Container[str] | None = None, exclude: Container[str] | None = None
    ) -> dict[str, str]:
        """Return the value as plain text and as HTML, as far as they are asked for."""
        makers = {"text/plain": _report().to_text, "text/html": _report().to_html}
        return {
            kind: make(self)
            for kind, make in makers.items()
            if (include is None or kind in include) and (exclude is None or kind not in exclude)
        }

    def __rich__(self) -> Any:
        """Return the value as a rich renderable."""
        return _report().to_rich(self)


def _report() -> Any:
    return import_module("headgate.report")
