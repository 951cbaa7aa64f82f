"""One run of a chain under watch: what its sources returned, what its gates decided, what its models read."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headgate.admission.gate import Gate
from headgate.admission.proving import closed, knowing_keys
from headgate.admission.revision import Revision
from headgate.chunk import Chunk
from headgate.decision import Admission
from headgate.errors import AdapterError, HeadgateError
from headgate.limits import Limits
from headgate.provenance import KeySet
from headgate.testing.doctor.beside import Beside, is_name
from headgate.testing.doctor.canaries import Canary

__all__ = ["LIBRARIES", "NO_PLACE", "Call", "Endless", "Prompt", "Run", "caller"]

_MOST = 2_000
# With nothing admissible, a chain that asks until an answer is good enough asks for ever.
_MOST_CALLS = 200
NO_PLACE = "the chain itself, which is all of libraries"
LIBRARIES = tuple({sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), sysconfig.get_path("stdlib")})
# Where the command itself is started from.
_SCRIPTS = sysconfig.get_path("scripts")
_OURS = (str(Path(__file__).parents[2]), "langchain_headgate", "postprocessor/headgate", "validators/headgate")


class Endless(HeadgateError):
    """A chain has asked its models so often in one run that the run was ended."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model read in one call.

    Attributes:
        texts: what it read; not what it said itself before.
        place: where in the user's own code it was called.
        said: what models had said before it, which may be in it.
        beside: the texts that came with it otherwise: arguments, blocks, calls of tools, schemas.
    """

    texts: tuple[str, ...]
    place: str
    said: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The prompt itself."""
        return "\n".join(self.texts)

    @property
    def sentences(self) -> list[str]:
        """What came beside it, but for names of models, options and the like."""
        return [text for text in self.beside if not is_name(text.strip())]

    @property
    def text(self) -> str:
        """All of it, with what came beside it."""
        return "\n".join((*self.texts, *self.beside))

    def holds(self, mark: str) -> bool:
        """Return whether a mark of a canary is in it, however its letters are written."""
        return mark in self.text.casefold()


@dataclass(eq=False, slots=True)
class Call:
    """A call of something that retrieves.

    Attributes:
        owner: what was called.
        outer: the call in which it was made, if in one.
        is_leaf: whether it has asked nothing else.
        is_gated: whether a gate has judged what it found, or a part of it.
    """

    owner: object
    outer: Call | None
    is_leaf: bool = True
    is_gated: bool = False


_is_behind: ContextVar[bool] = ContextVar("headgate_proof_behind", default=False)
_call: ContextVar[Call | None] = ContextVar("headgate_proof_call", default=None)


@dataclass(eq=False)
class Run:
    """One run of a chain under watch; the gates ask it how to judge, and the watchers tell it what they see.

    Args:
        keys: what gates accept beside their own keys; of canaries.
        hatch: returns what to plant, given the documents that the first source returned; None to plant nothing.
        is_closed: whether every gate keeps everything out.
        may_run_tools: whether tools are run that are not known to only read.
        keeps_length: whether canaries take the places of documents, for a chain that counts what it is given.

    Attributes:
        canaries: what was planted.
        found: documents that sources returned, each with the name of its source, and where that was asked.
        prompts: what models read.
        said: what models said.
        written: the texts of templates that were used.
        admissions: what gates decided.
        gates: the gates that were met, in the order in which they were.
        asked: what was asked for documents, and not by a gate.
        asked_behind: what was asked by a gate.
        withheld_tools: the names of the tools that were not run.
        refusals: what gates refused, and why.
        unread: the kinds of what models were given beside texts, and what no text can be read of.
        error: what the chain raised, if it did not end well.
        result: the texts in what it returned.
    """

    keys: KeySet = field(default_factory=KeySet)
    hatch: Callable[[Sequence[Chunk]], Sequence[Canary]] | None = None
    is_closed: bool = False
    may_run_tools: bool = False
    keeps_length: bool = False
    canaries: Sequence[Canary] = ()
    found: list[tuple[str, Chunk]] = field(default_factory=list)
    prompts: list[Prompt] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    written: dict[str, None] = field(default_factory=dict)
    admissions: list[Admission] = field(default_factory=list)
    gates: dict[int, Gate] = field(default_factory=dict)
    asked: list[object] = field(default_factory=list)
    asked_behind: list[object] = field(default_factory=list)
    withheld_tools: dict[str, None] = field(default_factory=dict)
    refusals: dict[str, None] = field(default_factory=dict)
    unread: dict[str, None] = field(default_factory=dict)
    error: Exception | None = None
    result: str = ""

    def __post_init__(self) -> None:
        self._revisions: dict[int, tuple[Revision, Revision]] = {}
        self._heard: list[Callable[[], Sequence[str] | None]] = []

    def revision_of(self, gate: object, revision: Revision, limits: Limits) -> Revision:
        """Return the revision under which a gate judges in this run."""
        known = self._revisions.get(id(gate))
        if known is None or known[0] is not revision:
            if self.is_closed:
                made = closed(revision, limits)
            else:
                made = knowing_keys(revision, self.keys, limits) if len(self.keys) else revision
            known = self._revisions[id(gate)] = (revision, made)
        return known[1]

    def released(self, gate: object, admission: Admission) -> None:
        """Take note of what a gate has decided."""
        if isinstance(gate, Gate):
            self.gates.setdefault(id(gate), gate)
        self.admissions.append(admission)
        call = _call.get()
        while call is not None:
            call.is_gated = True
            call = call.outer

    @contextmanager
    def calling(self, owner: object) -> Iterator[Call]:
        """Watch a call of something that retrieves."""
        asked = self.asked_behind if _is_behind.get() else self.asked
        if not any(one is owner for one in asked):
            asked.append(owner)
        outer = _call.get()
        call = Call(owner, outer)
        token = _call.set(call)
        try:
            yield call
        finally:
            _call.reset(token)
            if outer is not None:
                outer.is_leaf = False
                outer.is_gated |= call.is_gated

    @contextmanager
    def behind_a_gate(self) -> Iterator[None]:
        """Say that what is asked within this context is asked by a gate, which judges what it returns."""
        token = _is_behind.set(True)
        try:
            yield
        finally:
            _is_behind.reset(token)

    def returned(
        self, call: Call, chunks: Sequence[Chunk], result: Any, add: Callable[[Any, Sequence[Chunk]], Any]
    ) -> Any:
        """Take note of what a call returned, and return it with the canaries in it where they belong.

        They belong into what a source returns. Where what asks it makes other documents of these, such as parents of
        pieces, the canaries are lost, and belong into what that returns; but not behind a gate, where they would show
        nothing but that it is behind.

        Args:
            call: the call.
            chunks: the documents in its result.
            result: its result.
            add: returns a result with chunks before the others.
        """
        if call.is_leaf:
            name = _named(call.owner)
            own = [one for one in chunks if not self._is_canary(one)]
            self.found += [(name, one) for one in own[: _MOST - len(self.found)]]
        if self.hatch is None or call.is_gated or any(self._is_canary(one) for one in chunks):
            return result
        # One made up for the first source serves all: its marks tell it from the others.
        self.canaries = self.canaries or self.hatch(chunks)
        made = [canary.chunk for canary in self.canaries]
        if self.keeps_length and isinstance(result, (list, tuple)):
            made = made[: len(result)]
            result = result[: len(result) - len(made)]
        return add(result, made)

    def looked_up(self, owner: object, chunks: Sequence[Chunk]) -> None:
        """Take note of documents that were looked up by their ids, not searched."""
        self.found += [(_named(owner), one) for one in chunks[: _MOST - len(self.found)]]

    def read(self, texts: Sequence[str], more: Beside | None = None) -> None:
        """Take note of what a model is about to read.

        Args:
            texts: the prompt.
            more: what comes with it.

        Raises:
            Endless: that was asked so often that no end can be expected.
        """
        self._hear_out()
        if len(self.prompts) >= _MOST_CALLS:
            raise Endless(f"the chain had asked its models {_MOST_CALLS} times, and was stopped")
        found = more or Beside()
        self.unread.update(dict.fromkeys(found.unread))
        self.prompts.append(Prompt(tuple(texts), caller(), tuple(self.said), found.texts))

    def spoke(self, text: str) -> None:
        """Take note of what a model said."""
        if text and len(self.said) < _MOST:
            self.said.append(text)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Take note of a gate's refusal within this context: a framework may swallow it, and tell a model of it."""
        try:
            yield
        except AdapterError as error:
            self.refusals[" ".join(str(error).split())] = None
            raise

    def hear(self, out: Callable[[], Sequence[str] | None]) -> None:
        """Take note of what a model is going to say, by a function that returns None until it has said it."""
        if len(self._heard) < _MOST:
            self._heard.append(out)

    def _hear_out(self) -> None:
        waiting, self._heard = self._heard, []
        for out in waiting:
            said = out()
            if said is None:
                self._heard.append(out)
            for text in said or ():
                self.spoke(text)

    def wrote(self, texts: Iterable[str]) -> None:
        """Take note of a template that is used."""
        if len(self.written) < _MOST:
            self.written.update(dict.fromkeys(texts))

    def may_run(self, name: str, *, only_reads: bool) -> bool:
        """Return whether a tool may be run; one that may not is remembered."""
        if only_reads or self.may_run_tools:
            return True
        self.withheld_tools[name] = None
        return False

    def read_texts(self) -> list[Prompt]:
        """Return what models read, or where none was asked, what the chain returned."""
        return self.prompts or (
            [Prompt((self.result,), "the end, in what it returns", tuple(self.said))] if self.result else []
        )

    def _is_canary(self, chunk: Chunk) -> bool:
        text = chunk.text if isinstance(chunk.text, str) else ""
        return any(canary.mark in text for canary in self.canaries)


def caller() -> str:
    """Return where in the user's own code a call comes from: the innermost frame that is in no library."""
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((*LIBRARIES, _SCRIPTS, "<")) and not any(part in file for part in _OURS):
            return f"{Path(file).name}:{frame.f_lineno} in {frame.f_code.co_name}"
        if frame.f_back is None:
            break
        frame = frame.f_back
    return NO_PLACE


def _named(owner: object) -> str:
    """Return what was asked, and where in the user's own code, if it was asked there."""
    place = caller()
    return type(owner).__name__ if place == NO_PLACE else f"{type(owner).__name__}, asked at {place},"
