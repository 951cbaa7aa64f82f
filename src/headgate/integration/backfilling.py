"""Seals for what is in an index already: what to sign, in which order, and what was not signed and why.

An integration opens the store (`StoredIndex`); what is decided about its rows is decided here, for every store alike.
Only the entry with the seal is written; texts, vectors and all other metadata stay as they are. A run that was ended
half-way is started again: what has the same seal already is left as it is, so that both runs end in one state.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from headgate.chunk import SEAL_KEY, Chunk
from headgate.encoding import safe_uri
from headgate.errors import HeadgateError, SealError
from headgate.freshness import find_entry
from headgate.integration.publishing import EVERYTHING, Publishing, is_coverable
from headgate.limits import DEFAULT_LIMITS
from headgate.policy.matching import UriPattern, normalise_uri
from headgate.provenance import Sealer, read_seal
from headgate.provenance.jws import parse_jws
from headgate.provenance.seals import verify_seal

__all__ = ["Compare", "Compared", "Outcome", "SealedRow", "State", "StoredIndex", "StoredRow", "backfill", "coverable"]

PAGE = 500
"""How many rows are read, signed and written at a time."""

State = Literal["sealed", "kept", "other", "changed", "differs", "unfit", "elsewhere", "conflict"]


@dataclass(frozen=True, slots=True)
class Compared:
    """A chunk beside what its origin says.

    Attributes:
        problem: why it is not what the origin says; None if it is.
        agreed: names of the metadata entries of which the origin says the same.
    """

    problem: str | None = None
    agreed: frozenset[str] = frozenset()


Compare = Callable[[str, Chunk], Compared]
"""Given a document's URI and a chunk of it, says whether it is what the origin says."""


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

    One whose rows can be read, and for a reason that is known beforehand not written, has a method `require_writable`
    besides: it raises an `AdapterError` that says why and what to do instead, before a row is looked at.

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

    Without `compare` it signs whatever is in the index, a poisoned document as well: nobody but the origin knows. With
    it, a seal covers the entries of which the origin says the same, those named by `publishing.cover`, and, because a
    gate reads them, those with times and versions; what of these the origin does not have is named in the notes.

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
        AdapterError: nothing can be written into this store, which is said of a dry run too.
        PolicyError: a pattern cannot be read.
        HeadgateError: the store cannot be read or written; what was yielded before is written.
    """
    require: Callable[[], None] = getattr(store, "require_writable", lambda: None)
    require()
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
            compared = self._place(chunk) if self._patterns or self._compare is not None else None
            if isinstance(compared, Outcome):
                return None, replace(compared, id=row.id)
            cover = coverable(chunk, row.cover, compared)
            published = self._publishing.seal(self._sealer, chunk, cover=cover, hide=row.hide)
        except (ValueError, HeadgateError) as error:
            return None, Outcome(row.id, None, "unfit", f"it cannot be sealed: {error}")
        uri = published.subject
        token = str(published.chunk.metadata[SEAL_KEY])
        if len(token) > DEFAULT_LIMITS.seal_bytes:
            problem = f"its seal would be longer than {DEFAULT_LIMITS.seal_bytes:,} bytes, which no gate reads"
            return None, Outcome(row.id, uri, "unfit", problem)
        present = self._look(chunk.metadata.get(SEAL_KEY), token)
        if present is not None:
            return None, replace(present, id=row.id, uri=uri)
        notes = (*published.problems, *_notes(chunk, row.cover, token, compared))
        return SealedRow(row, token), Outcome(row.id, uri, "sealed", notes=notes)

    def _place(self, chunk: Chunk) -> Compared | Outcome | None:
        """Return what the origin says; an outcome where the row is not to be sealed, None where nothing is compared."""
        subject = self._publishing.claims(chunk.metadata, chunk).arguments["subject"]
        uri, shown = normalise_uri(subject) or subject, safe_uri(subject)
        if self._patterns and not any(pattern.matches(uri) for pattern in self._patterns):
            return Outcome("", shown, "elsewhere", "no --match covers it")
        compared = self._compare(uri, chunk) if self._compare is not None else None
        if compared is not None and compared.problem is not None:
            return Outcome("", shown, "differs", compared.problem)
        return compared

    def _look(self, present: object, token: str) -> Outcome | None:
        """Return what becomes of a row that has a seal already; None where it gets the new one."""
        if present is None or present == "":
            return None
        try:
            # Verified before it is compared: what only looks like a seal of this key is none.
            verify_seal(present, self._sealer.public)
        except SealError:
            problem = "it has a seal that this key did not make; it was left as it is (--reseal replaces it)"
            return None if self._reseals else Outcome("", None, "other", problem)
        if _claims_of(str(present)) == _claims_of(token):
            return Outcome("", None, "kept")
        problem = (
            "this key sealed it before, with another text, metadata or cover: look first (--reseal signs it again)"
        )
        return None if self._reseals else Outcome("", None, "changed", problem)


def _claims_of(token: str) -> dict[str, object]:
    """Return the claims of a seal but for the time at which it was made."""
    claims: dict[str, object] = json.loads(parse_jws(token).payload)
    return {name: value for name, value in claims.items() if name != "iat"}


def coverable(chunk: Chunk, wanted: Sequence[str], compared: Compared | None) -> tuple[str, ...]:
    """Return which entries to cover: of those that are wanted, where there is an origin, those it agrees on."""
    if compared is None:
        return tuple(wanted)
    names = chunk.metadata if EVERYTHING in wanted else wanted
    return tuple(name for name in names if name in compared.agreed and is_coverable(name, chunk.metadata.get(name)))


def _notes(chunk: Chunk, wanted: Sequence[str], token: str, compared: Compared | None) -> Iterator[str]:
    """Yield what the gate will take out, and what is signed although the origin does not say it."""
    covered = read_seal(token)[1].covered
    names = chunk.metadata if EVERYTHING in wanted else wanted
    for name in names:
        value, shown = chunk.metadata.get(name), repr(str(name)[:80])
        # Numbers and truth values carry no words, so the gate leaves them.
        if name in covered or name == SEAL_KEY or value is None or isinstance(value, (bool, int, float)):
            continue
        if not is_coverable(name, value):
            yield f"{shown} is not a plain value, so the seal does not cover it and the gate takes it out"
        elif compared is not None and find_entry({name: value}, "source") is None:
            yield f"{shown} is in the index only: the seal does not cover it, the gate takes it out (--cover signs it)"
    if compared is not None:
        for name in covered:
            if name not in compared.agreed:
                yield f"{str(name)[:80]!r} is in the index only, and is signed as it is"
