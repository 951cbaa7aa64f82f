"""Which column of a table is which: the canonical term, its aliases, its settings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import process

from headgate.terminology.formats import TermModel

__all__ = ["Columns", "find_columns", "named_columns"]

# By rank: of two columns that may be meant, the one that says so more plainly is.
_CANONICAL = (
    ("canonical", "canonical term", "canonical name"),
    ("preferred", "preferred term", "preferred name", "preferred label", "preflabel", "approved", "approved term"),
    (
        "new",
        "new name",
        "new term",
        "to",
        "replacement",
        "replace with",
        "replaced by",
        "use",
        "use instead",
        "correct",
    ),
    ("expansion", "full form", "full name", "long form", "meaning", "spelled out"),
    ("term", "name", "headword", "concept", "entry", "word"),
)
_ALIASES = (
    ("aliases", "alias"),
    ("synonyms", "synonym", "altlabel", "altlabels", "alternatives", "alternative", "alternative terms"),
    ("variants", "variant", "other names", "also known as", "aka", "abbreviations", "acronyms"),
    ("old", "old name", "old names", "old term", "from", "deprecated", "deprecated term", "replace", "find", "wrong"),
    ("avoid", "do not use", "don't use", "forbidden", "not", "instead of", "incorrect", "discouraged"),
    ("acronym", "abbreviation", "short form", "abbr", "short"),
    ("term", "word"),  # beside a preferred term
)
_EXPLAINED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\s+\d{1,2}\s*$|(?<=[a-z])\d{1,2}\s*$")
_ONE_PER_CELL = frozenset(("alias", "term", "word", "old", "old name", "old term", "from", "find", "wrong"))
_SETTINGS = frozenset(TermModel.model_fields) - {"canonical", "aliases"}
_LIKE_A_SETTING = 80
_NEAR_CHARS = 2
"""How much longer or shorter than a setting's name a misspelling of it may be."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a row has what.

    Attributes:
        canonical: the position of the canonical term.
        aliases: the positions of aliases, each with whether a cell may list several with commas.
        settings: the position of each setting.
        ignored: the names of all other columns.
        misspelt: names that look like a setting, each with that setting.
    """

    canonical: int
    aliases: tuple[tuple[int, bool], ...]
    settings: dict[str, int]
    ignored: tuple[str, ...]
    misspelt: tuple[tuple[str, str], ...]


def named_columns(header: Sequence[str]) -> list[str]:
    """Return the names of columns as they are compared: lower case, one blank between words, without what explains.

    `Alias(es)` is `alias`, `Synonym 2` is `synonym`, `Term (English)` is `term`.
    """
    return [" ".join(_EXPLAINED.sub("", name.replace("_", " ")).strip("#*: ").lower().split()) for name in header]


def find_columns(header: Sequence[str]) -> Columns | None:
    """Return where a row has what, or None if the header names no canonical term or no aliases."""
    names = named_columns(header)
    canonical = _first(names, _CANONICAL, None)
    aliases = _all_aliases(names, canonical)
    if canonical is None or not aliases:
        return None
    taken = {canonical, *aliases}
    settings = {name: names.index(name.replace("_", " ")) for name in _SETTINGS if name.replace("_", " ") in names}
    rest = [name for position, name in enumerate(names) if name and position not in {*taken, *settings.values()}]
    misspelt = [(name, found) for name in rest if (found := _meant(name)) is not None]
    known = dict(misspelt)
    return Columns(
        canonical,
        tuple((position, names[position] not in _ONE_PER_CELL) for position in aliases),
        settings,
        tuple(name for name in rest if name not in known),
        tuple(misspelt),
    )


def _all_aliases(names: Sequence[str], canonical: int | None) -> tuple[int, ...]:
    """Return every column of other names; one that is called `term` only if there is no other, beside the preferred."""
    plain = {name for rank in _ALIASES[:-1] for name in rank}
    found = tuple(position for position, name in enumerate(names) if name in plain and position != canonical)
    last = _first(names, _ALIASES[-1:], canonical)
    return found or (() if last is None else (last,))


def _first(names: Sequence[str], ranks: Sequence[Sequence[str]], taken: int | None) -> int | None:
    for rank in ranks:
        for position, name in enumerate(names):
            if name in rank and position != taken:
                return position
    return None


def _meant(name: str) -> str | None:
    """Return the setting of which a column's name is a misspelling: read as a note, its setting would be lost."""
    found = process.extractOne(name.replace(" ", "_"), sorted(_SETTINGS), score_cutoff=_LIKE_A_SETTING)
    return found[0] if found and abs(len(found[0]) - len(name)) <= _NEAR_CHARS else None
