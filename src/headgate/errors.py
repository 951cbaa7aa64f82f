"""What headgate raises: every error names the problem, the place and the remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = [
    "AdapterError",
    "BudgetError",
    "HeadgateError",
    "ManifestError",
    "NothingAdmissibleError",
    "PolicyError",
    "SealError",
    "one_line",
]

_SHOWN_CHARS = 200
# What ends a line, moves the cursor of a terminal or turns the direction of a text; and half a character.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class HeadgateError(Exception):
    """The root of everything that headgate raises on purpose."""

    def __str__(self) -> str:
        return _as_line(super().__str__())


class PolicyError(HeadgateError):
    """A configuration (policy, key or glossary file) that cannot be used.

    Args:
        problem: what was found.
        remedy: what would be right.
        path: where in the document, such as `("sources", 2, "freshness", "max_age")`.
        file: the file's name, where there is one.
        line: the line in that file, counted from 1.
        others: further problems of the same document, so that all are shown at once.
    """

    def __init__(
        self,
        problem: str,
        remedy: str = "",
        path: tuple[str | int, ...] = (),
        file: str | None = None,
        line: int | None = None,
        others: tuple[PolicyError, ...] = (),
    ) -> None:
        # Positional and complete, so that the error survives pickling through a process pool.
        super().__init__(problem, remedy, path, file, line, others)
        self.problem, self.remedy, self.path = problem, remedy, path
        self.file, self.line, self.others = file, line, others

    def under(self, *steps: str | int) -> PolicyError:
        """Return the same error, seen from further up in the document."""
        return PolicyError(self.problem, self.remedy, (*steps, *self.path), self.file, self.line, self.others)

    def at(self, file: str | None, line: int | None = None) -> PolicyError:
        """Return the same error with the file and line filled in where they are not known yet."""
        return PolicyError(self.problem, self.remedy, self.path, self.file or file, self.line or line, self.others)

    def __str__(self) -> str:
        return "\n".join(error.describe() for error in (self, *self.others))

    def describe(self) -> str:
        """Return this one problem as a line: place, problem, remedy."""
        place = self.file or ""
        if self.line is not None:
            place = f"{place}:{self.line}" if place else f"line {self.line}"
        place = " ".join(part for part in (place, format_path(self.path)) if part)
        text = f"{self.problem} {self.remedy}".strip()
        return _as_line(f"{place}: {text}" if place else text)


class SealError(HeadgateError):
    """A token or seal that does not verify.

    Args:
        code: the reason code, such as `P102`.
        problem: what was found, in one sentence.
    """

    def __init__(self, code: str, problem: str) -> None:
        super().__init__(code, problem)
        self.code, self.problem = code, problem

    def __str__(self) -> str:
        return _as_line(f"{self.code}: {self.problem}")


class ManifestError(HeadgateError):
    """A manifest, its timestamp or a shard that does not verify.

    Args:
        code: the reason code, such as `P102`.
        problem: what was found, in one sentence.
        file: the file in which it was found.
    """

    def __init__(self, code: str, problem: str, file: str | None = None) -> None:
        super().__init__(code, problem, file)
        self.code, self.problem, self.file = code, problem, file

    def at(self, file: str) -> ManifestError:
        """Return the same error with the file filled in where it is not known yet."""
        return ManifestError(self.code, self.problem, self.file or file)

    def __str__(self) -> str:
        place = f"{self.file}: " if self.file is not None else ""
        return _as_line(f"{place}{self.problem} ({self.code}).")


class AdapterError(HeadgateError):
    """`guard` was given something that no installed adapter can guard."""


class BudgetError(HeadgateError):
    """The token budget cannot be applied: tiktoken or its encoding is missing."""


class NothingAdmissibleError(HeadgateError):
    """Documents were found, none of them may enter the prompt, and the policy says `on_empty: raise`.

    Args:
        documents: how many were found.
        codes: how many of them carry each reason code.
        admission: the id of the admission.
    """

    def __init__(self, documents: int, codes: Mapping[str, int], admission: str) -> None:
        super().__init__(documents, dict(codes), admission)
        self.documents, self.codes, self.admission = documents, dict(codes), admission

    def __str__(self) -> str:
        reasons = ", ".join(f"{code}: {count}" for code, count in sorted(self.codes.items()))
        found = "the 1 document that was" if self.documents == 1 else f"the {self.documents:,} documents that were"
        return f"None of {found} found may enter the prompt ({reasons})."


def format_path(path: tuple[str | int, ...]) -> str:
    """Return a path in a document as people write it: `sources[2].freshness.max_age`."""
    shown = ""
    for step in path:
        if isinstance(step, int):
            shown += f"[{step}]"
        else:
            shown += f".{step}" if shown else step
    return shown


def _as_line(text: str) -> str:
    r"""Return a message as one line, with control characters as `\x1b`: names of files and keys may hold any."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def one_line(error: BaseException) -> str:
    """Return what somebody else's code raised as one short line."""
    said = " ".join(str(error).split())[:_SHOWN_CHARS].rstrip(".")
    return _as_line(f"{type(error).__name__}: {said}")
