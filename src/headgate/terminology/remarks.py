"""What is worth knowing about a glossary that loads nevertheless, and all its problems at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from headgate.errors import PolicyError

__all__ = ["Remark", "RemarkKind", "looks_like_a_list", "on_one_alias", "refuse"]

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
    "one-alias",
]
_MOST_NAMED = 100
_BETWEEN = re.compile(r"[^\W_]\s*(?:;|,(?!\d))\s*[^\W_]")


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


def looks_like_a_list(alias: str) -> bool:
    """Return whether what was read as one alias has commas or semicolons between words, as a list has."""
    return ("," in alias or ";" in alias) and _BETWEEN.search(alias) is not None


def on_one_alias(found: Sequence[tuple[int | None, str]], remedy: str, file: str | None) -> tuple[Remark, ...]:
    """Return a remark about texts that were read as one alias each and look like lists, or none.

    Args:
        found: the lines and the texts.
        remedy: how several aliases are written here.
        file: the file's name.
    """
    if not found:
        return ()
    line, text = found[0]
    more = f" (and {len(found) - 1:,} more like it)" if len(found) > 1 else ""
    return (Remark("one-alias", f"{text[:60]!r} is read as one alias{more}. {remedy}", file, line),)


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
