"""What a bundle is made of: the names of its parts, and the statement that lists them.

docs/evidence.md has the format.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = [
    "CHAINS",
    "MOST_PARTS",
    "PREDICATE_TYPE",
    "RECEIPTS",
    "RECORDS",
    "SIGNED",
    "STATEMENT_TYPE",
    "SUMMARY",
    "UNSIGNED",
    "Bundle",
]

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "urn:headgate:evidence:1"

RECORDS: Final = "log/records.jsonl"
"""The records of the span, byte for byte as the log has them."""

CHAINS: Final = "log/chains.json"
"""What the chains of the whole log showed, and where each begins and ends in the bundle."""

RECEIPTS: Final = "receipts.jsonl"
"""A receipt per admission that had a question, where they were asked for."""

SUMMARY: Final = "summary.json"
"""The figures of the span, which follow from the records."""

SIGNED: Final = "statement.dsse.json"
"""The statement in an envelope that is signed."""

UNSIGNED: Final = "statement.json"
"""The statement where nobody signed it: it shows damage, and no intent."""

MOST_PARTS: Final = 10_000
"""The most parts that a bundle may have."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was written.

    Attributes:
        path: the file.
        records: how many records it holds.
        between: how many of them are not of the span, and stand between others of their chain.
        receipts: how many receipts it holds.
        is_signed: whether somebody signed for it.
        missing: the revisions that decided, and whose policy was not handed over.
    """

    path: Path
    records: int
    between: int
    receipts: int
    is_signed: bool
    missing: tuple[str, ...]
