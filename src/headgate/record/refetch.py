"""What an ingestion has to fetch again, told while the gate runs: a sink to subscribe to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from headgate.codes import TO_FETCH
from headgate.decision import Admission

__all__ = ["Refetch", "refetching"]

_MOST_PIECES = 100


@dataclass(frozen=True, slots=True)
class Refetch:
    """A document that an ingestion has to fetch again.

    Attributes:
        document: its URI, id or digest.
        source: its source.
        code: why: F207, F212 or P105.
        at: when the gate saw it last.
        pieces: which of its chunks were seen so, by id or digest: what has to leave the index. A hundred at most.
    """

    document: str
    source: str
    code: str
    at: datetime
    pieces: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the document as plain JSON values."""
        return {
            "document": self.document,
            "source": self.source,
            "code": self.code,
            "at": self.at.isoformat(),
            "pieces": list(self.pieces),
        }

    def with_pieces(self, pieces: Iterable[str]) -> Refetch:
        """Return it with further chunks of the document; each once."""
        return replace(self, pieces=tuple(dict.fromkeys((*self.pieces, *pieces)))[:_MOST_PIECES])


def refetching(callback: Callable[[Refetch], None]) -> Callable[[Admission], None]:
    """Return a sink that tells an ingestion what to fetch again: `Gate(policy, sinks=[refetching(queue.put)])`.

    Args:
        callback: called once per document and admission, in the thread of the sink.
    """

    def sink(admission: Admission) -> None:
        found: dict[str, Refetch] = {}
        for decision in admission.decisions:
            code = next((code for code in decision.codes if code in TO_FETCH), None)
            if code is None:
                continue
            name = decision.uri or decision.chunk_id or decision.digest
            known = found.get(name) or Refetch(name, decision.source, code, admission.now)
            found[name] = known.with_pieces((decision.chunk_id or decision.digest,))
        for one in found.values():
            callback(one)

    return sink
