"""Seals for what is in an index already: what to sign, in which order, and what was not signed and why.

An integration opens the store (`StoredIndex`); what is decided about its rows is decided here, for every store alike.
Only the entry with the seal is written; texts, vectors and all other metadata stay as they are. A run that was ended
half-way is started again: what has the same seal already is left as it is, so that both runs end in one state.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from headgate.chunk import SEAL_KEY, Chunk
from headgate.errors import HeadgateError, SealError
from headgate.integration.publishing import Publishing, is_coverable
from headgate.limits import DEFAULT_LIMITS
from headgate.policy.matching import UriPattern, normalise_uri
from headgate.provenance import Sealer, verify_jws
from headgate.provenance.jws import parse_jws
from headgate.provenance.seals import SEAL_TYPE

__all__ = ["Compare", "Outcome", "SealedRow", "State", "StoredIndex", "StoredRow", "backfill"]

PAGE = 500
"""How many rows are read, signed and written at a time."""

State = Literal["sealed", "kept", "other", "changed", "differs", "unfit", "elsewhere", "conflict"]
Compare = Callable[[str, Chunk], str | None]
"""Given a document's URI and a chunk of it, says why it is not what the origin says; None if it is."""


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row of an index.

    Attributes:
        id: its identifier in the store.
        chunk: its text and metadata, as a retriever would return them; None where there is no text.
        problem: why there is no chunk.
        cover: names of the metadata entries to cover; `*` for all that can be.
        hide: names of those that the framework keeps out of the prompt.
        held: whatever the store needs to write the row back.
    """

    id: str
    chunk: Chunk | None
    problem: str | None = None
    cover: tuple[str, ...] = ("*",)
    hide: tuple[str, ...] = ()
    held: object = None


@dataclass(frozen=True, slots=True)
class SealedRow:
    """A row and the seal that it is to carry.

    Attributes:
        row: the row as it was read.
        seal: the seal, for the metadata entry `headgate_seal`.
    """

    row: StoredRow
    seal: str


class StoredIndex(Protocol):
    """What an integration offers so that the rows of a store can be sealed where they are.

    Attributes:
        name: what it is, for messages.
    """

    name: str

    def count(self) -> int | None:
        """Return how many rows there are, or None where that is not known."""

    def pages(self, size: int) -> Iterator[Sequence[StoredRow]]:
        """Yield all rows, at most `size` at a time; rows may be written in between."""

    def write(self, rows: Sequence[SealedRow]) -> Collection[str]:
        """Add the seals to the metadata of these rows and change nothing else.

        Returns:
            The ids of rows that were not written, because they had changed since they were read.
        """

    def finish(self) -> None:
        """Make permanent what was written."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row.

    Attributes:
        id: its identifier in the store.
        uri: its document, without credentials; None where it names none.
        state: `sealed` (it got a seal, or would), `kept` (it has this seal already), `other` (it has a seal that this
            key did not make, which was left), `changed` (it has a seal of this key that does not fit it any more),
            `differs` (the origin says something else), `unfit` (it cannot be sealed), `elsewhere` (it is of none of the
            places that were asked for), `conflict` (it was changed while this ran).
        problem: why it has no seal of this key now; None if it has.
        notes: what of its metadata the seal could not say or cover.
    """

    id: str
    uri: str | None
    state: State
    problem: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_sealed(self) -> bool:
        """Whether the row carries this key's seal, or would after writing."""
        return self.state in ("sealed", "kept")

    def to_dict(self) -> dict[str, object]:
        """Return the outcome as plain JSON values, without any text of the document."""
        return {
            "id": self.id,
            "uri": self.uri,
            "state": self.state,
            "problem": self.problem,
            "notes": list(self.notes),
        }


def backfill(
    store: StoredIndex,
    sealer: Sealer,
    publishing: Publishing | None = None,
    *,
    compare: Compare | None = None,
    matching: Sequence[str] = (),
    reseals: bool = False,
    writes: bool = False,
    page: int = PAGE,
) -> Iterator[Outcome]:
    """Seal the rows of a store where they are, and yield what becomes of each; a page is written before it is yielded.

    Without `compare` it signs whatever is in the index, a poisoned document as well: nobody but the origin knows.

    Args:
        store: the store.
        sealer: signs on behalf of the publisher.
        publishing: makes claims from metadata.
        compare: says whether a chunk is what its origin says.
        matching: patterns of the URIs to seal, as in a policy's `match`; all where there is none.
        reseals: whether a seal that does not fit, or that another key made, is replaced.
        writes: whether anything is written.
        page: how many rows are read, signed and written at a time.

    Raises:
        PolicyError: a pattern cannot be read.
        HeadgateError: the store cannot be read or written; what was yielded before is written.
    """
    deciding = _Deciding(
        sealer, publishing or Publishing(), compare, tuple(map(UriPattern.parse, matching)), reseals=reseals
    )
    for rows in store.pages(page):
        decided = [deciding.decide(row) for row in rows]
        new = [sealed for sealed, _ in decided if sealed is not None]
        missed = frozenset(store.write(new)) if writes and new else frozenset()
        for sealed, outcome in decided:
            if sealed is not None and outcome.id in missed:
                yield Outcome(outcome.id, outcome.uri, "conflict", "it was changed while this ran; run it again")
            else:
                yield outcome
    if writes:
        store.finish()


class _Deciding:
    def __init__(
        self,
        sealer: Sealer,
        publishing: Publishing,
        compare: Compare | None,
        patterns: Sequence[UriPattern],
        *,
        reseals: bool,
    ) -> None:
        self._sealer, self._publishing, self._compare = sealer, publishing, compare
        self._patterns, self._reseals = patterns, reseals

    def decide(self, row: StoredRow) -> tuple[SealedRow | None, Outcome]:
        """Return the seal to write, if there is one, and what becomes of the row."""
        chunk = row.chunk
        if chunk is None or not isinstance(chunk.text, str) or not chunk.text:
            return None, Outcome(row.id, None, "unfit", row.problem or "it has no text")
        if len(chunk.text.encode("utf-8", "surrogatepass")) > DEFAULT_LIMITS.text_bytes:
            return None, Outcome(row.id, None, "unfit", f"its text is longer than {DEFAULT_LIMITS.text_bytes:,} bytes")
        try:
            published = self._publishing.seal(self._sealer, chunk, cover=row.cover, hide=row.hide)
        except (ValueError, HeadgateError) as error:
            return None, Outcome(row.id, None, "unfit", f"it cannot be sealed: {error}")
        token = str(published.chunk.metadata[SEAL_KEY])
        uri = published.subject
        if len(token) > DEFAULT_LIMITS.seal_bytes:
            problem = f"its seal would be longer than {DEFAULT_LIMITS.seal_bytes:,} bytes, which no gate reads"
            return None, Outcome(row.id, uri, "unfit", problem)
        refused = self._refuse(row.id, uri, chunk, token)
        if refused is not None:
            return None, refused
        notes = (*published.problems, *_uncovered(chunk.metadata, row))
        return SealedRow(row, token), Outcome(row.id, uri, "sealed", notes=notes)

    def _refuse(self, identifier: str, uri: str, chunk: Chunk, token: str) -> Outcome | None:
        """Return why a row gets no new seal, or None."""
        exact = str(_claims_of(token)["sub"])
        normal = normalise_uri(exact) or exact
        if self._patterns and not any(pattern.matches(normal) for pattern in self._patterns):
            return Outcome(identifier, uri, "elsewhere", "no --match covers it")
        problem = self._compare(normal, chunk) if self._compare is not None else None
        if problem is not None:
            return Outcome(identifier, uri, "differs", problem)
        present = chunk.metadata.get(SEAL_KEY)
        if present is None or present == "":
            return None
        try:
            # Signed before it is compared: what only looks like a seal of this key is none.
            verify_jws(str(present), self._sealer.public, typ=SEAL_TYPE)
        except SealError:
            problem = "it has a seal that this key did not make; it was left as it is (--reseal replaces it)"
            return None if self._reseals else Outcome(identifier, uri, "other", problem)
        if _without_time(_claims_of(str(present))) == _without_time(_claims_of(token)):
            return Outcome(identifier, uri, "kept")
        problem = "its text or metadata is not what this key sealed before; look at it first (--reseal signs it again)"
        return None if self._reseals else Outcome(identifier, uri, "changed", problem)


def _claims_of(token: str) -> dict[str, object]:
    """Return the claims of a seal that this key made."""
    claims: dict[str, object] = json.loads(parse_jws(token).payload)
    return claims


def _without_time(claims: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in claims.items() if name != "iat"}


def _uncovered(metadata: Mapping[str, object], row: StoredRow) -> Iterator[str]:
    """Yield what the gate will take out, because a seal covers plain values only."""
    if "*" not in row.cover:
        return
    for name, value in metadata.items():
        if value is not None and not is_coverable(name, value):
            yield f"{str(name)[:80]!r} is not a plain value, so the seal does not cover it and the gate takes it out"
