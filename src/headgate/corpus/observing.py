"""From an application of the user's own to items of a corpus: what its retrieval returns for questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from headgate.chunk import Chunk
from headgate.corpus.item import CorpusItem
from headgate.encoding import canonical_json, digest_label
from headgate.errors import HeadgateError
from headgate.files import read_config_text
from headgate.integration.adapters import observe_target

__all__ = ["observe_corpus", "read_questions"]

_MOST_QUESTIONS = 10_000
_LONGEST_QUESTION = 10_000
_LARGEST_FILE = 20_000_000
_SHOWN_CHARS = 200


def read_questions(path: Any) -> list[str]:
    """Return the questions in a text file, one per line; empty lines and lines that begin with `#` are left out.

    Raises:
        PolicyError: the file cannot be read.
        HeadgateError: there is no question in it, or there are too many, or one is too long.
    """
    lines = [line.strip() for line in read_config_text(path, _LARGEST_FILE).splitlines()]
    questions = [line for line in lines if line and not line.startswith("#")]
    if not questions:
        raise HeadgateError(f"{path}: there is no question in it. Write one per line.")
    if len(questions) > _MOST_QUESTIONS:
        raise HeadgateError(f"{path}: {len(questions):,} questions are more than {_MOST_QUESTIONS:,}.")
    if any(len(question) > _LONGEST_QUESTION for question in questions):
        raise HeadgateError(f"{path}: a question is longer than {_LONGEST_QUESTION:,} characters.")
    return questions


def observe_corpus(target: object, questions: Sequence[str]) -> Iterator[CorpusItem]:
    """Yield every document that a target retrieves for questions, each once, as it arrives at the gate.

    Nothing is kept out meanwhile, and nothing is recorded. Two documents are one if text and metadata are equal. A
    question that could not be asked, or retrieved nothing, is yielded with the reason.

    Args:
        target: a retriever, store, index, engine, tool, chain, agent or graph of a framework with an adapter.
        questions: what to ask.

    Raises:
        AdapterError: no installed adapter can ask it.
    """
    seen: set[str] = set()
    for number, question in enumerate(questions, start=1):
        place = f"question {number}"
        try:
            chunks = observe_target(target, question)
        except HeadgateError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever an application of the user's own raises
            said = " ".join(str(error).split())[:_SHOWN_CHARS]
            yield CorpusItem(place, None, f"it could not be asked ({type(error).__name__}: {said})", is_document=False)
            continue
        if not chunks:
            yield CorpusItem(place, None, "nothing was retrieved", is_document=False)
        for rank, chunk in enumerate(chunks, start=1):
            key = _key(chunk)
            if key not in seen:
                seen.add(key)
                yield CorpusItem(f"{place}, result {rank}", chunk)


def _key(chunk: Chunk) -> str:
    try:
        whole = canonical_json([chunk.text, {str(key): value for key, value in chunk.metadata.items()}])
    except (TypeError, ValueError, AttributeError, RecursionError, UnicodeError):
        return f"{id(chunk)}"  # what cannot be written down cannot be compared
    return digest_label(whole)
