"""A registry in the memory of the process; what is known goes with it."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from headgate.forks import renew_after_fork
from headgate.registry.facts import Known, Proved, learned

__all__ = ["MemoryRegistry"]


class MemoryRegistry:
    """A registry with a bound: when it is full, the half that was learned first goes.

    Args:
        documents: how many documents it holds.
        texts: how many digests of texts it holds.
    """

    is_slow = False

    def __init__(self, documents: int = 50_000, texts: int = 200_000) -> None:
        self._most_documents, self._most_texts = documents, texts
        self._facts: dict[str, tuple[Known, ...]] = {}
        self._texts = 0
        self._lock = threading.Lock()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        """Start again: another thread may have been half-way through learning."""
        self._facts, self._texts, self._lock = {}, 0, threading.Lock()

    def known(self, documents: Collection[str]) -> Mapping[str, tuple[Known, ...]]:
        """Return what is known of documents. Takes no lock: facts are replaced as a whole."""
        facts = self._facts
        if not facts:
            return facts
        return {document: facts[document] for document in documents if document in facts}

    def learn(self, proved: Iterable[Proved], at: datetime) -> None:
        """Remember what was proved and admitted."""
        with self._lock:
            for one in proved:
                self._learn(one, at)
            while len(self._facts) > self._most_documents or self._texts > self._most_texts:
                self._forget_half()

    def put(self, known: Known) -> None:
        """Remember a fact as it is, in place of what the same key said before."""
        with self._lock:
            self._put(known)

    def close(self) -> None:
        """Do nothing."""

    def __len__(self) -> int:
        return len(self._facts)

    def _learn(self, proved: Proved, at: datetime) -> None:
        before = next((one for one in self._facts.get(proved.document, ()) if one.key == proved.key), None)
        after = learned(before, proved, at)
        if after is not None:
            self._put(after)

    def _put(self, known: Known) -> None:
        others = self._facts.get(known.document, ())
        kept = tuple(one for one in others if one.key != known.key)
        self._texts += len(known.texts) - sum(len(one.texts) for one in others if one.key == known.key)
        self._facts[known.document] = (*kept, known)

    def _forget_half(self) -> None:
        for document in list(self._facts)[: (len(self._facts) + 1) // 2]:
            self._texts -= sum(len(one.texts) for one in self._facts.pop(document))
