"""Two versions of a glossary: what differs in them, and what the new one would change in texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from headgate.record import AdmissionRecord
from headgate.terminology import Glossary
from headgate.terminology.folding import fold_alias

__all__ = ["GlossaryDifference", "diff_glossaries"]

_EXAMPLES = 20
_AROUND = 40

_Meaning = tuple[tuple[str, str, tuple[str, ...]], ...]


@dataclass(slots=True)
class GlossaryDifference:
    """What a new version of a glossary would change.

    Attributes:
        added: aliases that only the new one has, with their canonical terms.
        removed: aliases that only the old one has.
        changed: aliases that mean something else, `(before, after)`.
        texts: how many different texts were looked at.
        changed_texts: how many of them would read differently.
        gained: how often each `alias -> canonical` would be new.
        lost: how often each would no longer be.
        newly_ambiguous: how often each alias would be left as ambiguous that was not.
        examples: `(place, before, after)`, the words around the first difference.
        without_text: documents of the log whose records keep no text.
        recorded: of those, how often each canonical term was put in that the new version no longer has.
    """

    added: dict[str, str] = field(default_factory=dict)
    removed: dict[str, str] = field(default_factory=dict)
    changed: dict[str, tuple[str, str]] = field(default_factory=dict)
    texts: int = 0
    changed_texts: int = 0
    gained: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    newly_ambiguous: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[str, str, str]] = field(default_factory=list)
    without_text: int = 0
    recorded: Counter[str] = field(default_factory=Counter)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not (self.added or self.removed or self.changed or self.changed_texts)

    def to_dict(self) -> dict[str, Any]:
        """Return the same for JSON."""
        names = ("added", "removed", "texts", "changed_texts", "without_text", "examples")
        counters = ("gained", "lost", "newly_ambiguous", "recorded")
        return {
            **{name: getattr(self, name) for name in names},
            "changed": {alias: {"before": before, "after": after} for alias, (before, after) in self.changed.items()},
            **{name: dict(getattr(self, name).most_common()) for name in counters},
        }


class _Comparer:
    def __init__(self, before: Glossary, after: Glossary) -> None:
        self.before, self.after = before, after
        self.found = GlossaryDifference()
        self._seen: set[tuple[str, str | None]] = set()
        old, new = _meanings(before), _meanings(after)
        for alias in sorted(old.keys() | new.keys()):
            was, now = _shown(old.get(alias)), _shown(new.get(alias))
            if alias not in old:
                self.found.added[alias] = now
            elif alias not in new:
                self.found.removed[alias] = was
            elif old[alias] != new[alias]:
                self.found.changed[alias] = (was, now)
        self._gone = {concept.canonical for concept in before.concepts} - {c.canonical for c in after.concepts}

    def look_at(self, place: str, text: str, source: str | None) -> None:
        """Compare what becomes of a text, once."""
        if (text, source) in self._seen:
            return
        self._seen.add((text, source))
        found = self.found
        found.texts += 1
        was, now = self.before.rewrite(text, source), self.after.rewrite(text, source)
        old = {(edit.start, edit.end, edit.replacement): edit for edit in was.edits}
        new = {(edit.start, edit.end, edit.replacement): edit for edit in now.edits}
        found.gained.update(f"{new[key].alias} -> {new[key].replacement}" for key in new.keys() - old.keys())
        found.lost.update(f"{old[key].alias} -> {old[key].replacement}" for key in old.keys() - new.keys())
        known = {(start, end) for start, end, _, _ in was.ambiguous}
        found.newly_ambiguous.update(alias for start, end, alias, _ in now.ambiguous if (start, end) not in known)
        if was.text != now.text:
            found.changed_texts += 1
            if len(found.examples) < _EXAMPLES:
                found.examples.append((place, *_around(was.text, now.text)))

    def look_at_record(self, record: AdmissionRecord) -> None:
        """Compare what becomes of the texts of a record; where it keeps none, count what it says was put in."""
        for decision in record["decisions"]:
            text = decision.get("text")
            if text is not None:
                self.look_at(decision["uri"] or decision["digest"], text, decision["source"])
                continue
            self.found.without_text += 1
            canonicals = (str(edit[2]) for edit in decision["edits"])
            self.found.recorded.update(name for name in canonicals if name in self._gone)


def diff_glossaries(
    before: Glossary,
    after: Glossary,
    *,
    texts: Iterable[tuple[str, str]] = (),
    records: Iterable[AdmissionRecord] = (),
) -> GlossaryDifference:
    """Return what a new version of a glossary would change.

    Args:
        before: the glossary as it is.
        after: the new version.
        texts: documents, each with its place.
        records: recorded traffic.
    """
    comparer = _Comparer(before, after)
    for place, text in texts:
        comparer.look_at(place, text, None)
    for record in records:
        comparer.look_at_record(record)
    return comparer.found


def _meanings(glossary: Glossary) -> Mapping[str, _Meaning]:
    found: dict[str, set[tuple[str, str, tuple[str, ...]]]] = {}
    for concept in glossary.concepts:
        for alias in concept.aliases:
            meaning = (concept.canonical, concept.mode, tuple(sorted(concept.sources)))
            found.setdefault(fold_alias(alias), set()).add(meaning)
    return {alias: tuple(sorted(meanings)) for alias, meanings in found.items()}


def _shown(meanings: _Meaning | None) -> str:
    return " or ".join(
        canonical + (f" ({mode})" if mode != "replace" else "") + (f" in {', '.join(sources)}" if sources else "")
        for canonical, mode, sources in meanings or ()
    )


def _around(was: str, now: str) -> tuple[str, str]:
    """Return the words around the first difference of two texts."""
    first = next(
        (at for at, (old, new) in enumerate(zip(was, now, strict=False)) if old != new), min(len(was), len(now))
    )
    span = slice(max(0, first - _AROUND), first + _AROUND)
    return " ".join(was[span].split()), " ".join(now[span].split())
