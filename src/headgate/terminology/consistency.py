"""Concepts as a whole: what contradicts itself is refused, all at once; chains and spellings are brought together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from headgate.errors import PolicyError
from headgate.limits import DEFAULT_LIMITS
from headgate.terminology.concepts import Concept
from headgate.terminology.folding import fold_alias
from headgate.terminology.remarks import Remark, refuse

__all__ = ["Reconciled", "reconcile"]

# What is not seen, or turns around what is: no term needs it. The joiners of Persian and Indic scripts are not such.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\U000e0000-\U000e007f]"
)
_MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Concepts that agree with one another.

    Attributes:
        concepts: as many as there were, in their order.
        remarks: which of them were changed, and how.
    """

    concepts: tuple[Concept, ...]
    remarks: tuple[Remark, ...]


def reconcile(concepts: Sequence[Concept], *, report_ambiguous: bool) -> Reconciled:
    """Return concepts in which no alias leads to another alias, and each canonical term has one spelling.

    Where A is renamed to B and B to C, both become C. Where two canonical terms differ only in case, the first counts.

    Args:
        concepts: all concepts that will be matched together.
        report_ambiguous: whether an alias of several concepts is left alone and reported, rather than refused.

    Raises:
        PolicyError: with every problem: an empty or overlong term, or one with signs that are not seen; a cycle; a
            chain that cannot be followed; an alias that two concepts claim with nothing to decide between them.
    """
    if sum(len(concept.aliases) for concept in concepts) > DEFAULT_LIMITS.glossary_aliases:
        raise PolicyError("there are too many aliases.", f"The limit is {DEFAULT_LIMITS.glossary_aliases:,}.")
    problems = [problem for concept in concepts for problem in _problems_of(concept)]
    remarks: list[Remark] = []
    spelt = _with_one_spelling(concepts, problems, remarks)
    # Folding is most of the work, so each alias is folded once, and once per concept: two spellings do not compete.
    folded = [tuple(dict.fromkeys(map(fold_alias, concept.aliases))) for concept in spelt]
    settled = _Chains(spelt, folded, problems, remarks).follow()
    if not report_ambiguous:
        problems += _undecidable(settled, folded)
    refuse(problems, remarks)
    return Reconciled(tuple(settled), tuple(remarks))


def _problems_of(concept: Concept) -> Iterator[PolicyError]:
    if not concept.aliases:
        yield _problem(concept, f"{concept.canonical!r} has no alias.", "Add one, or remove the concept.")
    for term in (concept.canonical, *concept.aliases):
        # Nearly all terms are fine, which these three say at once.
        if term.isprintable() and len(term) <= DEFAULT_LIMITS.alias_chars and term[:1].isalnum() and term.isascii():
            continue
        if not any(character.isalnum() for character in term):
            yield _problem(concept, f"the term {term[:40]!r} has no letter or digit.", "Write a word.")
        if len(term) > DEFAULT_LIMITS.alias_chars:
            limit = f"The limit is {DEFAULT_LIMITS.alias_chars} characters."
            yield _problem(concept, f"the term {term[:40]!r}... is too long.", limit)
        unseen = _UNSEEN.search(term)
        if unseen is not None:
            what = f"a character that no text can have or nobody sees (U+{ord(unseen[0]):04X})"
            yield _problem(concept, f"the term {term[:80]!r} has {what}.", "Remove it.")
    if "\n" in concept.canonical or "\r" in concept.canonical:
        yield _problem(
            concept, f"the canonical term {concept.canonical[:80]!r} has a line break.", "Write it on one line."
        )


def _with_one_spelling(
    concepts: Sequence[Concept], problems: list[PolicyError], remarks: list[Remark]
) -> list[Concept]:
    first: dict[str, Concept] = {}
    merged = []
    for concept in concepts:
        other = first.setdefault(fold_alias(concept.canonical), concept)
        if other.canonical == concept.canonical:
            merged.append(concept)
            continue
        names = f"{concept.canonical!r} and {other.canonical!r} are one canonical term in two spellings"
        if "sensitive" in (concept.case, other.case):
            problems.append(_problem(concept, f"{names}.", "Choose one."))
        else:
            text = f"{names}; {other.canonical!r} is used for both."
            remarks.append(Remark("spelling", text, concept.file, concept.line))
        merged.append(replace(concept, canonical=other.canonical))
    return merged


class _Chains:
    """Canonical terms that are aliases of other concepts: followed to the end where nothing is left to decide."""

    def __init__(
        self,
        concepts: Sequence[Concept],
        folded: Sequence[Sequence[str]],
        problems: list[PolicyError],
        remarks: list[Remark],
    ) -> None:
        self._concepts, self._problems, self._remarks = concepts, problems, remarks
        self._named: dict[str, list[Concept]] = {}
        for concept in concepts:
            self._named.setdefault(concept.canonical, []).append(concept)
        by_fold = {fold_alias(name): name for name in self._named}
        # For each canonical term, the concepts that have it as an alias.
        self._above: dict[str, list[Concept]] = {}
        for concept, aliases in zip(concepts, folded, strict=True):
            for alias in aliases:
                name = by_fold.get(alias)
                if name is not None and name != concept.canonical and self._overlap(concept, name):
                    self._above.setdefault(name, []).append(concept)

    def _overlap(self, concept: Concept, name: str) -> bool:
        """Whether the concept and one named so ever meet in one text."""
        return any(
            not concept.sources or not other.sources or concept.sources & other.sources for other in self._named[name]
        )

    def follow(self) -> list[Concept]:
        """Return the concepts, each with the canonical term that its chain ends in."""
        if not self._above:
            return list(self._concepts)
        ends: dict[str, str] = {}
        for name in self._above:
            self._walk(name, ends)
        return [
            replace(concept, canonical=ends[concept.canonical]) if concept.canonical in ends else concept
            for concept in self._concepts
        ]

    def _walk(self, name: str, ends: dict[str, str]) -> None:
        """Find where the chain from one canonical term ends."""
        path = [name]
        on_path = {name}
        while path[-1] in self._above and path[-1] not in ends:
            step = self._step(path[-1])
            if step is None:
                break
            if step in on_path:
                self._note_cycle(path[path.index(step) :], ends)
                return
            path.append(step)
            on_path.add(step)
        end = ends.get(path[-1], path[-1])
        for passed in path[:-1]:
            ends[passed] = end
        if len(path) > 1:
            self._note_chain(path, end)

    def _step(self, name: str) -> str | None:
        """Return the canonical term that takes the place of another; None if it is not certain, which is a problem."""
        above = self._above[name]
        targets = {concept.canonical for concept in above}
        if len(targets) > 1:
            return None  # claimed by several concepts: said as such
        below = self._named[name]
        if any(all(_covers(one, other, name) for other in below) for one in above):
            return above[0].canonical
        concept = above[0]
        self._problems.append(
            _problem(
                concept,
                f"{name!r} is an alias of {concept.canonical!r} and a canonical term itself, and cannot always be "
                "followed: the one has a mode, a case, words nearby or sources that the other has not.",
                "Move its aliases to the one concept.",
            )
        )
        return None

    def _note_cycle(self, cycle: Sequence[str], ends: dict[str, str]) -> None:
        ends.update((name, name) for name in cycle)
        concept = self._named[cycle[0]][0]
        if len(cycle) == 2:
            names = f"{cycle[1]!r} and {cycle[0]!r} are each other's alias"
        else:
            names = f"these terms are renamed in a circle: {_arrows([*cycle, cycle[0]])}"
        problem = f"{names}: rewriting would never end."
        self._problems.append(_problem(concept, problem, "Decide which one is canonical."))

    def _note_chain(self, path: Sequence[str], end: str) -> None:
        concept = self._named[path[0]][0]
        names = _arrows(path if path[-1] == end else [*path, end])
        # The whole chain, from the oldest name on.
        oldest = concept.aliases[0] if concept.aliases else path[0]
        text = (
            f"{path[0]!r} is an alias of {path[1]!r} and a canonical term itself. The chain is followed: "
            f"{oldest!r} \u2192 {names}."
        )
        self._remarks.append(Remark("chain", text, concept.file, concept.line))


def _covers(above: Concept, below: Concept, name: str) -> bool:
    """Whether wherever `below` puts its canonical term, `above` would replace it."""
    is_everywhere = not above.sources or (bool(below.sources) and below.sources <= above.sources)
    alias = next((alias for alias in above.aliases if fold_alias(alias) == fold_alias(name)), name)
    is_meant = above.required_spelling(alias) in (None, below.canonical)
    is_certain = not (above.near or above.only_near or above.unless or above.keep or above.keep_quoted)
    return is_everywhere and is_meant and is_certain and above.mode == "replace"


def _arrows(names: Sequence[str]) -> str:
    shown = [repr(name[:60]) for name in names]
    if len(shown) > _MOST_SHOWN:
        shown[_MOST_SHOWN - 1 : -1] = ["..."]
    return " \u2192 ".join(shown)


def _undecidable(concepts: Sequence[Concept], folded: Sequence[Sequence[str]]) -> Iterator[PolicyError]:
    owners: dict[str, Concept] = {}
    claimed: dict[str, list[Concept]] = {}
    for concept, aliases in zip(concepts, folded, strict=True):
        for alias in aliases:
            first = owners.setdefault(alias, concept)
            if first is not concept:
                claimed.setdefault(alias, [first]).append(concept)
    for alias, claimants in claimed.items():
        problem = _undecidable_alias(alias, claimants)
        if problem is not None:
            yield problem


def _undecidable_alias(alias: str, claimants: Iterable[Concept]) -> PolicyError | None:
    """Return what is wrong if nothing can ever decide: two without `near`, and with a source in common."""
    anywhere: dict[str, Concept] = {}
    by_source: dict[str, dict[str, Concept]] = {}
    everyone: dict[str, Concept] = {}
    for concept in claimants:
        # Words nearby decide for these, text by text.
        if concept.near or concept.only_near:
            continue
        rivals = [anywhere, *(by_source.get(source, {}) for source in concept.sources)]
        for rival in rivals if concept.sources else [everyone]:
            # Concepts with one canonical term are not rivals, so the first or the second decides.
            for other in islice(rival.values(), 2):
                if other.canonical != concept.canonical:
                    return _problem(
                        concept,
                        f"the alias {alias!r} is claimed by {other.canonical!r} and {concept.canonical!r}.",
                        "Give both `sources:` or `near:`, or set `ambiguous: report` to leave it alone and report it.",
                    )
        everyone.setdefault(concept.canonical, concept)
        for source in concept.sources:
            by_source.setdefault(source, {}).setdefault(concept.canonical, concept)
        if not concept.sources:
            anywhere.setdefault(concept.canonical, concept)
    return None


def _problem(concept: Concept, problem: str, remedy: str) -> PolicyError:
    return PolicyError(problem, remedy, concept.path, concept.file, concept.line)
