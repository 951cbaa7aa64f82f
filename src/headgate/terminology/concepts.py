"""Concepts: one canonical term, its aliases, and when they apply; checked as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from headgate.errors import PolicyError
from headgate.limits import DEFAULT_LIMITS
from headgate.terminology.edits import EditMode
from headgate.terminology.folding import fold_alias

__all__ = ["Case", "Concept", "Fuzzy", "check_concepts"]

Case = Literal["smart", "insensitive", "sensitive"]
Fuzzy = Literal["off", "flag", "replace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """One thing, its one name, and the other names it goes by.

    Attributes:
        canonical: the term that the prompt will have.
        aliases: deprecated names, acronyms, misspellings.
        mode: replace the alias, annotate it with the canonical term in brackets, or only flag it.
        sources: ids of the sources this concept applies to; empty for all.
        near: words that decide for this concept where an alias is ambiguous and they are nearby.
        case: `smart` compares without case, except that an alias in capital letters only (IT, CARE, WHO) is not the
            word in lower case; `insensitive` and `sensitive` do what they say.
        plurals: whether the English plural of an alias counts, and becomes the plural of the canonical term.
        keep_quoted: whether an alias in quotation marks is left alone, as a name that is being mentioned.
        path: where the concept is in its file, for error messages.
        file: the file's name.
        line: the line in that file.
    """

    canonical: str
    aliases: tuple[str, ...]
    mode: EditMode = "replace"
    sources: frozenset[str] = frozenset()
    near: tuple[str, ...] = ()
    case: Case = "smart"
    plurals: bool = False
    keep_quoted: bool = False
    path: tuple[str | int, ...] = ()
    file: str | None = None
    line: int | None = None

    def applies_to(self, source: str | None) -> bool:
        """Return whether the concept applies to a source."""
        return not self.sources or source in self.sources

    def required_spelling(self, alias: str) -> str | None:
        """Return the spelling in which an alias counts, or None if case does not matter.

        An alias in capital letters throughout is an acronym or a code name, and in lower case its letters are often
        an ordinary word: care, pace, it, us. Which ones are cannot be listed for every trade and language, so the
        spelling decides. A name with a digit in it (EC2, B3) is not a word in any case, and compares without case.
        """
        if self.case == "sensitive":
            return alias
        if self.case == "smart" and alias.isupper() and alias.replace(" ", "").isalpha():
            return alias
        return None


def check_concepts(concepts: Sequence[Concept], *, report_ambiguous: bool) -> None:
    """Refuse concepts that contradict one another.

    Args:
        concepts: all concepts that will be matched together.
        report_ambiguous: whether an alias of several concepts is left alone and reported, rather than refused.

    Raises:
        PolicyError: an empty or overlong term; a term that is the alias of another; a cycle; an alias that two
            concepts claim with nothing to decide between them.
    """
    if sum(len(concept.aliases) for concept in concepts) > DEFAULT_LIMITS.glossary_aliases:
        raise PolicyError("there are too many aliases.", f"The limit is {DEFAULT_LIMITS.glossary_aliases:,}.")
    canonicals: dict[str, Concept] = {}
    for concept in concepts:
        _check_terms(concept)
        other = canonicals.setdefault(fold_alias(concept.canonical), concept)
        if other.canonical != concept.canonical:
            raise _error(
                concept,
                f"{concept.canonical!r} and {other.canonical!r} are one canonical term in two spellings.",
                "Choose one.",
            )
    owners: dict[str, list[Concept]] = {}
    for concept in concepts:
        # Once per concept: two spellings that fold alike do not compete with each other.
        for alias in dict.fromkeys(fold_alias(alias) for alias in concept.aliases):
            _check_no_chain(concept, canonicals.get(alias))
            owners.setdefault(alias, []).append(concept)
    if not report_ambiguous:
        for alias, claimants in owners.items():
            _check_decidable(alias, claimants)


def _check_terms(concept: Concept) -> None:
    if not concept.aliases:
        raise _error(concept, f"{concept.canonical!r} has no alias.", "Add one, or remove the concept.")
    for term in (concept.canonical, *concept.aliases):
        if not any(character.isalnum() for character in term):
            raise _error(concept, f"the term {term!r} has no letter or digit.", "Write a word.")
        if len(term) > DEFAULT_LIMITS.alias_chars:
            raise _error(
                concept,
                f"the term {term[:40]!r}... is too long.",
                f"The limit is {DEFAULT_LIMITS.alias_chars} characters.",
            )
        if any("\ud800" <= character <= "\udfff" or character == "\0" for character in term):
            raise _error(concept, f"the term {term!r} has a character that no text can have.", "Remove it.")
    if "\n" in concept.canonical or "\r" in concept.canonical:
        raise _error(concept, f"the canonical term {concept.canonical!r} has a line break.", "Write it on one line.")


def _check_no_chain(concept: Concept, other: Concept | None) -> None:
    if other is None or other.canonical == concept.canonical:
        return
    if any(fold_alias(concept.canonical) == fold_alias(back) for back in other.aliases):
        raise _error(
            concept,
            f"{concept.canonical!r} and {other.canonical!r} are each other's alias: rewriting would never end.",
            "Decide which one is canonical.",
        )
    raise _error(
        concept,
        f"{other.canonical!r} is an alias of {concept.canonical!r} and a canonical term itself.",
        "Move its aliases to the one concept.",
    )


def _check_decidable(alias: str, claimants: Iterable[Concept]) -> None:
    """Refuse two concepts between which nothing can ever decide: both without `near`, and with a source in common."""
    anywhere: dict[str, Concept] = {}
    by_source: dict[str, dict[str, Concept]] = {}
    everyone: dict[str, Concept] = {}
    for concept in claimants:
        # Words nearby decide for these, text by text.
        if concept.near:
            continue
        rivals = [anywhere, *(by_source.get(source, {}) for source in concept.sources)]
        for rival in rivals if concept.sources else [everyone]:
            # Concepts with one canonical term are not rivals, so the first or the second decides.
            for other in islice(rival.values(), 2):
                if other.canonical != concept.canonical:
                    raise _error(
                        concept,
                        f"the alias {alias!r} is claimed by {other.canonical!r} and {concept.canonical!r}.",
                        "Give both `sources:` or `near:`, or set `ambiguous: report` to leave it alone and report it.",
                    )
        everyone.setdefault(concept.canonical, concept)
        for source in concept.sources:
            by_source.setdefault(source, {}).setdefault(concept.canonical, concept)
        if not concept.sources:
            anywhere.setdefault(concept.canonical, concept)


def _error(concept: Concept, problem: str, remedy: str) -> PolicyError:
    return PolicyError(problem, remedy, concept.path, concept.file, concept.line)
