"""Asking the questions without and with the gate, and counting what reached the prompts."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from headgate.admission.gate import Gate
from headgate.admission.loading import policy_of
from headgate.chunk import Chunk
from headgate.clock import require_aware, utc_now
from headgate.codes import first_reason
from headgate.decision import Admission, Decision
from headgate.errors import AdapterError, HeadgateError, NothingAdmissibleError
from headgate.integration.adapters import Adapter, adapters
from headgate.policy import Policy
from headgate.rehearsal.advice import rule_behind
from headgate.rehearsal.catalogue import CATALOGUE
from headgate.rehearsal.injecting import Injection
from headgate.rehearsal.result import Case, InjectionResult, Rehearsal
from headgate.rehearsal.staging import Staged, identify, stage
from headgate.rehearsal.world import World

__all__ = ["rehearse"]

_CASES = 5
_CASE_CHARS = 600
Retrieve = Callable[[str], Sequence[Chunk]]
Progress = Callable[[int, int], None]


def rehearse(
    corpus: Sequence[Chunk],
    questions: Sequence[str],
    build: Callable[[list[Any]], Any],
    policy: Policy | str | Path | Mapping[str, object],
    *,
    framework: str | None = None,
    injections: Sequence[Injection] = CATALOGUE,
    doses: Mapping[str, float] | None = None,
    seed: int = 0,
    now: datetime | None = None,
    progress: Progress | None = None,
) -> Rehearsal:
    """Turn pilot conditions into production conditions, and ask the questions without and with the gate.

    No private key is needed: the curated documents are sealed again with keys made for the rehearsal, which speak
    for the sources of the policy in place of the real ones.

    Args:
        corpus: curated chunks, with metadata that names their source.
        questions: what to ask.
        build: makes a retriever of documents (LangChain) or nodes (LlamaIndex); without a framework, a function from
            a question to chunks, of chunks.
        policy: the policy to rehearse; it is enforced, whatever its modes.
        framework: `langchain`, `llama_index`, or None.
        injections: what happens to the corpus.
        doses: by name, the share of the corpus that an injection affects, where it is not the injection's own.
        seed: the random seed.
        now: the instant of the rehearsal; by default the present.
        progress: called after each question with how many were asked and how many there are.

    Returns:
        What reached the prompts, by injection.

    Raises:
        ValueError: a dose names an unknown injection, or is not a share; the corpus or the questions are empty, or no
            document of the corpus is admissible as it is.
        PolicyError: the policy cannot be used.
        AdapterError: the framework's integration is not installed.
        HeadgateError: an injection failed, or the retriever could not be built.
    """
    rules = _policy(policy)
    instant = require_aware(now, "now") if now is not None else utc_now()
    _check(corpus, questions, injections, doses or {})
    with tempfile.TemporaryDirectory() as folder:
        world = World(rules, instant, questions, seed, Path(folder))
        staged = stage(corpus, injections, doses or {}, world)
        if not staged.curated:
            reasons = ", ".join(f"{code} ({count:,})" for code, count in staged.left_out.most_common(3))
            raise ValueError(f"the policy admits no document of the curated corpus: {reasons}")
        result = Rehearsal(instant, seed, framework or "none", staged.curated, dict(staged.left_out))
        result.was_enforced = rules.is_enforcing
        result.indexed = len(staged.chunks)
        result.injections = {
            one.name: InjectionResult(one, staged.injected[one.name]) for one in injections if staged.injected[one.name]
        }
        wanted = (one for one in injections if (doses or {}).get(one.name, one.dose) > 0)
        result.idle = tuple(one.name for one in wanted if not staged.injected[one.name])
        # One instant for all, so that the same seed gives the same figures on any day.
        gate = _RecordingGate(world.policy, clock=lambda: instant)
        _ask_all(result, staged, questions, build=build, adapter=_adapter(framework), gate=gate, progress=progress)
    return result


class _RecordingGate(Gate):
    """A gate that keeps what it released."""

    _is_traffic = False
    last: Admission | None = None

    def release(
        self, admission: Admission, *, context: object = None, framework: str = "none", traced: bool = True
    ) -> Admission:
        """Release, and keep it."""
        self.last = super().release(admission, context=context, framework=framework, traced=traced)
        return self.last


def _policy(policy: Policy | str | Path | Mapping[str, object]) -> Policy:
    return policy_of(policy if isinstance(policy, (Policy, str, Path)) else Policy.from_mapping(policy))


def _check(
    corpus: Sequence[Chunk], questions: Sequence[str], injections: Sequence[Injection], doses: Mapping[str, float]
) -> None:
    if not corpus:
        raise ValueError("the corpus is empty: there is nothing to rehearse with")
    if not questions:
        raise ValueError("there are no questions")
    names = [one.name for one in injections]
    for name, dose in doses.items():
        if name not in names:
            raise ValueError(f"{name!r} is not an injection; there are: {', '.join(names)}")
        if not 0 <= dose <= 1:
            raise ValueError(f"the dose of {name!r} is {dose}, not a share between 0 and 1")


def _adapter(framework: str | None) -> Adapter | None:
    if framework is None:
        return None
    known = {adapter.name: adapter for adapter in adapters()}
    if framework not in known:
        raise AdapterError(
            f"{framework!r} is not an installed framework; there are: {', '.join(sorted(known)) or 'none'}"
        )
    return known[framework]


def _ask_all(
    result: Rehearsal,
    staged: Staged,
    questions: Sequence[str],
    *,
    build: Callable[[list[Any]], Any],
    adapter: Adapter | None,
    gate: _RecordingGate,
    progress: Progress | None,
) -> None:
    half = len(questions) // 2 if staged.later is not staged.chunks else len(questions)
    for part, chunks, labels in (
        (questions[:half], staged.chunks, staged.labels),
        (questions[half:], staged.later, staged.later_labels),
    ):
        if not part:
            continue
        try:
            plain, gated = _both(build, chunks, adapter, gate)
        except HeadgateError:
            raise
        except Exception as error:  # the retriever is somebody else's
            raise HeadgateError(f"the retriever could not be built: {type(error).__name__}: {error}") from error
        by_id = {str(chunk.id): chunk for chunk in chunks}
        for question in part:
            # A question that never reaches the gate must not be counted with the answer to the one before.
            gate.last = None
            try:
                before = [identify(chunk) for chunk in plain(question)]
                # A retriever over another index would find none of what was injected, and look clean.
                _require_known(before, by_id)
                with suppress(NothingAdmissibleError):  # by the policy's `on_empty`; the admission says the same
                    gated(question)
            except Exception as error:  # noqa: BLE001 - the retriever is somebody else's; the rehearsal goes on
                result.failed.append((question, f"{type(error).__name__}: {error}"[:300]))
            else:
                _count(result, question, before, gate.last, labels=labels, by_id=by_id, policy=gate.policy)
            if progress is not None:
                progress(result.questions + len(result.failed), len(questions))


def _both(
    build: Callable[[list[Any]], Any], chunks: list[Chunk], adapter: Adapter | None, gate: Gate
) -> tuple[Retrieve, Retrieve]:
    if adapter is None:
        function: Retrieve = build(list(chunks))
        return function, lambda question: gate.admit(list(function(question)), question).chunks
    retriever = build(adapter.documents(chunks))
    guarded = adapter.guard(retriever, gate)
    return (
        lambda question: adapter.retrieve(retriever, question),
        lambda question: adapter.retrieve(guarded, question),
    )


def _count(
    result: Rehearsal,
    question: str,
    before: Sequence[str],
    admission: Admission | None,
    *,
    labels: Mapping[str, Injection],
    by_id: Mapping[str, Chunk],
    policy: Policy,
) -> None:
    result.questions += 1
    judged = zip(map(identify, admission.inputs), admission.decisions, strict=True) if admission is not None else ()
    decisions = dict(judged)
    after = [identifier for identifier, decision in decisions.items() if decision.admitted]
    result.spoiled_without += any(i in labels and labels[i].is_bad for i in before)
    result.spoiled_with += any(i in labels and labels[i].is_bad for i in after)
    result.short += len(after) < len(before)
    result.empty += not after
    for name in {labels[i].name for i in before if i in labels}:
        result.injections[name].prompts_without += 1
    for name in {labels[i].name for i in after if i in labels}:
        result.injections[name].prompts_with += 1
    for decision in decisions.values():
        if not decision.admitted:
            result.dropped.update(_reason(decision))
        elif decision.rewrite is not None:
            result.rewritten += sum(edit.changes_text for edit in decision.rewrite.edits)
    for identifier, decision in decisions.items():
        if identifier in labels:
            chunk = by_id.get(identifier) if identifier in before else None
            _note(result.injections[labels[identifier].name], question, decision, chunk, policy)
    _count_lost(result, before, decisions, labels)


def _require_known(found: Sequence[str], by_id: Mapping[str, Chunk]) -> None:
    unknown = next((identifier for identifier in found if identifier not in by_id), None)
    if unknown is not None:
        raise ValueError(f"the retriever returned {unknown[:60]!r}, which is not in the index it was given")


def _count_lost(
    result: Rehearsal, before: Sequence[str], decisions: Mapping[str, Decision], labels: Mapping[str, Injection]
) -> None:
    for identifier in before:
        if identifier in labels and labels[identifier].is_bad:
            continue
        result.good_without += 1
        decision = decisions.get(identifier)
        if decision is not None and not decision.admitted:
            result.good_lost.update(_reason(decision))


def _reason(decision: Decision) -> tuple[str, ...]:
    """Return the one reason that a document counts under, in a tuple; an empty one where there is none."""
    reason = first_reason(finding.code for finding in decision.reasons)
    return (reason,) if reason is not None else ()


def _note(result: InjectionResult, question: str, decision: Decision, chunk: Chunk | None, policy: Policy) -> None:
    terms = {finding.code for finding in decision.findings if finding.check == "terminology"}
    if not decision.admitted:
        result.codes.update(_reason(decision))
    elif result.injection.is_bad:
        result.let_through[rule_behind(policy, decision.source, result.injection)] += 1
    elif terms:
        result.noticed += 1
        result.codes.update(terms)
    says_something = bool(terms) or result.injection.is_bad or not decision.admitted
    if chunk is None or not says_something:
        return
    # What came through is what people must see; of what was stopped a few suffice.
    came_through = decision.admitted and result.injection.is_bad
    if len(result.cases) < _CASES or (came_through and all(case.action == "drop" for case in result.cases)):
        findings = decision.reasons or decision.findings
        case = Case(
            question,
            decision.uri or identify(chunk),
            chunk.text[:_CASE_CHARS],
            decision.action,
            tuple(finding.code for finding in findings),
            findings[0].message if findings else "",
        )
        result.cases = [case, *result.cases][:_CASES] if came_through else [*result.cases, case]
