"""Nothing admissible is left: what a chain gets then, by the policy's `on_empty`.

A model that is given no context answers from memory. A note in the place of the documents tells it not to. It has no
source, so it is never cited, and it is one fixed text, so it says nothing that anybody else has written.
"""

from __future__ import annotations

from headgate.chunk import Chunk
from headgate.decision import Admission
from headgate.errors import NothingAdmissibleError

__all__ = ["NOTE", "is_note", "note_of", "require_admissible"]

NOTE = (
    "No admissible document was found. Documents were found, but none of them may be used to answer this question. "
    "Say so, and do not answer from memory."
)
"""The text of a note."""


def is_note(chunk: Chunk) -> bool:
    """Return whether a chunk is a note that a gate of this process has put in the place of documents.

    By the string itself: whoever writes these words into an index has another one.
    """
    return chunk.text is NOTE


def require_admissible(admission: Admission) -> None:
    """Raise if nothing admissible is left and the policy wants to hear of it (`on_empty: raise`).

    Raises:
        NothingAdmissibleError: documents were found, and none of them may enter the prompt.
    """
    if admission.on_empty == "raise" and admission.is_empty:
        codes = {code: count for code, count in admission.counts().items() if code not in ("admit", "drop")}
        raise NothingAdmissibleError(len(admission.decisions), codes, admission.id)


def note_of(admission: Admission) -> str | None:
    """Return the note that takes the place of the documents of an admission, or None where there is none.

    Raises:
        NothingAdmissibleError: as `require_admissible`.
    """
    require_admissible(admission)
    return NOTE if admission.on_empty == "note" and admission.is_empty else None
