"""What a rehearsal found: by injection, without and with the gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from headgate.display import Printable, renderer_of
from headgate.rehearsal.injecting import Injection

__all__ = ["Case", "InjectionResult", "Rehearsal"]


@dataclass(frozen=True, slots=True)
class Case:
    """One document in one prompt, as an example.

    Attributes:
        question: what was asked.
        document: the document's URI or id.
        text: its text.
        action: what the gate did with it.
        codes: why.
        message: the first reason in words.
    """

    question: str
    document: str
    text: str
    action: str
    codes: tuple[str, ...]
    message: str


@dataclass(slots=True)
class InjectionResult:
    """What became of one injection.

    Attributes:
        injection: the injection.
        injected: how many documents it affected.
        prompts_without: prompts that held at least one of them without the gate.
        prompts_with: the same with the gate.
        codes: why the gate kept them out, or what it noticed.
        let_through: by which rules of which sources the gate admitted what it should not have, and how often.
        noticed: how many of them the gate admitted with terms rewritten or flagged.
        cases: examples.
    """

    injection: Injection
    injected: int = 0
    prompts_without: int = 0
    prompts_with: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    let_through: Counter[str] = field(default_factory=Counter)
    noticed: int = 0
    cases: list[Case] = field(default_factory=list)

    def to_dict(self) -> dict[str, object]:
        """Return the figures as plain JSON values."""
        return {
            "name": self.injection.name,
            "what": self.injection.what,
            "is_bad": self.injection.is_bad,
            "injected": self.injected,
            "prompts_without": self.prompts_without,
            "prompts_with": self.prompts_with,
            "codes": dict(self.codes.most_common()),
            "let_through": dict(self.let_through.most_common()),
            "noticed": self.noticed,
        }


@dataclass(slots=True, repr=False)
class Rehearsal(Printable):
    """What a rehearsal found.

    Attributes:
        now: the instant of the rehearsal.
        seed: of everything random.
        framework: whose retriever was asked; `none` for a function.
        curated: how many curated documents there were.
        left_out: curated documents that the policy would not admit as they are, by code.
        indexed: how many documents the index held.
        questions: how many questions were answered without and with the gate.
        failed: questions for which the retriever raised, each with the error.
        spoiled_without: prompts with at least one bad document without the gate.
        spoiled_with: the same with the gate.
        good_without: good documents in the prompts without the gate.
        good_lost: those of them that the gate kept out, by code.
        short: prompts with fewer documents than without the gate.
        empty: prompts without any document.
        rewritten: places where terminology put in the canonical term.
        dropped: why the gate kept documents out, by first reason.
        injections: by injection.
        idle: the names of injections that found nothing to work on.
        was_enforced: whether the policy itself enforces; a rehearsal always does.
    """

    now: datetime
    seed: int
    framework: str
    curated: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    indexed: int = 0
    questions: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    spoiled_without: int = 0
    spoiled_with: int = 0
    good_without: int = 0
    good_lost: Counter[str] = field(default_factory=Counter)
    short: int = 0
    empty: int = 0
    rewritten: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    injections: dict[str, InjectionResult] = field(default_factory=dict)
    idle: tuple[str, ...] = ()
    was_enforced: bool = True

    @property
    def injected(self) -> int:
        """How many documents were made bad, or put in other words."""
        return sum(result.injected for result in self.injections.values())

    @property
    def is_empty(self) -> bool:
        """Whether nothing was injected, or no question was answered, so that nothing was tried."""
        return not self.injected or not self.questions

    @property
    def is_clean(self) -> bool:
        """Whether something was tried, no bad document came through, no good one was lost and no question failed."""
        return not (self.is_empty or self.spoiled_with or self.good_lost or self.failed)

    def to_dict(self) -> dict[str, object]:
        """Return the figures as plain JSON values, without any text of documents."""
        return {
            "now": self.now.isoformat(),
            "seed": self.seed,
            "framework": self.framework,
            "curated": self.curated,
            "left_out": dict(self.left_out),
            "indexed": self.indexed,
            "injected": self.injected,
            "questions": self.questions,
            "failed": len(self.failed),
            "prompts_with_a_bad_document": {"without": self.spoiled_without, "with": self.spoiled_with},
            "good_documents": {"without": self.good_without, "lost": dict(self.good_lost)},
            "short_prompts": self.short,
            "empty_prompts": self.empty,
            "terms_rewritten": self.rewritten,
            "dropped": dict(self.dropped),
            "injections": [result.to_dict() for result in self.injections.values()],
            "idle": list(self.idle),
        }

    def page(self, title: str = "headgate: production, rehearsed") -> str:
        """Return the rehearsal as a whole HTML page with examples."""
        return renderer_of(self).to_page(self, title)

    def plot(self, axes: Any = None) -> Any:
        """Draw prompts by injection with matplotlib (`pip install 'headgate[plots]'`); return the axes."""
        from headgate.rehearsal.plots import plot_rehearsal

        return plot_rehearsal(self, axes)
