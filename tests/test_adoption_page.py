"""Every block of docs/adoption.md runs as it stands."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from haystack import Document as Page
from haystack.document_stores.in_memory import InMemoryDocumentStore
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models.fake_chat_models import ParrotFakeChatModel
from langchain_core.vectorstores import InMemoryVectorStore
from llama_index.core import VectorStoreIndex
from llama_index.core.llms.mock import MockLLM
from llama_index.core.memory import ChatMemoryBuffer

from headgate.testing import Publisher
from langchain_headgate.rehearsal import bm25

PAGE = (Path(__file__).parents[1] / "docs" / "adoption.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python (\w+)\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_runs(
    number: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    handbook: Publisher,
    corpus: list[Document],
    embeddings: Embeddings,
    index: VectorStoreIndex,
    llm: MockLLM,
) -> None:
    framework, code = BLOCKS[number]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "headgate.yaml").write_text(json.dumps({"sources": [handbook.source()]}))
    handbook.key.save(tmp_path / "keys" / "handbook")
    names: dict[str, Any] = {"llm": llm, "index": index, "memory": ChatMemoryBuffer.from_defaults(llm=llm)}
    if framework == "langchain":
        names["store"] = InMemoryVectorStore.from_documents(corpus, embeddings)
        names["bm25"], names["model"] = bm25(corpus, 4), ParrotFakeChatModel()
    if framework == "haystack":
        names["document_store"] = InMemoryDocumentStore()
        pages = [Page(id=f"p{n}", content=one.page_content, meta=one.metadata) for n, one in enumerate(corpus)]
        names["document_store"].write_documents(pages)
    exec(compile(code, "adoption.md", "exec"), names)  # noqa: S102 - our own documentation
    if framework == "haystack":
        _run_haystack(names)
        return
    for name in ("retriever", "chain", "engine"):
        if name in names:
            _ask(names[name])
    if "look" in names:
        found = names["look"]({"question": "K8s clusters"})["context"]
        assert found
        assert all("forged" not in document.page_content for document in found)
    if "found" in names:
        assert len(names["found"]) == 4


def _run_haystack(names: dict[str, Any]) -> None:
    if "indexing" in names:
        names["indexing"].run({"splitter": {"documents": [Page(content="Leave.", meta={"source": "file:handbook/a"})]}})
        assert any(one.content == "Leave." and "headgate_seal" in one.meta for one in _stored(names))
    elif "pipeline" in names:
        found = names["pipeline"].run({"retriever": {"query": "K8s clusters"}})
        assert "page" in str(found)
        assert "forged" not in str(found)
    else:
        assert "forged" not in str(names["tool"].invoke(query="K8s clusters"))


def _stored(names: dict[str, Any]) -> list[Page]:
    found: list[Page] = names["document_store"].filter_documents()
    return found


def _ask(target: Any) -> None:
    if hasattr(target, "invoke"):
        question = "K8s clusters"
        try:
            result = target.invoke(question)
        except (TypeError, ValueError):  # a chain that takes named inputs
            result = target.invoke({"input": question})["context"]
        assert all("forged" not in document.page_content for document in result)
    elif hasattr(target, "query"):
        assert "forged" not in str(target.query("K8s clusters"))
    else:
        assert all("forged" not in item.text for item in target.retrieve("K8s clusters"))
