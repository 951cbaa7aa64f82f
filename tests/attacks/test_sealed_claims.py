"""What was known when a document was sealed cannot be edited away in the index."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from langchain_core.documents import Document
from llama_index.core.schema import TextNode

from headgate import Chunk, Gate, HeadgateError
from headgate.chunk import SEAL_KEY
from headgate.corpus import CorpusItem, seal_corpus
from headgate.integration.publishing import Publishing
from headgate.provenance import read_seal
from headgate.testing import FixedClock, Publisher
from langchain_headgate import SealDocuments
from llama_index.postprocessor.headgate import SealNodes

PAGE = "https://handbook.example/a"
Way = Callable[[Publisher, dict[str, object], str], Chunk]


def by_command_line(publisher: Publisher, metadata: dict[str, object], text: str = "text") -> Chunk:
    (item,) = seal_corpus([CorpusItem("a", Chunk(text, metadata))], publisher.sealer)
    assert item.chunk is not None, item.problem
    return item.chunk


def by_langchain(publisher: Publisher, metadata: dict[str, object], text: str = "text") -> Chunk:
    (document,) = SealDocuments(publisher.sealer).transform_documents([Document(text, metadata=metadata)])
    return Chunk(document.page_content, document.metadata)


def by_llama_index(publisher: Publisher, metadata: dict[str, object], text: str = "text") -> Chunk:
    (node,) = SealNodes(publisher.sealer, cover=[])([TextNode(text=text, metadata=metadata)])
    return Chunk(text, node.metadata)


WAYS: list[Way] = [by_command_line, by_langchain, by_llama_index]


@pytest.fixture
def gate(handbook: Publisher, clock: FixedClock) -> Gate:
    return Gate({"sources": [handbook.source(freshness={"max_age": "365d", "supersede": True})]}, clock=clock)


@pytest.mark.parametrize("seal", WAYS)
@pytest.mark.parametrize(("role", "days"), [("valid_from", 7), ("valid_until", -7), ("last_modified", -400)])
@pytest.mark.parametrize("change", ["removed", "replaced", "renamed"])
def test_a_sealed_restriction_outlives_every_edit_of_the_index(
    seal: Way, role: str, days: int, change: str, handbook: Publisher, gate: Gate, clock: FixedClock
) -> None:
    metadata: dict[str, object] = {"source": PAGE, role: (clock.now + timedelta(days=days)).isoformat()}
    stored = dict(seal(handbook, metadata, "text").metadata)
    assert not gate.admit([Chunk("text", stored)]).chunks
    value = stored.pop(role)
    if change == "replaced":
        stored[role] = clock.now.isoformat()
    elif change == "renamed":
        stored[f"old_{role}"] = value
    assert not gate.admit([Chunk("text", stored)]).chunks


@pytest.mark.parametrize("seal", WAYS)
def test_a_sealed_version_is_superseded_whatever_the_index_says(seal: Way, handbook: Publisher, gate: Gate) -> None:
    old = seal(handbook, {"source": PAGE, "version": 1, "last_modified": "2026-05-02T00:00:00Z"}, "text")
    new = seal(handbook, {"source": PAGE, "version": 2, "last_modified": "2026-05-03T00:00:00Z"}, "new text")
    for version in (1, 3, None):
        stored = {**old.metadata, "version": version}
        assert [d.admitted for d in gate.admit([Chunk("text", stored), new]).decisions] == [False, True]


@pytest.mark.parametrize("seal", WAYS)
def test_a_successor_that_was_named_cannot_be_forgotten(seal: Way, handbook: Publisher, gate: Gate) -> None:
    sealed = seal(
        handbook, {"source": PAGE, "last_modified": "2026-05-02T00:00:00Z", "superseded_by": f"{PAGE}/2"}, "text"
    )
    for successor in ("", None, "none"):
        assert not gate.admit([Chunk("text", {**sealed.metadata, "superseded_by": successor})]).chunks


@pytest.mark.parametrize("limit", [["soon", "later"], {"on": "soon"}])
def test_a_restriction_that_no_seal_can_hold_is_not_lost(limit: object, handbook: Publisher) -> None:
    documents = [Document("text", metadata={"source": PAGE, "valid_until": limit})]
    with pytest.raises(HeadgateError, match="valid_until"):
        SealDocuments(handbook.sealer).transform_documents(documents)


@pytest.mark.parametrize("limit", ["soon", "31/31/2023", ["soon"]])
def test_a_restriction_under_a_name_of_ones_own_is_not_lost(limit: object, handbook: Publisher) -> None:
    documents = [Document("text", metadata={"source": PAGE, "review_by": limit})]
    with pytest.raises(HeadgateError, match="review_by"):
        SealDocuments(handbook.sealer, expires="review_by").transform_documents(documents)


def test_what_was_not_sealed_is_said_once(handbook: Publisher, caplog: pytest.LogCaptureFixture) -> None:
    documents = [Document("text", metadata={"source": PAGE, "last_modified": "whenever"})] * 50
    SealDocuments(handbook.sealer).transform_documents(documents)
    (record,) = caplog.records
    assert "last_modified" in record.getMessage()
    assert record.getMessage().startswith(f"{PAGE} and 49 more: ")


def test_what_the_index_hides_from_the_model_is_signed_as_hidden(handbook: Publisher) -> None:
    metadata = {"source": PAGE, "title": "Leave", "last_modified": "2026-05-02T00:00:00Z"}
    node = TextNode(text="text", metadata=metadata, excluded_llm_metadata_keys=["last_modified", "file_name"])
    _, seal = read_seal(SealNodes(handbook.sealer)([node])[0].metadata[SEAL_KEY])
    assert seal.covered == ("last_modified", "source", "title")
    assert seal.hidden == ("last_modified",)


@pytest.mark.parametrize("entries", [{}, {"superseded_by": None}])
def test_what_is_asked_for_is_covered_even_where_it_says_nothing(
    entries: dict[str, object], handbook: Publisher
) -> None:
    metadata: dict[str, object] = {"source": "https://handbook.example/1", **entries}
    publishing = Publishing(cover=("*",))
    sealed = publishing.seal(handbook.sealer, Chunk("text", metadata), cover=["superseded_by"]).chunk
    gate = Gate({"sources": [handbook.source(provenance={"cover": ["superseded_by"]})]}, clock=handbook.clock)
    assert gate.admit([sealed]).chunks
    assert not gate.admit([sealed.with_metadata(superseded_by="another")]).chunks
