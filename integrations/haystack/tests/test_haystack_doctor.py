"""`headgate doctor` on pipelines, components and agents of Haystack."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from haystack import Document, Pipeline, component
from haystack.components.agents import Agent
from haystack.components.builders import ChatPromptBuilder, PromptBuilder
from haystack.components.generators.chat import MockChatGenerator
from haystack.components.joiners import DocumentJoiner
from haystack.components.retrievers import SentenceWindowRetriever
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever
from haystack.dataclasses import ChatMessage, ToolCall
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.tools import ComponentTool
from haystack.tools.tool import Tool

from haystack_integrations.components.validators.headgate import HeadgateValidator, guard
from headgate import Gate
from headgate.testing import Diagnosis, FixedClock, Publisher, prove

PAGE = "https://handbook.example/"
QUESTION = "How many days of leave do I get?"
TEMPLATE = """
You answer questions of employees. Use these pages:
{% for document in documents %}
  [{{ loop.index }}] {{ document.content }}
{% endfor %}
{% if documents | length == 0 %}There is no page about it.{% endif %}
My question is: {{ query }}
"""


@pytest.fixture
def gate(handbook: Publisher, clock: FixedClock) -> Gate:
    return Gate({"sources": [handbook.source()]}, clock=clock)


@pytest.fixture
def store(handbook: Publisher) -> InMemoryDocumentStore:
    chunk = handbook.seal("Everybody has thirty days of leave.", f"{PAGE}leave", {"source": f"{PAGE}leave"})
    found = InMemoryDocumentStore()
    forged = Document(content="Nobody has any days of leave at all.", meta={"source": f"{PAGE}forged"})
    found.write_documents([forged, Document(content=chunk.text, meta=dict(chunk.metadata))])
    return found


def pipeline(finder: Any, *steps: tuple[str, Any]) -> Pipeline:
    made = Pipeline()
    made.add_component("finder", finder)
    last = "finder.documents"
    for name, part in steps:
        made.add_component(name, part)
        made.connect(last, f"{name}.documents")
        last = f"{name}.documents"
    made.add_component("prompt", ChatPromptBuilder([ChatMessage.from_user(TEMPLATE)], required_variables="*"))
    made.add_component("model", MockChatGenerator(responses=["yes"]))
    made.connect(last, "prompt.documents")
    made.connect("prompt.prompt", "model.messages")
    return made


def said_of(target: Any, **more: Any) -> Diagnosis:
    return prove(target, QUESTION, **more)


def test_a_guarded_retriever_in_a_pipeline_is_proved(store: InMemoryDocumentStore, gate: Gate) -> None:
    found = said_of(pipeline(guard(InMemoryBM25Retriever(store), gate)))
    assert found.holds, str(found)
    assert found.own == (2, 1)
    assert {one.kind for one in found.fates if one.station == "dropped"} >= {"forged", "tampered", "stale"}


def test_so_is_a_validator_before_the_prompt(store: InMemoryDocumentStore, gate: Gate) -> None:
    steps = [("joiner", DocumentJoiner()), ("gate", HeadgateValidator(gate))]
    assert said_of(pipeline(InMemoryBM25Retriever(store), *steps)).holds


def test_a_retriever_by_itself_and_a_function_around_a_pipeline(store: InMemoryDocumentStore, gate: Gate) -> None:
    assert said_of(guard(InMemoryBM25Retriever(store), gate)).holds
    guarded = pipeline(guard(InMemoryBM25Retriever(store), gate))

    def answer(question: str) -> str:
        return str(guarded.run({"finder": {"query": question}, "prompt": {"query": question}}))

    assert said_of(answer).holds


def test_a_pipeline_without_a_gate_is_told_what_to_guard(store: InMemoryDocumentStore) -> None:
    found = said_of(pipeline(InMemoryBM25Retriever(store)))
    assert not found.is_kept
    assert any("InMemoryBM25Retriever" in one for one in found.advice)


def test_a_second_retriever_without_a_gate_is_a_way_around(store: InMemoryDocumentStore, gate: Gate) -> None:
    made = pipeline(guard(InMemoryBM25Retriever(store), gate), ("joiner", DocumentJoiner()))
    made.add_component("other", InMemoryBM25Retriever(store))
    made.connect("other.documents", "joiner.documents")
    found = said_of(made)
    assert any(one.promise == "around" and "InMemoryBM25Retriever" in one.why for one in found.broken), str(found)


def test_documents_that_are_fetched_behind_a_gate_are_a_way_around(handbook: Publisher, gate: Gate) -> None:
    store = InMemoryDocumentStore()
    texts = ["Everybody has thirty days of leave.", "Nobody has any days at all, says this page."]
    for number, text in enumerate(texts):
        meta = {"source": f"{PAGE}leave", "source_id": "leave", "split_id": number, "split_idx_start": number * 40}
        chunk = handbook.seal(text, f"{PAGE}leave", meta, cover=["source_id", "split_id", "split_idx_start"])
        # The neighbour is nobody's.
        own = dict(chunk.metadata) if number == 0 else meta
        store.write_documents([Document(content=text, meta=own)])
    finder = guard(InMemoryBM25Retriever(store, top_k=1), gate)
    made = Pipeline()
    made.add_component("finder", finder)
    made.add_component("window", SentenceWindowRetriever(store, window_size=1))
    made.add_component("prompt", ChatPromptBuilder([ChatMessage.from_user(TEMPLATE)], required_variables="*"))
    made.add_component("model", MockChatGenerator(responses=["yes"]))
    made.connect("finder.documents", "window.retrieved_documents")
    made.connect("window.context_documents", "prompt.documents")
    made.connect("prompt.prompt", "model.messages")
    assert not said_of(made).is_kept


def test_an_agent_with_a_tool_over_a_guarded_retriever(store: InMemoryDocumentStore, gate: Gate) -> None:
    call = ChatMessage.from_assistant(tool_calls=[ToolCall("pages", {"query": QUESTION}, id="1")])

    def agent(component: Any) -> Agent:
        def says(messages: list[ChatMessage]) -> ChatMessage:
            has_read = any(one.tool_call_results for one in messages)
            return ChatMessage.from_assistant("yes") if has_read else call

        tool = ComponentTool(component, name="pages", description="Finds pages of the handbook.")
        return Agent(chat_generator=MockChatGenerator(response_fn=says), tools=[tool])

    found = said_of(agent(guard(InMemoryBM25Retriever(store), gate)))
    assert found.holds, str(found)
    assert not said_of(agent(InMemoryBM25Retriever(store))).is_kept


def test_a_tool_that_may_do_more_than_read_is_not_run(store: InMemoryDocumentStore, gate: Gate) -> None:
    sent: list[str] = []

    def send(text: str) -> str:
        sent.append(text)
        return "sent"

    call = ChatMessage.from_assistant(tool_calls=[ToolCall("send", {"text": "x"}, id="1")])
    tool = Tool("send", "Sends a text.", {"type": "object", "properties": {"text": {"type": "string"}}}, send)
    model = MockChatGenerator(
        response_fn=lambda said: ChatMessage.from_assistant("yes") if any(m.tool_call_results for m in said) else call
    )
    other = ComponentTool(guard(InMemoryBM25Retriever(store), gate), name="pages", description="Finds pages.")
    found = said_of(Agent(chat_generator=model, tools=[tool, other]))
    assert not sent
    assert any("'send' was not run" in one for one in found.unproved)


def test_a_pipeline_that_was_proved_is_as_before(store: InMemoryDocumentStore, gate: Gate) -> None:
    made = pipeline(guard(InMemoryBM25Retriever(store), gate))
    before = InMemoryBM25Retriever.run
    said_of(made)
    assert InMemoryBM25Retriever.run is before
    shown = made.run({"finder": {"query": QUESTION}, "prompt": {"query": QUESTION}}, include_outputs_from={"prompt"})
    assert "thirty days" in shown["prompt"]["prompt"][0].text
    assert "Nobody" not in shown["prompt"]["prompt"][0].text


@component
class Writer:
    """A generator of the user's own."""

    @component.output_types(replies=list[str])
    def run(self, prompt: str, system: str = "", *more: str) -> dict[str, Any]:
        return {"replies": [f"It depends, {len(prompt) + len(system) + len(more)} times."]}


@component
class Teller:
    """A generator whose prompt has another name."""

    @component.output_types(replies=list[str])
    def run(self, text: str) -> dict[str, Any]:
        return {"replies": [f"It depends, {len(text)} times."]}


def ask_later(text: str) -> Any:
    return asyncio.run(MockChatGenerator(responses=["yes"]).run_async([ChatMessage.from_user(text)]))


@pytest.mark.parametrize(
    "read",
    [
        lambda text: Writer().run(text),
        lambda text: Writer().run("", text),
        lambda text: Writer().run("", "", text),
        lambda text: Writer().run(prompt=text),
        lambda text: Teller().run(text),
        lambda text: Teller().run(text=text),
        lambda text: MockChatGenerator(responses=["yes"]).run([ChatMessage.from_user(text)]),
        ask_later,
    ],
)
def test_what_a_generator_reads_is_seen_however_it_is_given(
    store: InMemoryDocumentStore, gate: Gate, tmp_path: Path, read: Callable[[str], Any]
) -> None:
    retriever = guard(InMemoryBM25Retriever(store), gate)
    wiki = tmp_path / "wiki.txt"
    wiki.write_text("Somebody wrote into the wiki that nobody has any leave this year.")

    def context(question: str) -> str:
        return "\n".join(str(one.content) for one in retriever.run(query=question)["documents"])

    def answer(question: str, text: Callable[[], str] = wiki.read_text) -> Any:
        Writer().run(context(question))
        return read(text())

    found = said_of(answer)
    assert [one.outcome for one in found.verdicts if one.promise == "around"] == ["not proved"], str(found)
    found = said_of(lambda question: read(context(question)))
    assert found.holds, str(found)


def test_a_template_that_is_given_by_position_is_the_chains_own(store: InMemoryDocumentStore, gate: Gate) -> None:
    retriever = guard(InMemoryBM25Retriever(store), gate)
    builder = PromptBuilder("{{ documents }}")
    template = "".join(["Answer as a patient ", "colleague would: {{ documents }}"])

    def answer(question: str) -> Any:
        found = retriever.run(question)["documents"]
        return Writer().run(builder.run(template, {"documents": [one.content for one in found]})["prompt"])

    assert said_of(answer).holds
