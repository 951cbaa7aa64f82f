"""Questions in the words of the documents: old names replaced by canonical terms, or both side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headgate.terminology.concepts import Concept
from headgate.terminology.edits import Edit, Rewrite
from headgate.terminology.folding import fold
from headgate.terminology.glossary import Glossary

__all__ = ["QueryTerms"]

_MOST_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """How a question is put to a retriever.

    Attributes:
        glossary: whose aliases are looked for.
        mode: `replace` writes the canonical terms in the place of aliases; `expand` adds them behind the question.
    """

    glossary: Glossary
    mode: Literal["replace", "expand"]

    def reworded(self, query: str) -> str:
        """Return a question as it is put to a retriever; as it is where it is longer than questions are."""
        if len(query) > _MOST_CHARS:
            return query
        rewrite = self.glossary.rewrite(query)
        if self.mode == "replace":
            return rewrite.text
        folded = fold(query)
        terms = dict.fromkeys(edit.canonical for edit in rewrite.edits)
        return " ".join((query, *(term for term in terms if fold(term) not in folded)))

    def answered(self, reply: str, query: str) -> Rewrite:
        """Return a reply in the words of whoever asked: canonical terms give way to the aliases of the question.

        What stands for more than one thing in the question, and longer names that a term is a part of, stay as they
        are; so does a reply to a question that is longer than questions are.

        Args:
            reply: what the model said.
            query: the question.
        """
        edits = self.glossary.rewrite(query).edits if len(query) <= _MOST_CHARS else ()
        asked: dict[str, str] = {}
        for edit in edits:
            asked.setdefault(edit.canonical, self._as_asked(edit))
        concepts = [
            Concept(canonical=alias, aliases=(term,), case="insensitive", plurals=True, keep=self._longer_than(term))
            for term, alias in asked.items()
            if len({other for other, written in asked.items() if fold(written) == fold(alias)}) == 1
        ]
        return Glossary.from_concepts(concepts).rewrite(reply) if concepts else Rewrite(reply)

    def _as_asked(self, edit: Edit) -> str:
        """Return an alias as the question writes it, without the article or the ending that an edit carries over."""
        written = " ".join(edit.alias.split())
        listed = (alias for one in self.glossary.concepts if one.canonical == edit.canonical for alias in one.aliases)
        held = [alias for alias in listed if fold(alias) in fold(written)]
        alias = max(held, key=len, default=written)
        start = written.lower().find(alias.lower())
        return written[start : start + len(alias)] if start >= 0 else alias

    def _longer_than(self, term: str) -> tuple[str, ...]:
        names = (name for one in self.glossary.concepts for name in (one.canonical, *one.aliases))
        written = term.casefold()
        return tuple(dict.fromkeys(name for name in names if len(name) > len(term) and written in name.casefold()))
