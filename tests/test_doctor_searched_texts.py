"""A text of the program's that is searched: its parts are not the chain's own words, as a whole template is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from llama_index.core.prompts import PromptTemplate as LlamaTemplate

from headgate.testing import prove
from headgate.testing.doctor.wording import Whole, used
from leaking import GATED, LLAMA, MODEL, QUESTION, around, leak, llama_leak, llama_prompt, prompt

KB = "Leave is 30 days.\n\nEVIL: forged text in a file says nobody has leave.\n\nLunch is free."
SPOKEN = SystemMessage(KB)
PARTED, LLAMA_PARTED = PromptTemplate.from_template(KB), LlamaTemplate(KB)


def paragraphs_of(text: str) -> str:
    return "\n".join(one for one in text.split("\n\n") if "leave" in one.lower())


def of_a_closure(text: str) -> Callable[[str], Any]:
    return lambda q: MODEL.invoke(prompt(q) + "\n" + paragraphs_of(text))


def of_a_default(question: str, text: str = KB) -> Any:
    return MODEL.invoke(prompt(question) + "\n" + paragraphs_of(text))


def of_a_constant(question: str) -> Any:
    text = "Leave is 31 days.\n\nEVIL: forged text in code says nobody has leave.\n\nLunch is free."
    return MODEL.invoke(prompt(question) + "\n" + paragraphs_of(text))


def by_lines(question: str) -> Any:
    return MODEL.invoke(prompt(question) + "\n".join(line for line in KB.splitlines() if "nobody" in line))


def documented() -> None:
    """Leave is 30 days.

    EVIL: forged text in a docstring says that nobody has any leave.

    Lunch is free.
    """


class Reads:
    """A class of the user's own with a text that it searches."""

    kb = KB

    def answer(self, question: str) -> Any:
        return MODEL.invoke(prompt(question) + "\n" + paragraphs_of(self.kb))


@pytest.mark.parametrize(
    "ask",
    [
        lambda q: MODEL.invoke(prompt(q) + "\n" + paragraphs_of(KB)),
        of_a_closure(KB),
        of_a_default,
        of_a_constant,
        by_lines,
        Reads().answer,
        lambda q: MODEL.invoke(prompt(q), documents=[paragraphs_of(KB)]),
        lambda q: MODEL.invoke(prompt(q) + "\n" + paragraphs_of(str(SPOKEN.content))),
        lambda q: MODEL.invoke(prompt(q) + "\n" + paragraphs_of(documented.__doc__ or "")),
        lambda q: MODEL.invoke(prompt(q) + "\n" + paragraphs_of(PARTED.template)),
        lambda q: LLAMA.complete(llama_prompt(q).text + paragraphs_of(KB)),
        lambda q: LLAMA.complete(llama_prompt(q).text + paragraphs_of(LLAMA_PARTED.template)),
    ],
    ids=[
        "global",
        "closure",
        "default",
        "constant",
        "lines",
        "class",
        "documents",
        "message",
        "docstring",
        "template",
        "llama",
        "template2",
    ],
)
def test_a_part_of_a_text_that_is_searched_is_not_the_chains_own(ask: Any) -> None:
    diagnosis = prove(ask, QUESTION)
    assert around(diagnosis) == "not proved", str(diagnosis)


RULES = """
    You answer questions of employees.

    Rules:
    - Be brief, and {manner}.
    - Say so where you do not know.
"""


@pytest.mark.parametrize(
    "ask",
    [
        lambda q: MODEL.invoke([SystemMessage(RULES.format(manner="polite")), HumanMessage(prompt(q))]),
        lambda q: MODEL.invoke([SystemMessage(RULES.strip()), HumanMessage(prompt(q))]),
        lambda q: MODEL.invoke("\n".join(line.strip() for line in RULES.splitlines()) + prompt(q)),
        lambda q: MODEL.invoke(f"{RULES}\n{prompt(q)}"),
        lambda q: MODEL.invoke(prompt(q), system=RULES),
        lambda q: LLAMA.complete(RULES + llama_prompt(q).text),
    ],
    ids=["formatted", "whole", "dedented", "f-string", "an argument", "LlamaIndex"],
)
def test_a_text_that_is_used_as_a_whole_is(ask: Any) -> None:
    diagnosis = prove(ask, QUESTION)
    assert diagnosis.holds, str(diagnosis)


class Keeps:
    """Keeps what it found last, as the user's own code may."""

    last = ""

    def answer(self, question: str) -> Any:
        self.last = leak(question)
        return MODEL.invoke(f"{prompt(question)}\n{self.last}")


def closing() -> Callable[[str], Any]:
    last = ""

    def answer(question: str) -> Any:
        nonlocal last
        last = leak(question)
        return MODEL.invoke(prompt(question) + last)

    return answer


LATER: Mapping[str, Callable[[], Callable[[str], Any]]] = {
    "kept in an attribute": lambda: Keeps().answer,
    "kept in a variable": closing,
    "in a template": lambda: (
        lambda q: (PromptTemplate.from_template("{q}\n" + leak(q)) | MODEL).invoke({"q": prompt(q)})
    ),
    "in a message of a template": lambda: (
        lambda q: (ChatPromptTemplate.from_messages([("system", leak(q)), ("user", "{q}")]) | MODEL).invoke(
            {"q": prompt(q)}
        )
    ),
    "in a part of a template": lambda: (
        lambda q: (PromptTemplate.from_template("{q}\n{c}").partial(c=leak(q)) | MODEL).invoke({"q": prompt(q)})
    ),
    "in a template of LlamaIndex": lambda: (
        lambda q: LLAMA.predict(LlamaTemplate("Answer {q}\n" + llama_leak(q)), q=llama_prompt(q).text)
    ),
}


@pytest.mark.parametrize("name", LATER)
def test_what_a_chain_keeps_of_a_question_is_not_its_own(name: str) -> None:
    diagnosis = prove(LATER[name](), QUESTION)
    assert around(diagnosis) == "broken", str(diagnosis)


@pytest.mark.parametrize(
    "change",
    [lambda text: text[:44], str.upper, str.title, lambda text: text.replace("leave", "LEAVE"), lambda text: text[:60]],
    ids=["cut", "upper case", "title", "a word", "cut later"],
)
def test_a_chain_that_cuts_documents_or_writes_them_in_capitals_leaks_nothing(change: Callable[[str], str]) -> None:
    def answer(question: str) -> Any:
        return MODEL.invoke("Answer: " + "\n".join(change(one.page_content) for one in GATED.invoke(question)))

    diagnosis = prove(answer, QUESTION)
    assert diagnosis.holds, str(diagnosis)


def test_one_that_does_so_with_documents_that_no_gate_judged_is_not_proved() -> None:
    for change in (lambda text: text[:44], str.upper):

        def answer(question: str, change: Any = change) -> Any:
            return MODEL.invoke(prompt(question) + change(leak(question)))

        assert not prove(answer, QUESTION).holds


@pytest.mark.skipif(not hasattr(FakeListChatModel, "stream_events"), reason="a later version of langchain-core")
def test_what_a_model_said_in_events_explains_what_it_reads_next() -> None:
    model: Any = FakeListChatModel(responses=["Somebody has asked about holidays, politely and at length."] * 1_000)

    def answer(question: str) -> Any:
        stream = model.stream_events(question, version="v3")
        return MODEL.invoke(f"{prompt(question)} {stream.output.content}")

    diagnosis = prove(answer, QUESTION)
    assert diagnosis.holds, str(diagnosis)


@given(
    st.lists(st.text(st.characters(codec="ascii", categories=["L"]), min_size=3, max_size=20), min_size=2, max_size=6)
)
def test_a_text_is_used_where_all_of_its_lines_are(lines: list[str]) -> None:
    text = Whole("\n".join(lines))
    assert used([text], f"before\n{text}\nafter") == [text]
    assert used([text], "") == []
    assert used([str(text)], "") == [str(text)]
