"""Questions in the words of the documents: old names replaced by canonical terms, or both side by side."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from headgate.errors import PolicyError
from headgate.terminology.concepts import Concept
from headgate.terminology.edits import Edit, Rewrite
from headgate.terminology.folding import fold
from headgate.terminology.glossary import Glossary

__all__ = ["QueryTerms"]

_MOST_CHARS = 20_000
# A question asks for a few things; each is looked for among all names of the glossary.
_MOST_ASKED = 20


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
            is_new = edit.canonical and not edit.fuzzy and edit.canonical not in asked
            alias = self._as_asked(edit) if is_new and len(asked) < _MOST_ASKED else None
            if alias is not None:
                asked[edit.canonical] = alias
        written = Counter(map(str.casefold, asked.values()))
        concepts = [
            Concept(
                canonical=alias,
                # As written in a sentence and at the beginning of one; in another case it is another word (Go, US).
                aliases=tuple(dict.fromkeys((term, term[:1].upper() + term[1:]))),
                case="sensitive",
                plurals=True,
                keep=self._longer_than(term),
            )
            for term, alias in asked.items()
            if written[alias.casefold()] == 1
        ]
        try:
            return Glossary.from_concepts(concepts).rewrite(reply) if concepts else Rewrite(reply)
        except PolicyError:  # what was asked for in one breath may contradict itself
            return Rewrite(reply)

    def _as_asked(self, edit: Edit) -> str | None:
        """Return an alias as the question writes it, without the article, the ending or the marks around it."""
        written = " ".join(edit.alias.split())
        listed = [alias for one in self.glossary.concepts if one.canonical == edit.canonical for alias in one.aliases]
        held = [alias for alias in listed if fold(alias) in fold(written)]
        alias = max(held, key=len, default=None)
        if alias is None:  # through marks or characters that nobody sees
            return listed[0] if listed else None
        start = written.lower().find(alias.lower())
        return written[start : start + len(alias)] if start >= 0 else alias

    def _longer_than(self, term: str) -> tuple[str, ...]:
        names = (name for one in self.glossary.concepts for name in (one.canonical, *one.aliases))
        written = term.casefold()
        return tuple(dict.fromkeys(name for name in names if len(name) > len(term) and written in name.casefold()))
