"""Sealing what a publisher vouches for, from a folder or a file to JSON Lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from headgate.chunk import SEAL_KEY, Chunk
from headgate.corpus.reading import CorpusItem
from headgate.encoding import to_json
from headgate.errors import SealError
from headgate.freshness import find_entry, resolve_timestamps
from headgate.policy import MetadataKeys
from headgate.provenance import Sealer

__all__ = ["seal_corpus", "to_line"]


def seal_corpus(
    items: Iterable[CorpusItem], sealer: Sealer, *, keys: MetadataKeys | None = None, cover: Sequence[str] = ()
) -> Iterator[CorpusItem]:
    """Yield the items with a seal each; an item that cannot be sealed comes back with its problem.

    The subject and the times that are sealed are those that the metadata names; a time that cannot be read without
    guessing is not sealed.

    Args:
        items: what `read_corpus` yields.
        sealer: signs on behalf of the publisher.
        keys: which metadata keys name the source and the times, and how to read what has no zone.
        cover: names of metadata entries that the seal covers too.
    """
    keys = keys or MetadataKeys()
    for item in items:
        if item.chunk is None:
            yield item
            continue
        try:
            yield CorpusItem(item.place, _seal(item.chunk, sealer, keys, cover), item.problem)
        except (ValueError, SealError) as error:
            yield CorpusItem(item.place, None, str(error))


def to_line(chunk: Chunk, *, is_ascii: bool = False) -> str:
    """Return a chunk as a line of JSON Lines, as `read_corpus` reads it; in ASCII for streams of any encoding."""
    record = {"id": chunk.id, "text": chunk.text, "metadata": dict(chunk.metadata)}
    return to_json({key: value for key, value in record.items() if value is not None}, is_ascii=is_ascii)


def _seal(chunk: Chunk, sealer: Sealer, keys: MetadataKeys, cover: Sequence[str]) -> Chunk:
    bare = Chunk(
        chunk.text, {key: value for key, value in chunk.metadata.items() if key != SEAL_KEY}, chunk.id, chunk.score
    )
    entry = find_entry(bare.metadata, "source", keys)
    if entry is None or not isinstance(entry[1], str):
        raise ValueError("it names no source; give metadata an entry such as `source` or `url`")
    times = resolve_timestamps(bare.metadata, keys=keys)
    basis = times.age_basis()
    return sealer.seal(
        bare,
        subject=entry[1],
        modified=basis[1].earliest if basis else None,
        expires=times.valid_until,
        not_before=times.valid_from,
        version=times.version,
        cover=[name for name in cover if name in bare.metadata],
    )
