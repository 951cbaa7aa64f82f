"""`Manifest.build`: a manifest of what a program has at hand, as one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore
from llama_index.core.schema import NodeWithScore, TextNode

from headgate import AdapterError, Chunk, Gate, HeadgateError, KeySet, Manifest, ManifestError, Sealer
from headgate.corpus import CorpusItem, items_of, list_corpus
from headgate.integration.backfilling import backfill
from headgate.provenance import SigningKey, generate_signing_key
from headgate.testing import FixedClock
from langchain_headgate.stored import stored_index
from shelves import page

Build = Callable[..., Manifest]
MakeGate = Callable[[], Gate]
ONE, TWO = page("a", "one", title="A"), page("b", "two", title="B")


@pytest.fixture
def key() -> SigningKey:
    return generate_signing_key("shelf")


@pytest.fixture
def build(key: SigningKey, tmp_path: Path, clock: FixedClock) -> Build:
    return partial(Manifest.build, corpus="shelf", signer=key, out=tmp_path / "shelf", clock=clock)


@pytest.fixture
def listing_gate(key: SigningKey, tmp_path: Path, clock: FixedClock) -> MakeGate:
    provenance = {"require": "manifest", "manifest": str(tmp_path / "shelf"), "keys": key.public_jwks()}
    policy = {"sources": [{"id": "shelf", "match": "https://shelf.example/**", "provenance": provenance}]}
    return lambda: Gate(policy, clock=clock)


def test_what_was_listed_is_admitted_and_nothing_else(build: Build, listing_gate: MakeGate, clock: FixedClock) -> None:
    manifest = build([ONE, TWO])
    assert (manifest.statement.corpus, manifest.statement.version) == ("shelf", 1)
    assert (manifest.statement.documents, manifest.statement.issuer) == (2, "shelf")
    assert manifest.timestamp.expires == clock.now + timedelta(days=7)
    assert [d.admitted for d in listing_gate().admit([ONE, TWO, page("c", "three")]).decisions] == [True, True, False]


@pytest.mark.parametrize("entries", [5, 70], ids=["few", "more than can be covered"])
def test_the_order_in_which_a_store_gives_metadata_is_not_listed(entries: int, key: SigningKey) -> None:
    metadata = {"source": "https://shelf.example/a", "modified": "2026-01-02T00:00:00Z"}
    metadata |= {f"entry{number}": str(number) for number in range(entries)}

    def listed(names: Iterable[str]) -> bytes:
        chunk = Chunk("one", metadata={name: metadata[name] for name in names})
        (entry,) = list_corpus([CorpusItem("a", chunk)], cover=("*",), hide=("entry3", "entry1")).entries
        return entry.to_line()

    assert listed(metadata) == listed(reversed(metadata)) == listed(sorted(metadata))


@pytest.mark.parametrize("kind", ["documents", "nodes", "nodes with scores", "store", "FAISS", "file", "items"])
def test_documents_come_from_wherever_they_are(kind: str, build: Build, listing_gate: MakeGate, tmp_path: Path) -> None:
    documents = [Document("one", metadata=dict(ONE.metadata)), Document("two", metadata=dict(TWO.metadata))]
    nodes = [TextNode(text=chunk.text, metadata=dict(chunk.metadata)) for chunk in (ONE, TWO)]
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=4))
    store.add_documents(documents)
    file = tmp_path / "export.jsonl"
    file.write_text(
        '{"text": "one", "source": "https://shelf.example/a", "title": "A"}\n'
        '{"text": "two", "source": "https://shelf.example/b", "title": "B"}\n'
    )
    given: dict[str, object] = {
        "documents": documents,
        "nodes": nodes,
        "nodes with scores": [NodeWithScore(node=node) for node in nodes],
        "store": store,
        "FAISS": FAISS.from_documents(documents, DeterministicFakeEmbedding(size=4)),
        "file": file,
        "items": iter([CorpusItem("a", ONE), CorpusItem("b", TWO)]),
    }
    build(given[kind])
    assert all(decision.admitted for decision in listing_gate().admit([ONE, TWO]).decisions)


def test_a_sealer_signs_and_says_who_vouches(key: SigningKey, tmp_path: Path, clock: FixedClock) -> None:
    sealer = Sealer(key, "the publisher", clock=clock)
    manifest = Manifest.build([ONE], corpus="shelf", signer=sealer, out=tmp_path / "shelf", clock=clock)
    assert manifest.statement.issuer == "the publisher"
    assert manifest.key.kid == "shelf"


def test_the_next_one_counts_on_and_another_key_does_not_get_in(
    build: Build, key: SigningKey, tmp_path: Path, clock: FixedClock
) -> None:
    build([ONE])
    assert build([ONE, TWO]).statement.version == 2
    with pytest.raises(ManifestError):
        Manifest.build([ONE], corpus="shelf", signer=generate_signing_key("shelf"), out=tmp_path / "shelf", clock=clock)
    assert Manifest.load(tmp_path / "shelf", key.public).statement.version == 2


def test_the_timestamp_can_have_a_key_of_its_own(
    build: Build, key: SigningKey, tmp_path: Path, clock: FixedClock
) -> None:
    own = generate_signing_key("clock")
    manifest = build([ONE], timestamp_signer=own, lifetime=timedelta(hours=1))
    assert (manifest.key.kid, manifest.timestamp_key.kid) == ("shelf", "clock")
    with pytest.raises(ManifestError):
        Manifest.load(tmp_path / "shelf", key.public)


def test_only_what_the_origin_confirms_is_listed(build: Build, listing_gate: MakeGate) -> None:
    poisoned = Chunk("two, or so they say", TWO.metadata)
    manifest = build([ONE, poisoned], against=[ONE, TWO])
    assert manifest.listing is not None
    assert manifest.statement.documents == 1
    assert len(manifest.listing.not_listed) == 1
    assert [d.admitted for d in listing_gate().admit([ONE, poisoned]).decisions] == [True, False]


def test_its_folder_is_named_after_the_corpus(
    key: SigningKey, tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Manifest.build([ONE], corpus="shelf", signer=key, clock=clock).folder == Path("manifests/shelf")
    assert (tmp_path / "manifests" / "shelf" / "timestamp.json").is_file()


@pytest.mark.parametrize("documents", [[], [Chunk("no source", {})]])
def test_nothing_to_list_is_an_error(documents: list[Chunk], build: Build, tmp_path: Path) -> None:
    with pytest.raises(HeadgateError, match="no document can be listed"):
        build(documents)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("documents", [3, ["https://a.example/b"], [ONE, None], object()])
def test_what_holds_no_documents_is_an_error(documents: object, build: Build) -> None:
    with pytest.raises(AdapterError):
        build(documents)


def test_one_that_readers_here_would_refuse_is_an_error(build: Build, tmp_path: Path) -> None:
    build([ONE], version=9)
    with pytest.raises(HeadgateError, match="version 9"):
        build([ONE], out=tmp_path / "another")


def test_a_manifest_that_was_loaded_has_no_listing(build: Build, key: SigningKey, tmp_path: Path) -> None:
    build([ONE])
    assert Manifest.load(tmp_path / "shelf", KeySet(key.public)).listing is None


def test_items_are_read_one_at_a_time() -> None:
    def endless() -> object:
        while True:
            yield ONE

    assert next(items_of(endless())).chunk is ONE


def test_seals_are_not_written_into_what_is_gone_with_its_program(key: SigningKey) -> None:
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=4))
    store.add_documents([Document("one", metadata=dict(ONE.metadata))])
    index = stored_index(store)
    assert index is not None
    with pytest.raises(AdapterError, match="SealDocuments"):
        list(backfill(index, Sealer(key, "shelf"), writes=True))
