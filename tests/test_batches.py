"""Batch seals: the tree against its definition, the tokens against their documentation, and one signature for many."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from langchain_core.documents import Document
from llama_index.core.schema import TextNode
from typer.testing import CliRunner

from headgate import Chunk, Gate, KeySet, Sealer
from headgate.chunk import SEAL_KEY
from headgate.cli.app import app
from headgate.corpus import read_corpus
from headgate.encoding import b64url_encode, loads_strict
from headgate.provenance import SigningKey, generate_signing_key, verify_jws
from headgate.provenance.batches import BATCH_TYPE, Batch
from headgate.provenance.merkle import HASH_BYTES, leaf_hash, root_from_path, tree_of
from headgate.provenance.seals import verify_seal
from headgate.testing import FixedClock, Publisher
from langchain_headgate import SealDocuments
from llama_index.postprocessor.headgate import SealNodes

PAGE = "https://docs.example/leave"

# With which implementations of Certificate Transparency are tested: eight entries, and the roots over the first ones.
ENTRIES = [bytes.fromhex(one) for one in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
ENTRIES.append(bytes(range(0x60, 0x70)))
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.fixture
def docs(clock: FixedClock) -> Publisher:
    return Publisher("docs", "https://docs.example/**", clock)


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    assert tree_of([leaf_hash(entry) for entry in ENTRIES[:size]])[0].hex() == ROOTS[size - 1]


def defined(leaves: Sequence[bytes]) -> bytes:
    """Return the root as RFC 9162, section 2.1.1, defines it."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + defined(leaves[:split]) + defined(leaves[split:])).digest()


@pytest.mark.parametrize("size", [*range(1, 40), 255, 256, 257])
def test_every_path_leads_to_the_root_and_to_no_other_place(size: int) -> None:
    leaves = [leaf_hash(bytes([number % 251, number // 251])) for number in range(size)]
    root, paths = tree_of(leaves)
    assert root == defined(leaves)
    for number in {0, 1 % size, size // 2, size - 1}:
        path = paths[number]
        assert root_from_path(leaves[number], number, size, path) == root
        for other in {0, size // 2, size - 1} - {number}:
            if len(paths[other]) == len(path):
                assert root_from_path(leaves[number], other, size, path) != root
        for wrong in (path[:-HASH_BYTES], path[:-1], path + b"\0", path + root):
            if wrong != path:
                with pytest.raises(ValueError, match="not as long"):
                    root_from_path(leaves[number], number, size, wrong)


def test_a_batch_is_sealed_by_one_signature(docs: Publisher, clock: FixedClock) -> None:
    chunks = [Chunk(f"text {number}", {"title": "A"}) for number in range(50)]
    sealed = docs.sealer.seal_many(
        [(chunk, {"subject": f"{PAGE}/{n}", "cover": ["title"]}) for n, chunk in enumerate(chunks)]
    )
    assert len({str(one.metadata[SEAL_KEY]).partition("~")[0] for one in sealed}) == 1
    admission = Gate({"sources": [docs.source()]}, clock=clock).admit(sealed)
    assert {(one.action, one.assurance, one.issuer) for one in admission.decisions} == {("admit", "sealed", "docs")}
    assert docs.sealer.seal_many([]) == []


def test_the_claims_of_a_batch_seal_are_those_of_a_seal(docs: Publisher, clock: FixedClock) -> None:
    arguments = {"subject": PAGE, "version": 3, "modified": clock.ago(days=1), "expires": clock.ago(days=-1)}
    alone = docs.sealer.seal(Chunk("text"), **arguments)  # type: ignore[arg-type]
    (batched,) = docs.sealer.seal_many([(Chunk("text"), arguments)])
    keys = docs.sealer.public
    assert verify_seal(alone.metadata[SEAL_KEY], keys) == verify_seal(batched.metadata[SEAL_KEY], keys)


def test_checks_are_those_of_a_seal(docs: Publisher, clock: FixedClock) -> None:
    gate = Gate({"sources": [docs.source()]}, clock=clock)
    expired, changed, elsewhere = docs.sealer.seal_many(
        [
            (Chunk("text"), {"subject": PAGE, "modified": clock.ago(days=9), "expires": clock.ago(days=1)}),
            (Chunk("text"), {"subject": PAGE}),
            (Chunk("text"), {"subject": "https://other.example/a"}),
        ]
    )
    stranger = Publisher("docs", "https://docs.example/**", clock)
    (foreign,) = stranger.sealer.seal_many([(Chunk("text"), {"subject": PAGE})])
    codes = [
        gate.admit([one]).decisions[0].codes
        for one in (expired, Chunk("another text", changed.metadata), elsewhere, foreign)
    ]
    assert codes == [("F201",), ("P105",), ("P109",), ("P102",)]


def test_whoever_prepares_a_batch_needs_no_key(docs: Publisher, clock: FixedClock) -> None:
    claims = [docs.sealer.claims(Chunk(text), subject=f"{PAGE}/{text}") for text in "abc"]
    batch = Batch(claims)
    tokens = batch.tokens(batch.sign(docs.key))  # the payload alone goes to where the key is
    gate = Gate({"sources": [docs.source()]}, clock=clock)
    chunks = [Chunk(text, {SEAL_KEY: token}) for text, token in zip("abc", tokens, strict=True)]
    assert all(one.admitted for one in gate.admit(chunks).decisions)


def test_the_vector_of_the_documentation() -> None:
    text = (Path(__file__).parents[1] / "docs" / "batch-format.md").read_text(encoding="utf-8")
    key = SigningKey.load(
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "kid": "vector",
        }
    )
    claims = [line.encode() for line in text.partition("```json\n")[2].partition("```")[0].strip().splitlines()]
    batch = Batch(claims)
    tokens = ["".join(block.partition("```")[0].split()) for block in text.split("```text\n")[1:]]
    assert tokens == batch.tokens(batch.sign(key))
    assert verify_seal(tokens[0], KeySet.from_jwks(key.public_jwks())).subject == "https://docs.example/a"
    payload = loads_strict(verify_jws(tokens[0].partition("~")[0], key.public, typ=BATCH_TYPE))
    assert payload == {"root": "sha-256:" + b64url_encode(batch.root), "size": 3}


def test_both_frameworks_seal_in_batches(docs: Publisher, clock: FixedClock) -> None:
    gate = Gate({"sources": [docs.source()]}, clock=clock)
    documents = [Document(f"text {n}", metadata={"source": f"{PAGE}/{n}", "title": "A"}) for n in range(5)]
    nodes = [TextNode(text=f"text {n}", metadata={"source": f"{PAGE}/{n}", "title": "A"}) for n in range(5)]
    sealed = [
        *(
            Chunk(one.page_content, one.metadata)
            for one in SealDocuments(docs.sealer, batch=True).transform_documents(documents)
        ),
        *(Chunk(one.get_content(), one.metadata) for one in SealNodes(docs.sealer, batch=True)(nodes)),
    ]
    # Of the same texts both make the same batch.
    assert len({str(one.metadata[SEAL_KEY]).partition("~")[0] for one in sealed}) == 1
    admission = gate.admit(sealed)
    assert all(one.admitted for one in admission.decisions)
    assert all(chunk.metadata["title"] == "A" for chunk in admission.chunks)


def test_the_command_seals_in_batches_and_names_what_it_cannot_seal(tmp_path: Path, clock: FixedClock) -> None:
    key = generate_signing_key("docs")
    private, _ = key.save(tmp_path / "docs")
    lines = [{"text": f"text {n}", "source": f"{PAGE}/{n}"} if n != 3 else {"text": "no source"} for n in range(8)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    out = tmp_path / "out.jsonl"
    arguments = ["seal", tmp_path / "in.jsonl", "--key", private, "--issuer", "docs", "--out", out, "--batch"]
    result = CliRunner().invoke(app, list(map(str, arguments)))
    assert result.exit_code == 1
    assert "7 documents sealed" in result.output
    assert "in.jsonl:4" in result.output
    chunks = [item.chunk for item in read_corpus(out) if item.chunk is not None]
    assert [chunk.text for chunk in chunks] == [f"text {n}" for n in range(8) if n != 3]
    source = {"id": "docs", "match": "https://docs.example/**", "provenance": {"keys": key.public_jwks()}}
    assert all(one.admitted for one in Gate({"sources": [source]}).admit(chunks).decisions)
    assert len({str(chunk.metadata[SEAL_KEY]).partition("~")[0] for chunk in chunks}) == 1


def test_a_batch_seal_is_renewed_by_backfill_only_if_it_does_not_hold(docs: Publisher) -> None:
    from headgate.corpus import seal_corpus
    from headgate.corpus.item import CorpusItem

    items = list(seal_corpus([CorpusItem("a", Chunk("x", {"source": PAGE}))], Sealer(docs.key, "docs"), batch=10))
    assert items[0].chunk is not None
    assert verify_seal(items[0].chunk.metadata[SEAL_KEY], docs.key.public).subject == PAGE
