"""Asking the questions, without and with the gate, through a chain that an installed integration builds."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path

from headgate.admission.gate import Gate
from headgate.chunk import Chunk
from headgate.codes import first_reason
from headgate.demo.company import Company, DemoDocument, open_company
from headgate.errors import AdapterError
from headgate.record import AdmissionRecord, DecisionRecord, error_codes

__all__ = ["Answer", "Chain", "ChainBuilder", "DemoResult", "QuestionResult", "load_chain_builder", "run_demo"]

_GROUP = "headgate.demos"
_K = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """What a chain did with one question.

    Attributes:
        prompt: the text that the model was given.
        documents: the ids of the documents in the prompt, in order, each with its text there.
        admission: the gate's record as the trace has it; None without a gate.
    """

    prompt: str
    documents: tuple[tuple[str, str], ...]
    admission: AdmissionRecord | None = None


Chain = Callable[[str], Answer]
ChainBuilder = Callable[[Sequence[Chunk], Gate | None, int], Chain]


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """One question, asked without and with the gate."""

    question: str
    without: Answer
    guarded: Answer


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The whole demo.

    Attributes:
        company: the company whose documents were asked.
        questions: the answers.
        framework: the framework whose chain was used.
        documents: the documents by id.
        policy: the text of the policy file.
    """

    company: Company
    questions: tuple[QuestionResult, ...]
    framework: str
    policy: str
    documents: Mapping[str, DemoDocument] = field(default_factory=dict)

    @property
    def today(self) -> datetime:
        """The date of the demo."""
        return self.company.today

    def is_bad(self, identifier: str) -> bool:
        """Whether a document has no business in a prompt, as its author marked it."""
        return self.documents[identifier].trouble is not None

    def spoiled(self, *, guarded: bool) -> int:
        """Return how many prompts held at least one bad document."""
        answers = [result.guarded if guarded else result.without for result in self.questions]
        return sum(any(self.is_bad(identifier) for identifier, _ in answer.documents) for answer in answers)

    def kept_out(self) -> Counter[str]:
        """Return how many documents each first reason kept out."""
        reasons = (
            first_reason(error_codes(decision))
            for result in self.questions
            for decision in _decisions(result.guarded)
            if decision["action"] == "drop"
        )
        return Counter(reason for reason in reasons if reason is not None)

    def rewritten(self) -> int:
        """Return how many terms were rewritten."""
        return sum(
            len(decision["edits"])
            for result in self.questions
            for decision in _decisions(result.guarded)
            if decision["action"] == "admit"
        )

    def to_dict(self) -> dict[str, object]:
        """Return the figures and the prompts as plain JSON values."""
        return {
            "today": self.today.isoformat(),
            "documents": len(self.documents),
            "bad_documents": sum(document.trouble is not None for document in self.documents.values()),
            "questions": len(self.questions),
            "prompts_with_a_bad_document": {
                "without": self.spoiled(guarded=False),
                "with": self.spoiled(guarded=True),
            },
            "kept_out": dict(self.kept_out()),
            "terms_rewritten": self.rewritten(),
            "prompts": [
                {"question": r.question, "without": r.without.prompt, "with": r.guarded.prompt} for r in self.questions
            ],
        }


def load_chain_builder() -> tuple[str, ChainBuilder]:
    """Return the name of a framework and what builds the demo's chain in it.

    Raises:
        AdapterError: no integration is installed that has one.
    """
    for entry in sorted(entry_points(group=_GROUP), key=lambda entry: entry.name):
        try:
            return entry.name, entry.load()
        except ImportError as error:
            problem = f"The demo in {entry.name} needs {error.name}: "
            raise AdapterError(f"{problem}pip install 'langchain-headgate[demo]'") from error
    raise AdapterError("The demo runs a real chain: pip install 'langchain-headgate[demo]'")


def run_demo(builder: tuple[str, ChainBuilder], *, limit: int | None = None) -> DemoResult:
    """Ask every question without and with the gate.

    Args:
        builder: what `load_chain_builder` returns.
        limit: ask only so many questions.
    """
    framework, build = builder
    with tempfile.TemporaryDirectory() as folder:
        company = open_company(Path(folder))
        policy = (Path(folder) / "headgate.yaml").read_text(encoding="utf-8")
        chunks = [document.chunk for document in company.documents]
        without, guarded = build(chunks, None, _K), build(chunks, company.gate, _K)
        questions = tuple(
            QuestionResult(question, without(question), guarded(question)) for question in company.questions[:limit]
        )
    documents = {str(document.chunk.id): document for document in company.documents}
    return DemoResult(company, questions, framework, policy, documents)


def _decisions(answer: Answer) -> Sequence[DecisionRecord]:
    return answer.admission["decisions"] if answer.admission else ()
