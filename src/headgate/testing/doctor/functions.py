"""Functions of the user's own that answer a question, under proof."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from headgate.admission.gate import Gate
from headgate.integration.loops import wait_for
from headgate.testing.doctor.run import Run

__all__ = ["FunctionProbe"]


class FunctionProbe:
    """A function of one question under proof; what it names is read by the integrations.

    Args:
        function: the function; it may be an `async def`.
    """

    gates: Sequence[Gate] = ()
    around: Sequence[str] = ()
    open: Sequence[tuple[str, object]] = ()
    unfinished: Sequence[str] = ()

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def is_searched(self, item: object) -> bool:  # noqa: ARG002 - the protocol's name
        """Return whether an open store is searched; none is listed here."""
        return False

    def is_known(self, item: object) -> bool:  # noqa: ARG002 - the protocol's name
        """Return whether an object needs no further look; the integrations know theirs."""
        return False

    def retrieves(self) -> bool:
        """Return whether it may come to retrieve: any function may."""
        return True

    def watching(self, run: Run) -> AbstractContextManager[None]:  # noqa: ARG002 - the protocol's name
        """Watch nothing: a function belongs to no framework."""
        return nullcontext()

    def ask(self, question: str, given: Any) -> str:
        """Call the function once, and return the texts in what it returns."""
        found = self._function(question if given is None else given)
        return "\n".join(_texts(wait_for(found) if hasattr(found, "__await__") else found))

    def written(self) -> Iterable[str]:
        """Return nothing: what it names is read by the integrations."""
        return ()


def _texts(found: Any) -> Iterable[str]:
    if isinstance(found, Mapping):
        found = list(found.values())
    if isinstance(found, (list, tuple)):
        for one in found:
            yield from _texts(one)
    elif found is not None:
        yield str(getattr(found, "content", found))
