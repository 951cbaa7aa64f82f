"""From a run with canaries in it to verdicts: what each canary's fate says about the promise that it stands for."""

from __future__ import annotations

from headgate.decision import Decision
from headgate.testing.doctor.canaries import Canary
from headgate.testing.doctor.diagnosis import Fate, Verdict
from headgate.testing.doctor.run import Run

__all__ = ["judge_canary"]


def judge_canary(canary: Canary, run: Run) -> tuple[list[Verdict], Fate]:
    """Return what a canary has shown, and what became of it."""
    fate = _fate(canary, run)
    if canary.kind == "genuine":
        verdicts = [_judge_genuine(canary, fate, run)]
        if canary.alias is not None and fate.station == "in the prompt":
            verdicts.append(_judge_words(canary, canary.alias, run))
        return verdicts, fate
    if canary.kind == "uncovered":
        return [_judge_uncovered(canary, fate, run)], fate
    if fate.station == "in the prompt":
        return [Verdict(canary.kind, "broken", canary.source, _place(canary.mark, run))], fate
    if fate.station == "not asked":
        return [Verdict(canary.kind, "not proved", canary.source, "it came to no gate")], fate
    return [Verdict(canary.kind, "holds", canary.source)], fate


def _judge_genuine(canary: Canary, fate: Fate, run: Run) -> Verdict:
    if fate.station == "in the prompt":
        return Verdict("genuine", "holds", canary.source)
    if fate.station == "dropped":
        codes = ", ".join(fate.codes)
        # No room is not a refusal.
        is_room = all(code.startswith("B") for code in fate.codes)
        return Verdict("genuine", "not proved" if is_room else "broken", canary.source, f"it is kept out by {codes}")
    ended = f"the chain ended with {type(run.error).__name__}" if run.error is not None else None
    lost = "it came to no gate" if fate.station == "not asked" else "a step behind the gate lost it"
    return Verdict("genuine", "not proved", canary.source, ended or lost)


def _judge_uncovered(canary: Canary, fate: Fate, run: Run) -> Verdict:
    entry = canary.entry or ""
    if entry and any(prompt.holds(entry) for prompt in run.read_texts()):
        return Verdict("uncovered", "broken", canary.source, _place(entry, run))
    if fate.station == "not asked":
        return Verdict("uncovered", "not proved", canary.source, "the document came to no gate")
    return Verdict("uncovered", "holds", canary.source)


def _fate(canary: Canary, run: Run) -> Fate:
    own, others = _decisions(canary, run)
    is_read = any(prompt.holds(canary.mark) for prompt in run.read_texts())
    # Where another policy admits what this one drops, that is for the canaries of that other one to show.
    if is_read and not (own and others and not any(one.admitted for one in own)):
        return Fate(canary.kind, canary.source, "in the prompt")
    decision = max(own, key=lambda one: one.admitted, default=None)
    if decision is None:
        return Fate(canary.kind, canary.source, "not asked")
    if decision.admitted:
        return Fate(canary.kind, canary.source, "not in the prompt")
    codes = tuple(dict.fromkeys(finding.code for finding in decision.reasons))
    return Fate(canary.kind, canary.source, "dropped", codes)


def _decisions(canary: Canary, run: Run) -> tuple[list[Decision], list[Decision]]:
    """Return what gates under the canary's own policy have decided about it, and what those under others have."""
    own: list[Decision] = []
    others: list[Decision] = []
    for admission in run.admissions:
        for chunk, decision in zip(admission.inputs, admission.decisions, strict=True):
            # By its mark: a step before the gate may have changed its text.
            if isinstance(chunk.text, str) and canary.mark in chunk.text:
                is_own = canary.policy in (None, admission.policy_revision)
                (own if is_own else others).append(decision)
    return own, others


def _released(canary: Canary, run: Run) -> list[str]:
    """Return the texts as which gates under the canary's own policy released it."""
    own = [one for one in run.admissions if canary.policy in (None, one.policy_revision)]
    return [chunk.text for one in own for chunk in one.chunks if canary.mark in chunk.text]


def _judge_words(canary: Canary, alias: str, run: Run) -> Verdict:
    phrase = f"{canary.mark} {alias} {canary.mark}"
    # Where a gate under another policy lets it through as well, that one may have other words.
    is_let_through = any(one.admitted for one in _decisions(canary, run)[1])
    texts = _released(canary, run) if is_let_through else [prompt.text for prompt in run.read_texts()]
    if any(phrase in text for text in texts):
        return Verdict("worded", "broken", canary.source, f"{alias!a} is still there")
    return Verdict("worded", "holds", canary.source)


def _place(mark: str, run: Run) -> str:
    return next((prompt.place for prompt in run.read_texts() if prompt.holds(mark)), "")
