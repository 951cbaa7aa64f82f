"""The judging kernel: what the gate decides about every row, as if it alone had been retrieved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from headgate.admission.concluding import judge_admission
from headgate.admission.gate import Gate
from headgate.admission.loading import policy_and_pulled
from headgate.admission.planning import plan_admission
from headgate.admission.resolving import digest_under
from headgate.admission.setwide import candidate_of
from headgate.chunk import Chunk
from headgate.clock import require_aware, utc_now
from headgate.corpus.item import CorpusItem
from headgate.corpus.kernel.calling import Kernel
from headgate.corpus.kernel.schemas import JUDGED
from headgate.corpus.records import NO_FIELDS, Fields
from headgate.decision import Decision, Finding, Mode
from headgate.encoding import digest_label, encodable
from headgate.errors import PolicyError
from headgate.freshness import Candidate, Interval, find_superseded
from headgate.freshness.releases import Release
from headgate.limits import DEFAULT_LIMITS
from headgate.policy import Policy

__all__ = ["JudgeRows", "Judged", "RowGate", "judged_batch", "superseded_rows"]

_LONGEST_TOLERANCE = timedelta(days=100_000_000)  # what a duration in microseconds holds in 64 bits


class Judged(NamedTuple):
    """What is decided about one chunk.

    Attributes:
        decision: the gate's decision about it alone.
        valid_until: the earliest instant at which that changes, if one is known.
        candidate: as what it is compared with other versions.
        mode: the mode of freshness for it.
    """

    decision: Decision
    valid_until: datetime | None
    candidate: Candidate | None
    mode: Mode


class RowGate(Gate):
    """A gate that judges each chunk as if it alone had been retrieved, and records nothing.

    What holds for one prompt (budget, number of documents) does not hold for a corpus. Nor is a corpus traffic: it is
    not in the log, counts against no source, teaches the registry nothing and asks no server.

    Args:
        policy: the policy.
    """

    _is_traffic = False

    def __init__(self, policy: Policy | str | Path) -> None:
        whole, self._origin = policy_and_pulled(policy)
        part = whole.model_copy(update={"budget": None, "log": None, "quarantine": None, "overrides": None})
        # A corpus holds most texts once: a large memory of them would only be memory.
        limits = replace(DEFAULT_LIMITS, chunks=2**31, memo_entries=2_000, memo_chars=4_000_000)
        super().__init__(part, limits=limits)
        revision = self._in_force.revision
        self._in_force = replace(self._in_force, revision=replace(revision, digest=digest_under(whole, revision)))

    @property
    def state(self) -> str:
        """The digest of what is in force: the policy with all that it names, manifests and fetched keys included."""
        state = [list(one) if isinstance(one, tuple) else one for one in self.in_force.state]
        return digest_label(repr(state).encode())

    @property
    def revoked(self) -> list[str]:
        """The digests of the policy's local revocation lists as they are now; those at addresses are not fetched."""
        paths = [self.policy.resolve_path(one.list) for one in self.policy.revocations if "://" not in one.list]
        return [digest_label(path.read_bytes()) for path in paths if path.is_file()]

    def judge_each(self, chunks: Sequence[Chunk], now: datetime) -> Iterator[Judged]:
        """Yield what is decided about each chunk.

        Args:
            chunks: any number of them.
            now: the instant to judge for; aware.
        """
        shared, limits = self._in_force.shared, self._in_force.limits
        revision = shared.revised(self._in_force.revision, limits)
        plan = plan_admission(revision, chunks, limits, query=None, now=now, as_of=None)
        answers = shared.ask(plan)
        for judgement in plan.judgements:
            judgement.index = 0  # each is an admission of its own
            admission = judge_admission(replace(plan, judgements=(judgement,)), answers, limits)
            if self._origin is not None:
                admission = self._origin.audit(admission, revision)
            mode = judgement.facts.source.modes["freshness"]
            yield Judged(admission.decisions[0], admission.valid_until, candidate_of(judgement, now), mode)


@dataclass(frozen=True)
class JudgeRows(Kernel):
    """Judges rows under a policy, each as if it alone had been retrieved.

    Where it is made the policy is loaded and its revision noted; a worker that finds another policy under the path
    refuses to work.

    Args:
        policy: the path of the policy file, as workers see it too.
        now: the instant to judge for, aware; by default the present.
        fields: which columns are the text, and metadata under other names.
        revision: the digest of the policy; by default that of what is under the path now.
        state: the digest of what is in force, manifests and fetched keys included; by default that of now.

    Raises:
        PolicyError: the policy, or a file that it names, cannot be used, or is not the one of that revision and state.
    """

    policy: str | Path
    now: datetime = field(default_factory=utc_now)
    fields: Fields = NO_FIELDS
    revision: str = ""
    state: str = ""

    def __post_init__(self) -> None:
        require_aware(self.now, "now")
        object.__setattr__(self, "policy", str(Path(self.policy).absolute()))
        if not (self.revision and self.state):
            gate = _loaded(str(self.policy), self.revision, self.state)
            object.__setattr__(self, "revision", gate.policy_revision)
            object.__setattr__(self, "state", gate.state)

    @property
    def gate(self) -> RowGate:
        """The gate of this process.

        Raises:
            PolicyError: the policy is not the one that the job was planned with.
        """
        return _gate_of(str(self.policy), self.revision, self.state)

    def schema_for(self, rows: Any) -> Any:  # noqa: ARG002 - the same for all
        """Return `JUDGED`."""
        return JUDGED

    def about(self) -> Mapping[str, object]:
        """Return the policy's state, the instant, and which columns are read."""
        return {
            "work": "judge",
            "revision": self.revision,
            "state": self.state,
            "revoked": self.gate.revoked,
            "now": self.now.isoformat(),
            "fields": self.fields.about(),
        }

    def _make(self, items: Sequence[CorpusItem], batch: Any) -> Any:  # noqa: ARG002 - the documents are all
        return judged_batch(self.gate, items, self.now)


@lru_cache(maxsize=4)
def _gate_of(policy: str, revision: str, state: str) -> RowGate:
    return _loaded(policy, revision, state)


def _loaded(policy: str, revision: str, state: str) -> RowGate:
    """Return the gate of a policy, which is of a revision and in a state, where these are named."""
    gate = RowGate(policy)
    if revision and gate.policy_revision != revision:
        raise PolicyError(
            f"the job was planned with the policy revision {revision}; here it is {gate.policy_revision}.",
            "Bring the same policy, key and glossary files to every worker.",
            file=policy,
        )
    if state and gate.state != state:
        raise PolicyError(
            "a manifest, or a set of keys that is fetched, is not the one that the job was planned with.",
            "Bring the same ones to every worker, or begin the job again.",
            file=policy,
        )
    return gate


def judged_batch(gate: RowGate, items: Sequence[CorpusItem], now: datetime) -> Any:
    """Return what is decided about each item, as a record batch of the schema `JUDGED`.

    Args:
        gate: judges.
        items: the documents of the rows.
        now: the instant to judge for.
    """
    judged = gate.judge_each([item.chunk for item in items if item.chunk is not None], now)
    rows = [_row(next(judged), item.problem) if item.chunk is not None else _unread(item) for item in items]
    columns = zip(*rows, strict=True) if rows else [()] * len(JUDGED)
    arrays = [pa.array(values, kind.type) for values, kind in zip(columns, JUDGED, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=JUDGED)


def _row(judged: Judged, problem: str | None) -> tuple[Any, ...]:
    decision = judged.decision
    verified = decision.verified
    reasons = [finding.code for finding in decision.findings if finding.severity == "error"]
    rewrites = decision.metadata_rewrites.values()
    return (
        decision.chunk_id,
        decision.action,
        bool(reasons),
        list(decision.codes),
        reasons,
        [finding.message for finding in decision.findings],
        decision.source,
        decision.uri,
        decision.digest or None,
        str(decision.assurance),
        decision.issuer,
        decision.modified,
        round(decision.age.total_seconds()) if decision.age is not None else None,
        verified.at if verified is not None else None,
        verified.by if verified is not None else None,
        sum(len(one.edits) for one in (decision.rewrite, *rewrites) if one is not None),
        [encodable(name) for name in decision.withheld],
        judged.valid_until,
        problem,
        _compared(judged.candidate, judged.mode),
    )


def _unread(item: CorpusItem) -> tuple[Any, ...]:
    """Return the row of what could not be read: it is kept out, and nothing else is known of it."""
    unknown = dict.fromkeys(JUDGED.names)
    known = {"action": "drop", "would_drop": True, "edits": 0, "problem": item.problem}
    lists: dict[str, list[str]] = {name: [] for name in ("codes", "reasons", "messages", "withheld")}
    return tuple({**unknown, **known, **lists}.values())


def _compared(candidate: Candidate | None, mode: Mode) -> dict[str, Any] | None:
    if candidate is None:
        return None
    version, modified = candidate.version, candidate.modified
    return {
        "document": candidate.document,
        "evidence": candidate.evidence,
        "uri": candidate.uri,
        "scheme": version.scheme if version is not None else None,
        "parts": list(version.parts) if version is not None else None,
        "earliest": modified.earliest if modified is not None else None,
        "latest": modified.latest if modified is not None else None,
        "unit": modified.unit if modified is not None else None,
        "has_zone": modified.has_zone if modified is not None else None,
        "counts": candidate.counts,
        "applies": candidate.applies,
        "tolerance": min(candidate.tolerance, _LONGEST_TOLERANCE),
        "mode": mode,
    }


def superseded_rows(judged: Any) -> dict[int, Finding]:
    """Return the finding F205 for each judged row that another one supersedes, by the number of the row.

    Args:
        judged: a record batch or table of the schema `JUDGED` that fits into memory.
    """
    columns = (judged.column("supersession").to_pylist(), judged.column("digest").to_pylist())
    candidates = [
        _candidate(number, one, digest or "")
        for number, (one, digest) in enumerate(zip(*columns, strict=True))
        if one is not None
    ]
    return find_superseded(candidates)


def _candidate(number: int, compared: dict[str, Any], digest: str) -> Candidate:
    scheme, earliest = compared["scheme"], compared["earliest"]
    return Candidate(
        index=number,
        document=compared["document"],
        evidence=compared["evidence"],
        uri=compared["uri"],
        digest=digest,
        version=Release(scheme, tuple(compared["parts"])) if scheme is not None else None,
        modified=Interval(earliest, compared["latest"], compared["unit"], compared["has_zone"])
        if earliest is not None
        else None,
        counts=compared["counts"],
        applies=compared["applies"],
        tolerance=compared["tolerance"],
    )
