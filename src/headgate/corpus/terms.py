"""What documents say about words, counted: acronyms that they define, names that were changed, titles, spellings.

Counts of several parts of a corpus can be put together.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from headgate.corpus.acronyms import definitions_in
from headgate.corpus.variants import Variants
from headgate.terminology.folding import fold_alias

__all__ = ["Kind", "TermCounts", "TermRow"]

_LOOKED_AT = 200_000
_MOST_NAMES = 20_000
_MOST_EXAMPLES = 3
_AROUND = 40
_NOT_PROSE = re.compile(r"```.*?```|~~~.*?~~~|`[^`\n]*`|https?://\S+|<[^<>\n]*>", re.DOTALL)
_PART = r"\w{0,30}(?:[.-]\w{1,20}){0,3}"
_IN_NO_WORD = frozenset("@/\\_")
_NAME = rf"[A-Z]{_PART}(?: [A-Z0-9]{_PART}){{0,4}}"
_FORMERLY = re.compile(
    rf"(?<![\w.-])({_NAME}),? \(?(?:formerly|previously)(?: known as| called| named)? (?:the )?[\"'\u201c]?({_NAME})"
)
_RENAMED = re.compile(rf"(?<![\w.-])({_NAME}) (?:was|is|has been) renamed (?:to |as )?(?:the )?[\"'\u201c]?({_NAME})")
_HEADING = re.compile(r"(?:\A|\n)# +([^\n]{1,120})")

Kind = Literal["acronym", "spelling", "renamed", "title"]


class TermRow(NamedTuple):
    """A count; the counts of rows that are equal but for count and examples can be added up.

    Attributes:
        kind: `documents`, `acronym`, `renamed`, `title`, `word` or `pair`.
        first: what is counted, as `headgate.corpus.kernel.TERMS` says.
        second: more of it.
        third: more of it.
        times: in how many documents, or how often, it was found.
        examples: where, with a few words around it.
    """

    kind: str
    first: str = ""
    second: str = ""
    third: str = ""
    times: int = 1
    examples: tuple[str, ...] = ()


class TermCounts:
    """Counts, document by document, within bounds.

    Attributes:
        documents: how many were looked at.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[Kind, str, str], int] = {}
        self._examples: dict[tuple[str, str], list[str]] = {}
        self._acronyms: dict[str, Counter[str]] = {}
        self._spelt: dict[tuple[str, str], Counter[str]] = {}
        self._variants = Variants()
        self._titles: dict[str, dict[str, None]] = {}
        self.documents = 0

    def add(self, place: str, text: str, *, uri: str | None = None, title: str | None = None) -> None:
        """Look at a document; of several versions of one, the older first.

        Args:
            place: where it is, for the examples.
            text: its text, of which the first 200,000 characters are looked at.
            uri: what it is called through all its versions.
            title: its title, if it is not in its first heading.
        """
        self.documents += 1
        text = text[:_LOOKED_AT]
        self._add_acronyms(place, text)
        words = _NOT_PROSE.sub(" ", text).split()
        flat = " ".join(word for word in words if _IN_NO_WORD.isdisjoint(word))
        self._variants.add(flat)
        for pattern, is_new_first in ((_FORMERLY, True), (_RENAMED, False)):
            for match in pattern.finditer(flat):
                names = (match[1], match[2])
                self._note("renamed", *(names if is_new_first else names[::-1]), place, flat, match.start())
        heading = _HEADING.search(text)
        title = title or (heading[1].strip() if heading else None)
        if uri and title:
            self._add_title(uri, title)

    def _add_title(self, uri: str, title: str) -> None:
        if uri in self._titles or len(self._titles) < _MOST_NAMES:
            titles = self._titles.setdefault(uri, {})
            titles.pop(title, None)  # the latest is the last
            titles[title] = None

    def _add_acronyms(self, place: str, text: str) -> None:
        for short, long in dict.fromkeys(definitions_in(text)):
            key = " ".join(map(_singular, long.casefold().replace("-", " ").split()))
            if self._count_acronym(short, key, long, 1):
                self._keep_example(short, key, place, text, text.find(f"({short}"))

    def _count_acronym(self, short: str, key: str, long: str, count: int) -> bool:
        if short not in self._acronyms and len(self._acronyms) >= _MOST_NAMES:
            return False
        self._acronyms.setdefault(short, Counter())[key] += count
        self._spelt.setdefault((short, key), Counter())[long] += count
        return True

    def _note(self, kind: Kind, canonical: str, alias: str, place: str, text: str, at: int) -> None:
        if fold_alias(canonical) != fold_alias(alias) and self._count_name(kind, canonical, alias, 1):
            self._keep_example(alias, canonical, place, text, at)

    def _count_name(self, kind: Kind, canonical: str, alias: str, count: int) -> bool:
        key = (kind, canonical, alias)
        if key not in self._counts and len(self._counts) >= _MOST_NAMES:
            return False
        self._counts[key] = self._counts.get(key, 0) + count
        return True

    def _keep_example(self, alias: str, canonical: str, place: str, text: str, at: int) -> None:
        around = " ".join(text[max(0, at - _AROUND) : at + _AROUND].split())
        self._keep_examples(alias, canonical, [f"{place}: {around}"])

    def _keep_examples(self, alias: str, canonical: str, examples: Iterable[str]) -> None:
        kept = self._examples.setdefault((alias, canonical), [])
        kept += [one for one in examples if one not in kept][: _MOST_EXAMPLES - len(kept)]

    def rows(self) -> Iterator[TermRow]:
        """Yield all that was counted."""
        yield TermRow("documents", times=self.documents)
        for (short, key), spelt in self._spelt.items():
            for long, count in spelt.items():
                yield TermRow("acronym", short, key, long, count, tuple(self._examples.get((short, key), ())))
        for (kind, canonical, alias), count in self._counts.items():
            yield TermRow(kind, canonical, alias, "", count, tuple(self._examples[alias, canonical]))
        for uri, titles in self._titles.items():
            for title in titles:
                yield TermRow("title", uri, title)
        for word, count in self._variants.counted():
            yield TermRow("word", word, times=count) if isinstance(word, str) else TermRow("pair", *word, times=count)

    def merge(self, rows: Iterable[TermRow]) -> None:
        """Add what was counted elsewhere; of several parts, the one with the older documents first."""
        for row in rows:
            if row.kind == "documents":
                self.documents += row.times
            elif row.kind == "acronym":
                self._count_acronym(row.first, row.second, row.third, row.times)
                self._keep_examples(row.first, row.second, row.examples)
            elif row.kind == "renamed":
                self._count_name("renamed", row.first, row.second, row.times)
                self._keep_examples(row.second, row.first, row.examples)
            elif row.kind == "title":
                self._add_title(row.first, row.second)
            else:
                self._variants.merge(row.first if row.kind == "word" else (row.first, row.second), row.times)


def _singular(word: str) -> str:
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word
