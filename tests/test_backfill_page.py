"""The blocks of docs/backfill.md for stores that have no command run as they stand."""

from __future__ import annotations

import json
import re
from pathlib import Path

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


def test_any_other_store(folder: Path) -> None:
    faiss = pytest.importorskip("langchain_community.vectorstores").FAISS
    pytest.importorskip("faiss")
    store = faiss.from_documents(documents(), EMBEDDING)
    store.save_local("faiss/")
    before = (folder / "faiss" / "index.faiss").read_bytes()
    assert not guard(store, "headgate.yaml").similarity_search("x", k=7)
    exec(compile(block("other"), "backfill.md", "exec"), {"store": store})  # noqa: S102 - our own page
    again = faiss.load_local("faiss/", EMBEDDING, allow_dangerous_deserialization=True)
    assert len(guard(again, "headgate.yaml").similarity_search("x", k=7)) == 7
    assert (folder / "faiss" / "index.faiss").read_bytes() == before
