"""What another glossary would change in texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from headgate.display import Printable
from headgate.record import AdmissionRecord
from headgate.terminology import Glossary
from headgate.terminology.edits import Rewrite

__all__ = ["TermEffect", "measure_terms"]

_EXAMPLES = 5


@dataclass(slots=True, repr=False)
class TermEffect(Printable):
    """What another glossary would change.

    Attributes:
        documents: how many different texts were looked at.
        changed: how many of them would read differently.
        before: how often each canonical term was put in, by the glossary as it is.
        after: the same by the other one.
        ambiguous: how often each alias was left alone as ambiguous, by the other one.
        examples: texts that would read differently, with what the other glossary does to them.
        without_text: documents whose records keep no text.
    """

    documents: int = 0
    changed: int = 0
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    ambiguous: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[str, Rewrite]] = field(default_factory=list)
    without_text: int = 0

    def plot(self, axes: Any = None) -> Any:
        """Draw how often each term is put in, with matplotlib (`pip install 'headgate[plots]'`); return the axes."""
        from headgate.tuning.plots import plot_terms

        return plot_terms(self, axes)


def measure_terms(
    records: Iterable[AdmissionRecord], before: Glossary | None, after: Glossary | None, source: str | None
) -> TermEffect:
    """Return what `after` changes against `before` in the texts of records, each text once."""
    effect = TermEffect()
    seen: set[tuple[str, str]] = set()
    for record in records:
        for decision in record["decisions"]:
            if source is not None and decision["source"] != source:
                continue
            # By source too, because a concept may be scoped to some.
            text, key = decision.get("text"), (decision["digest"], decision["source"])
            if text is None:
                effect.without_text += 1
            elif key not in seen:
                seen.add(key)
                _measure(effect, text, decision["source"], before, after)
    return effect


def _measure(effect: TermEffect, text: str, source: str, before: Glossary | None, after: Glossary | None) -> None:
    effect.documents += 1
    was = before.rewrite(text, source) if before else Rewrite(text)
    now = after.rewrite(text, source) if after else Rewrite(text)
    effect.before.update(edit.canonical for edit in was.edits)
    effect.after.update(edit.canonical for edit in now.edits)
    effect.ambiguous.update(alias for _, _, alias, _ in now.ambiguous)
    if was.text != now.text:
        effect.changed += 1
        if len(effect.examples) < _EXAMPLES:
            effect.examples.append((text, now))
