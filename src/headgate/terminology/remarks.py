"""What is worth knowing about a glossary that loads nevertheless, and all its problems at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from headgate.errors import PolicyError

__all__ = ["Remark", "RemarkKind", "refuse"]

RemarkKind = Literal[
    "chain",
    "spelling",
    "column",
    "expression",
    "first-is-canonical",
    "several-replacements",
    "rule-setting",
    "own-canonical",
    "ambiguous",
    "language",
    "label",
    "deprecated",
    "status",
    "sheet",
]
_MOST_NAMED = 100


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a reader of a glossary did, or left out, and its author should know.

    Attributes:
        kind: what it is about.
        text: one sentence, or two.
        file: the file's name.
        line: the line in that file, counted from 1.
    """

    kind: RemarkKind
    text: str
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return f"{place}: {self.text}" if place else self.text


def refuse(problems: Sequence[PolicyError], remarks: Sequence[Remark] = ()) -> None:
    """Raise all problems as one error, in the order of their lines, if there are any.

    Args:
        problems: what has to be mended.
        remarks: what else there is to know while one is at it.

    Raises:
        PolicyError: there are problems.
    """
    if not problems:
        return
    noted = [PolicyError(f"note: {one.text}", file=one.file, line=one.line) for one in remarks]
    first, *others = sorted([*problems, *noted], key=lambda one: (one.file or "", one.line or 0))
    if len(others) > _MOST_NAMED:
        more = len(others) - _MOST_NAMED
        others = [*others[:_MOST_NAMED], PolicyError(f"and {more:,} more problems.", "Fix these first.")]
    raise PolicyError(first.problem, first.remedy, first.path, first.file, first.line, tuple(others))
