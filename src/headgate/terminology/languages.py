"""Concepts with labels in several languages, as terminologists keep them: which labels are a glossary's terms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from headgate.errors import PolicyError
from headgate.limits import DEFAULT_LIMITS
from headgate.terminology.concepts import Concept
from headgate.terminology.folding import fold_alias
from headgate.terminology.formats import GlossaryFile
from headgate.terminology.remarks import Remark, RemarkKind, refuse

__all__ = ["Entry", "Label", "in_languages", "normal_language"]

_MOST_SHOWN = 5


class Label(NamedTuple):
    """One name of a concept, in a language or, with an empty tag, in none."""

    text: str
    language: str
    line: int | None


@dataclass(slots=True)
class Entry:
    """A concept as its file has it.

    Attributes:
        preferred: what it is called, once per language.
        others: its other names.
    """

    preferred: list[Label] = field(default_factory=list)
    others: list[Label] = field(default_factory=list)


def normal_language(tag: str) -> str:
    """Return the tag of a language in the spelling in which tags are compared: `en_GB` as `en-gb`."""
    return tag.strip().replace("_", "-").lower()


def in_languages(
    entries: Iterable[Entry], languages: Sequence[str], file: str | None, remarks: Sequence[Remark] = ()
) -> GlossaryFile:
    """Return the glossary of concepts in the languages that are wanted, each language by itself.

    A name that is a preferred label itself, of another concept, stays as it is; one that several concepts share is
    reported where it is found, as with `ambiguous: report`.

    Args:
        entries: the concepts of a file.
        languages: the tags of the languages; without any, the file must have one language.
        file: the file's name.
        remarks: what is known of the file already.

    Raises:
        PolicyError: with every problem: a language that the file has not, several languages and none chosen, several
            preferred labels of one concept.
    """
    entries = list(entries)
    wanted = _wanted(entries, [normal_language(one) for one in languages if one.strip()])
    reading = _Reading(file, remarks)
    named = [pair for language in wanted for pair in reading.named(entries, language)]
    concepts = list(reading.concepts(named))
    refuse(reading.problems, reading.remarks)
    return GlossaryFile(tuple(concepts), reading.is_ambiguous, remarks=tuple(reading.remarks))


def _wanted(entries: Sequence[Entry], languages: Sequence[str]) -> list[str]:
    found = Counter(label.language for entry in entries for label in entry.preferred)
    if not found:
        return [""]
    named = sorted(language for language in found if language)
    shown = ", ".join(named[:20]) + (f" and {len(named) - 20} more" if len(named) > 20 else "")
    missing = [one for one in languages if one and not any(_is_in(language, one) for language in found)]
    if missing:
        problem = f"there are no terms in {missing[0]!r} here; found: {shown}."
        raise PolicyError(problem, "Name one of these languages.")
    if languages:
        return list(dict.fromkeys(languages))
    bases = {language.partition("-")[0] for language in named}
    if len(bases) > 1:
        remedy = "Choose: `{file: NAME, language: en}` in the policy, `--language en`, `Glossary.load(..., language=)`."
        raise PolicyError(f"this has terms in {len(bases)} languages: {shown}.", remedy)
    return [bases.pop() if bases else ""]


def _is_in(tag: str, wanted: str) -> bool:
    """Whether a label's tag is the language that is wanted, a part of it (`en-gb` of `en`), or the whole of it."""
    return not tag or not wanted or tag == wanted or tag.startswith(f"{wanted}-") or wanted.startswith(f"{tag}-")


def _preferred(entry: Entry, wanted: str) -> list[Label]:
    """Return the preferred labels whose tags are nearest to what is wanted: one, if the file is sound."""
    found = [label for label in entry.preferred if _is_in(label.language, wanted)]
    for is_near in (
        lambda tag: tag == wanted,
        lambda tag: bool(wanted) and tag.startswith(f"{wanted}-"),
        lambda tag: bool(tag) and wanted.startswith(f"{tag}-"),
    ):
        near = [label for label in found if is_near(label.language)]
        if near:
            return near
    return found


class _Reading:
    """Makes concepts of entries, and keeps what has to be said about them."""

    def __init__(self, file: str | None, remarks: Sequence[Remark]) -> None:
        self.problems: list[PolicyError] = []
        self.remarks = list(remarks)
        self.is_ambiguous = False
        self._file = file

    def named(self, entries: Sequence[Entry], language: str) -> Iterator[tuple[Label, list[Label]]]:
        """Yield what each concept is called in a language, with its other names."""
        nameless = 0
        for entry in entries:
            preferred = _preferred(entry, language)
            if len({label.text for label in preferred}) > 1:
                self._note_several(preferred)
            elif not preferred:
                nameless += bool(entry.preferred)
            elif self._is_usable(preferred[0]):
                yield preferred[0], [label for label in entry.others if _is_in(label.language, language)]
        if nameless:
            text = (
                f"{nameless:,} of {len(entries):,} concepts have no preferred label in {language!r}, and are left out."
            )
            self.remarks.append(Remark("language", text, self._file))

    def concepts(self, named: Sequence[tuple[Label, Sequence[Label]]]) -> Iterator[Concept]:
        """Yield the concepts of all languages that have other names."""
        canonical = {fold_alias(label.text) for label, _ in named}
        claims: dict[str, str] = {}
        homonyms: list[Label] = []
        shared: dict[str, Label] = {}
        for label, others in named:
            own = fold_alias(label.text)
            kept: dict[str, None] = {}
            for other in others:
                folded = fold_alias(other.text)
                if folded == own or not self._is_usable(other):
                    continue
                if folded in canonical:
                    homonyms.append(other)
                    continue
                if claims.setdefault(folded, own) != own:
                    shared.setdefault(folded, other)
                kept[other.text] = None
            if kept:
                yield Concept(canonical=label.text, aliases=tuple(kept), file=self._file, line=label.line)
        self._remark("own-canonical", homonyms, "preferred labels of other concepts, which they stay")
        self._remark(
            "ambiguous", list(shared.values()), "claimed by several concepts, so left as they are and reported"
        )
        self.is_ambiguous = self.is_ambiguous or bool(shared)

    def _is_usable(self, label: Label) -> bool:
        if len(label.text) <= DEFAULT_LIMITS.alias_chars and any(map(str.isalnum, label.text)):
            return True
        text = f"{label.text[:40]!r} is not a term (no letter or digit, or too long), and is left out."
        self.remarks.append(Remark("label", text, self._file, label.line))
        return False

    def _note_several(self, labels: Sequence[Label]) -> None:
        shown = ", ".join(f"{label.text[:40]!r} ({label.language or 'no language'})" for label in labels[:_MOST_SHOWN])
        remedy = "Keep one."
        if len({label.language for label in labels}) > 1:
            remedy = f"Choose one of these languages, such as {labels[0].language!r}."
        problem = PolicyError(f"a concept has several preferred labels: {shown}.", remedy)
        self.problems.append(problem.at(self._file, labels[0].line))

    def _remark(self, kind: RemarkKind, labels: Sequence[Label], what: str) -> None:
        if labels:
            shown = ", ".join(repr(label.text[:40]) for label in labels[:_MOST_SHOWN])
            more = f" and {len(labels) - _MOST_SHOWN:,} more" if len(labels) > _MOST_SHOWN else ""
            self.remarks.append(Remark(kind, f"{what}: {shown}{more}.", self._file, labels[0].line))
