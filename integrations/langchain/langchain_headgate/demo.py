"""The chain of `headgate demo`: BM25, a prompt, and a model that only repeats what it was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.language_models.fake_chat_models import ParrotFakeChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnablePassthrough

from headgate import Chunk, Gate
from headgate.demo import Answer, Chain
from headgate.record import read_admission
from langchain_headgate.adapter import guard
from langchain_headgate.rehearsal import bm25
from langchain_headgate.tracing import EVENT_NAME

__all__ = ["build_chain"]

_PROMPT = ChatPromptTemplate.from_template("Answer from the context only.\n\n{context}\n\nQuestion: {question}")


class _Trace(BaseCallbackHandler):
    """What any tracer sees of a run: the documents of the outermost retriever, and the gate's event."""

    def __init__(self) -> None:
        self.documents: Sequence[Document] = ()
        self.admission: Mapping[str, Any] | None = None

    def on_retriever_end(self, documents: Sequence[Document], **kwargs: Any) -> None:  # noqa: ARG002 - the base's name
        """Keep the documents; the outermost retriever ends last."""
        self.documents = documents

    def on_custom_event(self, name: str, data: Any, **kwargs: Any) -> None:  # noqa: ARG002 - the base's signature
        """Keep the gate's record."""
        if name == EVENT_NAME:
            self.admission = data


def build_chain(chunks: Sequence[Chunk], gate: Gate | None, k: int) -> Chain:
    """Return a function that asks a LangChain chain a question.

    Args:
        chunks: what is in the index.
        gate: the gate, or None for the chain as it was.
        k: how many documents the retriever returns.
    """
    documents = [Document(page_content=c.text, metadata=dict(c.metadata), id=c.id) for c in chunks]
    retriever: BaseRetriever = bm25(documents, k)
    if gate is not None:
        retriever = guard(retriever, gate)
    chain: Runnable[str, str] = (
        {"context": retriever | _join, "question": RunnablePassthrough()}
        | _PROMPT
        | ParrotFakeChatModel()
        | StrOutputParser()
    )

    def ask(question: str) -> Answer:
        trace = _Trace()
        prompt = chain.invoke(question, config={"callbacks": [trace]})
        found = tuple((str(document.id), document.page_content) for document in trace.documents)
        return Answer(prompt, found, read_admission(trace.admission) if trace.admission is not None else None)

    return ask


def _join(documents: Sequence[Document]) -> str:
    return "\n\n".join(document.page_content for document in documents)
