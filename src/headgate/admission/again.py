"""An admission of which every decision was made before, and holds still. No I/O.

Most of what a gate sees it has seen before. Where each chunk of a retrieval is settled, and nothing that looks at the
retrieval as a whole has anything to say, what was decided is decided again; in all other cases it is judged from the
beginning.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from headgate.admission.concluding import admission_of
from headgate.admission.examining import recall_facts
from headgate.admission.releases import RELEASES
from headgate.admission.revision import Revision
from headgate.admission.settled import Settled, Told
from headgate.chunk import Chunk
from headgate.decision import Admission, Decision
from headgate.limits import Limits

__all__ = ["decide_again"]


def decide_again(
    revision: Revision,
    chunks: Sequence[Chunk],
    limits: Limits,
    says_the_same: Callable[[Sequence[Told], datetime], bool],
    *,
    query: object,
    now: datetime,
) -> Admission | None:
    """Return the admission of chunks about each of which is settled what to decide; None where it has to be judged.

    Args:
        revision: the policy in force, which has no budget.
        chunks: the chunks of one retrieval.
        limits: bounds on what is looked at.
        says_the_same: tells whether others say now of documents what they said before.
        query: what was asked.
        now: the present.
    """
    started = time.perf_counter()
    if len(chunks) > limits.chunks:
        return None
    settled: list[Settled] = []
    for chunk in chunks:
        try:
            one = _settled(chunk, revision, limits)
            if one is None or not one.holds(now, chunk):
                return None
        except Exception:  # noqa: BLE001 - a chunk may hold anything; judged from the beginning, it gets a finding
            return None
        settled.append(one)
    if _is_competing(settled) or not says_the_same([one.told for one in settled], now):
        return None
    return _concluded(revision, chunks, settled, query=query, now=now, started=started)


def _is_competing(settled: Sequence[Settled]) -> bool:
    """Return whether chunks of one document have to be judged together.

    Of one version they do not compete; what one of them defines is another matter.
    """
    documents: dict[str, object] = {}
    are_defined = False
    for one in settled:
        if one.document is None:
            continue
        if one.document in documents:
            if one.defines or are_defined or documents[one.document] != one.version:
                return True
        else:
            documents[one.document] = one.version
        are_defined = are_defined or one.defines
    return False


def _concluded(
    revision: Revision,
    chunks: Sequence[Chunk],
    settled: Sequence[Settled],
    *,
    query: object,
    now: datetime,
    started: float,
) -> Admission:
    change: datetime | None = None
    decided: list[tuple[Chunk, Decision, Chunk | None]] = []
    for index, (chunk, one) in enumerate(zip(chunks, settled, strict=True)):
        if one.change is not None and (change is None or one.change < change):
            change = one.change
        decided.append((chunk, one.decide(index, now), one.outgoing(chunk)))
    return admission_of(revision, decided, now=now, as_of=None, query=query, started=started, valid_until=change)


def _settled(chunk: Chunk, revision: Revision, limits: Limits) -> Settled | None:
    """Return what is settled about a chunk, if anything."""
    text = chunk.text
    # What a gate of this process has released is judged as what it was before.
    if type(text) is not str or len(text) > limits.text_bytes or chunk.released is not None or RELEASES.holds(text):
        return None
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        return None
    facts = recall_facts(chunk, hashlib.sha256(data).digest(), revision)
    if facts is None or facts.memory is None:
        return None
    return facts.memory.settled.get((chunk.prompt_metadata, chunk.hidden_metadata))
