"""Two policies, document by document: only those that they decide differently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headgate.display import Printable
from headgate.record import name_of
from headgate.replay import Redecided

__all__ = ["Comparison", "Move", "compare"]


@dataclass(frozen=True, slots=True)
class Move:
    """A document that two policies decide differently.

    Attributes:
        document: its URI, id or digest.
        source: its source under the second policy.
        before: what the first does with it.
        after: what the second does.
        because: the codes of whichever keeps it out.
        message: the first of these in words.
        prompts: how many prompts it was retrieved for.
    """

    document: str
    source: str
    before: str
    after: str
    because: tuple[str, ...]
    message: str
    prompts: int


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(Printable):
    """What two policies decide differently.

    Attributes:
        moves: one per document and direction, those of most prompts first.
        documents: how many documents were decided by both.
        admitted: how many of them each policy admits.
        prompts: how many prompts there are.
        changed_prompts: how many of them have a document that moved.
        undecided: documents whose records do not say enough for one of the two.
    """

    moves: tuple[Move, ...]
    documents: int
    admitted: tuple[int, int]
    prompts: int
    changed_prompts: int
    undecided: int


def compare(old: Sequence[Sequence[Redecided]], new: Sequence[Sequence[Redecided]]) -> Comparison:
    """Return what two decisions about the same traffic have different."""
    moves: dict[tuple[str, str, str], tuple[Redecided, Redecided, int]] = {}
    documents = before = after = undecided = changed = 0
    for prompt, again in zip(old, new, strict=True):
        is_changed = False
        for one, other in zip(prompt, again, strict=True):
            if one.action is None or other.action is None:
                undecided += 1
                continue
            documents += 1
            before += one.action == "admit"
            after += other.action == "admit"
            if one.action != other.action:
                is_changed = True
                # The digest too: two versions of a page are two documents to compare.
                key = (name_of(one.before), one.before["digest"], other.action)
                count = moves[key][2] if key in moves else 0
                moves[key] = (one, other, count + 1)
        changed += is_changed
    rows = sorted((_move(*found) for found in moves.values()), key=lambda move: -move.prompts)
    return Comparison(tuple(rows), documents, (before, after), len(old), changed, undecided)


def _move(one: Redecided, other: Redecided, prompts: int) -> Move:
    dropping = one if one.action == "drop" else other
    codes = tuple(finding.code for finding in dropping.reasons)
    message = dropping.reasons[0].message if dropping.reasons else ""
    return Move(name_of(one.before), other.source, str(one.action), str(other.action), codes, message, prompts)
