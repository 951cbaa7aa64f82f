"""What a retriever's own steps did to the documents that gated parts of it have released: cut, rewritten, or added.

A compressor works behind the gate that is put around what it reads. What it gives is judged again, each document as the
one that it was cut from: a part of what was proved is not what was sealed, and passes all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

from langchain_core.documents import Document

from headgate import Admission, Gate
from headgate.integration.mark import is_equal
from headgate.integration.steps import Change, explained
from langchain_headgate.convert import by_index, text_of
from langchain_headgate.values import is_name, is_textless

__all__ = ["Behind", "Parts", "as_part", "collecting", "released"]

# How often a retriever's parts may be asked for one question, before what they release is no longer kept.
_MOST_KEPT = 2_000


class Parts:
    """What gated parts of a retriever have released while it was asked: each as released, and as it was found."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.pairs: list[tuple[Document, Document]] = []
        self.emptied: Admission | None = None


_collecting: ContextVar[Parts | None] = ContextVar("headgate_parts", default=None)


@contextmanager
def collecting(gate: Gate) -> Iterator[Parts]:
    """Collect what the parts of a retriever release, behind the same gate."""
    parts = Parts(gate)
    token = _collecting.set(parts)
    try:
        yield parts
    finally:
        _collecting.reset(token)


def as_part(gate: Gate, admission: Admission) -> Admission:
    """Return an admission as it is for whoever asks: for a retriever behind the same gate, no more than the documents.

    That one of several parts has nothing admissible is neither an error nor a note; it is for the whole to say.
    """
    parts = _collecting.get()
    if parts is None or parts.gate is not gate:
        return admission
    if admission.is_empty:
        parts.emptied = admission
    return replace(admission, on_empty="empty")


def released(gate: Gate, documents: Mapping[int, Document], found: Sequence[Document], admission: Admission) -> None:
    """Tell the retriever that asks, if one does, what is released to it.

    Args:
        gate: the gate that has judged.
        documents: what is released, by its place among what was judged.
        found: what was judged.
        admission: the decisions about it.
    """
    parts = _collecting.get()
    # Another gate may let through what this one would not.
    if parts is None or parts.gate is not gate or len(parts.pairs) >= _MOST_KEPT:
        return
    # Copies, because a step may change what it is given in place; and no note that nothing is admissible.
    places = [decision.index for _, decision in admission.admitted()]
    for place in places:
        try:
            parts.pairs.append((documents[place].model_copy(deep=True), found[place]))
        except Exception:  # noqa: BLE001, S112 - metadata may hold anything; what has no copy is judged again
            continue


class Behind:
    """What a retriever returned, compared with what its gated parts released to it.

    Args:
        found: what it returned.
        parts: what was released to it.
        steps: the names of the classes of its steps that may have changed something.
        may_rewrite: whether the policy trusts all of these.

    Attributes:
        judged: what to judge in the place of each document: the one that it was cut from, or itself.
    """

    def __init__(
        self,
        found: Sequence[Document],
        parts: Parts | None = None,
        steps: Sequence[str] = (),
        *,
        may_rewrite: bool = False,
    ) -> None:
        self._pairs = parts.pairs if parts is not None else []
        self._emptied = parts.emptied if parts is not None else None
        self._steps = steps
        self._shown: dict[int, Document] = {}
        self._changes: dict[int, Change] = {}
        self.judged = [self._compare(place, one, may_rewrite) for place, one in enumerate(found)]

    def explained(self, admission: Admission) -> Admission:
        """Return the admission of `judged`, in which what is kept out says which step has added it."""
        return explained(admission, self._changes, " or ".join(self._steps)) if self._changes else admission

    def released(self, admission: Admission) -> dict[int, Document]:
        """Return the admitted documents by their places: of those that were cut or rewritten, what was made of them.

        Raises:
            NothingAdmissibleError: as `to_documents`.
        """
        whole = by_index(self.judged, admission)
        if not whole and self._emptied is not None and admission.on_empty != "empty":
            return by_index((), self._emptied)  # the parts have left nothing to judge
        made = {decision.index: self._shown.get(decision.index) for _, decision in admission.admitted()}
        return {place: made.get(place) or one for place, one in whole.items()}

    def _compare(self, place: int, document: Document, may_rewrite: bool) -> Document:
        text = text_of(document)
        for before, original in self._pairs:
            if text == before.page_content and is_equal(document.metadata, before.metadata):
                return original
        cut_from = self._cut_from(document, text)
        if cut_from is not None:
            before, original = cut_from
            self._shown[place] = _remade(document, before)
            return original
        if not self._pairs or not self._steps:
            return document
        same = next((pair for pair in self._pairs if _is_of(document, pair[0])), None)
        if same is None:
            self._changes[place] = "added"
            return document
        if may_rewrite:
            self._shown[place] = _remade(document, same[0])
            return same[1]
        self._changes[place] = "rewritten"
        return document

    def _cut_from(self, document: Document, text: str) -> tuple[Document, Document] | None:
        """Return what a document was cut from: of what holds its text, if need be, what has its metadata too."""
        if not text:
            return None
        holding = [pair for pair in self._pairs if text in pair[0].page_content]
        return next((pair for pair in holding if _is_of(document, pair[0])), holding[0] if holding else None)


def _is_of(document: Document, before: Document) -> bool:
    """Return whether a document has all entries of another one, as what is made of it has."""
    kept = before.metadata
    return bool(kept) and all(key in document.metadata and is_equal(document.metadata[key], kept[key]) for key in kept)


def _remade(document: Document, before: Document) -> Document:
    """Return the text of a document with the entries that it was released with, and the scores that it was given."""
    given = document.metadata if isinstance(document.metadata, dict) else {}
    metadata = {
        key: value
        for key, value in given.items()
        if (key in before.metadata and is_equal(before.metadata[key], value))
        or (key not in before.metadata and is_name(key, is_written=True) and is_textless(value))
    }
    return Document(page_content=text_of(document), metadata=metadata, id=before.id)
