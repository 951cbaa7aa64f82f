"""What comes out of a guarded retriever: which documents, in which order, in which words, and how many."""

from __future__ import annotations

import asyncio
import random
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from headgate.integration.adapters import adapter_of, guard
from headgate.testing.suite.bench import HANDBOOK, QUESTION, AdapterBench

__all__ = ["DecisionTests"]

_ROUNDS = 12


class DecisionTests(AdapterBench):
    """Tests of what comes out."""

    def test_only_what_is_admissible_comes_out(self, tmp_path: Path) -> None:
        """Forged, changed and stale documents, and those that others have sealed, stay out; the rest comes."""
        found = self.texts(self.ask(self.guarded(self.gate(tmp_path), self.mixed()), QUESTION))
        assert found == [f"page {number} about Kubernetes" for number in (1, 11, 21)] + ["page 99 about leave"]

    def test_the_adapter_decides_like_the_gate(self, tmp_path: Path) -> None:
        """Whatever is found, in whatever order: what comes out is what `Gate.admit` admits, in the same words."""
        gate, chance = self.gate(tmp_path), random.Random(7)  # noqa: S311 - to mix documents
        for _ in range(_ROUNDS):
            chunks = chance.sample(self.mixed(), chance.randint(1, 12))
            expected = [chunk.text for chunk in gate.judge(chunks, QUESTION).chunks]
            assert self.texts(self.ask(self.guarded(gate, chunks), QUESTION)) == expected

    def test_async_decides_like_sync(self, tmp_path: Path) -> None:
        """Both ways return the same documents, with the same text, metadata and score."""
        gate, chance = self.gate(tmp_path), random.Random(8)  # noqa: S311 - to mix documents
        for _ in range(_ROUNDS):
            retriever = self.guarded(gate, chance.sample(self.mixed(), 8))
            one, other = self.ask(retriever, QUESTION), self.wait(self.aask(retriever, QUESTION))
            assert self.snapshot(one) == self.snapshot(other)

    def test_order_and_scores_are_kept(self, tmp_path: Path) -> None:
        """The admitted documents come in the order of the retriever, with its scores."""
        chunks = [self.genuine(n) for n in (4, 2, 9, 7)]
        found = [self.shown(one) for one in self.ask(self.guarded(self.gate(tmp_path), chunks), QUESTION)]
        assert [one.text for one in found] == [f"page {n} about Kubernetes" for n in (4, 2, 9, 7)]
        if self.has_scores:
            assert [one.score for one in found] == [chunk.score for chunk in chunks]

    def test_the_documents_that_were_found_stay_as_they_were(self, tmp_path: Path) -> None:
        """Neither text nor metadata of what the retriever returned is changed, by either way."""
        documents = self.found(self.mixed())
        before = self.snapshot(documents)
        retriever = self.guard(self.make_retriever(lambda: list(documents)), self.gate(tmp_path))
        assert "Kubernetes" in self.prompts(self.ask(retriever, QUESTION))
        self.wait(self.aask(retriever, QUESTION))
        assert self.snapshot(documents) == before

    def test_a_document_that_is_found_twice_is_equal_twice(self, tmp_path: Path) -> None:
        """Two guarded retrievers return equal documents, so that unions, fusion and deduplication work."""
        gate, chunks = self.gate(tmp_path), [self.genuine(1, title="K8s"), self.genuine(2)]
        one = self.ask(self.guarded(gate, chunks), QUESTION)
        other = self.ask(self.guarded(gate, chunks), QUESTION)
        assert list(one) == list(other)
        assert self.snapshot(one) == self.snapshot(other)

    def test_a_gate_behind_a_gate_changes_nothing(self, tmp_path: Path) -> None:
        """What one gate has released and rewritten, a second one recognises; and nothing else."""
        gate, outer = self.gate(tmp_path), self.gate(tmp_path)
        once = self.guarded(gate, self.mixed())
        twice = self.guard(once, outer)
        assert self.snapshot(self.ask(twice, QUESTION)) == self.snapshot(self.ask(once, QUESTION))

    def test_k_is_filled_up(self, tmp_path: Path) -> None:
        """Asked for k, a guarded retriever returns k admissible documents, although forged ones rank first."""
        if not self.fills_up:
            raise unittest.SkipTest("Retrievers of this framework cannot be asked for a number (`fills_up`).")
        chunks = [self.forged(n) for n in range(9)] + [self.genuine(n) for n in range(6)]
        retriever = self.guarded(self.gate(tmp_path), chunks)
        expected = [f"page {n} about Kubernetes" for n in range(6)]
        for k in (1, 3, 6):
            assert self.texts(self.ask(retriever, QUESTION, k)) == expected[:k]
            assert self.texts(self.wait(self.aask(retriever, QUESTION, k))) == expected[:k]
        assert self.texts(self.ask(retriever, QUESTION, 10)) == expected

    def test_nothing_found_is_nothing(self, tmp_path: Path) -> None:
        """Where the retriever finds nothing, nothing comes, and no note either."""
        retriever = self.guarded(self.gate(tmp_path, on_empty="note"), [])
        assert list(self.ask(retriever, QUESTION)) == []
        assert list(self.wait(self.aask(retriever, QUESTION))) == []

    def test_audit_changes_nothing(self, tmp_path: Path) -> None:
        """In audit mode what was found comes out: all of it, as it was."""
        documents = self.found(self.mixed())
        before = self.snapshot(documents)
        guarded = self.guard(self.make_retriever(lambda: list(documents)), self.gate(tmp_path, mode="audit"))
        found = self.ask(guarded, QUESTION)
        assert list(found) == documents
        assert self.snapshot(found) == before == self.snapshot(self.wait(self.aask(guarded, QUESTION)))

    def test_warn_drops_nothing(self, tmp_path: Path) -> None:
        """In warn mode everything comes out."""
        found = self.ask(self.guarded(self.gate(tmp_path, mode="warn"), self.mixed()), QUESTION)
        assert len(found) == len(self.mixed())

    def test_what_nobody_may_use_is_a_note_where_the_policy_says_so(self, tmp_path: Path) -> None:
        """`on_empty: note` puts one document in the place of those that are not admissible; it cites nothing."""
        retriever = self.guarded(self.gate(tmp_path, on_empty="note"), [self.forged(1), self.stale(2)])
        for found in (self.ask(retriever, QUESTION), self.wait(self.aask(retriever, QUESTION))):
            (note,) = self.texts(found)
            assert note.startswith("No admissible document")
            assert HANDBOOK not in self.prompts(found)

    def test_a_changed_policy_is_in_force_after_a_reload(self, tmp_path: Path) -> None:
        """`gate.reload()` reaches what was guarded before."""
        gate = self.written_gate(tmp_path)
        retriever = self.guarded(gate, [self.genuine(1)])
        assert len(self.ask(retriever, QUESTION)) == 1
        self.handbook = type(self.handbook)("handbook", f"{HANDBOOK}**", self.clock)  # another key
        (tmp_path / "headgate.yaml").write_text((self.written_gate(tmp_path).path or tmp_path).read_text("utf-8"))
        assert gate.reload()
        assert list(self.ask(retriever, QUESTION)) == []

    def test_questions_at_the_same_time_do_not_mix(self, tmp_path: Path) -> None:
        """Threads and tasks that share one gate get what each of them would get alone."""
        gate = self.gate(tmp_path)
        retrievers = [self.guarded(gate, [self.genuine(n), self.forged(n)]) for n in range(8)]
        expected = [[f"page {n} about Kubernetes"] for n in range(8)]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda one: self.texts(self.ask(one, QUESTION)), retrievers)) == expected

        async def ask_all() -> list[list[str]]:
            found = await asyncio.gather(*(self.aask(one, QUESTION) for one in retrievers))
            return [self.texts(one) for one in found]

        assert self.wait(ask_all()) == expected

    def test_what_is_guarded_can_be_guarded_and_found(self, tmp_path: Path) -> None:
        """The adapter accepts a retriever and what `guard` makes of it; `headgate.guard` finds the adapter."""
        retriever = self.retriever([self.genuine(1)])
        assert self.adapter.accepts(retriever)
        assert self.adapter.accepts(self.adapter.guard(retriever, self.gate(tmp_path)))
        assert not self.adapter.accepts(object())
        assert not self.adapter.accepts("text")
        assert self.adapter.name
        if self.is_registered:
            assert type(adapter_of(retriever)) is type(self.adapter)
            guarded = guard(retriever, self.gate(tmp_path))
            assert self.texts(self.ask(guarded, QUESTION)) == ["page 1 about Kubernetes"]

    def test_chunks_make_the_journey_to_documents_and_back(self) -> None:
        """`Adapter.documents` and `Adapter.retrieve` lose nothing that a seal covers."""
        chunks = [self.genuine(1, title="Leave"), self.genuine(2)]
        documents = self.adapter.documents(chunks)
        assert len(documents) == len(chunks)
        found = self.adapter.retrieve(self.retriever(chunks), QUESTION)
        assert [one.text for one in found] == [chunk.text for chunk in chunks]
        for one, chunk in zip(found, chunks, strict=True):
            assert {name: one.metadata.get(name) for name in chunk.metadata} == dict(chunk.metadata)
