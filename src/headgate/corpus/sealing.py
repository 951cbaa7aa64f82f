"""Sealing what a publisher vouches for, from a folder or a file to JSON Lines."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any, cast

from headgate.chunk import SEAL_KEY
from headgate.corpus.item import CorpusItem
from headgate.corpus.resuming import Journal
from headgate.corpus.working import BLOCK, blocks_of, in_order
from headgate.encoding import canonical_json
from headgate.errors import HeadgateError
from headgate.integration.published import Prepared, seal_prepared
from headgate.integration.publishing import Publishing
from headgate.policy import MetadataKeys
from headgate.provenance import BLOCKS_KEY, Sealer, SigningKey
from headgate.provenance.statements import in_seconds

__all__ = ["SealingWork", "open_journal", "seal_corpus"]

_RESUMED_WITHIN = timedelta(days=1)  # seals say when they were made

_Result = tuple[dict[str, str] | None, str | None]
"""The entries that an item's seal consists of, if it could be sealed, and what is to be said of it."""


def seal_corpus(
    items: Iterable[CorpusItem],
    sealer: Sealer,
    *,
    keys: MetadataKeys | None = None,
    cover: Sequence[str] = ("*",),
    hide: Sequence[str] = (),
    batch: int = 1,
    whole: bool = False,
    jobs: int = 1,
    journal: Journal | None = None,
) -> Iterator[CorpusItem]:
    """Yield the items with a seal each; an item that cannot be sealed comes back without a chunk.

    The claims are those of `headgate.integration.publishing.Publishing`. What an item's metadata holds and its seal
    does not (a time that cannot be read without guessing) is named in its `problem`.

    Args:
        items: what `read_corpus` yields.
        sealer: signs on behalf of the publisher.
        keys: which metadata keys name the source and the times, and how to read what has no zone.
        cover: names of metadata entries that the seal covers too; by default all (`*`).
        hide: names of those that are kept out of the prompt, where a framework would print them.
        batch: how many chunks share one signature; 1 for seals of their own.
        whole: whether the items are documents that are split afterwards.
        jobs: how many processes seal; the items come in the same order. The sealer's clock has to be one that can be
            pickled.
        journal: keeps what is finished, and knows what an earlier run had finished.
    """
    publishing = Publishing(keys=keys or MetadataKeys(), cover=tuple(cover), hide=tuple(hide))
    work = SealingWork(sealer, publishing, is_batch=batch > 1, is_whole=whole)
    if not isinstance(sealer.key, SigningKey):
        jobs = 1  # what has the key in custody signs one after the other, and a library of PKCS#11 survives no fork
    # One by one where nothing is gained by more: whoever asks for the first should not wait for a thousand.
    size = batch if batch > 1 else 1 if jobs == 1 and journal is None else BLOCK
    blocks = blocks_of(items, size, is_bounded=batch == 1)
    if journal is not None:
        for block in blocks:
            results = journal.next(_digest(block))
            if results is None:
                blocks = chain([block], blocks)
                break
            yield from map(_join, block, cast("list[_Result]", results))
    for block, made in in_order(work, blocks, jobs=jobs):
        if journal is not None:
            journal.add(_digest(block), made)
        yield from map(_join, block, made)


def open_journal(path: Path, sealer: Sealer, options: dict[str, Any]) -> Journal:
    """Return the journal of a run beside its output.

    Args:
        path: the file.
        sealer: who signs, with a key in a file; a journal by another key or issuer is not used.
        options: what else of the command the seals depend on.

    Raises:
        OSError: it cannot be written.
    """
    if not isinstance(sealer.key, SigningKey):
        raise HeadgateError("A run with a key in custody cannot be continued: nothing secret binds what it has kept.")
    (public,) = sealer.public
    about = {"key": [public.kid, public.thumbprint, *public.algorithms], "issuer": sealer.issuer, "options": options}
    now = in_seconds(sealer.clock())
    return Journal(
        path,
        about,
        secret=canonical_json(sealer.key.private_jwk()),
        is_recent=lambda begun: timedelta(0) <= timedelta(seconds=now - begun) < _RESUMED_WITHIN,
        now=now,
    )


@dataclass(frozen=True)
class SealingWork:
    """What is done with a block of items, in whichever process.

    Attributes:
        sealer: signs on behalf of the publisher.
        publishing: makes claims of metadata.
        is_batch: whether the block shares one signature.
        is_whole: whether the items are documents that are split afterwards.
    """

    sealer: Sealer
    publishing: Publishing
    is_batch: bool
    is_whole: bool

    def __call__(self, block: Sequence[CorpusItem]) -> list[_Result]:
        """Return of each item the entries that its seal consists of, or None, and what is to be said of it."""
        sealed: Iterable[CorpusItem]
        if self.is_whole:
            sealed = [_seal_whole(item, self.publishing, self.sealer) for item in block]
        else:
            held = [_prepare(item, self.publishing, self.sealer) for item in block]
            sealed = _seal(held, self.sealer, is_batch=self.is_batch)
        names = (SEAL_KEY, BLOCKS_KEY) if self.is_whole else (SEAL_KEY,)
        return [(_seal_of(item, names), item.problem) for item in sealed]

    def __reduce__(self) -> tuple[Any, ...]:
        # The key objects of `cryptography` cannot be pickled. It goes to a worker by a pipe and nowhere else.
        sealer = self.sealer
        if not isinstance(sealer.key, SigningKey):
            raise HeadgateError("A key in custody is not sent to another process.")
        return _rebuild, (
            sealer.key.private_jwk(),
            sealer.key.algorithm,
            sealer.issuer,
            sealer.clock,
            self.publishing,
            self.is_batch,
            self.is_whole,
        )


def _rebuild(jwk: dict[str, Any], algorithm: str, issuer: str, clock: Any, *rest: Any) -> SealingWork:
    key = SigningKey.load(jwk)
    return SealingWork(Sealer(SigningKey(key.kid, algorithm, key.key), issuer, clock=clock), *rest)


def _digest(block: Sequence[CorpusItem]) -> str:
    """Return a digest over all that the results of a block depend on."""
    digest = hashlib.sha256()
    for item in block:
        one = item.chunk
        said = None if one is None else (one.text, dict(one.metadata), dict(one.media), one.hidden_metadata)
        try:
            written = repr((item.problem, said)).encode("utf-8", "surrogatepass")
        except RecursionError:
            written = secrets.token_bytes()  # like nothing before: it is sealed again, or refused again
        digest.update(b"%d:%b" % (len(written), written))
    return digest.hexdigest()


def _join(item: CorpusItem, result: _Result) -> CorpusItem:
    """Return an item with what was made of it."""
    if item.chunk is None:
        return item
    entries, problem = result
    if entries is None:
        return CorpusItem(item.place, None, problem)
    # Sealed again, a document has its seal at the end, as one that had none.
    metadata = {name: value for name, value in item.chunk.metadata.items() if name not in entries}
    return CorpusItem(item.place, replace(item.chunk, metadata={**metadata, **entries}), problem)


def _seal_of(item: CorpusItem, names: Iterable[str]) -> dict[str, str] | None:
    return {name: str(item.chunk.metadata[name]) for name in names} if item.chunk is not None else None


def _seal_whole(item: CorpusItem, publishing: Publishing, sealer: Sealer) -> CorpusItem:
    if item.chunk is None:
        return item
    try:
        published = publishing.seal_whole(sealer, item.chunk)
    except (ValueError, HeadgateError) as error:
        return CorpusItem(item.place, None, f"it cannot be sealed: {error}")
    problems = [problem for problem in (item.problem, *published.problems) if problem]
    return CorpusItem(item.place, published.chunk, "; ".join(problems) or None)


def _prepare(item: CorpusItem, publishing: Publishing, sealer: Sealer) -> tuple[CorpusItem, Prepared | None]:
    if item.chunk is None:
        return item, None
    try:
        return item, publishing.prepare(sealer, item.chunk)
    except (ValueError, HeadgateError) as error:
        return CorpusItem(item.place, None, f"it cannot be sealed: {error}"), None


def _seal(
    held: Sequence[tuple[CorpusItem, Prepared | None]], sealer: Sealer, *, is_batch: bool
) -> Iterator[CorpusItem]:
    """Yield items in their order; one that cannot be sealed spoils none of the others."""
    published = iter(seal_prepared(sealer, [one for _, one in held if one is not None], batch=is_batch))
    for item, prepared in held:
        if prepared is None:
            yield item
            continue
        one = next(published)
        problems = [problem for problem in (item.problem, *one.problems) if problem]
        yield CorpusItem(item.place, one.chunk, "; ".join(problems) or None)
