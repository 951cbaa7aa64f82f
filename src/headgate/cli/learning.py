"""`headgate glossary learn`: words that decide between the meanings of an alias, with how often they would be right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.glossary import (
    GlossariesArgument,
    LanguageOption,
    MaybeDocumentsOption,
    MaybeOut,
    chunks,
    documents_of,
)
from headgate.cli.options import FieldMapOption, JsonOption, TextFieldOption, console, print_json
from headgate.encoding import in_number
from headgate.errors import HeadgateError
from headgate.files import write_text
from headgate.report import new_table, plain
from headgate.terminology import Glossary
from headgate.terminology.formats import GlossaryFile
from headgate.terminology.reading import read_glossary_file
from headgate.terminology.writing import write_glossary
from headgate.tuning.glossaries import Learnt, Lessons

__all__ = ["EXAMPLE_LEARN", "learn"]

EXAMPLE_LEARN = "Example: headgate glossary learn glossary.yaml --documents handbook/ --out learned.yaml"
_SHOWN_WORDS = 6


def learn(
    glossary: GlossariesArgument,
    documents: MaybeDocumentsOption = None,
    examples: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Labelled texts: records with `text` and `canonical`, the term that is meant."
        ),
    ] = None,
    precision: Annotated[
        float, typer.Option(min=0.5, max=1.0, metavar="SHARE", help="How many of its decisions must be right.")
    ] = 0.9,
    text_field: TextFieldOption = None,
    field_map: FieldMapOption = None,
    language: LanguageOption = None,
    out: MaybeOut = None,
    as_json: JsonOption = False,
) -> None:
    """Learn `near:` words for aliases that several terms claim, from texts of which it is known what they mean.

    That is known where a document defines the alias itself ("Service Level Objective (SLO)"), or where a record of
    --examples says so. How often the words would decide, and rightly, is counted on documents that were not learnt
    from. With --out, the glossary is written with the words that are right often enough, for somebody to read. Exit
    code 1 if there are none.
    """
    if documents is None and examples is None:
        raise HeadgateError("Name documents with --documents, or labelled texts with --examples.")
    files = [read_glossary_file(path, languages=language or ()) for path in glossary]
    known = Glossary.from_concepts([one for file in files for one in file.concepts], report_ambiguous=True)
    lessons = Lessons(known)
    if not lessons.aliases:
        raise HeadgateError("No alias of this glossary has several meanings, so there is nothing to learn.")
    is_partial = False
    for path, is_labelled in ((documents, False), (examples, True)):
        read = documents_of(path, "Reading", text_field, field_map, quiet=as_json)
        for place, chunk in chunks(read):
            meant = chunk.metadata.get("canonical")
            # Passages of one document are one document, so that none of it is tested by the rest of it.
            document = str(chunk.metadata.get("source") or chunk.metadata.get("url") or place)
            if is_labelled and isinstance(meant, str):
                lessons.add_labelled(chunk.text, meant, document)
            elif not is_labelled:
                lessons.add_defined(chunk.text, document)
        is_partial = (read.finish() if read is not None else False) or is_partial
    learnt = lessons.learn(precision)
    if out is not None:
        write_text(out, _draft(learnt, files))
        typer.echo(f"Written to {out}", err=True)
    if as_json:
        print_json({"lessons": [one.to_dict() for one in learnt.lessons], "without": list(learnt.without)})
    else:
        _show(learnt)
    raise typer.Exit(int(is_partial or not any(one.accepted for one in learnt.lessons)))


_FUZZY = ("off", "flag", "replace")  # what one file wants holds for all


def _draft(learnt: Learnt, files: Sequence[GlossaryFile]) -> str:
    text, _ = write_glossary(
        learnt.concepts,
        "yaml",
        report_ambiguous=True,
        fuzzy=max((one.fuzzy for one in files), key=_FUZZY.index),
        ordinary=[word for one in files for word in one.ordinary],
    )
    lines = ["# `near:` words were learnt from examples. Read them: nobody has. Strike out what is chance."]
    for one in learnt.lessons:
        state = "" if one.accepted else "; too seldom right, so not written"
        figures = f"{one.right:,} of {one.decided:,} decisions right, {one.decided:,} of {one.total:,} examples decided"
        lines.append(f"# {one.alias!a}: {figures}{state}")
    return "\n".join([*lines, text])


def _show(learnt: Learnt) -> None:
    if learnt.lessons:
        columns = [("alias", False), ("means", False), ("examples", True), ("right", True), ("decided", True)]
        listed = new_table(None, [*columns, ("words nearby", False)])
        for one in learnt.lessons:
            figures = f"{one.precision:.0%}", f"{one.coverage:.0%}"
            for number, (meant, words) in enumerate(sorted(one.words.items())):
                shown = ", ".join(words[:_SHOWN_WORDS]) if one.accepted else "too seldom right"
                head = (one.alias, *figures) if number == 0 else ("", "", "")
                listed.add_row(plain(head[0]), plain(meant), f"{one.examples[meant]:,}", *head[1:], plain(shown, 100))
        console().print(listed)
    if learnt.without:
        names = ", ".join(map(repr, learnt.without[:10]))
        typer.echo(plain(f"{in_number(len(learnt.without), 'alias')} with too few examples of two meanings: {names}"))
