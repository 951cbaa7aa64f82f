"""Verification: somebody who may vouched for a document, at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

__all__ = ["VERIFIERS", "Verification", "Verifier"]

Verifier = Literal["manifest", "feed", "origin", "seal"]

VERIFIERS: tuple[Verifier, ...] = ("manifest", "feed", "origin", "seal")
"""What can verify a document: a list of what is current, a feed of its source, its origin, or whoever sealed it."""


class Verification(NamedTuple):
    """When a document was last known to be current, and who says so.

    Attributes:
        at: when; aware, in UTC.
        by: what verified it.
        name: of the list, the feed, the origin or the issuer, for people.
    """

    at: datetime
    by: Verifier
    name: str

    def __str__(self) -> str:
        return f"current as of {self.at:%Y-%m-%d %H:%M} UTC ({self.name})"
