"""Nodes in FAISS, LanceDB and Milvus: backfilled, guarded, and searched under enforcement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import Document, MockEmbedding, StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.schema import MetadataMode

from headgate import AdapterError, Gate
from headgate.integration.backfilling import StoredIndex, backfill
from headgate.testing import FixedClock, Publisher
from llama_index.postprocessor.headgate import guard
from llama_index.postprocessor.headgate.adapter import LlamaIndexAdapter

CLOCK = FixedClock()
HANDBOOK = Publisher("handbook", "https://handbook.example/**", CLOCK)
EMBEDDING = MockEmbedding(embed_dim=8)
SIZE = 12


def documents() -> list[Document]:
    return [
        Document(
            text=f"Part {number}. Everyone gets {number} days of leave.",
            metadata={"source": f"https://handbook.example/{number}", "title": f"Part {number}", "note": "internal"},
            excluded_llm_metadata_keys=["note"],
        )
        for number in range(SIZE)
    ]


def build(store: Any) -> Any:
    storage = StorageContext.from_defaults(vector_store=store)
    return VectorStoreIndex.from_documents(documents(), storage_context=storage, embed_model=EMBEDDING)


def found(index: Any) -> list[str]:
    nodes = index.as_retriever(similarity_top_k=SIZE).retrieve("leave")
    return sorted(one.node.get_content(metadata_mode=MetadataMode.LLM) for one in nodes)


def search(index: Any) -> list[str]:
    return found(guard(index, Gate({"sources": [HANDBOOK.source()]}, clock=CLOCK)))


def index_of(target: Any) -> StoredIndex:
    index = LlamaIndexAdapter().stored_index(target)
    assert index is not None
    return index


def opened(place: Path) -> StoredIndex:
    index = LlamaIndexAdapter().open_index(str(place), None)
    assert index is not None
    return index


def check_end_to_end(index: Any) -> None:
    prompts = found(index)
    assert len(prompts) == index_of(index).count() == SIZE
    assert not search(index)
    running = backfill(index_of(index), HANDBOOK.sealer, writes=True, page=3)
    for _ in range(5):  # into the second page
        next(running)
    del running
    states = [one.state for one in backfill(index_of(index), HANDBOOK.sealer, writes=True, page=3)]
    assert (states.count("kept"), states.count("sealed")) == (6, SIZE - 6)
    # What the model reads is what it read before, and neither seal nor note is in it.
    assert search(index) == found(index) == found(guard(index)) == prompts
    assert {one.state for one in backfill(index_of(index), HANDBOOK.sealer, writes=True)} == {"kept"}


@pytest.mark.filterwarnings("ignore:table_names:DeprecationWarning")
def test_lancedb(tmp_path: Path) -> None:
    pytest.importorskip("lancedb")
    module = pytest.importorskip("llama_index.vector_stores.lancedb")
    place = tmp_path / "lance"
    index = build(module.LanceDBVectorStore(uri=str(place), table_name="handbook"))
    vectors = index.vector_store.table.to_arrow().sort_by("id")["vector"]
    check_end_to_end(index)
    table = module.LanceDBVectorStore(uri=str(place), table_name="handbook").table
    assert table.to_arrow().sort_by("id")["vector"] == vectors
    assert {one.state for one in backfill(opened(place), HANDBOOK.sealer)} == {"kept"}


@pytest.fixture
def milvus(tmp_path: Path) -> Iterator[Any]:
    pytest.importorskip("milvus_lite")
    module = pytest.importorskip("llama_index.vector_stores.milvus")
    store = module.MilvusVectorStore(uri=str(tmp_path / "milvus.db"), dim=8, use_async_client=False)
    yield store
    store.client.close()


def test_milvus(milvus: Any) -> None:
    check_end_to_end(build(milvus))


def test_a_folder_with_faiss(tmp_path: Path) -> None:
    faiss = pytest.importorskip("faiss")
    module = pytest.importorskip("llama_index.vector_stores.faiss")
    place = tmp_path / "storage"
    index = build(module.FaissVectorStore(faiss_index=faiss.IndexFlatL2(8)))
    with pytest.raises(AdapterError, match="Name the folder"):
        index_of(index)
    index.storage_context.persist(str(place))
    files = {path.name: path.read_bytes() for path in place.iterdir() if path.name != "docstore.json"}

    def load() -> Any:
        store = module.FaissVectorStore.from_persist_dir(str(place))
        storage = StorageContext.from_defaults(vector_store=store, persist_dir=str(place))
        return load_index_from_storage(storage, embed_model=EMBEDDING)

    prompts = found(load())
    assert not search(load())
    assert {one.state for one in backfill(opened(place), HANDBOOK.sealer, writes=True)} == {"sealed"}
    assert search(load()) == found(guard(load())) == prompts
    assert {path.name: path.read_bytes() for path in place.iterdir() if path.name != "docstore.json"} == files
