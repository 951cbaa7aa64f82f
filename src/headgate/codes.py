"""Reason codes: to find one, to count by them, and to tell what they call for."""

from __future__ import annotations

from collections.abc import Iterable

from headgate.code_catalogue import CATALOGUE, Code

__all__ = [
    "CHECKS",
    "CODES",
    "CONTRADICTED",
    "RIGHTLY_OUT",
    "TO_FETCH",
    "TO_MEND",
    "UNTOLD",
    "Code",
    "check_of",
    "first_reason",
    "titled",
]


CHECKS = {"P": "provenance", "F": "freshness", "T": "terminology", "B": "budget", "G": "gate"}
"""Which check a code belongs to, by its first letter."""


_ORDER = {letter: number for number, letter in enumerate(CHECKS)}


def check_of(code: str) -> str:
    """Return which check a code belongs to: provenance, freshness, terminology, budget or gate."""
    return CHECKS.get(code[:1], "gate")


def first_reason(codes: Iterable[str]) -> str | None:
    """Return the code that a document counts under wherever documents are counted by reason; None if there is none.

    The order is that of the checks, and within a check that of the findings: what has no proof is lost to that,
    whatever its age is, and not to the budget.

    Args:
        codes: of the findings that keep, or would keep, the document out, in the order found.
    """
    return min(codes, key=lambda code: _ORDER.get(code[:1], len(_ORDER)), default=None)


CODES: dict[str, Code] = {code.code: code for code in CATALOGUE}
"""Every reason code by its identifier."""

RIGHTLY_OUT = frozenset(
    (
        *("P102", "P103", "P104", "P105", "P106", "P107", "P108", "P110", "P115", "P116"),
        *("F201", "F204", "F205", "F206", "F207", "F212", "F213", "F214", "G902", "G903", "G906", "G907"),
    )
)
"""Reasons for which no policy should change: what is to be done is done where the document comes from."""

TO_MEND = frozenset(("P101", "P114", "F203", "F208", "F210", "F211", "G901", "G905"))
"""Reasons that say more about how documents are ingested, or the gate is run, than about the document."""

TO_FETCH = frozenset(("F207", "F212", "P105"))
"""Reasons that give an ingestion work: changed at its origin, gone, or a different text than was signed."""

CONTRADICTED = frozenset(("F205", "F207", "F212", "F213", "F214", "P107", "P110"))
"""Reasons that say that somebody who may has said something else since, or no longer says this."""

UNTOLD = frozenset(("F208", "G901", "G904", "G905"))
"""Reasons that say that something could not be told, not that the document is at fault."""


def titled(code: str) -> str:
    """Return a code with its title, such as `P101 no seal`; one that is not in the catalogue alone."""
    return f"{code} {CODES[code].title}" if code in CODES else code
