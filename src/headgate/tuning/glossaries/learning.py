"""Words that decide between the meanings of an alias, learnt from examples, with how often they would be right.

An example is a mention of which it is known what it means: because somebody says so, or because the document defines
the alias itself. What is learnt are words for `near:`, and nothing else: a person can read them, and strike out what is
chance.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from headgate.terminology import Glossary
from headgate.terminology.concepts import Concept
from headgate.terminology.folding import fold, fold_alias

__all__ = ["Example", "Learnt", "Lesson", "Lessons"]

_AROUND = 200
"""As far as words are nearby."""
_WORD = re.compile(r"[^\W\d_]{3,40}")
_FOLDS = 5
# Fewer decisions say nothing of how often they are right.
_LEAST = 5
_MOST_WORDS = 12
_LEAST = 2
"""In how many examples a word must be, and how many a meaning must have beside it."""
_TIMES = 3.0
"""How much more frequent a word must be beside the one meaning than beside the others."""


class Example(NamedTuple):
    """A mention whose meaning is known.

    Attributes:
        alias: the alias, folded.
        canonical: the canonical term that is meant.
        text: what is around it.
        at: where it begins in that text.
        document: where it comes from; examples of one document are never on both sides of a test.
    """

    alias: str
    canonical: str
    text: str
    at: int
    document: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """How well the meanings of one alias are told apart by words nearby.

    Attributes:
        alias: the alias, folded.
        words: for each canonical term the words that speak for it, the strongest first.
        examples: how many examples there are of each.
        decided: how many of them words learnt from other documents decide.
        right: how many of those rightly.
        accepted: whether that is good enough to be used.
    """

    alias: str
    words: Mapping[str, tuple[str, ...]]
    examples: Mapping[str, int]
    decided: int
    right: int
    accepted: bool

    @property
    def total(self) -> int:
        """How many examples there are."""
        return sum(self.examples.values())

    @property
    def precision(self) -> float:
        """The share of what is decided that is right."""
        return self.right / self.decided if self.decided else 0.0

    @property
    def coverage(self) -> float:
        """The share of all examples that is decided."""
        return self.decided / self.total if self.total else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the same for JSON."""
        return {**asdict(self), "total": self.total, "precision": self.precision, "coverage": self.coverage}


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was learnt.

    Attributes:
        lessons: one for each alias with several meanings of which there are examples.
        without: aliases with several meanings of which there are not enough examples.
        concepts: the glossary with the words that were accepted.
    """

    lessons: tuple[Lesson, ...]
    without: tuple[str, ...]
    concepts: tuple[Concept, ...]


class Lessons:
    """Gathers examples of the aliases of a glossary that have several meanings.

    Args:
        glossary: the glossary; words that it has already, and sources, are left aside while examples are sought.
    """

    def __init__(self, glossary: Glossary) -> None:
        self._concepts = glossary.concepts
        self._meanings = _meanings(glossary.concepts)
        rivals = [replace(one, sources=frozenset(), mode="flag") for one in self._rivals()]
        plain = [replace(one, near=(), only_near=()) for one in rivals]
        # What is tested is what is written: the words that are learnt beside those that are there.
        self._claiming: dict[str, list[Concept]] = defaultdict(list)
        for one in rivals:
            for alias in dict.fromkeys(map(fold_alias, one.aliases)):
                self._claiming[alias].append(one)
        self._plain = Glossary.from_concepts(plain, report_ambiguous=True)
        names = {meant for meanings in self._meanings.values() for meant in meanings}
        self._names = re.compile(
            "|".join(map(re.escape, sorted(names, key=len, reverse=True))) or "(?!)", re.IGNORECASE
        )
        self.examples: list[Example] = []

    @property
    def aliases(self) -> tuple[str, ...]:
        """The aliases that have several meanings, folded."""
        return tuple(self._meanings)

    def add_labelled(self, text: str, canonical: str, document: str) -> int:
        """Take a text of which somebody says what is meant; return how many mentions it has.

        Args:
            text: the text.
            canonical: the canonical term that its alias stands for.
            document: where it comes from.
        """
        rewrite = self._plain.rewrite(text)
        spans = [(start, end) for start, end, _, names in rewrite.ambiguous if canonical in names]
        spans += [(edit.start, edit.end) for edit in rewrite.edits if edit.canonical == canonical]
        return self._add(text, [(start, end, canonical) for start, end in sorted(set(spans))], document)

    def add_defined(self, text: str, document: str) -> int:
        """Take a document that may define its aliases itself; return how many mentions are thereby known.

        Args:
            text: the text.
            document: where it comes from.
        """
        rewrite = self._plain.rewrite(text)
        if not any(rewrite.definitions.values()):
            return 0
        return self._add(text, [(edit.start, edit.end, edit.canonical) for edit in rewrite.edits], document)

    def learn(self, precision: float = 0.9) -> Learnt:
        """Return what the examples teach.

        Args:
            precision: what share of decisions must be right, in examples of documents that were not learnt from.
        """
        by_alias: dict[str, list[Example]] = defaultdict(list)
        for example in self.examples:
            by_alias[example.alias].append(example)
        lessons, without = [], []
        for alias, meanings in self._meanings.items():
            examples = by_alias[alias]
            documents = {meant: {one.document for one in examples if one.canonical == meant} for meant in meanings}
            if sum(len(found) >= _LEAST for found in documents.values()) < 2:
                without.append(alias)
            else:
                lessons.append(self._lesson(alias, examples, precision))
        accepted = {lesson.alias: lesson.words for lesson in lessons if lesson.accepted}
        return Learnt(tuple(lessons), tuple(without), tuple(_with_words(self._concepts, accepted)))

    def _rivals(self) -> Iterator[Concept]:
        """Yield the concepts that share an alias, with nothing but what they share."""
        for concept in self._concepts:
            shared = tuple(alias for alias in concept.aliases if fold_alias(alias) in self._meanings)
            if shared:
                yield replace(concept, aliases=shared)

    def _add(self, text: str, mentions: Iterable[tuple[int, int, str]], document: str) -> int:
        count = 0
        for start, end, canonical in mentions:
            alias = fold_alias(text[start:end])
            if canonical not in self._meanings.get(alias, ()):
                continue
            before = self._without_definition(text[max(0, start - _AROUND) : start])
            after = self._without_definition(text[end : end + _AROUND])
            self.examples.append(Example(alias, canonical, before + text[start:end] + after, len(before), document))
            count += 1
        return count

    def _without_definition(self, text: str) -> str:
        """Return a text without what names a meaning in full: that decides by itself, and teaches nothing."""
        return self._names.sub(" ", text).replace("(", " ").replace(")", " ")

    def _lesson(self, alias: str, examples: Sequence[Example], precision: float) -> Lesson:
        decided = right = 0
        for number in range(_FOLDS):
            tested = [one for one in examples if _fold_of(one.document) == number]
            learnt = _words(alias, [one for one in examples if _fold_of(one.document) != number])
            found = self._decide(alias, learnt, tested)
            decided += sum(meant is not None for meant in found)
            right += sum(meant == one.canonical for meant, one in zip(found, tested, strict=True))
        words = _words(alias, examples)
        is_accepted = decided >= _LEAST and right >= precision * decided and any(words.values())
        return Lesson(alias, words, dict(Counter(one.canonical for one in examples)), decided, right, is_accepted)

    def _decide(self, alias: str, words: Mapping[str, Sequence[str]], tested: Sequence[Example]) -> list[str | None]:
        """Return what a glossary with such words makes of examples; None where it leaves them."""
        concepts = [replace(one, near=_near(one, words.get(one.canonical, ()))) for one in self._claiming[alias]]
        glossary = Glossary.from_concepts(concepts, report_ambiguous=True)
        found: list[str | None] = []
        for one in tested:
            edits = glossary.rewrite(one.text).edits
            found.append(next((edit.canonical for edit in edits if edit.start == one.at), None))
        return found


def _meanings(concepts: Sequence[Concept]) -> dict[str, tuple[str, ...]]:
    claims: dict[str, dict[str, None]] = defaultdict(dict)
    for concept in concepts:
        for alias in concept.aliases:
            claims[fold_alias(alias)][concept.canonical] = None
    return {alias: tuple(names) for alias, names in claims.items() if len(names) > 1}


def _fold_of(document: str) -> int:
    """Return the part of the examples that a document belongs to: by chance, and the same every time."""
    return hashlib.sha256(document.encode("utf-8", "surrogatepass")).digest()[0] % _FOLDS


def _words(alias: str, examples: Sequence[Example]) -> dict[str, tuple[str, ...]]:
    """Return the words that are more frequent beside each meaning than beside the others, the strongest first."""
    own = set(alias.split())
    totals = Counter(one.canonical for one in examples)
    seen: dict[str, Counter[str]] = {meant: Counter() for meant in totals}
    for one in examples:
        seen[one.canonical].update(set(_WORD.findall(fold(one.text))) - own)
    return {meant: tuple(_strongest(meant, seen, totals)) for meant in totals}


def _strongest(meant: str, seen: Mapping[str, Counter[str]], totals: Mapping[str, int]) -> list[str]:
    others = [meaning for meaning in seen if meaning != meant]
    elsewhere = sum(totals[meaning] for meaning in others)
    ranked = []
    for word, here in seen[meant].items():
        there = sum(seen[meaning][word] for meaning in others)
        # How likely the word is beside each, with half an example more than there is, as logarithm of the ratio.
        weight = math.log((here + 0.5) / (totals[meant] + 1)) - math.log((there + 0.5) / (elsewhere + 1))
        if here >= _LEAST and weight >= math.log(_TIMES):
            certainty = weight / math.sqrt(1 / (here + 0.5) + 1 / (there + 0.5))
            ranked.append((-certainty, word))
    return [word for _, word in sorted(ranked)[:_MOST_WORDS]]


def _near(concept: Concept, words: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*concept.near, *words)))


def _with_words(concepts: Sequence[Concept], accepted: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[Concept]:
    """Yield the concepts, with words where an alias needs them, apart from the aliases that do not."""
    for concept in concepts:
        learnt = [alias for alias in concept.aliases if accepted.get(fold_alias(alias), {}).get(concept.canonical)]
        if not learnt:
            yield concept
            continue
        for alias in learnt:
            words = accepted[fold_alias(alias)][concept.canonical]
            yield replace(concept, aliases=(alias,), near=_near(concept, words))
        others = tuple(alias for alias in concept.aliases if alias not in learnt)
        if others:
            yield replace(concept, aliases=others)
