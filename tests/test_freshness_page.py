"""The examples of docs/freshness.md and its rules: an answer is kept until a decision behind it would change."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore
from llama_index.core import VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms.mock import MockLLM
from llama_index.core.schema import TextNode

from headgate import Gate, Policy, collecting, guard
from headgate.clock import utc_now
from headgate.policy import Source
from headgate.testing import FixedClock, Publisher

DOCS = Path(__file__).parents[1] / "docs"
ONE_PAGE = (DOCS / "freshness.md").read_text(encoding="utf-8")
PAGE = (DOCS / "freshness-rules.md").read_text(encoding="utf-8")
QUESTION = "How many days of leave?"


def publisher() -> Publisher:
    return Publisher("handbook", "https://handbook.example/**", FixedClock(utc_now().replace(microsecond=0)))


def run_example(framework: str, **names: Any) -> dict[str, Any]:
    (code,) = re.findall(rf"^```python {framework}\n(.*?)^```$", PAGE, re.M | re.S)
    exec(compile(code, "freshness-rules.md", "exec"), names)  # noqa: S102 - our own documentation
    return names


def test_the_three_clocks_take_one_page() -> None:
    assert len(re.findall(r"\w+", ONE_PAGE)) < 800
    for clock in ("changed", "holds", "verified"):
        assert f"| **{clock}** |" in ONE_PAGE
    assert "```python" not in ONE_PAGE


def test_the_policies_on_the_page_are_policies(tmp_path: Path) -> None:
    sources: list[Source] = []
    for policy in re.findall(r"^```yaml\n(.*?)^```$", ONE_PAGE + PAGE, re.M | re.S):
        (tmp_path / "headgate.yaml").write_text(policy, encoding="utf-8")
        sources += Policy.load(tmp_path / "headgate.yaml").sources
    handbook, wiki = sources
    assert handbook.verifiers == ("manifest",)
    assert handbook.freshness.verified_within == timedelta(hours=24)
    assert [rule.max_age for rule in wiki.freshness.rules] == [timedelta(days=14), timedelta(days=3 * 365)]


def test_an_answer_is_kept_in_langchain_until_it_may_be_another() -> None:
    handbook = publisher()
    sealed = handbook.seal("30 days.", "https://handbook.example/leave")
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=4))
    store.add_documents([Document(sealed.text, metadata=dict(sealed.metadata))])
    gate = Gate({"sources": [handbook.source(freshness={"verified_within": "24h"})]})
    asked: list[str] = []

    def answer(documents: list[Document]) -> str:
        asked.append(documents[0].page_content)
        return asked[-1]

    names = run_example("langchain", chain=guard(store, gate).as_retriever(search_kwargs={"k": 1}) | answer)
    assert [names["ask"](QUESTION) for _ in range(3)] == ["30 days."] * 3
    assert len(asked) == 1
    (kept,) = names["answers"].mget([QUESTION])
    assert kept["until"] - handbook.clock.now == timedelta(hours=24, microseconds=1)
    kept["until"] = handbook.clock.now
    assert names["ask"](QUESTION) == "30 days."
    assert len(asked) == 2


def test_an_answer_is_kept_in_llama_index_until_it_may_be_another() -> None:
    handbook = publisher()
    sealed = handbook.seal("30 days.", "https://handbook.example/leave")
    index = VectorStoreIndex(
        [TextNode(text=sealed.text, metadata=dict(sealed.metadata))], embed_model=MockEmbedding(embed_dim=4)
    )
    gate = Gate({"sources": [handbook.source(freshness={"verified_within": "24h"})]})
    names = run_example("llamaindex", engine=guard(index.as_query_engine(llm=MockLLM()), gate))
    answer = names["ask"](QUESTION)
    assert "30 days." in answer
    kept = names["answers"].get(QUESTION)
    assert datetime.fromisoformat(kept["until"]) > handbook.clock.now
    names["answers"].put(QUESTION, {**kept, "answer": "as kept"})
    assert names["ask"](QUESTION) == "as kept"
    names["answers"].put(QUESTION, {"answer": "as kept", "until": handbook.clock.now.isoformat()})
    assert names["ask"](QUESTION) == answer


def test_blocks_collect_what_all_gates_decide(clock: FixedClock) -> None:
    handbook = Publisher("handbook", "https://handbook.example/**", clock)
    day = timedelta(days=1)
    first = Gate({"sources": [handbook.source(freshness={"max_age": "10d"})]}, clock=clock)
    second = Gate({"sources": [handbook.source()]}, clock=clock)
    ending = handbook.seal("text", "https://handbook.example/1", expires=clock.now + 5 * day)
    with collecting() as outer:
        assert outer.valid_until is None
        admissions = [first.admit([handbook.seal("text", "https://handbook.example/2")])]
        with collecting() as inner:
            admissions.append(second.admit([ending]))
        admissions.append(second.admit([]))
    first.admit([ending])
    assert list(outer) == admissions
    assert list(inner) == admissions[1:2]
    assert outer.valid_until == clock.now + 5 * day
