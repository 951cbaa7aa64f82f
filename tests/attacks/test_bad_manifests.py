"""Whatever is put into the folder of a manifest is an error that names it, and what was in force stays."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import shutil
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from headgate import Chunk, Gate, Manifest, ManifestError, PolicyError
from headgate.files import write_bytes
from headgate.provenance import generate_signing_key
from headgate.provenance.manifests import manifest_path, shard_path
from headgate.provenance.statements import ManifestStatement, Shard
from headgate.testing import FixedClock, Publisher
from shelves import Shelf, page, resign

GOOD = [page(str(number), f"text {number}") for number in range(100)]
POISON = page("1", "poison")


def codes(gate: Gate, *chunks: Chunk) -> list[tuple[str, ...]]:
    return [decision.codes for decision in gate.admit(chunks).decisions]


def statement_of(shelf: Shelf) -> ManifestStatement:
    envelope = json.loads(manifest_path(shelf.folder, shelf.version).read_bytes())
    return ManifestStatement.read(base64.b64decode(envelope["payload"]))


def _signed(shelf: Shelf, **changes: object) -> None:
    statement = statement_of(shelf)
    resign(shelf, replace(statement, version=shelf.version + 1, **changes))  # type: ignore[arg-type]  # of a statement


def truncated(shelf: Shelf) -> None:
    file = manifest_path(shelf.folder, shelf.version)
    file.write_bytes(file.read_bytes()[:-1])


def huge(shelf: Shelf) -> None:
    """Ten million entries, or so it is said, in a file of a few bytes."""
    first, *others = statement_of(shelf).shards
    _signed(shelf, shards=(replace(first, lines=10_000_000), *others), documents=10_000_000 + others[0].lines)


def huge_in_bytes(shelf: Shelf) -> None:
    first, *others = statement_of(shelf).shards
    _signed(shelf, shards=(replace(first, length=10**12), *others))


def swapped(shelf: Shelf) -> None:
    first, second = (shard_path(shelf.folder, shard) for shard in statement_of(shelf).shards)
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)


def swapped_and_signed(shelf: Shelf) -> None:
    _signed(shelf, shards=statement_of(shelf).shards[::-1])


def duplicated(shelf: Shelf) -> None:
    first, second = (shard_path(shelf.folder, shard) for shard in statement_of(shelf).shards)
    second.write_bytes(first.read_bytes())


def duplicated_and_signed(shelf: Shelf) -> None:
    first, _ = statement_of(shelf).shards
    _signed(shelf, shards=(first, first), documents=2 * first.lines)


def missing(shelf: Shelf) -> None:
    shard_path(shelf.folder, statement_of(shelf).shards[0]).unlink()


def repacked(shelf: Shelf) -> None:
    """A shard of the signed name and length, with another text in it."""
    shard = statement_of(shelf).shards[0]
    file = shard_path(shelf.folder, shard)
    text = gzip.decompress(file.read_bytes())
    at = text.index(b'[["') + 3
    other = base64.urlsafe_b64encode(hashlib.sha256(b"poison").digest()).rstrip(b"=")
    file.write_bytes(gzip.compress(text[:at] + other + text[at + len(other) :], mtime=0))


def by_an_impostor(shelf: Shelf) -> None:
    """All of it, by another key of the same name."""
    Shelf(shelf.folder, shelf.clock, key=generate_signing_key(shelf.name)).publish([POISON], version=9)


def with_genuine_signatures(shelf: Shelf) -> None:
    """All of it, each file with the signature that the genuine one had."""
    places = [shelf.folder / "timestamp.json", manifest_path(shelf.folder, shelf.version)]
    kept = [json.loads(place.read_bytes())["signatures"] for place in places]
    other = Shelf(shelf.folder, shelf.clock, key=generate_signing_key(shelf.name))
    other.publish([POISON], version=shelf.version)
    for place, signatures in reversed(list(zip(places, kept, strict=True))):
        envelope = json.loads(place.read_bytes())
        write_bytes(place, json.dumps({**envelope, "signatures": signatures}).encode())


def outside(shelf: Shelf) -> None:
    """Entries that the keys' own list does not speak for: in force are none of them."""
    _signed(shelf, namespace=("https://elsewhere.example/**",))


def going_back(shelf: Shelf) -> None:
    shelf.publish([POISON], version=1)


def of_a_stranger(shelf: Shelf) -> None:
    """The timestamp by a key of another role."""
    other = Shelf(shelf.folder, shelf.clock, key=shelf.key, timestamp_key=generate_signing_key("stranger"))
    other.publish(GOOD, version=9)


ERRORS: list[tuple[Callable[[Shelf], None], str]] = [
    (truncated, "not the file that the timestamp names"),
    (huge, "10,000,000 lines that were signed"),
    (huge_in_bytes, "more than 8,000,000,000 bytes"),
    (swapped, "that were signed|not what was signed"),
    (swapped_and_signed, "in the wrong shard"),
    (duplicated, "that were signed|not what was signed"),
    (duplicated_and_signed, "in the wrong shard|two entries are for one document|chunks, not"),
    (missing, "cannot be read"),
    (repacked, "not what was signed"),
    (by_an_impostor, "does not verify"),
    (with_genuine_signatures, "does not verify"),
    (going_back, "was accepted before"),
    (of_a_stranger, "signed by 'stranger', and none"),
]


@pytest.mark.parametrize(("spoil", "problem"), ERRORS, ids=[spoil.__name__ for spoil, _ in ERRORS])
def test_the_last_good_state_stays(
    spoil: Callable[[Shelf], None], problem: str, tmp_path: Path, clock: FixedClock
) -> None:
    shelf = Shelf(tmp_path / "shelf", clock)
    shelf.publish(GOOD[:1])
    shelf.publish(GOOD)
    policy = {"sources": [shelf.source()], "cache": str(tmp_path / "running")}
    gate = Gate(policy, clock=clock)
    assert codes(gate, GOOD[1], POISON) == [(), ("P110",)]
    clock.advance(timedelta(hours=1))
    spoil(shelf)
    # As if its index had not been made yet: what is indexed is not read again.
    for index in (tmp_path / "running" / "manifests").iterdir():
        index.unlink()
    if spoil not in (swapped, duplicated, missing, repacked):
        with pytest.raises(PolicyError, match=problem):
            gate.reload()
    assert codes(gate, GOOD[1], POISON) == [(), ("P110",)]
    if spoil is going_back:
        return
    with pytest.raises(PolicyError, match=problem) as caught:
        Gate({**policy, "cache": str(tmp_path / "other")}, clock=clock)
    assert caught.value.path == ("sources", 0, "provenance", "manifest")
    assert str(shelf.folder) in str(caught.value)


def test_what_is_outside_of_the_namespace_is_a_finding(tmp_path: Path, clock: FixedClock) -> None:
    shelf = Shelf(tmp_path, clock)
    shelf.publish(GOOD)
    gate = Gate({"sources": [shelf.source()]}, clock=clock)
    outside(shelf)
    assert gate.reload()
    assert codes(gate, GOOD[1]) == [("P110",)]


def test_a_small_file_that_unpacks_to_much_takes_no_memory(tmp_path: Path, clock: FixedClock) -> None:
    shelf = Shelf(tmp_path, clock)
    shelf.publish(GOOD[:1])
    (shard,) = statement_of(shelf).shards
    file = shard_path(tmp_path, shard)
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()) + bytes(200_000_000), mtime=0)[: shard.length])
    bomb = gzip.compress(bytes(60_000_000), mtime=0)
    said = Shard(hashlib.sha256(b"x").hexdigest(), 1, len(bomb))
    write_bytes(shard_path(tmp_path, said), bomb)
    resign(shelf, replace(statement_of(shelf), version=2, shards=(said,), documents=1))
    tracemalloc.start()
    try:
        with pytest.raises(ManifestError, match="does not unpack to"):
            Manifest.load(tmp_path, shelf.key.public)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_genuine_text_is_no_other_document(tmp_path: Path, clock: FixedClock) -> None:
    docs, shelf = Publisher("docs", "https://docs.example/**", clock), Shelf(tmp_path, clock)
    shelf.publish(GOOD)
    gate = Gate({"sources": [docs.source(), shelf.source()]}, clock=clock)
    text, other = GOOD[1].text, dict(GOOD[2].metadata)
    assert codes(gate, Chunk(text, other)) == [("P110",)]
    sealed = docs.seal("30 days", "https://docs.example/a", {"source": "https://docs.example/a"})
    # Of another source: refused. Of the same one: it stays the document that was sealed, whatever it is called.
    assert not gate.admit([sealed.with_metadata(source=other["source"])]).chunks
    (renamed,) = gate.admit([sealed.with_metadata(source="https://docs.example/b")]).chunks
    assert renamed.metadata["source"] == "https://docs.example/a"


_SEEN: list[str] | None = None


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if _SEEN is not None and (event == "open" or event.startswith(("socket.", "urllib.", "subprocess."))):
        _SEEN.append(f"{event} {arguments[:1]}")


@contextmanager
def watched() -> Iterator[list[str]]:
    """Give what this process opens and asks for meanwhile; a hook cannot be taken out again, so it rests."""
    global _SEEN  # noqa: PLW0603 - a hook is for the whole process
    seen: list[str] = []
    _SEEN = seen
    try:
        yield seen
    finally:
        _SEEN = None


sys.addaudithook(_watch)


def test_nothing_is_opened_or_asked_for_while_a_decision_is_made(tmp_path: Path, clock: FixedClock) -> None:
    """Whoever serves the folder slowly, or not at all, holds up no question."""
    shelf = Shelf(tmp_path / "shelf", clock)
    shelf.publish(GOOD)
    gate = Gate({"sources": [shelf.source()], "cache": str(tmp_path / "cache")}, clock=clock)
    shutil.rmtree(shelf.folder)
    with watched() as seen:
        assert codes(gate, *GOOD, POISON) == [()] * len(GOOD) + [("P110",)]
    assert seen == []
    with watched() as seen, pytest.raises(PolicyError):
        gate.reload()


@pytest.mark.parametrize(
    "digest", ["../../outside", "/etc/passwd", "https://evil.example/x", "A" * 64, "a" * 63, "%2e%2e"]
)
def test_what_is_signed_names_nothing_to_fetch(digest: str, tmp_path: Path, clock: FixedClock) -> None:
    """A shard is a file of the folder, by its digest: the holder of a key makes nobody read or ask elsewhere."""
    shelf = Shelf(tmp_path / "shelf", clock)
    shelf.publish(GOOD)
    (tmp_path / "outside.jsonl.gz").write_bytes(gzip.compress(b"{}\n"))
    statement = statement_of(shelf)
    payload = json.loads(statement.to_payload())
    payload["subject"][0]["digest"]["sha256"] = digest
    resign(shelf, replace(statement, version=2), payload=json.dumps(payload).encode())
    with watched() as seen, pytest.raises(ManifestError, match=r"no sha256 digest \(P106\)"):
        Manifest.load(shelf.folder, shelf.key.public)
    assert [one for one in seen if digest in one or "outside" in one or one.startswith("socket.")] == []
