"""Indexes of LlamaIndex that hold nodes without seals: backfilled, guarded, and searched under enforcement."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import (
    Document,
    MockEmbedding,
    SimpleDirectoryReader,
    StorageContext,
    VectorStoreIndex,
    load_index_from_storage,
)
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import MetadataMode
from typer.testing import CliRunner

from headgate import AdapterError, Gate
from headgate.cli.app import app
from headgate.integration.backfilling import StoredIndex, backfill
from headgate.testing import FixedClock, Publisher
from llama_index.postprocessor.headgate import HeadgatePostprocessor, guard
from llama_index.postprocessor.headgate.adapter import LlamaIndexAdapter

CLOCK = FixedClock()
HANDBOOK = Publisher("handbook", "https://handbook.example/**", CLOCK)
EMBEDDING = MockEmbedding(embed_dim=8)
SIZE = 12


def documents() -> list[Document]:
    return [
        Document(
            text=f"Part {number}. Everyone gets {number} days of leave.",
            metadata={
                "source": f"https://handbook.example/{number}",
                "title": f"Part {number}",
                "note": "internal",
                "last_modified": CLOCK.ago(days=number).isoformat(),
            },
            excluded_llm_metadata_keys=["note"],
        )
        for number in range(SIZE)
    ]


def gate() -> Gate:
    return Gate({"sources": [HANDBOOK.source(freshness={"max_age": "90d"})]}, clock=CLOCK)


def search(index: Any) -> list[str]:
    found = guard(index.as_retriever(similarity_top_k=SIZE), gate()).retrieve("leave")
    return sorted(item.node.get_content(metadata_mode=MetadataMode.LLM) for item in found)


def plain(index: Any) -> list[str]:
    found = index.as_retriever(similarity_top_k=SIZE).retrieve("leave")
    return sorted(item.node.get_content(metadata_mode=MetadataMode.LLM) for item in found)


def build(storage: StorageContext | None = None) -> Any:
    return VectorStoreIndex.from_documents(
        documents(), embed_model=EMBEDDING, storage_context=storage, transformations=[SentenceSplitter()]
    )


def load(folder: Path) -> Any:
    return load_index_from_storage(StorageContext.from_defaults(persist_dir=str(folder)), embed_model=EMBEDDING)


def opened(place: Path) -> StoredIndex:
    index = LlamaIndexAdapter().open_index(str(place), None)
    assert index is not None
    return index


def test_a_persisted_index(tmp_path: Path) -> None:
    folder = tmp_path / "storage"
    build().storage_context.persist(str(folder))
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "docstore.json"}
    before = (folder / "docstore.json").read_bytes()
    prompts = plain(load(folder))
    assert not search(load(folder))
    # Killed half-way: nothing was written, and the file is whole.
    running = backfill(opened(folder), HANDBOOK.sealer, writes=True, page=3)
    for _ in range(5):
        next(running)
    running.close()  # type: ignore[attr-defined]
    assert (folder / "docstore.json").read_bytes() == before
    assert [o.state for o in backfill(opened(folder), HANDBOOK.sealer, writes=True, page=3)] == ["sealed"] * SIZE
    assert [o.state for o in backfill(opened(folder), HANDBOOK.sealer, writes=True)] == ["kept"] * SIZE
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "docstore.json"} == files
    # What the model reads is what it read before, and neither seal nor note is in it.
    assert search(load(folder)) == plain(load(folder)) == prompts


def test_the_command_on_a_persisted_index(tmp_path: Path) -> None:
    folder = tmp_path / "storage"
    build().storage_context.persist(str(folder))
    HANDBOOK.key.save(tmp_path / "handbook")
    key = next(path for path in tmp_path.glob("handbook*") if "private" in path.name)
    words = ["backfill", str(folder), "--key", str(key), "--issuer", "handbook"]
    before = (folder / "docstore.json").read_bytes()
    named = CliRunner().invoke(app, [*words, "--collection", "other"])
    assert "a folder of LlamaIndex has no collections" in str(named.exception)
    dry = CliRunner().invoke(app, words)
    assert (dry.exit_code, (folder / "docstore.json").read_bytes()) == (0, before)
    assert f"{SIZE} rows, {SIZE} would be sealed; nothing was written (--write writes)." in dry.output
    assert CliRunner().invoke(app, [*words, "--write"]).exit_code == 0
    assert len(search(load(folder))) == SIZE


def test_the_times_of_files_are_signed_as_nothing(tmp_path: Path) -> None:
    """Signed without the entries beside them, which tell whose they are, they would be the age of a document."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "leave.md").write_text("Everyone gets thirty days of leave.")
    read = SimpleDirectoryReader(str(tmp_path / "docs")).load_data()
    index = VectorStoreIndex.from_documents(read, embed_model=EMBEDDING)
    index.storage_context.persist(str(tmp_path / "storage"))
    private, public = HANDBOOK.key.save(tmp_path / "handbook")
    words = ["backfill", str(tmp_path / "storage"), "--key", str(private), "--issuer", "handbook"]
    words += ["--against", str(tmp_path / "docs"), "--prefix", f"{tmp_path}/docs/"]
    dry = CliRunner().invoke(app, words)
    assert (dry.exit_code, "not in every part" in dry.output) == (0, False), dry.output
    policy: dict[str, Any] = {
        "sources": [
            {
                "id": "docs",
                "match": f"file:{tmp_path}/docs/**",
                "provenance": {"require": "sealed", "keys": str(public)},
                "freshness": {"max_age": "3650d", "missing": "drop"},
            }
        ]
    }
    (tmp_path / "p.yaml").write_text(json.dumps({**policy, "metadata": {"modified": "last_modified_date"}}))
    assert CliRunner().invoke(app, [*words, "--write"]).exit_code == 0
    held = load(tmp_path / "storage").as_retriever().retrieve("leave")
    assert not HeadgatePostprocessor(Gate(policy)).postprocess_nodes(held)
    # Where the policy says that the time of a file counts, it is signed.
    CliRunner().invoke(app, [*words, "--reseal", "--policy", str(tmp_path / "p.yaml"), "--write"])
    held = load(tmp_path / "storage").as_retriever().retrieve("leave")
    assert len(HeadgatePostprocessor(Gate(tmp_path / "p.yaml")).postprocess_nodes(held)) == 1


def test_what_a_dry_run_would_seal_in_part_is_not_said_to_be_sealed(tmp_path: Path) -> None:
    build().storage_context.persist(str(tmp_path / "storage"))
    private, _ = HANDBOOK.key.save(tmp_path / "handbook")
    for number in range(SIZE):
        page = tmp_path / "docs" / str(number)
        page.parent.mkdir(exist_ok=True)
        page.with_suffix(".md").write_text(
            f"---\nsource: https://handbook.example/{number}\n---\nPart {number}. Everyone gets {number} days of leave."
        )
    words = ["backfill", str(tmp_path / "storage"), "--key", str(private), "--issuer", "handbook"]
    words += ["--against", str(tmp_path / "docs")]
    assert f"{SIZE} rows would be sealed, but not in every part:" in CliRunner().invoke(app, words).output
    assert f"{SIZE} rows sealed, but not in every part:" in CliRunner().invoke(app, [*words, "--write"]).output


def test_chroma_through_llama_index(tmp_path: Path) -> None:
    chromadb = pytest.importorskip("chromadb")
    stores = pytest.importorskip("llama_index.vector_stores.chroma")
    collection = chromadb.PersistentClient(path=str(tmp_path / "chroma")).create_collection("handbook")
    store = stores.ChromaVectorStore(chroma_collection=collection)
    index = build(StorageContext.from_defaults(vector_store=store))
    found = collection.get(include=["embeddings", "metadatas"])
    vectors = {name: vector.tobytes() for name, vector in zip(found["ids"], found["embeddings"], strict=True)}
    prompts = plain(index)
    assert not search(index)
    for form in (index, store, collection, guard(index, gate())):
        rows = LlamaIndexAdapter().stored_index(form)
        assert rows is not None
        assert {outcome.state for outcome in backfill(rows, HANDBOOK.sealer)} == {"sealed"}
    states = [o.state for o in backfill(opened(tmp_path / "chroma"), HANDBOOK.sealer, writes=True, page=5)]
    assert states == ["sealed"] * SIZE
    assert search(index) == plain(index) == prompts
    after = collection.get(include=["embeddings", "metadatas"])
    assert {n: v.tobytes() for n, v in zip(after["ids"], after["embeddings"], strict=True)} == vectors
    flat = [{k: v for k, v in m.items() if k not in ("_node_content", "headgate_seal")} for m in after["metadatas"]]
    assert flat == [{k: v for k, v in m.items() if k != "_node_content"} for m in found["metadatas"]]
    assert {o.state for o in backfill(opened(tmp_path / "chroma"), HANDBOOK.sealer, writes=True)} == {"kept"}


def test_an_index_in_memory_is_refused_with_the_way_out() -> None:
    with pytest.raises(AdapterError, match="Name the folder in which it is kept"):
        LlamaIndexAdapter().stored_index(build())
    assert LlamaIndexAdapter().stored_index(object()) is None


def test_a_persisted_index_is_gated_by_a_manifest_and_not_touched(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    build().storage_context.persist(str(folder))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    private, public = HANDBOOK.key.save(tmp_path / "handbook")
    manifest = str(tmp_path / "m")
    words = ["manifest", "build", str(folder), "--key", str(private), "--issuer", "handbook", "--corpus", "handbook"]
    result = CliRunner().invoke(app, [*words, "--out", manifest, "--now", CLOCK.now.isoformat()])
    assert result.exit_code == 0, result.output
    provenance = {"require": "manifest", "manifest": manifest, "keys": str(public)}
    gate = Gate({"sources": [HANDBOOK.source(provenance=provenance)]}, clock=CLOCK)

    def searched(index: Any) -> list[str]:
        found = guard(index.as_retriever(similarity_top_k=SIZE), gate).retrieve("leave")
        return sorted(item.node.get_content(metadata_mode=MetadataMode.LLM) for item in found)

    # What the model reads is what it read before, the covered titles with it.
    assert searched(load(folder)) == plain(load(folder))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    index = load(folder)
    node = next(iter(index.docstore.docs.values()))
    node.set_content(node.get_content() + " Forged.")
    index.docstore.add_documents([node], allow_update=True)
    assert len(searched(index)) == SIZE - 1
