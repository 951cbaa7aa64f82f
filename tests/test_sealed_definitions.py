"""What a publisher's seal says that the short forms of a document stand for decides in a chunk that does not say so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from llama_index.core.schema import TextNode

from headgate import Chunk, Gate, Policy, Sealer
from headgate.chunk import SEAL_KEY
from headgate.corpus.item import CorpusItem
from headgate.corpus.sealing import seal_corpus
from headgate.encoding import b64url_decode
from headgate.errors import SealError
from headgate.integration.publishing import Publishing
from headgate.provenance import SpanProver, parse_seal
from headgate.provenance.seals import digest_text
from headgate.record.writing import log_record
from headgate.replay import Redecider
from headgate.testing import FixedClock, Publisher
from langchain_headgate import SealDocuments
from llama_index.postprocessor.headgate import SealNodes

TERMS = """
terms:
  access point: {aliases: [AP], near: [radio]}
  accounts payable: {aliases: [AP], near: [invoice]}
  service level agreement: [SLA]
"""
URI = "https://docs.example/a"
USES = "Each AP has a number."


@pytest.fixture
def publisher(clock: FixedClock) -> Publisher:
    return Publisher("docs", "https://docs.example/**", clock)


def gate_of(folder: Path, publisher: Publisher, **rules: Any) -> Gate:
    (folder / "terms.yaml").write_text(TERMS)
    policy = {"sources": [{**publisher.source(**rules), "terminology": "terms.yaml"}]}
    return Gate(Policy.from_mapping(policy, folder), clock=publisher.clock)


def entered(gate: Gate, *chunks: Chunk) -> list[str]:
    return [one.text for one in gate.admit(chunks).chunks]


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(b64url_decode(token.split(".")[1]))
    return claims


@pytest.mark.parametrize(
    ("definitions", "text", "expected"),
    [
        ({"AP": "access point"}, USES, "Each access point has a number."),
        ({"AP": "Accounts Payables"}, USES, "Each accounts payable has a number."),
        ({"AP": "Autonomous Prefecture"}, USES, USES),
        ({"SLA": "Sierra Leone Army"}, "The SLA grew.", "The SLA grew."),
        ({"SLA": "service-level agreement"}, "The SLA grew.", "The service level agreement grew."),
        ({"XYZ": "something else"}, "The SLA grew.", "The service level agreement grew."),
        # The chunk's own word comes first.
        ({"AP": "access point"}, "Accounts payable (AP) and AP.", "Accounts payable (AP) and accounts payable."),
    ],
)
def test_a_signed_definition_decides(
    definitions: dict[str, str], text: str, expected: str, publisher: Publisher, tmp_path: Path
) -> None:
    gate = gate_of(tmp_path, publisher)
    assert entered(gate, publisher.seal(text, URI, definitions=definitions)) == [expected]


def test_a_definition_that_nobody_signed_decides_nothing(publisher: Publisher, tmp_path: Path) -> None:
    gate = gate_of(tmp_path, publisher)
    chunk = publisher.seal(USES, URI)
    forged = chunk.with_metadata(definitions={"AP": "access point"}, defs={"AP": "access point"})
    assert entered(gate, forged) == [USES]
    assert entered(gate, publisher.seal(USES, URI, definitions={"AP": "access point"})) != [USES]


@pytest.mark.parametrize(
    "claim",
    [
        "AP",
        ["AP"],
        {"AP": 1},
        {"AP": ""},
        {"A": "b c"},
        {"AP": "a\nb"},
        {"A P": "access point"},
        {"AP": "x" * 201},
        {"A" * 21: "x y"},
        {f"A{number}": "long form" for number in range(33)},
        {"AP": "access\u202epoint"},
        {"AP": None},
    ],
)
def test_a_claim_of_another_form_is_a_malformed_seal(claim: object, publisher: Publisher) -> None:
    token = publisher.seal(USES, URI).metadata[SEAL_KEY]
    payload = json.dumps({**claims_of(str(token)), "defs": claim}).encode()
    with pytest.raises(SealError, match="'defs'") as caught:
        parse_seal(payload)
    assert caught.value.code == "P106"


def test_a_sealer_signs_plain_words_only(publisher: Publisher) -> None:
    with pytest.raises(SealError, match="plain words"):
        publisher.seal(USES, URI, definitions={"AP": "access\npoint"})


def test_every_sealer_takes_them_from_the_metadata(publisher: Publisher, clock: FixedClock) -> None:
    metadata = {"source": URI, "definitions": {"AP": "access  point", "too long": "x", 3: "y"}}
    sealer = Sealer(publisher.key, issuer="docs", clock=clock)
    (item,) = seal_corpus([CorpusItem("1", Chunk(USES, metadata))], sealer)
    assert item.chunk is not None
    (document,) = SealDocuments(sealer).transform_documents([Document(page_content=USES, metadata=metadata)])
    (node,) = SealNodes(sealer)([TextNode(text=USES, metadata=metadata)])
    for sealed in (item.chunk.metadata, document.metadata, node.metadata):
        assert claims_of(str(sealed[SEAL_KEY]))["defs"] == {"AP": "access point"}
    assert "2 definitions of 'definitions' are not sealed" in str(item.problem)


def test_what_one_chunk_defines_is_sealed_with_those_that_mention_it(
    publisher: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    sealer = Sealer(publisher.key, issuer="docs", clock=clock)
    texts = ["The access point (AP) is here.", USES, "Nothing of it.", "AP means accounts payable (AP) there."]
    sources = [URI, URI, URI, "https://docs.example/b"]
    documents = [
        Document(page_content=text, metadata={"source": source}) for text, source in zip(texts, sources, strict=True)
    ]
    sealed = SealDocuments(sealer).transform_documents(documents)
    nodes = SealNodes(sealer)([TextNode(text=one.page_content, metadata=one.metadata) for one in documents])
    for found in ([one.metadata for one in sealed], [one.metadata for one in nodes]):
        claims = [claims_of(str(metadata[SEAL_KEY])) for metadata in found]
        assert [one.get("defs") for one in claims] == [None, {"AP": "access point"}, None, None]
    # Alone in a retrieval, it is still known what it means.
    gate = gate_of(tmp_path, publisher)
    assert entered(gate, Chunk(sealed[1].page_content, sealed[1].metadata)) == ["Each access point has a number."]


def test_what_chunks_define_in_two_ways_is_not_sealed(publisher: Publisher, clock: FixedClock) -> None:
    sealer = Sealer(publisher.key, issuer="docs", clock=clock)
    texts = ["The access point (AP) is here.", "The accounts payable (AP) are there.", USES]
    sealed = SealDocuments(sealer).transform_documents(
        [Document(page_content=text, metadata={"source": URI}) for text in texts]
    )
    assert "defs" not in claims_of(str(sealed[2].metadata[SEAL_KEY]))


def test_a_document_that_is_sealed_whole_tells_all_its_chunks(publisher: Publisher, tmp_path: Path) -> None:
    text = "The access point (AP) is here.\n\nEach AP has a number.\n"
    whole = Publishing().seal_whole(publisher.sealer, Chunk(text, {"source": URI})).chunk
    second = SpanProver([whole]).prove(Chunk(USES, whole.metadata))
    assert second is not None
    assert entered(gate_of(tmp_path, publisher), second) == ["Each access point has a number."]


def test_as_many_are_sealed_as_there_is_room_for(publisher: Publisher) -> None:
    many = {f"A{number}": "long form " * 15 for number in range(40)}
    claims = Publishing().claims({"source": URI, "definitions": many})
    kept = claims.arguments["definitions"]
    assert 0 < len(kept) < 20
    assert f"{40 - len(kept)} definitions" in claims.problems[0]
    token = publisher.sealer.seal(Chunk(USES), subject=URI, definitions=kept).metadata[SEAL_KEY]
    assert len(str(token)) < 8_192


def test_a_record_with_texts_is_decided_again_alike(publisher: Publisher, tmp_path: Path) -> None:
    gate = gate_of(tmp_path, publisher)
    admission = gate.admit([publisher.seal(USES, URI, definitions={"AP": "access point"})])
    assert admission.decisions[0].codes == ("T301",)
    (again,) = Redecider(gate.policy).redecide(log_record(admission, full=True))
    assert again.codes == ("T301",)
    assert again.edits == 1
    # Without texts there is nothing to rewrite, and a record holds no words of the document.
    assert "access" not in json.dumps(log_record(admission)["decisions"][0]["evidence"])


def test_the_payload_on_the_page_is_one_that_a_sealer_makes(publisher: Publisher) -> None:
    page = (Path(__file__).parents[1] / "docs" / "seal-format.md").read_text(encoding="utf-8")
    payload = next(line for line in page.splitlines() if line.startswith('{"defs"'))
    shown = parse_seal(payload.encode())
    assert shown.definitions == {"AP": "access point"}
    assert shown.digest == digest_text(USES)
    made = publisher.sealer.claims(Chunk(USES), subject=URI, definitions=shown.definitions)
    assert {**json.loads(made), "iat": 1772625600} == json.loads(payload)
