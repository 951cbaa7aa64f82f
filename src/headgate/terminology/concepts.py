"""Concepts: one canonical term, its aliases, and when they apply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Case", "Concept", "Fuzzy", "TermMode", "Zoned"]

Zoned = Literal["prose", "none", "identifiers"]
Case = Literal["smart", "insensitive", "sensitive"]
Fuzzy = Literal["off", "flag", "replace"]
TermMode = Literal["replace", "annotate", "introduce", "flag"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """One thing, its one name, and the other names it goes by.

    Attributes:
        canonical: the term that the prompt will have.
        aliases: deprecated names, acronyms, misspellings.
        mode: replace the alias; annotate its first mention with the canonical term in brackets; introduce it, which is
            to annotate the first mention and replace the others; or only flag it.
        sources: ids of the sources this concept applies to; empty for all.
        near: words that decide for this concept where an alias is ambiguous and they are nearby. An alias that no other
            concept claims counts only beside one of them: it is an ordinary word as well.
        only_near: words of which one must be nearby, whether or not other concepts claim the alias.
        unless: words nearby that keep an alias as it is.
        keep: phrases in which an alias stays, such as "master's degree".
        case: `smart` compares without case, except that an alias in capital letters only (IT, CARE, WHO) is not the
            word in lower case; `insensitive` and `sensitive` do what they say.
        plurals: whether the English plural of an alias counts, and becomes the plural of the canonical term; None for
            aliases in capital letters only (SLAs).
        keep_quoted: whether an alias in quotation marks is left alone, as a name that is being mentioned.
        zones: where it counts: in `prose` only; in `none` of the zones of code and markup apart, so everywhere; or, for
            names that were changed in programs, in prose and as `identifiers` within code.
        path: where the concept is in its file, for error messages.
        file: the file's name.
        line: the line in that file.
    """

    canonical: str
    aliases: tuple[str, ...]
    mode: TermMode = "replace"
    sources: frozenset[str] = frozenset()
    near: tuple[str, ...] = ()
    only_near: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    case: Case = "smart"
    plurals: bool | None = None
    keep_quoted: bool = False
    zones: Zoned = "prose"
    path: tuple[str | int, ...] = ()
    file: str | None = None
    line: int | None = None

    def applies_to(self, source: str | None) -> bool:
        """Return whether the concept applies to a source."""
        return not self.sources or source in self.sources

    @property
    def has_conditions(self) -> bool:
        """Whether words nearby can keep an alias from counting."""
        return bool(self.near or self.only_near or self.unless)

    def counts_plural_of(self, alias: str) -> bool:
        """Return whether the plural of an alias counts."""
        return alias.isupper() and alias.isalpha() if self.plurals is None else self.plurals

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
