"""Questions in the words of the documents, in both frameworks: the retriever is asked in them, nobody else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.retrievers import BaseRetriever
from langchain_core.vectorstores import InMemoryVectorStore
from llama_index.core.retrievers import BaseRetriever as LlamaRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from headgate import Gate, Glossary, PolicyError
from headgate.terminology.asking import QueryTerms
from langchain_headgate import guard
from llama_index.postprocessor.headgate import guard as guard_llama


class Asked(BaseRetriever):
    asked: list[str]

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        self.asked.append(query)
        return [Document("text", metadata={"source": "https://a.example/1"})]


class LlamaAsked(LlamaRetriever):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[QueryBundle] = []

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        self.asked.append(query_bundle)
        return [NodeWithScore(node=TextNode(text="text", metadata={"source": "https://a.example/1"}))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "words.yaml").write_text("terms: {incident channel: [war room], Kubernetes: [K8s]}\n")
    return tmp_path


def gate_in(folder: Path, policy_mode: str = "enforce", **query: Any) -> Gate:
    policy = {
        "mode": policy_mode,
        "default": {"provenance": {"require": "declared"}},
        "query": {"rewrite": "words.yaml", **query},
    }
    (folder / "headgate.yaml").write_text(json.dumps(policy))
    return Gate(folder / "headgate.yaml")


QUESTION = "Who opens the war room for K8s? Which Kubernetes is it?"
EXPANDED = f"{QUESTION} incident channel"
REPLACED = "Who opens the incident channel for Kubernetes? Which Kubernetes is it?"


@pytest.mark.parametrize(
    ("rules", "mode", "expected"),
    [
        ({}, "enforce", EXPANDED),
        ({"mode": "replace"}, "enforce", REPLACED),
        ({"mode": "replace"}, "warn", REPLACED),
        ({"mode": "replace"}, "audit", QUESTION),
    ],
)
async def test_retrievers_are_asked_in_the_words_of_the_policy(
    rules: dict[str, Any], mode: str, expected: str, folder: Path
) -> None:
    gate = gate_in(folder, mode, **rules)
    inner = Asked(asked=[])
    guard(inner, gate).invoke(QUESTION)
    await guard(inner, gate).ainvoke(QUESTION)
    assert inner.asked == [expected, expected]
    llama = LlamaAsked()
    guard_llama(llama, gate).retrieve(QueryBundle(QUESTION, embedding=[1.0]))
    await guard_llama(llama, gate).aretrieve(QUESTION)
    assert [one.query_str for one in llama.asked] == [expected, expected]
    assert (llama.asked[0].embedding is None) == (expected != QUESTION)


def test_a_store_is_asked_so_too_and_the_record_is_of_what_was_asked(folder: Path) -> None:
    class Watched(DeterministicFakeEmbedding):
        def embed_query(self, text: str) -> list[float]:
            asked.append(text)
            return super().embed_query(text)

    asked: list[str] = []
    store = InMemoryVectorStore(Watched(size=4))
    store.add_documents([Document("text", metadata={"source": "https://a.example/1"})])
    gate = gate_in(folder)
    seen: list[Any] = []
    gate = Gate(gate.policy, sinks=[seen.append])
    guarded = guard(store, gate)
    guarded.similarity_search(QUESTION)
    guarded.similarity_search(query=QUESTION, k=1)
    gate.flush()
    assert asked == [EXPANDED, EXPANDED]
    assert [one.query for one in seen] == [QUESTION, QUESTION]


def test_a_long_question_is_left_alone_and_a_glossary_that_is_not_there_is_named(folder: Path) -> None:
    gate = gate_in(folder)
    long = "K8s " * 6_000
    assert gate.reworded(long) == long
    (folder / "words.yaml").unlink()
    with pytest.raises(PolicyError, match=r"query\.rewrite"):
        Gate(folder / "headgate.yaml")


@pytest.mark.parametrize(
    ("question", "reply", "shown"),
    [
        ("How do I scale K8s?", "Kubernetes scales by itself.", "K8s scales by itself."),
        ("how do i scale k8s?", "Kubernetes scales by itself.", "k8s scales by itself."),
        ("How do I scale it?", "Kubernetes scales by itself.", "Kubernetes scales by itself."),
        ("Is K8s up? Is Kubernetes?", "Kubernetes, on Kubernetes Engine.", "K8s, on Kubernetes Engine."),
        ("Which SLA has K8s?", "The service level agreement of Kubernetes.", "The SLA of K8s."),
        ("Our SLAs?", "A service level agreement, or two service level agreements.", "An SLA, or two SLAs."),
        ("An SLA?", "A service level agreement is one of two.", "An SLA is one of two."),
        ("K8s?", "Run `Kubernetes --help`, see https://Kubernetes.example.", None),
        ("Is K\u200b8s up?", "Kubernetes is up.", "K8s is up."),
        (
            "Does the World Health Organization pay?",
            "The WHO asks who pays.",
            "The World Health Organization asks who pays.",
        ),
        ("", "Kubernetes", None),
        ("K8s", "", None),
        ("K8s " * 10_000, "Kubernetes", None),
    ],
)
def test_a_reply_is_shown_in_the_askers_words(question: str, reply: str, shown: str | None) -> None:
    glossary = Glossary.from_mapping(
        {
            "Kubernetes": ["K8s"],
            "service level agreement": ["SLA"],
            "Kubernetes Engine": ["GKE"],
            "WHO": ["World Health Organization"],
        }
    )
    found = QueryTerms(glossary, "expand").answered(reply, question)
    assert found.text == (reply if shown is None else shown)
    assert found.original == reply


def test_a_name_that_the_question_uses_for_two_things_stays_out_of_the_reply() -> None:
    access, payable = {"aliases": ["AP"], "near": ["radio"]}, {"aliases": ["AP"], "near": ["pay"]}
    glossary = Glossary.from_mapping({"access point": access, "accounts payable": payable})
    terms = QueryTerms(glossary, "expand")
    assert terms.answered("The access point is off.", "Is the radio AP on?").text == "The AP is off."
    both = "The radio AP. " + "x " * 300 + " Pay by AP."
    reply = "The access point and accounts payable."
    assert terms.answered(reply, both).text == reply
