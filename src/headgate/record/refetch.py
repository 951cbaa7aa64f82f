"""What an ingestion has to fetch again, told while the gate runs: a sink to subscribe to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from headgate.codes import TO_FETCH
from headgate.decision import Admission

__all__ = ["Refetch", "refetching"]


@dataclass(frozen=True, slots=True)
class Refetch:
    """A document that an ingestion has to fetch again.

    Attributes:
        document: its URI, id or digest.
        source: its source.
        code: why: F207, F212 or P105.
        at: when the gate saw it last.
    """

    document: str
    source: str
    code: str
    at: datetime

    def to_dict(self) -> dict[str, object]:
        """Return the document as plain JSON values."""
        return {"document": self.document, "source": self.source, "code": self.code, "at": self.at.isoformat()}


def refetching(callback: Callable[[Refetch], None]) -> Callable[[Admission], None]:
    """Return a sink that tells an ingestion what to fetch again: `Gate(policy, sinks=[refetching(queue.put)])`.

    Args:
        callback: called once per document and admission, in the thread of the sink.
    """

    def sink(admission: Admission) -> None:
        told: set[str] = set()
        for decision in admission.decisions:
            code = next((code for code in decision.codes if code in TO_FETCH), None)
            name = decision.uri or decision.chunk_id or decision.digest
            if code is not None and name not in told:
                told.add(name)
                callback(Refetch(name, decision.source, code, admission.now))

    return sink
