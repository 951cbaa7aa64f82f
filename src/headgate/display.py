"""Displayed: what makes a value show itself in notebooks and in rich terminals.

How it looks is none of its business: `headgate` injects what renders values, and whoever has values of its own to show
brings its views. Both are functions that are called when somebody looks and not before, so that deciding loads no
renderer.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Any, Protocol

__all__ = ["Displayed", "Printable", "Renderer", "bring_views", "load_views", "render_with", "renderer_of"]


class Renderer(Protocol):
    """What turns values into something to look at."""

    def to_html(self, value: Any) -> str:
        """Return a value as HTML without scripts."""

    def to_rich(self, value: Any) -> Any:
        """Return a value as a rich renderable."""

    def to_text(self, value: Any) -> str:
        """Return a value as plain text."""

    def to_page(self, value: Any, title: str) -> str:
        """Return a value as a whole HTML page with a title."""


_renderers: list[Callable[[], Renderer]] = []
_views: dict[type, Callable[[], object]] = {}


def render_with(load: Callable[[], Renderer]) -> None:
    """Say what renders values.

    Args:
        load: returns the renderer; called whenever a value is looked at.
    """
    _renderers[:] = [load]


def bring_views(load: Callable[[], object], *kinds: type) -> None:
    """Say where the views of some kinds of values come from.

    Args:
        load: makes the views known to the renderer; called whenever a value of these kinds is looked at.
        kinds: the classes.
    """
    _views.update(dict.fromkeys(kinds, load))


def load_views(value: object) -> None:
    """Make the views of a value known to the renderer, if somebody brings them."""
    for kind in type(value).__mro__:
        if kind in _views:
            _views[kind]()


def renderer_of(value: object) -> Renderer:
    """Return what renders a value.

    Raises:
        LookupError: nothing that renders was injected.
    """
    load_views(value)
    if not _renderers:
        raise LookupError("nothing renders values: import headgate, or call headgate.display.render_with")
    return _renderers[0]()


class Displayed:
    """A value that notebooks show as HTML and rich shows as tables."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """Return the value as HTML without scripts, at most 256 kB of it."""
        return renderer_of(self).to_html(self)

    def _repr_mimebundle_(
        self, include: Container[str] | None = None, exclude: Container[str] | None = None
    ) -> dict[str, str]:
        """Return the value as plain text and as HTML, as far as they are asked for."""
        renderer = renderer_of(self)
        makers = {"text/plain": renderer.to_text, "text/html": renderer.to_html}
        return {
            kind: make(self)
            for kind, make in makers.items()
            if (include is None or kind in include) and (exclude is None or kind not in exclude)
        }

    def __rich__(self) -> Any:
        """Return the value as a rich renderable."""
        return renderer_of(self).to_rich(self)


class Printable(Displayed):
    """A value that is there to be read: printing it shows it as rich would, in plain text."""

    __slots__ = ()

    def __str__(self) -> str:
        return renderer_of(self).to_text(self)

    def __repr__(self) -> str:
        line, _, rest = str(self).partition("\n")
        return f"<{type(self).__name__}: {line}{'...' if rest else ''}>"
