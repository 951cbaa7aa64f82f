"""Terms proposed from documents: acronyms that they define, spellings that differ, names that were changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from headgate.corpus.terms import Kind, TermCounts
from headgate.encoding import in_number
from headgate.terminology import Glossary
from headgate.terminology.folding import fold_alias
from headgate.terminology.reviewing import hides_word, risk_of

__all__ = ["Proposals", "TermProposal"]


@dataclass(frozen=True, slots=True)
class TermProposal:
    """A term that documents suggest.

    Attributes:
        kind: `acronym`, `spelling`, `renamed` (a document says so) or `title` (a document had another one before).
        canonical: the term.
        alias: the other name.
        count: in how many documents that was found; for a spelling, how often it is in them.
        examples: where, with a few words around it.
        doubt: why it is only a comment in the draft; None if it can be a term.
    """

    kind: Kind
    canonical: str
    alias: str
    count: int
    examples: tuple[str, ...] = ()
    doubt: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the same for JSON."""
        return asdict(self)


class Proposals(TermCounts):
    """Gathers proposals, document by document.

    Args:
        known: a glossary whose aliases are not proposed again.
    """

    def __init__(self, known: Glossary | None = None) -> None:
        super().__init__()
        self._known = {fold_alias(a) for concept in known.concepts for a in concept.aliases} if known else set()

    def found(self) -> list[TermProposal]:
        """Return the proposals, the most frequent first within each kind; none that the known glossary has."""
        found = [*self._of_acronyms(), *self._of_names(), *self._of_titles(), *self._of_spellings()]
        new = [one for one in found if fold_alias(one.alias) not in self._known]
        return list(_without_rivals(new))

    def _of_acronyms(self) -> Iterator[TermProposal]:
        for short, longs in sorted(self._acronyms.items(), key=lambda one: (-sum(one[1].values()), one[0])):
            doubt = f"{short} has {len(longs)} meanings here; write `near:` or `sources:`" if len(longs) > 1 else None
            for key, count in longs.most_common(5):
                long = self._spelt[short, key].most_common(1)[0][0]
                yield TermProposal("acronym", long, short, count, tuple(self._examples.get((short, key), ())), doubt)

    def _of_names(self) -> Iterator[TermProposal]:
        for (kind, canonical, alias), count in sorted(self._counts.items(), key=lambda one: (-one[1], one[0])):
            yield TermProposal(kind, canonical, alias, count, tuple(self._examples[alias, canonical]))

    def _of_titles(self) -> Iterator[TermProposal]:
        for uri, titles in sorted(self._titles.items()):
            *old, new = titles
            for title in old:
                doubt = "a title is not always a name"
                yield TermProposal("title", new, title, 1, (uri,), doubt)

    def _of_spellings(self) -> Iterator[TermProposal]:
        found = sorted(self._variants.found(), key=lambda one: (-one[3], one[0], one[1]))
        for canonical, variant, more, fewer in found:
            example = f"{canonical}: {more:,} times, {variant}: {in_number(fewer, 'time')}"
            yield TermProposal("spelling", canonical, variant, fewer, (example,))

    def draft(self) -> str:
        """Return the text of a glossary that reports what it finds and changes nothing."""
        terms: dict[str, list[TermProposal]] = {}
        doubtful = []
        for one in self.found():
            if one.doubt is None:
                terms.setdefault(one.canonical, []).append(one)
            else:
                doubtful.append(one)
        lines = [
            f"# Proposed from {in_number(self.documents, 'document')}. Read them: nobody has.",
            "# mode: flag reports (T304) and changes no text. Remove it from what you want to have replaced.",
            "mode: flag",
            "terms:" if terms else "terms: {}",
        ]
        for canonical, ones in terms.items():
            lines += [f"  # {_comment(one)}" for one in ones]
            aliases = ", ".join(json.dumps(alias) for alias in dict.fromkeys(one.alias for one in ones))
            lines.append(f"  {json.dumps(canonical)}: [{aliases}]")
        lines += [f"# {_comment(one)}: {one.canonical!a}, {one.alias!a}" for one in doubtful]
        return "\n".join(lines) + "\n"


def _comment(one: TermProposal) -> str:
    doubt = f"; {one.doubt}" if one.doubt else ""
    example = f"; {one.examples[0]}" if one.examples else ""
    # Outside text in a comment: one line, printable, short.
    return ascii(f"{one.kind}, {one.count:,}{doubt}{example}")[1:-1][:200]


def _without_rivals(proposals: list[TermProposal]) -> Iterator[TermProposal]:
    """Yield proposals so that those without a doubt make a glossary: no alias twice, no chain, no risky term."""
    taken: dict[str, str] = {}
    canonicals: set[str] = set()
    for one in proposals:
        alias, canonical = fold_alias(one.alias), fold_alias(one.canonical)
        if alias == canonical and one.kind != "spelling":
            continue
        doubt = one.doubt
        if doubt is None and risk_of(one.canonical) is not None:
            doubt = "it reads like more than a name"
        if doubt is None and hides_word(one.canonical, one.alias):
            doubt = "it is an ordinary word too"
        if doubt is None and taken.get(alias, one.canonical) != one.canonical:
            doubt = f"{one.alias} is proposed for {taken[alias]} already"
        if doubt is None and alias != canonical and (alias in canonicals or canonical in taken):
            doubt = "it would make a chain with another proposal"
        if doubt is None:
            taken[alias] = one.canonical
            canonicals.add(canonical)
        yield TermProposal(one.kind, one.canonical, one.alias, one.count, one.examples, doubt)
