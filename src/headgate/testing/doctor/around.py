"""What reaches a model around every gate: documents, and words that nobody is known to have written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headgate.chunk import Chunk
from headgate.testing.doctor.diagnosis import Verdict
from headgate.testing.doctor.run import Prompt, Run
from headgate.testing.doctor.wording import is_made_of, is_within, strange_words, unexplained, used

__all__ = ["come_around", "strange", "unknown"]

_EXCERPT_CHARS = 60
_AT_THE_EDGES = " \t\n=:,;.'\"()[]{}<>"


def come_around(run: Run, found: dict[str, str], allowed: Sequence[str]) -> Iterator[str]:
    """Yield what documents reach a model in a run, and where, but for what may be in its prompts.

    Args:
        run: the run.
        found: documents that sources have returned, each with its source.
        allowed: texts that may be in a prompt.
    """
    made = [chunk.text for one in run.admissions for chunk in one.chunks]
    for prompt in _distinct(run.read_texts()):
        text = prompt.text
        known = [*used(allowed, text), *prompt.said]
        for document, name in found.items():
            # What was put together of released documents and answers comes from there.
            if is_within(document, text, known) and not is_made_of(document, [*made, *prompt.said]):
                asked = name.replace(f", asked at {prompt.place},", "")
                yield f"documents of {asked} reach a model at {prompt.place}"


def strange(runs: Sequence[Run], written: Sequence[str]) -> Iterator[Verdict]:
    """Yield what reaches a model only where documents were found: with every gate closed, a chain takes other ways."""
    for run in runs:
        released = [text for admission in run.admissions for chunk in admission.chunks for text in _said_by(chunk)]
        for prompt in _distinct(run.read_texts()):
            said = "\n".join((prompt.words, *prompt.sentences))
            words = strange_words(said, [*used(written, prompt.text), *prompt.said, *released])
            if words is not None:
                said = _excerpt(words)
                why = f"a model reads, at {prompt.place}, words that are in no template and in no released document: "
                yield Verdict("around", "not proved", None, why + said)


def unknown(closed: Run, written: Sequence[str]) -> Iterator[Verdict]:
    """Yield what of the prompts of a run with every gate closed nobody is known to have written."""
    for prompt in _distinct(closed.read_texts()):
        rest = _unexplained(prompt, written)
        if rest is not None:
            why = f"a model reads, at {prompt.place}, what is in no template and came through no gate: {_excerpt(rest)}"
            yield Verdict("around", "not proved", None, why)


def _distinct(prompts: Sequence[Prompt]) -> list[Prompt]:
    """Return the first of those prompts that say the same: a chain may ask again and again."""
    first: dict[tuple[tuple[str, ...], ...], Prompt] = {}
    for one in prompts:
        first.setdefault((one.texts, one.beside), one)
    return list(first.values())


def _excerpt(text: str) -> str:
    return f"{text.strip(_AT_THE_EDGES)[:_EXCERPT_CHARS]!a}"


def _unexplained(prompt: Prompt, written: Sequence[str]) -> str | None:
    """Return what nobody is known to have written, of a prompt or of what came beside it."""
    known = [*used(written, prompt.text), *prompt.said]
    found = (unexplained(text, known, prompt.said) for text in (prompt.words, *prompt.sentences))
    return next((rest for rest in found if rest is not None), None)


def _said_by(chunk: Chunk) -> Iterator[str]:
    yield chunk.text
    for name, value in chunk.metadata.items():
        yield f"{name} {value}"
