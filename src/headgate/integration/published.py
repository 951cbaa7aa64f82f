"""What is to be signed about a chunk, and what came of it: the values between making claims and storing documents."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from headgate.chunk import SEAL_KEY, Chunk
from headgate.encoding import safe_uri
from headgate.errors import HeadgateError, SealError
from headgate.provenance import Sealer
from headgate.provenance.validators import Validators

__all__ = ["Claims", "Prepared", "Published", "SealArguments", "naming", "report_problems", "seal_prepared"]

_LOGGED = 5
_log = logging.getLogger("headgate")


class SealArguments(TypedDict):
    """The keyword arguments of `Sealer.seal` that metadata decides."""

    subject: str
    modified: datetime | None
    expires: datetime | None
    not_before: datetime | None
    version: int | None
    cover: tuple[str, ...]
    hidden: tuple[str, ...]
    definitions: dict[str, str]
    validators: Validators | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a seal will say about a document.

    Attributes:
        arguments: the keyword arguments of `Sealer.seal`.
        problems: what is in the metadata and could not be sealed, and why.
    """

    arguments: SealArguments
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A sealed chunk.

    Attributes:
        chunk: the chunk with its seal.
        subject: the document's URI in the seal, without credentials.
        problems: what is in the metadata and could not be sealed, and why.
    """

    chunk: Chunk
    subject: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A chunk that is ready to be signed.

    Attributes:
        chunk: the chunk, without any seal.
        claims: what its seal will say.
        payload: the same as the JSON that is signed.
    """

    chunk: Chunk
    claims: Claims
    payload: bytes


def seal_prepared(sealer: Sealer, prepared: Sequence[Prepared], *, batch: bool = False) -> list[Published]:
    """Return chunks sealed, each by a signature of its own or all by the one signature of a batch."""
    tokens = sealer.tokens([one.payload for one in prepared], batch=batch)
    return [
        Published(
            chunk=one.chunk.with_metadata(**{SEAL_KEY: token}),
            subject=safe_uri(one.claims.arguments["subject"]),
            problems=one.claims.problems,
        )
        for one, token in zip(prepared, tokens, strict=True)
    ]


@contextmanager
def naming(document: str | None) -> Iterator[None]:
    """Name the document in the error, if it has a name and cannot be sealed.

    Args:
        document: what it is called; `headgate.encoding.safe_id` takes what may be a secret out of an identifier.
    """
    try:
        yield
    except SealError:
        raise
    except HeadgateError as error:
        if document is None:
            raise
        raise HeadgateError(f"{document}: {error}") from error


def report_problems(published: Sequence[Published]) -> None:
    """Log what was not sealed, once for a whole batch: what it was, how often, and in which document first."""
    found = [(problem, one.subject) for one in published for problem in one.problems]
    counts = Counter(problem for problem, _ in found)
    first = dict(reversed(found))
    for problem, count in counts.most_common(_LOGGED):
        others = f" and {count - 1:,} more" if count > 1 else ""
        _log.warning("%s%s: %s", first[problem], others, problem)
    if len(counts) > _LOGGED:
        _log.warning("and %d further problems", len(counts) - _LOGGED)
