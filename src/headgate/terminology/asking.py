"""Questions in the words of the documents: old names replaced by canonical terms, or both side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
