"""What a proof has shown: per promise whether it holds, is broken or is not proved, and what became of each canary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from headgate.display import Displayed

__all__ = ["AT_THEIR_WORD", "PROMISES", "Diagnosis", "Fate", "Outcome", "Verdict"]

PROMISES = {
    "around": "nothing reaches a model around the gate",
    "forged": "a forged document does not reach the prompt",
    "undeclared": "a document that names no source of the policy does not reach the prompt",
    "tampered": "a changed document does not reach the prompt",
    "stale": "a document past its date does not reach the prompt",
    "uncovered": "metadata that no proof covers does not reach the prompt",
    "genuine": "a genuine, current document reaches the prompt",
    "worded": "its terms reach the prompt in the glossary's words",
}

AT_THEIR_WORD = (
    "The policy requires no proof (require: declared): whoever can write to the index can name these sources."
)
"""What is said of sources that are taken at their word."""

Outcome = Literal["holds", "broken", "not proved"]
_WORDS: Mapping[Outcome, str] = {"holds": "holds", "broken": "BROKEN", "not proved": "not proved"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one promise is kept.

    Attributes:
        promise: a name in `PROMISES`.
        outcome: `holds`, `broken` or `not proved`.
        source: the source of the policy that it is about; None where it is about the chain.
        why: where it is broken, or why it is not proved.
    """

    promise: str
    outcome: Outcome
    source: str | None = None
    why: str = ""

    def __str__(self) -> str:
        about = f" ({self.source})" if self.source is not None else ""
        why = f": {self.why}" if self.why else ""
        return f"{_WORDS[self.outcome]:<10}  {PROMISES[self.promise]}{about}{why}"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a canary.

    Attributes:
        kind: what was wrong with it, or `genuine`.
        source: the source that it pretended to, or did, come from.
        station: `in the prompt`, `dropped`, `not in the prompt` where a step behind the gate lost it, or `not asked`
            where it never came to a gate.
        codes: why it was dropped.
    """

    kind: str
    source: str
    station: str
    codes: tuple[str, ...] = ()

    def __str__(self) -> str:
        because = f" ({', '.join(self.codes)})" if self.codes else ""
        return f"{self.kind} of {self.source}: {self.station}{because}"


@dataclass(frozen=True, slots=True)
class Diagnosis(Displayed):
    """What a proof has shown.

    Attributes:
        verdicts: one for each promise and source.
        fates: what became of each canary.
        own: how many of the chain's own documents came to a gate, and how many passed; where its gates keep nothing
            out, how many would if they did.
        reasons: why the others did not: the first code of each, counted.
        advice: what to change.
        unproved: what the proof could not see.
        opened: which sources are open by hand (`headgate override`), until when and why.
        modes: the modes of the policies of its gates that keep nothing out: `audit`, `warn`.
    """

    verdicts: tuple[Verdict, ...] = ()
    fates: tuple[Fate, ...] = ()
    own: tuple[int, int] = (0, 0)
    reasons: Mapping[str, int] = field(default_factory=dict)
    advice: tuple[str, ...] = ()
    unproved: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()

    @property
    def is_kept(self) -> bool:
        """Whether no promise is broken, and a genuine document has reached the prompt."""
        is_genuine = any(one.promise == "genuine" and one.outcome == "holds" for one in self.verdicts)
        return is_genuine and not self.broken

    @property
    def holds(self) -> bool:
        """Whether every promise is proved to hold, and nothing was left out of sight."""
        return self.is_kept and not self.unproved and all(one.outcome == "holds" for one in self.verdicts)

    @property
    def broken(self) -> tuple[Verdict, ...]:
        """The promises that are not kept."""
        return tuple(one for one in self.verdicts if one.outcome == "broken")

    @property
    def at_their_word(self) -> tuple[str, ...]:
        """The sources that require no proof (`require: declared`): whoever writes to the index can name them."""
        return tuple(dict.fromkeys(one.source or "" for one in self.verdicts if one.promise == "undeclared"))

    @property
    def promises(self) -> dict[str, dict[str, bool]]:
        """By source, or `chain`: which promises hold; one that is not proved is missing."""
        found: dict[str, dict[str, bool]] = {}
        for one in self.verdicts:
            if one.outcome != "not proved":
                held = found.setdefault(one.source or "chain", {})
                held[one.promise] = held.get(one.promise, True) and one.outcome == "holds"
        return found

    @property
    def unused(self) -> tuple[str, ...]:
        """The sources whose canaries came to no gate."""
        lost = {one.source for one in self.fates if one.station == "not asked"}
        return tuple(sorted(lost - {one.source for one in self.fates if one.station != "not asked"}))

    def to_dict(self) -> dict[str, object]:
        """Return the diagnosis as plain JSON values."""
        return {
            "holds": self.holds,
            "verdicts": [
                {"promise": one.promise, "outcome": one.outcome, "source": one.source, "why": one.why}
                for one in self.verdicts
            ],
            "canaries": [
                {"kind": one.kind, "source": one.source, "station": one.station, "codes": list(one.codes)}
                for one in self.fates
            ],
            "own_documents": {"seen": self.own[0], "pass": self.own[1], "reasons": dict(self.reasons)},
            "unproved": list(self.unproved),
            "opened": list(self.opened),
            "at_their_word": list(self.at_their_word),
            "modes": list(self.modes),
            "advice": list(self.advice),
        }

    @property
    def if_enforced(self) -> str:
        """What is said of what passes where gates keep nothing out."""
        return " if the policy were enforced" if self.modes else ""

    @property
    def lets_nothing_through(self) -> bool:
        """Whether the chain retrieved documents of its own, and none of them is admissible."""
        return self.own[0] > 0 and self.own[1] == 0

    def __str__(self) -> str:
        lines = [self._headline(), "", *(f"  {one}" for one in self.verdicts)]
        lines += ["", "Canaries:", *(f"  {one}" for one in self.fates)] if self.fates else []
        seen, passed = self.own
        if seen:
            counted = sorted(self.reasons.items(), key=lambda item: (-item[1], item[0]))
            reasons = ", ".join(f"{code} ({count})" for code, count in counted)
            kept_out = f"; kept out for {reasons}" if counted else ""
            lines += ["", f"Of your own documents, {passed} of {seen} would be admitted{self.if_enforced}{kept_out}."]
        lines += ["", "Not seen:", *(f"  {one}" for one in self.unproved)] if self.unproved else []
        if self.at_their_word:
            lines += ["", f"Taken at their word: {', '.join(self.at_their_word)}. {AT_THEIR_WORD}"]
        lines += ["", "Opened by hand:", *(f"  {one}" for one in self.opened)] if self.opened else []
        lines += ["", *self.advice] if self.advice else []
        return "\n".join(lines)

    def _headline(self) -> str:
        if self.holds and self.lets_nothing_through:
            return "The line works, and the policy lets none of your own documents through: prompts would be empty."
        if self.holds and self.at_their_word:
            return f"The line works; documents of {', '.join(self.at_their_word)} are taken at their word."
        if self.holds:
            return "The line works."
        if self.modes and not any(one.promise == "around" for one in self.broken):
            return f"The line is in place, in {' and '.join(self.modes)} mode: it keeps nothing out yet."
        return "The line does not work." if self.broken or not self.verdicts else "The line is not proved."
