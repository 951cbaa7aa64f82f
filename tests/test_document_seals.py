"""Document seals: signed once as a whole, proved for what real splitters make of it."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_text_splitters import RecursiveCharacterTextSplitter
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import Document as LlamaDocument
from typer.testing import CliRunner

from growing import GROWTH, is_growing_too_fast
from headgate import Chunk, Gate, KeySet
from headgate.chunk import SEAL_KEY
from headgate.cli.app import app
from headgate.corpus import read_corpus
from headgate.provenance import generate_signing_key
from headgate.provenance.merkle import leaf_hash, range_path, root_from_range, tree_of
from headgate.provenance.seals import verify_seal
from headgate.provenance.spans import BLOCKS_KEY, SPACE, SpanProver, cut_blocks
from headgate.testing import HOSTILE_SHAPES, FixedClock, Publisher
from langchain_headgate import ProveDocuments
from llama_index.postprocessor.headgate import ProveNodes

PAGE = "https://docs.example/leave"
TEXT = (
    '# Leave\n\nEmployees have 30 days. Never share a password! Is that clear? "Yes." he said.\n'
    "- one line\n- another line\n\n  Indented, with  two blanks. The end.\n\n"
) * 3
CLOCK = FixedClock()
DOCS = Publisher("docs", "https://docs.example/**", CLOCK)
GATE = Gate({"sources": [DOCS.source()]}, clock=CLOCK)


def whole(text: str = TEXT, **metadata: object) -> Chunk:
    chunk = Chunk(text, {"source": PAGE, "title": "Leave", **metadata})
    return DOCS.sealer.seal_document(chunk, subject=PAGE, modified=CLOCK.now, cover=["title"])


def proved(document: Chunk, text: str) -> Chunk | None:
    return SpanProver([document]).prove(Chunk(text, document.metadata))


@given(st.text(st.sampled_from("ab.!?\"') \n\t\r"), max_size=60) | st.text(max_size=60))
def test_blocks_are_the_text(text: str) -> None:
    blocks = cut_blocks(text)
    assert "".join(blocks) == text.strip(SPACE)
    assert all(block.strip(SPACE) and block[0] not in SPACE for block in blocks)


def test_blocks_end_with_sentences_and_lines() -> None:
    assert cut_blocks('A b. C d! "E." F\n- g\n\nh 3.5 i. j') == [
        "A b. ",
        "C d! ",
        '"E." ',
        "F\n",
        "- g\n\n",
        "h 3.5 i. ",
        "j",
    ]


@given(st.integers(1, 40), st.data())
def test_a_run_leads_to_the_root_and_to_no_other(size: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, size - 1))
    stop = data.draw(st.integers(start + 1, size))
    leaves = [leaf_hash(bytes([number])) for number in range(size)]
    root, _ = tree_of(leaves)
    path = range_path(leaves, start, stop)
    assert root_from_range(leaves[start:stop], start, size, path) == root
    for wrong in (path + root, path[:-1], path[:-32]):
        if wrong != path:
            with pytest.raises(ValueError, match="not as long"):
                root_from_range(leaves[start:stop], start, size, wrong)
    other = [*leaves[start : stop - 1], leaf_hash(b"forged")]
    assert root_from_range(other, start, size, path) != root


@given(st.data())
def test_every_run_of_blocks_is_admitted(data: st.DataObject) -> None:
    document = whole()
    blocks = cut_blocks(TEXT)
    start = data.draw(st.integers(0, len(blocks) - 1))
    stop = data.draw(st.integers(start + 1, len(blocks)))
    text = "".join(blocks[start:stop])
    chunk = proved(document, data.draw(st.sampled_from([text, text.strip(SPACE), f"\n {text} \n"])))
    assert chunk is not None
    assert BLOCKS_KEY not in chunk.metadata
    (decision,) = GATE.admit([chunk]).decisions
    assert (decision.action, decision.assurance, decision.codes) == ("admit", "sealed", ())


@given(st.data())
def test_no_other_text_is(data: st.DataObject) -> None:
    document = whole()
    blocks = cut_blocks(TEXT)
    start = data.draw(st.integers(0, len(blocks) - 1))
    stop = data.draw(st.integers(start + 1, min(len(blocks), start + 4)))
    text = "".join(blocks[start:stop]).strip(SPACE)
    chunk = proved(document, text)
    assert chunk is not None
    place = data.draw(st.integers(0, len(text) - 1))
    sign = data.draw(st.sampled_from("aN. \n\0é"))
    how = data.draw(st.sampled_from(["replace", "insert", "delete", "cut", "join"]))
    forged = {
        "replace": text[:place] + sign + text[place + 1 :],
        "insert": text[:place] + sign + text[place:],
        "delete": text[:place] + text[place + 1 :],
        "cut": text[:place],
        "join": text + " " + text,
    }[how]
    (decision,) = GATE.admit([Chunk(forged, chunk.metadata)]).decisions
    assert decision.admitted == (forged.strip(SPACE) == text)
    if not decision.admitted:
        assert decision.codes == ("P115",)


@given(st.data())
def test_no_other_token_is(data: st.DataObject) -> None:
    chunk, text = proved(whole(), "Never share a password! Is that clear?"), "Never share a password! Is that clear?"
    assert chunk is not None
    token = str(chunk.metadata[SEAL_KEY])
    place = data.draw(st.integers(0, len(token) - 1))
    sign = data.draw(st.sampled_from("ABCXYZabcxyz0189-_.=+/~ \n\0é"))
    how = data.draw(st.sampled_from(["replace", "insert", "delete", "cut"]))
    forged = {
        "replace": token[:place] + sign + token[place + 1 :],
        "insert": token[:place] + sign + token[place:],
        "delete": token[:place] + token[place + 1 :],
        "cut": token[:place],
    }[how]
    (decision,) = GATE.admit([chunk.with_metadata(**{SEAL_KEY: forged})]).decisions
    assert decision.admitted == (forged == token)
    assert "G901" not in decision.codes
    assert text == chunk.text


def test_half_a_sentence_has_no_proof_and_gets_none() -> None:
    document = whole()
    for text in ("share a password!", "Never share", "Employees have 30 days. Never", "", " ", "elsewhere."):
        assert proved(document, text) is None


def test_a_proof_is_for_its_place_and_document() -> None:
    document = whole()
    one, two = proved(document, "Employees have 30 days."), proved(document, "- another line")
    assert one is not None
    assert two is not None
    other = proved(whole("Employees have 30 days. " + TEXT), "Employees have 30 days.")
    assert other is not None
    swapped = one.with_metadata(**{SEAL_KEY: two.metadata[SEAL_KEY]})
    parts, foreign = str(one.metadata[SEAL_KEY]).split("~"), str(other.metadata[SEAL_KEY]).split("~")
    transplanted = one.with_metadata(**{SEAL_KEY: "~".join([parts[0], *foreign[1:]])})
    for chunk in (swapped, transplanted):
        assert not GATE.admit([chunk]).decisions[0].admitted
    # Covered metadata and claims are those of a seal.
    assert GATE.admit([one.with_metadata(title="Forged")]).decisions[0].codes == ("P105",)


def test_the_whole_document_is_not_admitted_without_a_proof_and_is_with_one() -> None:
    document = whole()
    assert not GATE.admit([document]).decisions[0].admitted
    chunk = proved(document, document.text)
    assert chunk is not None
    assert GATE.admit([chunk]).decisions[0].admitted


def test_a_document_that_was_changed_or_not_sealed_as_a_whole_is_refused() -> None:
    document = whole()
    for bad in (
        Chunk(document.text + "x", document.metadata),
        DOCS.seal("text", PAGE),
        Chunk("text", {}),
        document.with_metadata(**{BLOCKS_KEY: "0-1"}),
    ):
        with pytest.raises(ValueError, match=r"document was not sealed|text of the document"):
            SpanProver([bad])


def test_what_langchain_splits_at_sentences_is_admitted(caplog: pytest.LogCaptureFixture) -> None:
    sealed = whole()
    document = Document(sealed.text, metadata=dict(sealed.metadata))
    fitting = RecursiveCharacterTextSplitter(
        chunk_size=120, chunk_overlap=0, separators=["\n\n", "\n", r"(?<=[.!?]) "], is_separator_regex=True
    )
    chunks = ProveDocuments([document]).transform_documents(fitting.split_documents([document]))
    assert len(chunks) > 5
    decisions = GATE.admit([Chunk(one.page_content, one.metadata) for one in chunks]).decisions
    assert [one.codes for one in decisions if not one.admitted] == []
    by_length = RecursiveCharacterTextSplitter(chunk_size=25, chunk_overlap=0, separators=[" "])
    with caplog.at_level(logging.WARNING, "headgate"):
        chunks = ProveDocuments([document]).transform_documents(by_length.split_documents([document]))
    assert "have no proof" in caplog.text
    unproved = [one for one in chunks if SEAL_KEY not in one.metadata]
    assert unproved
    assert all(BLOCKS_KEY not in one.metadata for one in chunks)
    decisions = GATE.admit([Chunk(one.page_content, one.metadata) for one in unproved]).decisions
    assert {one.codes for one in decisions} == {("P101",)}


def test_what_llama_index_splits_at_sentences_is_admitted() -> None:
    text = " ".join(f"Sentence {number} says something of its own." for number in range(60))
    sealed = whole(text)
    hidden = [SEAL_KEY, BLOCKS_KEY]
    document = LlamaDocument(
        text=sealed.text,
        metadata=dict(sealed.metadata),
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=hidden,
    )
    nodes = SentenceSplitter(chunk_size=100, chunk_overlap=20).get_nodes_from_documents([document])
    proofs = ProveNodes([document])(nodes)
    assert len(proofs) > 4
    decisions = GATE.admit([Chunk(one.get_content(), one.metadata) for one in proofs]).decisions
    assert [one.codes for one in decisions if not one.admitted] == []
    assert all(SEAL_KEY in one.excluded_llm_metadata_keys for one in proofs)


def test_the_command_seals_whole_documents(tmp_path: Path) -> None:
    key = generate_signing_key("docs")
    private, _ = key.save(tmp_path / "docs")
    (tmp_path / "in.jsonl").write_text(json.dumps({"text": TEXT, "source": PAGE}) + "\n")
    out = tmp_path / "out.jsonl"
    arguments = ["seal", tmp_path / "in.jsonl", "--key", private, "--issuer", "docs", "--out", out, "--whole"]
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    (document,) = (item.chunk for item in read_corpus(out) if item.chunk is not None)
    chunk = SpanProver([document]).prove(Chunk("Employees have 30 days.", document.metadata))
    assert chunk is not None
    source = {"id": "docs", "match": "https://docs.example/**", "provenance": {"keys": key.public_jwks()}}
    assert Gate({"sources": [source]}).admit([chunk]).decisions[0].admitted
    assert CliRunner().invoke(app, [*map(str, arguments), "--batch"]).exit_code != 0


def test_the_vector_of_the_documentation() -> None:
    page = (Path(__file__).parents[1] / "docs" / "document-seal-format.md").read_text(encoding="utf-8")
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "vector"}
    text, token = ("".join(page.split(f"```{kind}\n")[1].partition("```")[0]).strip() for kind in ("text", "token"))
    token = "".join(token.split())
    keys = KeySet.from_jwks(jwk)
    gate = Gate(
        {"sources": [{"id": "a", "match": "https://docs.example/**", "provenance": {"keys": jwk}}]}, clock=CLOCK
    )
    assert gate.admit([Chunk("Never share a password.", {SEAL_KEY: token})]).decisions[0].admitted
    assert "Never share a password. " in cut_blocks(text)
    with pytest.raises(Exception, match="whole blocks"):
        verify_seal(token, keys)  # without the text nothing is proved


def test_cutting_and_reading_take_time_in_proportion() -> None:
    for name, make in HOSTILE_SHAPES.items():
        small, large = make(8_000), make(GROWTH * 8_000)
        assert not is_growing_too_fast(lambda: cut_blocks(small), lambda: cut_blocks(large), 0.01), name  # noqa: B023
