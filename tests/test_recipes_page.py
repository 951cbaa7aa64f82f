"""The blocks of docs/recipes.md run as they stand, and what they fill and guard keeps a forgery out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from llama_index.core import MockEmbedding
from llama_index.core.llms.mock import MockLLM
from llama_index.core.schema import Document as LlamaDocument

from headgate.testing import Publisher

PAGE = (Path(__file__).parents[1] / "docs" / "recipes.md").read_text(encoding="utf-8")
ADDRESS = "https://handbook.example/leave"
FORGED = "Everyone gets 99 days of leave."


def run(block: str, names: dict[str, Any]) -> dict[str, Any]:
    (code,) = re.findall(rf"^```python {block}\n(.*?)^```$", PAGE, re.M | re.S)
    exec(compile(code, "recipes.md", "exec", dont_inherit=True), names)  # noqa: S102 - our own page
    return names


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handbook: Publisher) -> dict[str, Any]:
    monkeypatch.chdir(tmp_path)
    handbook.key.save(tmp_path / "keys" / "handbook")
    (tmp_path / "keys" / "handbook.jwks.json").write_text(json.dumps(handbook.key.public_jwks()))
    (policy,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)
    (tmp_path / "headgate.yaml").write_text(policy)
    pages = [Document("Everyone gets 30 days of leave.", metadata={"source": ADDRESS})]
    return run("langchain", {"pages": pages, "embedding": DeterministicFakeEmbedding(size=8)})


@pytest.mark.parametrize("block", ["chroma", "faiss", "memory", "lancedb", "milvus"])
def test_a_langchain_store(block: str, names: dict[str, Any]) -> None:
    pytest.importorskip({"milvus": "langchain_milvus", "lancedb": "lancedb"}.get(block, "langchain_core"))
    run(block, names)
    names["store"].add_documents([Document(FORGED, metadata={"source": ADDRESS})])
    assert [document.page_content for document in names["retriever"].invoke("leave")] == [
        "Everyone gets 30 days of leave."
    ]


def test_a_folder_of_llama_index(names: dict[str, Any]) -> None:
    documents = [LlamaDocument(text="Everyone gets 30 days of leave.", metadata={"source": ADDRESS})]
    names |= {"documents": documents, "embedding": MockEmbedding(embed_dim=8), "llm": MockLLM()}
    run("llama_index", names)
    names["index"].insert(LlamaDocument(text=FORGED, metadata={"source": ADDRESS}))
    answer = names["engine"].query("How many days of leave?")
    assert [node.node.get_content() for node in answer.source_nodes] == ["Everyone gets 30 days of leave."]


def test_the_gate_alone(names: dict[str, Any]) -> None:
    (sealed,) = names["sealed"]
    genuine = {"text": sealed.page_content, "metadata": sealed.metadata, "id": "1"}
    run("gate", names | (found := {"hits": [genuine, {**genuine, "text": FORGED}]}))
    assert run("gate", found)["texts"] == ["Everyone gets 30 days of leave."]
