"""Copies and serialised forms: what was built with a policy and comes back without it lets nothing through."""

from __future__ import annotations

import copy
import json
import pickle
import unittest
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from headgate.errors import HeadgateError
from headgate.testing.suite.bench import QUESTION, AdapterBench
from headgate.testing.suite.failures import causes, raised_by

__all__ = ["CopyTests"]

_REFERENCE = {"path", "revision"}


class CopyTests(AdapterBench):
    """Tests of copies and serialised forms."""

    def test_a_copy_has_the_gate(self, tmp_path: Path) -> None:
        """Copies, deep ones too, decide as the original does."""
        documents = self.found(self.mixed())
        guarded = self.guard(self.make_retriever(lambda: list(documents)), self.gate(tmp_path))
        expected = self.texts(self.ask(guarded, QUESTION))
        for copied in (copy.copy(guarded), copy.deepcopy(guarded)):
            assert self.texts(self.ask(copied, QUESTION)) == expected

    def test_a_pickle_has_the_gate_or_there_is_none(self, tmp_path: Path) -> None:
        """What is pickled is guarded when it is read, or cannot be pickled."""
        guarded = self.guarded(self.written_gate(tmp_path, has_ages=False), self.mixed())
        try:
            read = pickle.loads(pickle.dumps(guarded))  # noqa: S301 - our own
        except Exception as error:  # noqa: BLE001 - each framework has an error of its own for this
            raise unittest.SkipTest(f"A retriever of these tests cannot be pickled: {error}") from None
        assert self.texts(self.ask(read, QUESTION)) == self.texts(self.ask(guarded, QUESTION))

    def test_a_serialised_form_has_the_policy(self, tmp_path: Path) -> None:
        """What is written out and read again decides as before; the text of keys and policy is not in it."""
        guarded = self.guarded(self.written_gate(tmp_path, has_ages=False), self.mixed())
        dumped = self.dump(guarded)
        json.dumps(dumped, default=str)
        assert self.texts(self.ask(self.load(dumped), QUESTION)) == self.texts(self.ask(guarded, QUESTION))

    def test_what_has_no_policy_file_cannot_be_written_out(self, tmp_path: Path) -> None:
        """Nobody could read it again with its policy."""
        _expect_error(lambda: self.dump(self.guarded(self.gate(tmp_path), [self.genuine(1)])))

    def test_a_serialised_form_of_another_revision_is_not_read(self, tmp_path: Path) -> None:
        """Whoever relies on the policy that was in force does not get another one in silence."""
        dumped = self.dump(self.guarded(self.written_gate(tmp_path, has_ages=False), [self.genuine(1)]))
        self.written_gate(tmp_path, mode="audit")
        _expect_error(lambda: self.load(dumped))

    def test_a_serialised_form_that_lost_its_policy_is_not_read(self, tmp_path: Path) -> None:
        """Neither without the reference to the policy, nor with half of it, nor with an empty one."""
        dumped = self.dump(self.guarded(self.written_gate(tmp_path, has_ages=False), [self.genuine(1)]))
        spoiled = list(_without_policy(dumped))
        assert spoiled, "the serialised form holds no mapping with `path` and `revision` (see `gate_reference`)"
        for one in spoiled:
            _expect_error(partial(self.load, one))


def _expect_error(work: Callable[[], object]) -> None:
    error = raised_by(work)
    # Pydantic says what a validator raised, and keeps nothing else of it.
    assert any(isinstance(one, HeadgateError) for one in causes(error)) or "polic" in str(error), error


def _without_policy(dumped: Any) -> Iterator[Any]:
    """Yield copies of a serialised form in which the reference to the policy is spoiled."""
    for value in (None, {}, "", {"path": None, "revision": None}):
        yield from _replaced(dumped, partial(_exchanged, value))
    for name in sorted(_REFERENCE):
        yield from _replaced(dumped, partial(_without, name))


def _exchanged(value: Any, reference: dict[str, Any]) -> Any:  # noqa: ARG001 - as `_without`
    return value


def _without(name: str, reference: dict[str, Any]) -> Any:
    return {**reference, name: None}


def _replaced(value: Any, spoil: Callable[[dict[str, Any]], Any]) -> Iterator[Any]:
    if isinstance(value, dict):
        if value.keys() >= _REFERENCE:
            yield spoil(value)
            return
        for name, one in value.items():
            for replaced in _replaced(one, spoil):
                yield {**value, name: replaced}
    elif isinstance(value, list):
        for place, one in enumerate(value):
            for replaced in _replaced(one, spoil):
                yield [*value[:place], replaced, *value[place + 1 :]]
