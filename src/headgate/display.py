"""Displayed: what makes a value show itself in notebooks and in rich terminals.

How it looks is decided far above, in `headgate.report` and beside what it shows; that is loaded when somebody looks and
not before.
"""

from __future__ import annotations

from collections.abc import Container
from importlib import import_module
from typing import Any, ClassVar

__all__ = ["Displayed", "Result"]


class Displayed:
    """A value that notebooks show as HTML and rich shows as tables.

    A subclass whose views are not in `headgate.report` names the module that adds them there, as `_views`.
    """

    __slots__ = ()
    _views: ClassVar[str] = "headgate.report"

    def _repr_html_(self) -> str:
        """Return the value as HTML without scripts, at most 256 kB of it."""
        html: str = self._report().to_html(self)
        return html

    def _repr_mimebundle_(
        self, include: Container[str] | None = None, exclude: Container[str] | None = None
    ) -> dict[str, str]:
        """Return the value as plain text and as HTML, as far as they are asked for."""
        report = self._report()
        makers = {"text/plain": report.to_text, "text/html": report.to_html}
        return {
            kind: make(self)
            for kind, make in makers.items()
            if (include is None or kind in include) and (exclude is None or kind not in exclude)
        }

    def __rich__(self) -> Any:
        """Return the value as a rich renderable."""
        return self._report().to_rich(self)

    def _report(self) -> Any:
        import_module(self._views)
        return import_module("headgate.report")


class Result(Displayed):
    """A value that is there to be read: printing it shows it as rich would, in plain text."""

    __slots__ = ()

    def __str__(self) -> str:
        text: str = self._report().to_text(self)
        return text

    def __repr__(self) -> str:
        line, _, rest = str(self).partition("\n")
        return f"<{type(self).__name__}: {line}{'...' if rest else ''}>"
