"""Documents that a manifest lists by the root over their blocks: however they are cut, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import Chunk, Gate, Manifest
from headgate.chunk import SEAL_KEY
from headgate.corpus import CorpusItem, list_corpus, measure_completeness
from headgate.provenance import generate_signing_key
from headgate.provenance.revocation import Revocation, RevocationList
from headgate.provenance.spans import BLOCKS_KEY, SpanProver, cut_blocks
from headgate.testing import FixedClock, Publisher
from shelves import Shelf, temporary_folder

PAGE = "https://docs.example/leave"
TEXT = "Employees have 30 days. Never share a password! Is that clear?\nAsk when in doubt. The help desk knows.\n"
BLOCKS = cut_blocks(TEXT)


class World:
    """A publisher that seals whole documents and lists them."""

    def __init__(self, folder: Path, clock: FixedClock) -> None:
        self.clock = clock
        self.docs = Publisher("docs", "https://docs.example/**", clock)
        self.shelf = Shelf(folder / "shelf", clock, "docs", key=self.docs.key)
        self.cache = folder / "cache"

    def whole(self, text: str = TEXT, uri: str = PAGE, *, version: int = 1, title: str = "Leave") -> Chunk:
        chunk = Chunk(text, {"source": uri, "title": title})
        return self.docs.sealer.seal_document(chunk, subject=uri, version=version, cover=["title"])

    def gate(self, **rules: Any) -> Gate:
        provenance = {"manifest": str(self.shelf.folder), **rules}
        policy = {"sources": [self.docs.source(provenance=provenance)], "cache": str(self.cache)}
        return Gate(policy, clock=self.clock)

    def manifest(self) -> Manifest:
        return Manifest.load(self.shelf.folder, self.shelf.key.public, cache=self.cache)


@pytest.fixture
def world(tmp_path: Path, clock: FixedClock) -> World:
    return World(tmp_path, clock)


def proved(document: Chunk, *texts: str) -> list[Chunk]:
    prover = SpanProver([document])
    found = [prover.prove(Chunk(text, document.metadata)) for text in texts]
    assert None not in found
    return [chunk for chunk in found if chunk is not None]


def codes(gate: Gate, chunks: Iterable[Chunk]) -> list[tuple[str, ...]]:
    return [decision.codes for decision in gate.admit(list(chunks)).decisions]


def _listed() -> tuple[World, Chunk, Gate]:
    world = World(temporary_folder(), FixedClock())
    document = world.whole()
    world.shelf.publish([document, world.whole("Another. Text of one more page.", PAGE + "/2")])
    return world, document, world.gate()


LISTED, DOCUMENT, GATE = _listed()


@given(st.data())
def test_every_cut_along_the_borders_is_listed(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(BLOCKS) - 1))
    stop = data.draw(st.integers(start + 1, len(BLOCKS)))
    (chunk,) = proved(DOCUMENT, "".join(BLOCKS[start:stop]))
    (decision,) = GATE.admit([chunk]).decisions
    assert (decision.codes, decision.assurance) == ((), "sealed")
    assert decision.evidence["seal"]["cor_ver"] == 1  # type: ignore[index]  # plain values


@given(st.data())
def test_nothing_that_was_changed_is(data: st.DataObject) -> None:
    (chunk,) = proved(DOCUMENT, "Never share a password! Is that clear?")
    place = data.draw(st.integers(0, len(chunk.text) - 1))
    sign = data.draw(st.sampled_from("aN. é"))
    text = chunk.text[:place] + sign + chunk.text[place + data.draw(st.integers(0, 1)) :]
    (decision,) = GATE.admit([Chunk(text, chunk.metadata)]).decisions
    assert decision.admitted == (text.strip() == chunk.text)


def test_a_list_of_roots_alone_is_enough_beside_seals_and_without(world: World) -> None:
    document = world.whole()
    world.shelf.publish([document])
    for require in ("sealed", "manifest"):
        assert codes(world.gate(require=require), proved(document, *BLOCKS)) == [()] * len(BLOCKS)
    # The seal is a part of the proof: without it a cut is listed nowhere, and so is a whole that is not split.
    bare = [Chunk(block, {"source": PAGE, "title": "Leave"}) for block in BLOCKS]
    assert codes(world.gate(require="manifest"), bare) == [("P110",)] * len(BLOCKS)


def test_what_is_replaced_or_withdrawn_is_out_with_the_next_list(world: World) -> None:
    first, second = world.whole(version=1), world.whole(TEXT.replace("30", "28"), version=2)
    other = world.whole("One more page. It goes.", PAGE + "/2")
    world.shelf.publish([first, other])
    gate = world.gate()
    old, new, gone = (
        proved(first, *BLOCKS[:2]),
        proved(second, BLOCKS[0].replace("30", "28")),
        proved(other, "It goes."),
    )
    assert codes(gate, [*old, *new, *gone]) == [(), (), ("P110",), ()]
    world.shelf.publish([second])
    assert gate.reload()
    assert codes(gate, [*old, *new, *gone]) == [("P110",), ("P110",), (), ("P110",)]


def test_changes_carry_roots(world: World) -> None:
    pages = [world.whole(f"Page {number}. It has a text.", f"{PAGE}/{number}") for number in range(9)]
    world.shelf.publish(pages)
    world.manifest()
    pages[4] = world.whole("Page 4. It has another text.", f"{PAGE}/4", version=2)
    world.shelf.publish(pages)
    for shard in (world.shelf.folder / "shards").iterdir():
        shard.unlink()
    (chunk,) = proved(pages[4], "It has another text.")
    assert codes(world.gate(), [chunk]) == [()]


def test_the_root_of_one_document_lists_nothing_of_another(world: World) -> None:
    here, there = world.whole(), world.whole("Elsewhere. A page of its own.", PAGE + "/2")
    world.shelf.publish([here, there])
    moved = world.whole("Elsewhere. A page of its own.")
    assert codes(world.gate(), proved(moved, "Elsewhere.")) == [("P110",)]


def test_a_text_whose_digest_is_a_root_is_not_listed_by_it(world: World) -> None:
    """What is hashed for the only leaf of a tree can be a text; its digest is the root then."""
    from headgate.provenance.seals import digest_text

    world.shelf.publish([world.whole("One block")])
    leaf = "\0" + "\0" * 15 + chr(len("One block")) + "One block"
    manifest = world.manifest()
    assert manifest.find(PAGE, digest_text("One block")) is not None
    assert manifest.find(PAGE, digest_text(leaf)) is None


def test_a_key_that_leaked_says_nothing_beside_a_listed_root(world: World, clock: FixedClock, tmp_path: Path) -> None:
    """The text is what another key listed; what the thief seals with it is not believed."""
    document = world.whole()
    world.shelf.key = generate_signing_key("lister")
    world.shelf.clock = FixedClock(clock.ago(days=1))
    world.shelf.publish([document])
    stolen = world.whole(title="Obey me", version=10**9)
    security, (leaked,) = generate_signing_key("security"), world.docs.key.public
    revoked = RevocationList(
        issuer="security",
        version=1,
        issued=clock.now,
        expires=clock.now + timedelta(days=7),
        keys={leaked.thumbprint: Revocation(since=clock.ago(hours=1))},
    )
    (tmp_path / "revoked.jws").write_bytes(revoked.sign(security))
    keys = {"keys": [*world.docs.key.public_jwks()["keys"], *world.shelf.key.public_jwks()["keys"]]}
    source = world.docs.source(provenance={"keys": keys, "manifest": str(world.shelf.folder)})
    rules = [{"list": str(tmp_path / "revoked.jws"), "keys": security.public_jwks()}]
    gate = Gate({"sources": [source], "revocations": rules, "cache": str(world.cache)}, clock=clock)
    poison = world.whole("Poison. More of it.")
    chunks = [*proved(document, BLOCKS[0]), *proved(stolen, BLOCKS[1]), *proved(poison, "Poison.")]
    shown = [replace(chunk, prompt_metadata=("title",)) for chunk in chunks]
    admission = gate.admit(shown)
    assert [one.admitted for one in admission.decisions] == [True, True, False]
    assert [chunk.prompt_metadata for chunk in admission.chunks] == [(), ()]


# What is listed is what was seen.


def test_no_root_is_listed_that_is_not_of_the_text(world: World) -> None:
    good = world.whole()
    lengths = str(good.metadata[BLOCKS_KEY])
    other = Publisher("thief", "https://docs.example/**", world.clock)
    foreign = other.sealer.seal_document(Chunk("Poison. More.", {"source": PAGE}), subject=PAGE)
    for chunk, problem in (
        (Chunk("Employees have 99 days. " + TEXT[24:], good.metadata), "not the one that was sealed"),
        (Chunk("Short.", good.metadata), "not the one that was sealed"),
        (good.with_metadata(**{BLOCKS_KEY: "1-" + lengths}), "not the one that was sealed"),
        (good.with_metadata(**{BLOCKS_KEY: ["x"]}), "was not sealed as a whole"),
        (good.with_metadata(**{SEAL_KEY: foreign.metadata[SEAL_KEY]}), "not the one that was sealed"),
        (good.with_metadata(**{SEAL_KEY: "x"}), "P106"),
        (good.with_metadata(**{SEAL_KEY: None}), "P106"),
    ):
        listing = list_corpus([CorpusItem("export:1", chunk)])
        assert not listing.entries
        assert problem in listing.not_listed[0]
    # The proof of a cut says nothing about a document that nobody has seen.
    (entry,) = list_corpus([CorpusItem("export:1", one) for one in proved(good, *BLOCKS)]).entries
    assert (entry.root, len(entry.chunks)) == (b"", len(BLOCKS))


def test_several_wholes_under_one_name_are_said(world: World) -> None:
    wholes = [world.whole(), world.whole("Another. Text.")]
    listing = list_corpus([CorpusItem(f"export:{number}", one) for number, one in enumerate(wholes)])
    assert [entry.root for entry in listing.entries] == [b""]
    assert "no root is listed: 2 texts of it were sealed as a whole" in listing.not_listed[0]


def test_completeness_counts_blocks_however_they_are_cut(world: World) -> None:
    pages = [world.whole(TEXT, f"{PAGE}/{number}") for number in range(3)]
    world.shelf.publish(pages)
    overlapping = ["".join(BLOCKS[at : at + 2]) for at in range(len(BLOCKS) - 1)]
    index = [
        *proved(pages[0], *overlapping),
        *proved(pages[1], BLOCKS[0]),
        Chunk(TEXT, {"source": "https://x.example/"}),
    ]
    forged = Chunk("Never!", proved(pages[2], BLOCKS[0])[0].metadata)
    found = measure_completeness(world.manifest(), [CorpusItem(str(n), one) for n, one in enumerate([*index, forged])])
    assert (found.complete, found.partial, found.missing) == (1, [f"{PAGE}/1"], [f"{PAGE}/2"])
    assert found.unlisted == [str(len(index) - 1), str(len(index))]


def test_an_index_without_roots_is_made_again(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """One that an earlier version has written."""
    import hashlib
    import sqlite3
    from contextlib import closing

    document = world.whole()
    world.shelf.publish([document])
    world.manifest()
    (file,) = (world.cache / "manifests").iterdir()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("ALTER TABLE documents DROP COLUMN root")
        connection.execute("PRAGMA user_version=2")
        connection.commit()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    file.rename(file.with_name(f"{file.stem.rpartition('-')[0]}-{digest}.sqlite"))
    assert codes(world.gate(), proved(document, BLOCKS[0])) == [()]
    assert "is made again" in caplog.text
