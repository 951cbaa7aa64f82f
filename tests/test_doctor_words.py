"""Where the words of a prompt come from: what applications say themselves, and what no gate has judged."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models.fake_chat_models import ParrotFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate, FewShotPromptTemplate, PromptTemplate
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from langchain_core.vectorstores import InMemoryVectorStore
from llama_index.core import Document as NodeDocument
from llama_index.core import SummaryIndex, VectorStoreIndex
from llama_index.core.llms import CompletionResponse
from llama_index.core.llms.mock import MockLLM
from llama_index.core.query_engine import RouterQueryEngine
from llama_index.core.selectors import LLMMultiSelector
from llama_index.core.tools import QueryEngineTool

from headgate import Gate
from headgate.testing import FixedClock, Publisher, prove
from headgate.testing.doctor.wording import is_made_of, strange_words, unexplained
from langchain_headgate import guard
from llama_index.postprocessor.headgate import guard as guard_llama

QUESTION = "How many days of leave do I get?"
BASE = "https://handbook.example/"
TEMPLATE = """
Answer politely, and based only on the following passages:

{context}

---

My question was: {question}
"""
ELSEWHERE = "Strangers wrote that holidays were abolished."


@pytest.fixture
def store(handbook: Publisher) -> InMemoryVectorStore:
    sealed = handbook.seal("Everybody has thirty days of leave.", f"{BASE}leave", {"source": f"{BASE}leave"})
    documents = [
        Document("Nobody has any days of leave at all.", metadata={"source": f"{BASE}forged"}, id="forged"),
        Document(sealed.text, metadata=dict(sealed.metadata), id="leave"),
    ]
    found: InMemoryVectorStore = InMemoryVectorStore.from_documents(documents, DeterministicFakeEmbedding(size=8))
    return found


@pytest.fixture
def gate(handbook: Publisher, clock: FixedClock) -> Gate:
    return Gate({"sources": [handbook.source(freshness={"max_age": "365d"})]}, clock=clock)


def join(documents: list[Document]) -> str:
    return "\n".join(document.page_content for document in documents)


def fetched() -> ChatPromptTemplate:
    """Return a template as a hub would: written where the chain's own code does not name it."""
    return ChatPromptTemplate.from_template("Be brief, thorough " + "and cheerful. {question} {context}")


def test_templates_in_variables_and_templates_made_for_one_question_are_the_chains_own(
    store: InMemoryVectorStore, gate: Gate
) -> None:
    guarded, model = guard(store.as_retriever(), gate), ParrotFakeChatModel()

    def named(question: str) -> Any:
        return model.invoke(TEMPLATE.format(context=join(guarded.invoke(question)), question=question))

    def made(question: str) -> Any:
        examples = [{"asked": "Who won?", "said": "Nobody did, it was postponed until spring."}]
        shown = PromptTemplate.from_template("Asked: {asked} Said: {said}")
        few = FewShotPromptTemplate(
            examples=examples, example_prompt=shown, suffix="{context}", input_variables=["context"]
        )
        context = few.format(context=join(guarded.invoke(question)))
        return (fetched() | model).invoke({"context": context, "question": question})

    for answer in (named, made):
        step: Any = RunnableLambda(answer)
        diagnosis = prove(step, QUESTION)
        assert diagnosis.holds, str(diagnosis)


def test_whole_documents_in_a_prompt_say_nothing_that_is_strange(store: InMemoryVectorStore, gate: Gate) -> None:
    context: Any = guard(store.as_retriever(), gate)
    chain: Any = (
        {"context": context, "question": RunnablePassthrough()}
        | ChatPromptTemplate.from_template(TEMPLATE)
        | ParrotFakeChatModel()
    )
    diagnosis = prove(chain, QUESTION)
    assert diagnosis.holds, str(diagnosis)


@pytest.mark.parametrize("elsewhere", ["", ELSEWHERE])
def test_what_is_put_together_of_released_documents_and_indexed_again_is_released(
    index: VectorStoreIndex, node_gate: Gate, elsewhere: str
) -> None:
    retriever, llm = guard_llama(index.as_retriever(), node_gate), MockLLM()

    def answer(question: str) -> str:
        found = [one.node.get_content() for one in retriever.retrieve(question)]
        again = SummaryIndex.from_documents([NodeDocument(text="\n".join([*found, elsewhere]))])
        return str(again.as_query_engine(llm=llm).query(question))

    diagnosis = prove(answer, QUESTION)
    assert diagnosis.holds == (not elsewhere), str(diagnosis)


def test_a_search_elsewhere_that_only_a_full_chain_does_is_not_proved(store: InMemoryVectorStore, gate: Gate) -> None:
    guarded, model, elsewhere = guard(store.as_retriever(), gate), ParrotFakeChatModel(), [ELSEWHERE]

    def answer(question: str) -> Any:
        found = guarded.invoke(question)
        more = "\n".join(elsewhere) if found else ""
        return model.invoke(TEMPLATE.format(context=f"{join(found)}\n{more}", question=question))

    step: Any = RunnableLambda(answer)
    diagnosis = prove(step, QUESTION)
    assert not diagnosis.holds
    assert "abolished" in str(diagnosis)


def test_what_an_output_parser_adds_to_a_prompt_is_the_frameworks_own(index: VectorStoreIndex, node_gate: Gate) -> None:
    class Choosing(MockLLM):
        def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
            del prompt, formatted, kwargs
            return CompletionResponse(text='[{"choice": 1, "reason": "it fits"}]')

    engine = guard_llama(index.as_query_engine(llm=MockLLM()), node_gate)
    tool = QueryEngineTool.from_defaults(engine, name="pages", description="Useful for questions about leave.")
    router = RouterQueryEngine.from_defaults(
        query_engine_tools=[tool], selector=LLMMultiSelector.from_defaults(llm=Choosing(max_tokens=None)), llm=MockLLM()
    )
    diagnosis = prove(router, QUESTION)
    assert diagnosis.holds, str(diagnosis)


class Librarian:
    """An application as a class: its template is an attribute of the class, its settings are a mapping."""

    PROMPT = "You are a patient librarian. Write {language}. {context} {question}"

    def __init__(self, retriever: Any) -> None:
        self.retriever = retriever
        self.settings = {"language": "Portuguese"}
        self.model = ParrotFakeChatModel()

    def ask(self, question: str) -> str:
        """Answer a question."""
        context = join(self.retriever.invoke(question))
        language = self.settings["language"]
        return str(self.model.invoke(self.PROMPT.format(context=context, question=question, language=language)).content)


def test_an_application_that_is_a_class_is_proved(store: InMemoryVectorStore, gate: Gate) -> None:
    diagnosis = prove(Librarian(guard(store.as_retriever(), gate)).ask, QUESTION)
    assert diagnosis.holds, str(diagnosis)
    assert not prove(Librarian(store.as_retriever()).ask, QUESTION).holds


def test_what_a_model_is_said_to_have_said_is_read_as_well(store: InMemoryVectorStore, gate: Gate) -> None:
    guarded, other, model = guard(store.as_retriever(), gate), store, ParrotFakeChatModel()

    def answer(question: str, found: list[Document]) -> Any:
        thought = model.invoke(f"Which words of {question} matter?")
        return model.invoke(
            [HumanMessage(question), thought, AIMessage(f"I found: {join(found)}"), HumanMessage("So?")]
        )

    right: Any = RunnableLambda(lambda question: answer(question, guarded.invoke(question)))
    wrong: Any = RunnableLambda(
        lambda question: answer(question, [*guarded.invoke(question), *other.similarity_search(question)])
    )
    diagnosis = prove(right, QUESTION)
    assert diagnosis.holds, str(diagnosis)
    assert prove(wrong, QUESTION).broken


def test_what_a_function_returns_in_place_of_a_search_is_no_template(store: InMemoryVectorStore, gate: Gate) -> None:
    guarded, model = guard(store.as_retriever(), gate), ParrotFakeChatModel()

    def client(question: str) -> list[str]:
        del question
        return ["Strangers wrote that holidays were abolished."]

    def answer(question: str) -> Any:
        context = "\n".join([join(guarded.invoke(question)), *client(question)])
        return model.invoke(TEMPLATE.format(context=context, question=question))

    step: Any = RunnableLambda(answer)
    assert "abolished" in str(prove(step, QUESTION))


WORDS = st.lists(st.sampled_from("leave holidays office manager parking thirty vacation salary".split()), min_size=3)  # noqa: SIM905 - as it is read


@given(first=WORDS, second=WORDS)
def test_nothing_is_strange_in_what_is_made_of_known_texts(first: list[str], second: list[str]) -> None:
    texts = [" ".join(first), " ".join(second)]
    together = "\n\n".join(texts)
    assert is_made_of(together, texts)
    assert unexplained(together, texts) is None
    assert strange_words(together, texts) is None
    assert not is_made_of(f"{together} abolished", texts)
    assert strange_words(f"{together} {ELSEWHERE}", texts) is not None


def test_identifiers_and_dates_are_no_words() -> None:
    printed = "[Document(id='1f0e5a2b-efad-beef-cafe-0123456789ab', page_content='')] Thursday, 17 September 2026"
    assert strange_words(printed, []) is None
    assert strange_words("abolished holidays", []) == "abolished holidays"
