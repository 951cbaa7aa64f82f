"""A glossary as a whole, on its own and against the texts that it is for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headgate.errors import PolicyError
from headgate.terminology.concepts import Concept
from headgate.terminology.consistency import reconcile
from headgate.terminology.folding import fold, fold_alias
from headgate.terminology.reading import read_glossary_file
from headgate.terminology.reviewing import LEVELS, Note, review

__all__ = ["GlossaryCheck", "check_glossary"]

_WORD = re.compile(r"\w+")
_MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class GlossaryCheck:
    """What there is to say about a glossary.

    Attributes:
        notes: what to look at, by file and line.
        concepts: how many concepts it has, as far as it can be read.
        aliases: how many aliases.
        texts: how many texts it was held against.
    """

    notes: tuple[Note, ...]
    concepts: int
    aliases: int
    texts: int

    def counts(self) -> dict[str, int]:
        """Return how many notes there are of each level."""
        found = Counter(note.level for note in self.notes)
        return {level: found[level] for level in LEVELS}

    def to_dict(self) -> dict[str, Any]:
        """Return the same for JSON."""
        return {
            "concepts": self.concepts,
            "aliases": self.aliases,
            "texts": self.texts,
            "counts": self.counts(),
            "notes": [
                {"rule": n.rule, "level": n.level, "text": n.text, "term": n.term, "file": n.file, "line": n.line}
                for n in self.notes
            ],
        }


def check_glossary(paths: Sequence[Path], texts: Iterable[str] = (), languages: Sequence[str] = ()) -> GlossaryCheck:
    """Return what there is to say about the glossary in one or more files.

    Args:
        paths: the files, taken together as a source of a policy takes them.
        texts: a corpus; terms that it never has are named. Read once.
        languages: the languages that are wanted of files that have several.

    Raises:
        PolicyError: a file is missing or cannot be read at all.
    """
    concepts: list[Concept] = []
    notes: list[Note] = []
    is_reported, is_whole = False, True
    for path in paths:
        try:
            file = read_glossary_file(path, languages=languages)
        except PolicyError as error:
            if not path.is_file():
                raise
            notes += _problems(error)
            is_whole = False
        else:
            concepts += file.concepts
            is_reported = is_reported or file.report_ambiguous
            notes += map(Note.of, file.remarks)
    try:
        settled = reconcile(concepts, report_ambiguous=is_reported)
        concepts = list(settled.concepts)
        notes += map(Note.of, settled.remarks)
    except PolicyError as error:
        notes += _problems(error)
    # Of what could not be read, nothing is known to be missing.
    if concepts or is_whole:
        notes += review(concepts)
    count, unseen = _unseen(concepts, texts)
    notes += unseen
    notes.sort(key=lambda note: (note.file or "", note.line or 0, LEVELS.index(note.level)))
    aliases = sum(len(concept.aliases) for concept in concepts)
    return GlossaryCheck(tuple(dict.fromkeys(notes)), len(concepts), aliases, count)


def _problems(error: PolicyError) -> Iterator[Note]:
    for one in (error, *error.others):
        is_note = one.problem.startswith("note: ")
        text = f"{one.problem.removeprefix('note: ')} {one.remedy}".strip()
        yield Note("remark" if is_note else "mistake", "note" if is_note else "error", text, None, one.file, one.line)


def _unseen(concepts: Sequence[Concept], texts: Iterable[str]) -> tuple[int, list[Note]]:
    """Return how many texts there are, and a note for each term that none of them has."""
    terms = {_key(term) for concept in concepts for term in (concept.canonical, *concept.aliases)}
    longest = min(_MOST_WORDS, max((term.count(" ") + 1 for term in terms), default=1))
    unspaced = {term for term in terms if not term.isascii()}
    seen: set[str] = set()
    count = 0
    for text in texts:
        count += 1
        folded = fold(text)
        words = _WORD.findall(folded)
        for size in range(1, longest + 1):
            seen.update(terms.intersection(" ".join(words[at : at + size]) for at in range(len(words) - size + 1)))
        # Where words are not told apart by blanks.
        if not folded.isascii():
            seen.update(term for term in unspaced - seen if term in folded)
    return count, list(_missing(concepts, seen)) if count else []


def _missing(concepts: Sequence[Concept], seen: set[str]) -> Iterator[Note]:
    for concept in concepts:
        missing = [alias for alias in concept.aliases if _key(alias) not in seen]
        if missing:
            names = ", ".join(map(repr, missing[:5])) + (f" and {len(missing) - 5:,} more" if len(missing) > 5 else "")
            text = f"never seen in these documents: {names} ({concept.canonical!r})."
            yield Note("never-seen", "note", text, missing[0], concept.file, concept.line)


def _key(term: str) -> str:
    return " ".join(_WORD.findall(fold_alias(term)))
