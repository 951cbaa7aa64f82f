"""Injection: one way in which production differs from a pilot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from headgate.chunk import Chunk

if TYPE_CHECKING:
    from headgate.rehearsal.world import World

__all__ = ["Injection", "Make", "injection"]

Make = Callable[[Chunk, "World"], "Chunk | None"]


@dataclass(frozen=True, slots=True)
class Injection:
    """One way in which production differs from a pilot.

    Attributes:
        name: a few words.
        what: one sentence: what happens to a document.
        make: takes a curated chunk and the world, and returns the chunk to inject; None where it does not apply.
        kind: `added` next to the original, or put in its place (`replaces`).
        is_bad: whether the result has no business in a prompt. Otherwise it is a good document in other words.
        from_half: whether it happens only after half of the questions.
        stopped_by: what in a policy stops it.
        dose: how much of the corpus it affects, if the caller says nothing else.
    """

    name: str
    what: str
    make: Make
    kind: Literal["added", "replaces"] = "added"
    is_bad: bool = True
    from_half: bool = False
    stopped_by: str = ""
    dose: float = 0.05


def injection(
    name: str,
    what: str,
    *,
    kind: Literal["added", "replaces"] = "added",
    is_bad: bool = True,
    from_half: bool = False,
    stopped_by: str = "",
    dose: float = 0.05,
) -> Callable[[Make], Injection]:
    """Make an injection of a function.

    Example: ``@injection("shouting", "An unsigned copy in capitals.")`` above
    ``def shouting(chunk, world): return world.unsealed(chunk, chunk.text.upper())``.
    """

    def wrap(make: Make) -> Injection:
        return Injection(name, what, make, kind, is_bad, from_half, stopped_by, dose)

    return wrap
