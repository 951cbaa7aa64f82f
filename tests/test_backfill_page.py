"""The blocks of docs/backfill.md for stores that have no command run as they stand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding

from headgate.testing import Publisher
from langchain_headgate import guard

PAGE = (Path(__file__).parents[1] / "docs" / "backfill.md").read_text(encoding="utf-8")
EMBEDDING = DeterministicFakeEmbedding(size=8)


def block(name: str) -> str:
    (code,) = re.findall(rf"^```python {name}\n(.*?)^```$", PAGE, re.M | re.S)
    return str(code)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handbook: Publisher) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keys").mkdir()
    handbook.key.save(tmp_path / "keys" / "handbook")
    (tmp_path / "keys" / "handbook.jwks.json").write_text(json.dumps(handbook.key.public_jwks()))
    (policy,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)
    (tmp_path / "headgate.yaml").write_text(policy)
    assert yaml.safe_load(policy)["sources"]
    return tmp_path


def documents() -> list[Document]:
    return [Document(f"Part {n}.", metadata={"source": f"https://handbook.example/{n}", "page": n}) for n in range(7)]


def test_faiss(folder: Path) -> None:
    faiss = pytest.importorskip("langchain_community.vectorstores").FAISS
    pytest.importorskip("faiss")
    store = faiss.from_documents(documents(), EMBEDDING)
    store.save_local("faiss/")
    before = (folder / "faiss" / "index.faiss").read_bytes()
    assert not guard(store, "headgate.yaml").similarity_search("x", k=7)
    exec(compile(block("faiss"), "backfill.md", "exec"), {"store": store})  # noqa: S102 - our own page
    again = faiss.load_local("faiss/", EMBEDDING, allow_dangerous_deserialization=True)
    assert len(guard(again, "headgate.yaml").similarity_search("x", k=7)) == 7
    assert (folder / "faiss" / "index.faiss").read_bytes() == before


def test_qdrant(folder: Path) -> None:
    qdrant = pytest.importorskip("qdrant_client")
    client = qdrant.QdrantClient(":memory:")
    client.create_collection("handbook", vectors_config=qdrant.models.VectorParams(size=2, distance="Cosine"))
    points = [
        qdrant.models.PointStruct(
            id=n, vector=[0.6, 0.8], payload={"page_content": d.page_content, "metadata": d.metadata}
        )
        for n, d in enumerate(documents())
    ]
    client.upsert("handbook", points)
    names: dict[str, Any] = {"client": client}
    exec(compile(block("qdrant"), "backfill.md", "exec"), names)  # noqa: S102 - our own page
    assert [outcome.state for outcome in names["outcomes"]] == ["sealed"] * 7
    from headgate import Chunk, Gate

    found = client.scroll("handbook", limit=10, with_vectors=True)[0]
    chunks = [Chunk(point.payload["page_content"], point.payload["metadata"]) for point in found]
    assert len(Gate("headgate.yaml").admit(chunks).chunks) == 7
    assert all(point.vector == pytest.approx([0.6, 0.8]) for point in found)
    client.close()
