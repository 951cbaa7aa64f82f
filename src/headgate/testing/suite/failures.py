"""What happens where something fails: the chain hears of what is not the gate's, and nothing gets in by it."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from headgate.admission.gate import Gate
from headgate.chunk import Chunk
from headgate.errors import NothingAdmissibleError
from headgate.testing.hostile import HOSTILE_METADATA, HOSTILE_STRINGS
from headgate.testing.suite.bench import HANDBOOK, QUESTION, AdapterBench

__all__ = ["FailureTests", "causes", "raised_by"]

_RULE = {"failures": "20%", "window": "1h", "at_least": 10}


class _Broken(Exception):
    """What a retriever of the tests raises."""


class FailureTests(AdapterBench):
    """Tests of failures and of hostile input."""

    def test_a_check_that_fails_admits_nothing(self, tmp_path: Path) -> None:
        """Where a check cannot be made, the document stays out with the code G901, and the others are decided."""
        (tmp_path / "quarantine.jsonl").write_text("garbage\n", encoding="utf-8")
        policy = {
            "sources": [self.handbook.source(quarantine=_RULE), self.prices.source()],
            "quarantine": {"path": str(tmp_path / "quarantine.jsonl")},
        }
        uri = "https://prices.example/1"
        price = replace(self.prices.seal("15000", uri, {"source": uri}), id="price-1")
        retriever = self.guarded(Gate(policy, clock=self.clock), [self.genuine(1), price])
        assert self.texts(self.ask(retriever, QUESTION)) == ["15000"]
        assert self.texts(self.wait(self.aask(retriever, QUESTION))) == ["15000"]
        (record,) = self.traced(retriever, QUESTION)
        assert record["counts"]["G901"] == 1

    def test_what_the_retriever_raises_reaches_the_caller(self, tmp_path: Path) -> None:
        """An error of the retriever is not swallowed, and does not become an empty answer."""

        def fail() -> Any:
            raise _Broken("theirs")

        retriever = self.guard(self.make_retriever(fail), self.gate(tmp_path))
        for ask in (self.ask, self.ask_and_wait):
            assert "theirs" in " ".join(map(str, causes(raised_by(partial(ask, retriever, QUESTION)))))

    def test_what_is_no_list_of_documents_does_not_pass(self, tmp_path: Path) -> None:
        """A retriever that returns something else makes an error, or nothing comes out."""
        for odd in ("text", 7, [object()], [None], {"a": 1}):
            retriever = self.guard(self.make_retriever(partial(_same, odd)), self.gate(tmp_path))
            error, found = _result(partial(self.ask, retriever, QUESTION))
            assert error is not None or all(one is None for one in found), odd

    def test_the_policy_can_have_an_error_where_nothing_is_admissible(self, tmp_path: Path) -> None:
        """`on_empty: raise` reaches the caller, by both ways."""
        retriever = self.guarded(self.gate(tmp_path, on_empty="raise"), [self.forged(1)])
        for ask in (self.ask, self.ask_and_wait):
            error = raised_by(partial(ask, retriever, QUESTION))
            assert any(isinstance(one, NothingAdmissibleError) for one in causes(error)), error

    def test_hostile_metadata_neither_raises_nor_gets_in(self, tmp_path: Path) -> None:
        """Whatever is in the entries of a forged document, genuine ones come through, and it stays out."""
        self._try(
            tmp_path,
            [
                Chunk(f"forged {number}", {"source": f"{HANDBOOK}1", name: value}, f"forged-{number}")
                for number, value in enumerate(HOSTILE_METADATA)
                for name in ("source", "last_modified", "title", "headgate_seal")
            ],
        )

    def test_hostile_text_neither_raises_nor_gets_in(self, tmp_path: Path) -> None:
        """Whatever the text of a forged document is, genuine ones come through, and it stays out."""
        self._try(tmp_path, [Chunk(text, {"source": f"{HANDBOOK}1"}, "odd-1") for text in HOSTILE_STRINGS])

    def _try(self, folder: Path, hostile: list[Chunk]) -> None:
        gate, tried = self.gate(folder), 0
        for chunk in hostile:
            # What the framework itself refuses cannot be in its index.
            error, documents = _result(partial(self.found, [chunk, self.genuine(1)]))
            if error is not None:
                continue
            tried += 1
            retriever = self.guard(self.make_retriever(partial(list, documents)), gate)
            assert self.texts(self.ask(retriever, QUESTION)) == ["page 1 about Kubernetes"], chunk
        if not tried:
            raise unittest.SkipTest("This framework refuses to make any such document.")


def _same(value: Any) -> Any:
    return value


def causes(error: BaseException | None) -> list[BaseException]:
    """Return an error and what it was raised from: frameworks wrap what their components raise."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def raised_by(work: Callable[[], object]) -> BaseException:
    """Return what a call raises.

    Raises:
        AssertionError: it raises nothing.
    """
    error, result = _result(work)
    assert error is not None, f"nothing was raised: {type(result).__name__} came back"
    return error


def _result(work: Callable[[], Any]) -> tuple[Exception | None, Any]:
    try:
        return None, work()
    except unittest.SkipTest:
        raise
    except Exception as error:  # noqa: BLE001 - each framework has errors of its own
        return error, None
