"""What an adapter's author fills in, and the documents, policies and gates that every test is made of."""

from __future__ import annotations

import asyncio
import copy
import json
import unittest
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from headgate.admission.gate import Gate
from headgate.chunk import Chunk
from headgate.integration.adapters import Adapter
from headgate.provenance import Sealer
from headgate.testing.fixtures import FixedClock, Publisher

__all__ = ["HANDBOOK", "QUESTION", "AdapterBench", "Find", "Shown"]

T = TypeVar("T")
Find = Callable[[], Any]

QUESTION = "How many days of leave does K8s have?"
HANDBOOK = "https://handbook.example/"
_GLOSSARY = "terms: {Kubernetes: [K8s]}\n"


@dataclass(frozen=True, slots=True)
class Shown:
    """What there is to see of a document of the framework.

    Attributes:
        text: its text.
        prompt: all of it that a model could read: what the framework, or a template that prints a whole document, puts
            into a prompt, further fields included.
        metadata: its metadata.
        score: its score, if it has one.
    """

    text: str
    prompt: str
    metadata: Mapping[str, object] = field(default_factory=dict)
    score: float | None = None


class AdapterBench(ABC):
    """What `AdapterSuite` must be told about a framework, and what its tests are made of."""

    adapter: Adapter
    """An instance of the adapter under test."""

    is_registered: bool = True
    """Whether the adapter is installed under the entry-point group `headgate.adapters`, so that `headgate.guard` finds
    it."""

    fills_up: bool = True
    """Whether the framework's retrievers can be asked for a number of documents."""

    has_scores: bool = True
    """Whether its documents carry scores."""

    @abstractmethod
    def make_retriever(self, find: Find) -> Any:
        """Return a retriever of the framework that finds what `find()` returns, whatever it is asked.

        Args:
            find: called once per request; returns what `found` made. The retriever returns all of it, or as many as
                it is asked for, from the start. What `find` raises, the retriever raises.
        """

    @abstractmethod
    def ask(self, retriever: Any, question: str, k: int | None = None) -> Sequence[Any]:
        """Ask a retriever, guarded or not, for k documents (None: for as many as it likes), as users of it do."""

    @abstractmethod
    async def aask(self, retriever: Any, question: str, k: int | None = None) -> Sequence[Any]:
        """As `ask`, by the asynchronous way of the framework."""

    @abstractmethod
    def shown(self, document: Any) -> Shown:
        """Return what there is to see of a document."""

    @abstractmethod
    def traced(self, retriever: Any, question: str) -> Sequence[Mapping[str, Any]]:
        """Ask a retriever while somebody listens as tracers of the framework do; return the records of admissions.

        A record is what `headgate.record.summary.shown` returns, as it arrived in the trace.
        """

    @abstractmethod
    def record_of(self, document: Any) -> Mapping[str, object] | None:
        """Return what the integration says was decided about a released document (`decision_record`)."""

    @abstractmethod
    def original_text(self, document: Any) -> str:
        """Return the text of a released document as it was before it was rewritten (`original_text`)."""

    def guard(self, retriever: Any, gate: Gate) -> Any:
        """Return a retriever with the gate; to be overridden for further places where the gate can be put."""
        return self.adapter.guard(retriever, gate)

    def found(self, chunks: Sequence[Chunk]) -> list[Any]:
        """Return chunks as the framework's retrievers return them, with scores where they have some."""
        return list(self.adapter.documents(chunks))

    def dump(self, guarded: Any) -> Any:  # noqa: ARG002 - for those who override it
        """Return the serialised form of what `guard` returned: plain mappings, lists and values."""
        raise unittest.SkipTest("The suite was not told how this framework writes out a retriever (`dump`, `load`).")

    def load(self, dumped: Any) -> Any:  # noqa: ARG002 - for those who override it
        """Return what `dump` wrote, built again; around any retriever that finds what the one before it found."""
        raise unittest.SkipTest("The suite was not told how this framework writes out a retriever (`dump`, `load`).")

    def seal(self, sealer: Sealer, documents: Sequence[Any]) -> list[Any]:  # noqa: ARG002 - for those who override it
        """Return documents as the integration's ingestion step seals them, and as retrievers return them then."""
        raise unittest.SkipTest("The suite was not told how this integration seals documents (`seal`).")

    def smuggling(self, document: Any, words: str) -> Mapping[str, Any]:  # noqa: ARG002 - for those who override it
        """Return copies of a document with words in a field that is neither text nor metadata, by the field's name."""
        return {}

    def media(self, document: Any, content: bytes) -> Mapping[str, Any]:  # noqa: ARG002 - for those who override it
        """Return copies of a document with content that is not text, such as an image, by a name of their own."""
        return {}

    def has_media(self, document: Any) -> bool:  # noqa: ARG002 - for those who override it
        """Return whether a released document holds content that is not text; to be told beside `media`."""
        return False

    # From here on nothing has to be written: what tests are made of.

    def setup_method(self) -> None:
        """Make two publishers and a clock; pytest calls this before each test."""
        self.clock = FixedClock()
        self.handbook = Publisher("handbook", f"{HANDBOOK}**", self.clock)
        self.prices = Publisher("prices", "https://prices.example/**", self.clock)

    def policy(self, folder: Path, **more: object) -> dict[str, Any]:
        """Return a policy with both publishers, documents at most 90 days old, and a glossary."""
        (folder / "terms.yaml").write_text(_GLOSSARY, encoding="utf-8")
        rules = {"freshness": {"max_age": "90d"}, "terminology": [str(folder / "terms.yaml")]}
        return {"sources": [self.handbook.source(**rules), self.prices.source()], **more}

    def gate(self, folder: Path, **more: object) -> Gate:
        """Return a gate with that policy."""
        return Gate(self.policy(folder, **more), clock=self.clock)

    def written_gate(self, folder: Path, *, has_ages: bool = True, **more: object) -> Gate:
        """Return a gate with that policy, read from `headgate.yaml` in a folder.

        Args:
            folder: where to write it.
            has_ages: whether documents may be too old; a gate that is loaded elsewhere has the clock of the machine.
            more: further keys of the policy.
        """
        policy = self.policy(folder, **more)
        if not has_ages:
            policy["sources"] = [{k: v for k, v in one.items() if k != "freshness"} for one in policy["sources"]]
        (folder / "headgate.yaml").write_text(json.dumps(policy), encoding="utf-8")
        return Gate(folder / "headgate.yaml", clock=self.clock)

    def genuine(self, number: int, text: str | None = None, **metadata: Any) -> Chunk:
        """Return a document that the handbook has sealed; its metadata is covered."""
        return self._sealed(self.handbook, number, text or f"page {number} about K8s", metadata)

    def stale(self, number: int) -> Chunk:
        """Return a document that the handbook has sealed, and that is too old."""
        return self._sealed(self.handbook, number, f"stale {number}", {}, modified=self.clock.ago(days=400))

    def forged(self, number: int, **metadata: Any) -> Chunk:
        """Return a document that nobody vouches for."""
        return Chunk(f"forged {number}", {"source": f"{HANDBOOK}{number}", **metadata}, f"forged-{number}", 0.9)

    def changed(self, number: int) -> Chunk:
        """Return a sealed document with another text."""
        sealed = self.genuine(number)
        return Chunk(f"changed {number}", sealed.metadata, f"changed-{number}", 0.9)

    def stranger(self, number: int) -> Chunk:
        """Return a document that a stranger has sealed in the handbook's name."""
        return self._sealed(Publisher("handbook", "x", self.clock), number, f"stranger {number}", {})

    def borrowed(self, number: int) -> Chunk:
        """Return a document of the handbook that the publisher of the prices has sealed."""
        return self._sealed(self.prices, number, f"borrowed {number}", {})

    def mixed(self) -> list[Chunk]:
        """Return admissible documents between documents of every other kind."""
        makers = (self.forged, self.genuine, self.stale, self.changed, self.stranger, self.borrowed)
        chunks = [make(10 * turn + place) for turn in range(3) for place, make in enumerate(makers)]
        return [*chunks, Chunk("bare", {}, "bare-1"), self.genuine(99, "page 99 about leave", title="Leave")]

    def _sealed(self, publisher: Publisher, number: int, text: str, metadata: dict[str, Any], **claims: Any) -> Chunk:
        uri = f"{HANDBOOK}{number}"
        sealed = publisher.seal(text, uri, {"source": uri, **metadata}, cover=tuple(metadata), **claims)
        return Chunk(sealed.text, sealed.metadata, f"page-{number}", round(1 - number / 1000, 3))

    def guarded(self, gate: Gate, chunks: Sequence[Chunk]) -> Any:
        """Return a guarded retriever that finds these chunks."""
        return self.guard(self.retriever(chunks), gate)

    def retriever(self, chunks: Sequence[Chunk]) -> Any:
        """Return a retriever that finds these chunks."""
        return self.make_retriever(partial(list, self.found(chunks)))  # can be pickled

    def texts(self, documents: Sequence[Any]) -> list[str]:
        """Return the texts of documents."""
        return [self.shown(document).text for document in documents]

    def prompts(self, documents: Sequence[Any]) -> str:
        """Return all of documents that a model could read."""
        return "\n".join(self.shown(document).prompt for document in documents)

    def wait(self, awaitable: Awaitable[T]) -> T:
        """Return what an awaitable returns, in an event loop of its own."""

        async def finish() -> T:
            return await awaitable

        return asyncio.run(finish())

    def ask_and_wait(self, retriever: Any, question: str, k: int | None = None) -> Sequence[Any]:
        """Ask as `aask` does, and wait for it."""
        return self.wait(self.aask(retriever, question, k))

    def snapshot(self, documents: Sequence[Any]) -> list[Shown]:
        """Return what there is to see of documents now, whatever is done to them afterwards."""
        return copy.deepcopy([self.shown(document) for document in documents])
