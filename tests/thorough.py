"""A gate that remembers no decision, to compare others with, and all that an admission says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from headgate import Admission, Chunk, Gate

__all__ = ["Thorough", "told"]


class Thorough(Gate):
    """A gate that judges everything from the beginning."""

    def judge(
        self,
        chunks: Sequence[Chunk],
        query: str | None = None,
        now: datetime | None = None,
        as_of: datetime | None = None,
    ) -> Admission:
        return self._in_force.judge_anew(self, chunks, query, now or self.now(), as_of)


def told(admission: Admission) -> object:
    """Return all that an admission says, but for its id and how long it took."""
    decided = [
        (one.to_dict(), dict(one.evidence), one.rewrite.text if one.rewrite else None) for one in admission.decisions
    ]
    # As text: 1 equals True, and a model reads another word.
    left = [(one.text, repr(one.metadata), one.id, one.score) for one in admission.chunks]
    return decided, left, [(one.chunk, one.decision.index) for one in admission.dropped], admission.valid_until
