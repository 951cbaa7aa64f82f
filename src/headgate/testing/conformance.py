"""Twenty checks that a gate between a retriever and a prompt should pass, whoever made it.

Each is a way in which a gate that looks installed lets documents through. To run them against a gate, describe
it with `GateUnderTest` and call `run_checks`; nothing here depends on how that gate works.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from headgate.chunk import Chunk

__all__ = ["CHECKS", "Check", "GateUnderTest", "Result", "Seen", "run_checks"]

_PAGE = "https://handbook.example/leave"
_QUESTION = "leave"


@dataclass(frozen=True, slots=True)
class Seen:
    """A document as the model would see it.

    Attributes:
        text: everything of it that would be in the prompt.
        reason: what the gate says about it, for checks that need a reason; empty where it says nothing.
    """

    text: str
    reason: str = ""


class GateUnderTest(Protocol):
    """A gate in front of a retriever, set up as its documentation says: one source, documents at most 90 days old."""

    now: datetime
    """What the gate's own clock shows."""

    def publish(self, text: str, uri: str, **facts: object) -> Chunk:
        """Return a document that the genuine publisher vouches for.

        `facts` may hold `modified` (a datetime), `superseded_by` (a text that the publisher vouches for too) and
        `title` (the same, and it goes into the prompt).
        """

    def publish_as(self, who: str, text: str, uri: str) -> Chunk:
        """Return a document that a `stranger`, who uses the publisher's name, or the `other` source vouches for."""

    def ask(self, documents: Sequence[Chunk], question: str, k: int) -> Sequence[Seen]:
        """Put the documents behind a retriever, ask through the gate for k, and return what the model would see."""

    def aask(self, documents: Sequence[Chunk], question: str, k: int) -> Awaitable[Sequence[Seen]]:
        """As `ask`, through the asynchronous way."""

    def reasons(self, document: Chunk) -> Sequence[str]:
        """Return the reasons, in whatever words, for which this document alone is kept out."""

    def is_retriever(self) -> bool:
        """Return whether the gated object is of the framework's own retriever class, and can be composed as one."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a gate must do.

    Attributes:
        number: its place in the list.
        title: what must hold.
        run: returns None if it holds, otherwise what went wrong.
    """

    number: int
    title: str
    run: Callable[[GateUnderTest], str | None]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one check.

    Attributes:
        check: the check.
        problem: None if it passed.
    """

    check: Check
    problem: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the gate did what it must."""
        return self.problem is None


@dataclass
class _Register:
    checks: list[Check] = field(default_factory=list)

    def __call__(self, title: str) -> Callable[[Callable[[GateUnderTest], str | None]], None]:
        def add(run: Callable[[GateUnderTest], str | None]) -> None:
            self.checks.append(Check(len(self.checks) + 1, title, run))

        return add


# Numbered in the order in which they are written, so a new check goes to the end.
_check = _Register()


def run_checks(gate: GateUnderTest) -> list[Result]:
    """Run every check; an exception is a failure, not an end."""
    results = []
    for check in CHECKS:
        try:
            results.append(Result(check, check.run(gate)))
        except Exception as error:  # noqa: BLE001 - a gate that raises has not passed
            results.append(Result(check, f"it raised {type(error).__name__}: {error}"))
    return results


def _unsigned(text: str = "forged", **metadata: object) -> Chunk:
    return Chunk(text, {"source": _PAGE, **metadata})


def _fresh(gate: GateUnderTest, text: str = "thirty days", **facts: object) -> Chunk:
    return gate.publish(text, _PAGE, **{"modified": gate.now - timedelta(days=1), **facts})


def _stale(gate: GateUnderTest, text: str = "old") -> Chunk:
    return gate.publish(text, _PAGE, modified=gate.now - timedelta(days=400))


def _expect(gate: GateUnderTest, documents: Sequence[Chunk], wanted: Sequence[str], k: int = 10) -> str | None:
    found = [seen.text for seen in gate.ask(documents, _QUESTION, k)]
    # Contained, not equal: a gate may put a title or a mark around a text.
    missing = [text for text in wanted if not any(text in shown for shown in found)]
    if missing:
        return f"{missing[0]!r} did not reach the model"
    surplus = [shown for shown in found if not any(text in shown for text in wanted)]
    return f"{surplus[0][:60]!r} reached the model" if surplus else None


@_check("A genuine, current document reaches the model")
def _(gate: GateUnderTest) -> str | None:
    return _expect(gate, [_fresh(gate)], ["thirty days"])


@_check("The gated object is a retriever of the framework and composes as one")
def _(gate: GateUnderTest) -> str | None:
    return None if gate.is_retriever() else "it is not"


@_check("The asynchronous way decides like the synchronous one")
def _(gate: GateUnderTest) -> str | None:
    documents = [_fresh(gate), _unsigned(), _stale(gate)]

    # `asyncio.run` takes coroutines only, and `aask` may return any awaitable.
    async def ask() -> Sequence[Seen]:
        return await gate.aask(documents, _QUESTION, 10)

    one, other = gate.ask(documents, _QUESTION, 10), asyncio.run(ask())
    return None if [seen.text for seen in one] == [seen.text for seen in other] else "they differ"


@_check("A document that nobody vouches for stays out, without any setting")
def _(gate: GateUnderTest) -> str | None:
    return _expect(gate, [_unsigned(), _fresh(gate)], ["thirty days"])


@_check("So it does if its metadata looks the best")
def _(gate: GateUnderTest) -> str | None:
    forged = _unsigned(last_modified=gate.now.isoformat(), verified=True, status="current", trust_score=1.0)
    return _expect(gate, [forged], [])


@_check("The age limit holds in the adapter, not only in the library")
def _(gate: GateUnderTest) -> str | None:
    return _expect(gate, [_stale(gate), _fresh(gate)], ["thirty days"])


@_check("The clock is the gate's own")
def _(gate: GateUnderTest) -> str | None:
    # If the gate took the time from any of these, the document would be a day old.
    then = (gate.now - timedelta(days=399)).isoformat()
    stale = _stale(gate).with_metadata(now=then, timestamp=then, retrieved_at=then, as_of=then)
    return _expect(gate, [stale], [])


@_check("Editing dates in the index freshens nothing")
def _(gate: GateUnderTest) -> str | None:
    today = gate.now.isoformat()
    stale = _stale(gate).with_metadata(last_modified=today, modified=today, updated_at=today, date=today)
    return _expect(gate, [stale], [])


@_check("Taking away the mark of a successor does not bring a document back")
def _(gate: GateUnderTest) -> str | None:
    document = _fresh(gate, superseded_by="page 2")
    without = {key: value for key, value in document.metadata.items() if key != "superseded_by"}
    return _expect(gate, [document, Chunk(document.text, without)], [])


@_check("A changed text stays out, and is told from one that nobody vouched for")
def _(gate: GateUnderTest) -> str | None:
    genuine = _fresh(gate, "the price is 15000")
    changed = Chunk("the price is 15500", genuine.metadata)
    problem = _expect(gate, [changed], [])
    if problem is None and set(gate.reasons(changed)) == set(gate.reasons(_unsigned())):
        return "both have the same reasons"
    return problem


@_check("One digit in the middle of a long text is enough")
def _(gate: GateUnderTest) -> str | None:
    # Further in than a gate looks that compares the beginnings of texts.
    genuine = _fresh(gate, "x" * 2_000 + "7" + "y" * 2_000)
    return _expect(gate, [Chunk("x" * 2_000 + "8" + "y" * 2_000, genuine.metadata)], [])


@_check("What is blocked is not returned: no document rests on a callback")
def _(gate: GateUnderTest) -> str | None:
    return _expect(gate, [_stale(gate), _unsigned(), _stale(gate, "older")], [])


@_check("One bad document does not end the question")
def _(gate: GateUnderTest) -> str | None:
    odd = Chunk("odd", {"source": ["a", {"b": object()}], "last_modified": object(), "headgate_seal": 7})
    return _expect(gate, [odd, _fresh(gate), _unsigned()], ["thirty days"])


@_check("A trusted address in metadata proves nothing")
def _(gate: GateUnderTest) -> str | None:
    return _expect(gate, [_unsigned(url=_PAGE, origin="handbook", publisher="handbook", domain="handbook.example")], [])


@_check("Where k admissible documents exist, k come back")
def _(gate: GateUnderTest) -> str | None:
    # The forged ones rank first, so a gate that only filters the k that it was given comes up short.
    documents = [_unsigned(f"leave leave forged {number}") for number in range(8)]
    documents += [gate.publish(f"leave page {n}", f"{_PAGE}/{n}", modified=gate.now) for n in range(6)]
    found = gate.ask(documents, _QUESTION, 4)
    return None if len(found) == 4 and not any("forged" in seen.text for seen in found) else f"{len(found)} came"


@_check("A document without id, source or any metadata stays out")
def _(gate: GateUnderTest) -> str | None:
    return _expect(gate, [Chunk("bare"), Chunk("bare too", {"page": 1})], [])


@_check("Nothing of the gate's own reaches the model")
def _(gate: GateUnderTest) -> str | None:
    shown = [seen.text for seen in gate.ask([_fresh(gate, title="Leave")], _QUESTION, 10)]
    if len(shown) != 1:
        return "the document did not come through"
    # A model that reads `verified` beside a text takes it for an argument.
    words = ("verdict", "verified", "seal", "signature", "admission", "sha-256", "revision")
    found = next((word for word in words if word in shown[0].lower()), None)
    return f"{found!r} is in {shown[0][:80]!r}" if found else None


@_check("The documents that were handed in are as they were")
def _(gate: GateUnderTest) -> str | None:
    documents = [_fresh(gate), _unsigned(), _stale(gate)]
    # Deep, because a shallow copy would change along with nested entries.
    before = copy.deepcopy([dict(document.metadata) for document in documents])
    gate.ask(documents, _QUESTION, 10)
    return None if [dict(document.metadata) for document in documents] == before else "metadata was changed"


@_check("A key counts for its own source and holder, whatever name the signer writes")
def _(gate: GateUnderTest) -> str | None:
    forged = [gate.publish_as("stranger", "by a stranger", _PAGE), gate.publish_as("other", "by another", _PAGE)]
    return _expect(gate, forged, [])


@_check("Missing, naive and mixed dates neither raise nor pass")
def _(gate: GateUnderTest) -> str | None:
    values: tuple[object, ...] = (
        None,
        "",
        "yesterday",
        "2026-05-30T00:00:00",
        "03/04/2026",
        0,
        -1,
        float("nan"),
        True,
        [],
        "9999-99-99",
    )
    documents = [_unsigned(f"dated {number}", date=value) for number, value in enumerate(values)]
    undated = gate.publish("undated", _PAGE)
    return _expect(gate, [*documents, undated, _fresh(gate)], ["thirty days"])


CHECKS: tuple[Check, ...] = tuple(_check.checks)
"""All checks, in order."""
