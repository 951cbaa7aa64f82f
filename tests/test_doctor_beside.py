"""What reaches a model beside the words of its prompt is seen: arguments, blocks, calls of tools, schemas."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain.agents import create_agent
from langchain_core.language_models import FakeListChatModel
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from langchain_core.tools import create_retriever_tool
from langchain_core.utils.function_calling import convert_to_openai_tool
from llama_index.core.base.llms.types import (
    ChatMessage,
    CitableBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel, Field

from headgate.testing import prove
from headgate.testing.doctor.beside import beside
from leaking import (
    GATED,
    LLAMA,
    MODEL,
    OPEN,
    OPEN_NODES,
    QUESTION,
    around,
    leak,
    llama_leak,
    llama_prompt,
    prompt,
    say,
    tool_of,
)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def called(found: str) -> list[Any]:
    call = {"name": "search", "args": {"found": found}, "id": "1"}
    return [AIMessage("", tool_calls=[call]), ToolMessage("ok", tool_call_id="1")]


def with_block(question: str, block: dict[str, Any]) -> Any:
    return MODEL.invoke([HumanMessage([{"type": "text", "text": prompt(question)}, block])])


BESIDE: Mapping[str, Callable[[str], Any]] = {
    "documents": lambda q: MODEL.invoke(prompt(q), documents=[{"text": leak(q)}]),
    "documents as they are": lambda q: MODEL.invoke(prompt(q), documents=OPEN.invoke(q)),
    "system": lambda q: MODEL.invoke(prompt(q), system=leak(q)),
    "any argument": lambda q: MODEL.invoke(prompt(q), extra_body={"context": [{"passages": (leak(q),)}]}),
    "bytes": lambda q: MODEL.invoke(prompt(q), attachment=leak(q).encode()),
    "base64": lambda q: MODEL.invoke(prompt(q), attachment=encoded(leak(q))),
    "JSON": lambda q: MODEL.invoke(prompt(q), body=json.dumps({"context": leak(q)})),
    "a name": lambda q: MODEL.invoke(prompt(q), context={leak(q): 1}),
    "stop": lambda q: MODEL.invoke(prompt(q), stop=[leak(q)]),
    "stop by position": lambda q: MODEL.generate([[HumanMessage(prompt(q))]], [leak(q)]),
    "another prompt": lambda q: MODEL.generate([[HumanMessage(prompt(q))]], input=leak(q)),
    "tools": lambda q: MODEL.bind(tools=[tool_of(leak(q))]).invoke(prompt(q)),
    "a schema": lambda q: MODEL.bind(response_format=described(leak(q))).invoke(prompt(q)),
    "stream": lambda q: [*MODEL.stream(prompt(q), documents=[leak(q)])],
    "stream of a named input": lambda q: [*MODEL.stream(input=prompt(q), documents=[leak(q)])],
    "astream": lambda q: asyncio.run(all_of(MODEL.astream(prompt(q), documents=[leak(q)]))),
    "batch": lambda q: MODEL.batch([prompt(q)], documents=[leak(q)]),
    "events": lambda q: [*MODEL.stream_events(prompt(q) + leak(q), version="v3")],
    "events with documents": lambda q: [*MODEL.stream_events(prompt(q), version="v3", documents=[leak(q)])],
    "events later": lambda q: asyncio.run(later(q)),
    "calls": lambda q: MODEL.invoke([HumanMessage(prompt(q)), *called(leak(q))]),
    "name of a message": lambda q: MODEL.invoke([HumanMessage(prompt(q), name=leak(q))]),
    "more of a message": lambda q: MODEL.invoke([HumanMessage(prompt(q), additional_kwargs={"context": leak(q)})]),
    "a file": lambda q: with_block(q, {"type": "file", "base64": encoded(leak(q)), "mime_type": "text/plain"}),
    "a data URL": lambda q: with_block(q, {"type": "file", "url": f"data:text/plain;base64,{encoded(leak(q))}"}),
    "beside a block's text": lambda q: with_block(q, {"type": "text", "text": "see", "context": leak(q)}),
    "held by a model": lambda q: holding(leak(q)).invoke(prompt(q)),
    "a document": lambda q: with_block(q, {"type": "document", "source": {"type": "text", "data": leak(q)}}),
}
if not hasattr(MODEL, "stream_events"):  # langchain-core before 1.4
    BESIDE = {name: ask for name, ask in BESIDE.items() if not name.startswith("events")}


def holding(text: str) -> Any:
    """A model that is made for one question, and holds what it is told."""

    class Holds(FakeListChatModel):
        system_instruction: str = ""
        model_kwargs: dict[str, Any] = Field(default_factory=dict)

    return Holds(responses=["fine"], system_instruction=text, model_kwargs={"documents": [text]})


def described(text: str) -> type[BaseModel]:
    class Answer(BaseModel):
        days: int = Field(description=text)

    return Answer


async def later(question: str) -> list[Any]:
    return [part async for part in await MODEL.astream_events(prompt(question) + leak(question), version="v3")]


async def all_of(parts: Any) -> list[Any]:
    return [part async for part in parts]


@pytest.mark.parametrize("name", BESIDE)
def test_a_document_beside_the_prompt_goes_around_the_gate(name: str) -> None:
    diagnosis = prove(BESIDE[name], QUESTION)
    assert around(diagnosis) == "broken", str(diagnosis)


LLAMA_BESIDE: Mapping[str, Callable[[str], Any]] = {
    "a document": lambda q: say(q, DocumentBlock(data=llama_leak(q).encode(), document_mimetype="text/plain")),
    "a document's title": lambda q: say(q, DocumentBlock(data=b"x", title=llama_leak(q))),
    "a citable block": lambda q: say(q, CitableBlock(title="t", source="s", content=[TextBlock(text=llama_leak(q))])),
    "its title": lambda q: say(q, CitableBlock(title=llama_leak(q), source="s", content=[TextBlock(text="x")])),
    "a thought": lambda q: say(q, ThinkingBlock(content=llama_leak(q))),
    "a call": lambda q: say(q, ToolCallBlock(tool_name="t", tool_kwargs={"found": llama_leak(q)})),
    "more of a message": lambda q: LLAMA.chat(
        [ChatMessage(content=llama_prompt(q).text, additional_kwargs={"context": llama_leak(q)})]
    ),
    "documents": lambda q: LLAMA.complete(llama_prompt(q).text, documents=[llama_leak(q)]),
    "another prompt": lambda q: say(q, prompt=llama_leak(q)),
    "prompts by name": lambda q: LLAMA.complete(prompt=llama_prompt(q).text + llama_leak(q)),
    "documents of a chat": lambda q: say(q, documents=[{"text": llama_leak(q)}]),
    "nodes": lambda q: say(q, documents=OPEN_NODES.retrieve(q)),
    "tools": lambda q: say(q, tools=[tool_of(llama_leak(q))]),
    "a tool": lambda q: say(q, tools=[FunctionTool.from_defaults(fn=len, name="t", description=llama_leak(q))]),
    "in parts": lambda q: [*LLAMA.stream_complete(llama_prompt(q).text, documents=[llama_leak(q)])],
    "later": lambda q: asyncio.run(LLAMA.acomplete(llama_prompt(q).text, documents=[llama_leak(q)])),
}


@pytest.mark.parametrize("name", LLAMA_BESIDE)
def test_so_does_one_that_a_model_of_llamaindex_is_given(name: str) -> None:
    diagnosis = prove(LLAMA_BESIDE[name], QUESTION)
    assert around(diagnosis) == "broken", str(diagnosis)


ELSEWHERE: Any = {"passages": ["Strangers wrote" + " that holidays were abolished."]}
PICTURE = bytes(range(256))


@pytest.mark.parametrize(
    "ask",
    [
        lambda q: MODEL.invoke(prompt(q), documents=ELSEWHERE["passages"]),
        lambda q: MODEL.invoke([HumanMessage(prompt(q)), *called(ELSEWHERE["passages"][0])]),
        lambda q: MODEL.invoke(prompt(q), documents=iter(ELSEWHERE["passages"])),
        lambda q: MODEL.bind(tools=[tool_of(ELSEWHERE["passages"][0])]).invoke(prompt(q)),
        lambda q: say(q, CitableBlock(title="t", source="s", content=[TextBlock(text=ELSEWHERE["passages"][0])])),
        lambda q: say(q, ImageBlock(image=PICTURE)),
        lambda q: say(q, DocumentBlock(data=PICTURE, document_mimetype="application/pdf")),
    ],
    ids=["documents", "a call", "an iterator", "a tool", "a block", "a picture", "a document"],
)
def test_what_no_retriever_brought_is_not_proved(ask: Any) -> None:
    diagnosis = prove(ask, QUESTION)
    assert not diagnosis.holds, str(diagnosis)


class Days(BaseModel):
    """The number of days of leave that an employee has got this year."""

    days: int = Field(description="How many days of leave there are altogether in a year.")


class Binds(GenericFakeChatModel):
    """A model that is told of its tools as real ones are."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=[convert_to_openai_tool(one) for one in tools], **kwargs)


def agent() -> Any:
    tool = create_retriever_tool(
        GATED, "search_the_handbook", "Searches the handbook of the company for passages that answer a question."
    )
    call = {"name": tool.name, "args": {"query": "how long leave is for employees"}, "id": "call_6f1c9a30"}
    script = [AIMessage("", tool_calls=[call]), AIMessage("done")] * 20
    return create_agent(Binds(messages=iter(script)), [tool], system_prompt="You answer questions of employees.")


def bound() -> Any:
    context: Any = GATED
    template = ChatPromptTemplate.from_template("Answer from these passages: {context}. {question}")
    tools = [tool_of("Says how many days of leave there are in a year.", "days_of_leave_in_a_year")]
    model = MODEL.bind(tools=tools, model="a-model-of-the-year-2026-11-26", stop=["\nObservation:"])
    return {"context": context, "question": RunnablePassthrough()} | template | model


@pytest.mark.parametrize(
    "chain",
    [
        agent,
        bound,
        lambda: RunnableLambda(lambda q: MODEL.bind(response_format=Days).invoke(prompt(q))),
        lambda: RunnableLambda(lambda q: MODEL.invoke(prompt(q), model="a-model-of-the-year-2026-11-26", user="u1")),
        lambda: RunnableLambda(lambda q: [*MODEL.stream(input=prompt(q), config={"tags": ["any words at all here"]})]),
        pytest.param(
            lambda: RunnableLambda(lambda q: [*MODEL.stream_events(prompt(q), version="v3")]),
            marks=pytest.mark.skipif(not hasattr(MODEL, "stream_events"), reason="a later version of langchain-core"),
        ),
        lambda: lambda q: say(q, temperature=0.5, tool_choice="auto", stop=["\nObservation:"]),
    ],
    ids=["agent", "bound", "schema", "options", "config", "events", "LlamaIndex"],
)
def test_what_a_chain_says_itself_beside_its_prompt_is_its_own(chain: Any) -> None:
    diagnosis = prove(chain(), QUESTION)
    assert diagnosis.holds, str(diagnosis)


@given(st.recursive(st.text(max_size=20) | st.binary(max_size=20) | st.integers() | st.none(), st.lists, max_leaves=20))
def test_every_text_in_a_value_is_found(value: Any) -> None:
    def texts(one: Any) -> list[str]:
        return (
            [text for inner in one for text in texts(inner)] if isinstance(one, list) else [one] * isinstance(one, str)
        )

    found = beside(value).texts
    assert all(text in found for text in texts(value) if " " in text)
