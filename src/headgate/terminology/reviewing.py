"""What to look at in a glossary that loads: terms that are found where nobody means them, or are more than a name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from headgate.errors import PolicyError
from headgate.terminology.concepts import Concept
from headgate.terminology.folding import fold_alias
from headgate.terminology.ordinary import is_ordinary
from headgate.terminology.remarks import Remark, refuse

__all__ = ["LEVELS", "Level", "Note", "hides_word", "require_names", "review", "risk_of"]

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")

_MARKUP = re.compile(
    r"</?[A-Za-z!][^>]*>|\]\(|`|\*\*|__\w|^#{1,6} |\{\{|\}\}|\{%|\$\{|<<|\|\||&(?:#\d+|#x[0-9a-f]+|[a-z]+);|\\[a-z]+\{",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\b(?:https?|ftp|file|data|javascript):", re.IGNORECASE)
# Said to a model rather than of a thing. In English, as the attacks are; what is longer than a name is noted anyway.
_INSTRUCTION = re.compile(
    r"<\|[^|]*\|>|\[/?INST\]|^\s*(?:system|assistant|user|human)\s*:|"
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:previous|prior|above|earlier|all|any|your|the|these)\b|"
    r"\byou (?:are|must|should|will|shall|can)\b|\b(?:do not|don't|never) (?:tell|say|mention|reveal|answer|use)\b|"
    r"\b(?:reply|respond|answer) (?:only )?(?:with|in|as|to)\b|\bsystem prompt\b|\bas an ai\b|\bact as\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_SENTENCE = re.compile(r"\w{4}[.!?]\s+\S|[\n;]")
_MOST_WORDS = 12
_SHORT_CHARS = 2


@dataclass(frozen=True, slots=True)
class Note:
    """Something to look at in a glossary.

    Attributes:
        rule: which kind of thing it is, such as `ordinary-word`.
        level: `error` where the glossary cannot be used, or should not be.
        text: what was found, and what to do.
        term: the term it is about, where there is one.
        file: the file's name.
        line: the line in that file, counted from 1.
    """

    rule: str
    level: Level
    text: str
    term: str | None = None
    file: str | None = None
    line: int | None = None

    @classmethod
    def of(cls, remark: Remark) -> Note:
        """Return a remark of the reader as a note."""
        return cls(remark.kind, "note", remark.text, None, remark.file, remark.line)

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return f"{place}: {self.level}: {self.text} [{self.rule}]" if place else f"{self.level}: {self.text}"


def risk_of(term: str) -> tuple[str, str] | None:
    """Return what in a term is more than a name, as a rule and in words; None if there is nothing.

    Args:
        term: a canonical term, which is written into prompts.
    """
    found = _INSTRUCTION.search(term)
    if found is not None:
        return "instruction", f"reads like an instruction to a model ({found[0].strip()[:40]!r})"
    found = _MARKUP.search(term) or _ADDRESS.search(term)
    if found is not None:
        return "markup", f"contains markup or an address ({found[0][:40]!r})"
    if len(_WORD.findall(term)) > _MOST_WORDS or _SENTENCE.search(term):
        return "instruction", "is longer than a name, and may be a sentence to a model"
    return None


def require_names(concepts: Sequence[Concept]) -> None:
    """Raise unless every canonical term is a name and no more.

    Raises:
        PolicyError: some hold markup, an address, or an instruction to a model; with all of them.
    """
    found = ((concept, risk_of(concept.canonical)) for concept in concepts)
    refuse(
        [
            PolicyError(_risk_text(concept, risk), "", concept.path, concept.file, concept.line)
            for concept, risk in found
            if risk is not None
        ]
    )


def _risk_text(concept: Concept, risk: tuple[str, str]) -> str:
    return f"the canonical term {concept.canonical[:80]!r} {risk[1]}. It is written into prompts: give the name alone."


def review(concepts: Sequence[Concept]) -> Iterator[Note]:
    """Yield what to look at in concepts that agree with one another, in their order.

    Args:
        concepts: those of a glossary.
    """
    if not concepts:
        yield Note("no-terms", "warning", "there are no terms.")
    owners: dict[str, str] = {}
    for concept in concepts:
        for alias in concept.aliases:
            owners.setdefault(fold_alias(alias), concept.canonical)
    for concept in concepts:
        yield from _about_canonical(concept, owners)
        for alias in concept.aliases:
            yield from _about_alias(concept, alias)


def _note(concept: Concept, rule: str, level: Level, text: str, term: str) -> Note:
    return Note(rule, level, text, term, concept.file, concept.line)


def _about_canonical(concept: Concept, owners: dict[str, str]) -> Iterator[Note]:
    canonical = concept.canonical
    risk = risk_of(canonical)
    if risk is not None:
        yield _note(concept, risk[0], "error", _risk_text(concept, risk), canonical)
    for part in dict.fromkeys(_parts(fold_alias(canonical))):
        owner = owners.get(part)
        if owner == canonical:
            text = (
                f"{canonical!r} contains its own alias {part!r}: other words that end or begin so become longer. "
                "Is the alias always that term? Else write `only_near:`, `unless:` or `mode: flag`."
            )
            yield _note(concept, "canonical-contains-alias", "warning", text, canonical)
        elif owner is not None:
            text = f"{canonical!r} contains {part!r}, an alias of {owner!r}. As a whole it stays as it is."
            yield _note(concept, "canonical-contains-alias", "note", text, canonical)


def _parts(folded: str) -> Iterator[str]:
    """Yield every run of words of a term but the whole."""
    words = [(found.start(), found.end()) for found in _WORD.finditer(folded)][:_MOST_WORDS]
    for first in range(len(words)):
        for last in range(first, len(words)):
            if (first, last) != (0, len(words) - 1):
                yield folded[words[first][0] : words[last][1]]


def hides_word(canonical: str, alias: str) -> bool:
    """Return whether an alias is an ordinary word, and its term a name of the same letters: `rest` and `reST`."""
    return alias.islower() and is_ordinary(alias) and any(letter.isupper() for letter in canonical[1:])


def _about_alias(concept: Concept, alias: str) -> Iterator[Note]:
    risk = risk_of(alias)
    if risk is not None:
        yield _note(concept, f"alias-{risk[0]}", "warning", f"the alias {alias[:80]!r} {risk[1]}.", alias)
    is_spelling = fold_alias(alias) == fold_alias(concept.canonical) and not hides_word(concept.canonical, alias)
    if concept.near or concept.only_near or concept.unless or is_spelling:
        return  # words nearby decide; or it only normalises a spelling
    spelling = concept.required_spelling(alias)
    if is_ordinary(alias) and (spelling is None or spelling.islower()):
        text = (
            f"{alias!r} is an ordinary word, and becomes {concept.canonical!r} wherever it stands. "
            "Write `only_near:` or `unless:` words, phrases to `keep:`, or `mode: flag`."
        )
        yield _note(concept, "ordinary-word", "warning", text, alias)
    elif len(alias) <= _SHORT_CHARS and spelling is None:
        text = f"{alias!r} is very short, and counts in every case. Write `case: sensitive` or `only_near:`."
        yield _note(concept, "short-alias", "warning", text, alias)
