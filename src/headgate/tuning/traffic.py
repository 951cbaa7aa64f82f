"""Traffic: retrievals to try rules on, from a log, from admissions, or from questions asked now."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from headgate.admission.gate import Gate
from headgate.assurance import ASSURANCES
from headgate.chunk import Chunk
from headgate.compaction import CompactedLog, is_compacted
from headgate.decision import Admission
from headgate.integration.adapters import retrieving
from headgate.policy import Policy, parse_duration
from headgate.record import log_record, mend_admission, read_log
from headgate.record.reading import log_files
from headgate.replay import Redecided, Redecider, Replay, replay_records
from headgate.terminology import Glossary
from headgate.tuning.changing import with_freshness, with_provenance
from headgate.tuning.comparing import Comparison, compare
from headgate.tuning.curves import Curve, Levels, draw_curve, measure_level
from headgate.tuning.terms import TermEffect, measure_terms

__all__ = ["Traffic"]

T = TypeVar("T")

_SAMPLE = 100_000
# Requires nothing, so that no document is missing when rules are tried.
_NOTHING: Mapping[str, Any] = {"sources": [], "default": {"provenance": {"require": "none"}}}


class _TryingGate(Gate):
    """A gate whose decisions are not traffic: they leave nothing in the files that a policy names."""

    _is_traffic = False


class Traffic:
    """Retrievals to try rules on.

    Args:
        records: admissions as the decision log holds them; entries that do not fit their type are left out.
        seen: how many admissions there were, where `records` is a sample.

    Attributes:
        records: the same.
        seen: the same.
    """

    def __init__(self, records: Iterable[Mapping[str, Any]], *, seen: int | None = None) -> None:
        self.records = [mend_admission(record) for record in records]
        self.seen = len(self.records) if seen is None else seen

    @classmethod
    def of(cls, admissions: Iterable[Admission]) -> Traffic:
        """Return the traffic of admissions, with their texts."""
        return cls(log_record(admission, full=True) for admission in admissions)

    @classmethod
    def from_log(cls, path: str | Path, *, sample: int = _SAMPLE, seed: int = 0) -> Traffic:
        """Return the traffic of a decision log and its rotated files.

        A longer log than `sample` is sampled evenly, so that memory stays bounded.

        Args:
            path: the log, or the folder that `headgate log compact` made of it.
            sample: how many admissions to keep at most.
            seed: of the choice.

        Raises:
            HeadgateError: a file cannot be read.
        """
        chance = random.Random(seed)  # noqa: S311 - a sample that can be repeated, no secret
        if is_compacted(Path(path)):
            return cls._from_tables(CompactedLog(path), sample, chance)
        records = (entry.record for entry in read_log(log_files(Path(path))) if entry.record is not None)
        kept, seen = _sampled(records, sample, chance)
        return cls(kept, seen=seen)

    @classmethod
    def _from_tables(cls, log: CompactedLog, sample: int, chance: random.Random) -> Traffic:
        """Return the same sample as from the log itself, for which only what was chosen is read."""
        with log.connect() as tables:
            numbers = (number for (number,) in tables.rows("SELECT seq FROM admissions ORDER BY seq"))
            chosen, seen = _sampled(numbers, sample, chance)
        records = dict(zip(sorted(chosen), (entry.record for entry in log.entries(only=chosen)), strict=True))
        kept = (records[number] for number in chosen)
        return cls([record for record in kept if record is not None], seen=seen)

    @classmethod
    def ask(
        cls,
        retriever: object | Callable[[str], Sequence[Chunk]],
        questions: Iterable[str],
        policy: Policy | Gate | None = None,
        *,
        now: datetime | None = None,
    ) -> Traffic:
        """Return the traffic of questions asked now.

        Args:
            retriever: a retriever of LangChain or LlamaIndex without a gate, or a function from question to chunks.
            questions: what to ask.
            policy: whose keys verify the seals, and whose `metadata` says how metadata is read; needed wherever
                assurance is to be tried.
            now: when the questions are asked; by default the present.

        Raises:
            AdapterError: the retriever is of no installed framework.
            PolicyError: the policy cannot be used.
        """
        gate = policy if isinstance(policy, Gate) else _TryingGate(policy if policy is not None else _NOTHING)
        retrieve = retrieving(retriever)
        return cls.of(gate.judge(list(retrieve(question)), question, now) for question in questions)

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        documents = sum(len(record["decisions"]) for record in self.records)
        sampled = f" (a sample of {self.seen:,})" if self.seen > len(self.records) else ""
        return f"Traffic({len(self.records):,} prompts{sampled}, {documents:,} documents)"

    def max_age(
        self, policy: Policy, source: str | None = None, *, missing: str | None = None, at: datetime | None = None
    ) -> Curve:
        """Return how many documents and prompts survive under every `max_age`, if the policy is enforced.

        Args:
            policy: the other rules.
            source: the id of the source whose `max_age` is varied; by default that of all, and of `default`.
            missing: what happens to documents without a time: `drop`, `warn` or `admit`; by default what the policy
                says.
            at: judge as of this instant; by default that of each record.

        Raises:
            ValueError: the policy has no such source.
        """
        unlimited = with_freshness(policy.enforced(), source, max_age=None, warn_after=None)
        decided = self._redecide(unlimited, at)
        rules = {rule.id: rule.freshness for rule in policy.sources}
        rules["default"] = policy.default.freshness
        varied = frozenset((source,)) if source is not None else frozenset(rules)
        keeps = {name: (missing or rule.missing) != "drop" for name, rule in rules.items()}
        limits = {rules[name].max_age for name in varied}
        # Sources with limits of their own have no one line that the chart could mark, nor have business days.
        limit = limits.pop() if len(limits) == 1 else None
        return draw_curve(decided, varied, keeps, limit if isinstance(limit, timedelta) else None, source)

    def assurance(self, policy: Policy, source: str | None = None, *, at: datetime | None = None) -> Levels:
        """Return how many documents and prompts survive if another level of assurance is required and enforced.

        Args:
            policy: the other rules.
            source: the id of the source whose level is varied; by default that of all.
            at: judge as of this instant; by default that of each record.

        Raises:
            ValueError: the policy has no such source.
        """
        levels = tuple(
            measure_level(level, self._redecide(with_provenance(policy.enforced(), source, require=level), at))
            for level in ASSURANCES
        )
        return Levels(levels, source)

    def glossary(self, before: Glossary | None, after: Glossary | None, source: str | None = None) -> TermEffect:
        """Return what another glossary would change in the texts; in records without texts, nothing can be said.

        Args:
            before: the glossary as it is, if any.
            after: the glossary to try, if any.
            source: the id of the source whose documents are looked at; by default all.
        """
        return measure_terms(self.records, before, after, source)

    def compare(self, old: Policy, new: Policy, *, at: datetime | None = None) -> Comparison:
        """Return the documents that two policies decide differently, each in its own modes.

        Args:
            old: the one policy.
            new: the other.
            at: judge as of this instant; by default that of each record.
        """
        return compare(self._redecide(old, at), self._redecide(new, at))

    def replay(self, policy: Policy, *, at: datetime | None = None) -> Replay:
        """Return what would change against what was recorded."""
        return replay_records(self.records, policy, at=at)

    def with_max_age(self, policy: Policy, age: str | timedelta, source: str | None = None) -> Policy:
        """Return a policy with another `max_age`, to try what a curve suggests."""
        # A longer `warn_after` would make it a policy that no file may hold.
        return with_freshness(policy, source, max_age=parse_duration(age), warn_after=None)

    def _redecide(self, policy: Policy, at: datetime | None) -> list[list[Redecided]]:
        redecider = Redecider(policy, at=at)
        return [redecider.redecide_read(record) for record in self.records]


def _sampled(items: Iterable[T], sample: int, chance: random.Random) -> tuple[list[T], int]:
    """Return so many items, chosen evenly, and how many there were."""
    kept: list[T] = []
    seen = 0
    for item in items:
        seen += 1
        if len(kept) < sample:
            kept.append(item)
        elif (place := chance.randrange(seen)) < sample:  # reservoir sampling (Vitter 1985, algorithm R)
            kept[place] = item
    return kept, seen
