"""`headgate init`: a first policy, from the documents that it is for."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from headgate.admission.gate import Gate
from headgate.cli.instants import NowOption, instant
from headgate.cli.options import (
    CorpusArgument,
    Documents,
    FieldMapOption,
    JsonOption,
    PrefixOption,
    QuestionsOption,
    TextFieldOption,
    print_json,
    track,
)
from headgate.cli.outputs import require_unread
from headgate.corpus import (
    Audit,
    CorpusItem,
    Fields,
    Survey,
    admits_unproved,
    audit_corpus,
    describe_editions,
    draft_policy,
    enforced_counts,
    survey_corpus,
)
from headgate.corpus.acronyms import draft_glossary
from headgate.encoding import in_number
from headgate.errors import HeadgateError
from headgate.files import replacing
from headgate.policy import Policy
from headgate.provenance import KeySet
from headgate.report import visible
from headgate.terminology import Glossary

__all__ = ["EXAMPLE_INIT", "init"]

EXAMPLE_INIT = "Example: headgate init app.rag:retriever --questions q.txt --out headgate.yaml"


def init(
    documents: CorpusArgument,
    questions: QuestionsOption = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The policy file to write.")] = Path("headgate.yaml"),
    keys: Annotated[
        list[Path] | None, typer.Option("--keys", metavar="FILE", help="A public key set that the policy names.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the policy file, and the glossary draft.")] = False,
    prefix: PrefixOption = None,
    text_field: TextFieldOption = None,
    field_map: FieldMapOption = None,
    as_json: JsonOption = False,
    now: NowOption = None,
) -> None:
    """Write a commented policy from documents, or from what your own application retrieves: sources, seals and times.

    Where documents define short forms, a glossary is drafted beside it. The policy begins in audit mode, and says at
    its top what it would keep out if it were enforced.

    Exit code 1 if a document was skipped, or if there are keys and no document has a seal.
    """
    glossary = out.with_name(f"{out.stem}.glossary.yaml")
    require_unread([glossary], {"documents": documents, "questions": questions, "keys": keys})
    for file in (out, glossary):
        if file.exists() and not force:
            raise HeadgateError(f"{file} exists already. Choose another --out, or overwrite it with --force.")
    moment, fields = instant(now), Fields.parse(text_field, field_map)
    read = Documents(documents, "Reading", prefix=prefix, quiet=as_json, questions=questions, fields=fields)
    # What an application retrieves is asked once; files can be read again.
    kept: list[CorpusItem] = []
    survey = survey_corpus(_keeping(read, kept) if read.is_application else read, moment)
    read.require_some()
    if not survey.documents:
        raise HeadgateError(f"{documents}: no document can be read. The first problem: {read.problems[0]}")
    for path in keys or ():
        KeySet.load(path)
    again = (
        track(kept, "Checking", quiet=as_json)
        if read.is_application
        else Documents(documents, "Checking", prefix=prefix, quiet=as_json, fields=fields)
    )
    # Relative to the policy, as its paths are read.
    named = [Path(os.path.relpath(path, out.parent)).as_posix() for path in keys or ()]
    # With all that it took to read them, or the line that is suggested would read something else.
    options = {"--questions": questions, "--prefix": prefix, "--text-field": text_field}
    given = [(name, str(value)) for name, value in options.items() if value is not None]
    given += [("--field-map", pair) for pair in field_map or ()]
    command = shlex.join([str(documents), *(part for pair in given for part in pair)])
    has_glossary = _write_glossary(glossary, survey, out.name)
    check = _write_policy(out, survey, named, glossary.name if has_glossary else None, command, again, moment)
    if as_json:
        print_json(_as_dict(out, survey, check, glossary if has_glossary else None))
    else:
        _show(out, survey, check, glossary if has_glossary else None)
    is_partial = read.finish()
    is_keyed = not keys or any(source.sealed for source in survey.sources.values())
    if not is_keyed:
        typer.echo(
            "--keys: no document has a seal, so the policy requires none and names the keys in comments.", err=True
        )
    if not as_json:
        typer.echo(f"\nNext: headgate audit {command} --policy {out}")
    raise typer.Exit(int(is_partial or not is_keyed))


def _keeping(items: Iterable[CorpusItem], kept: list[CorpusItem]) -> Iterable[CorpusItem]:
    for item in items:
        kept.append(item)
        yield item


def _write_glossary(path: Path, survey: Survey, policy: str) -> bool:
    if not survey.acronyms:
        return False
    text = draft_glossary(survey.acronyms, policy)
    with replacing(path) as stream:
        stream.write(text)
        stream.flush()
        Glossary.load(Path(stream.name))
    return True


def _write_policy(
    out: Path,
    survey: Survey,
    keys: list[str],
    glossary: str | None,
    documents: str,
    items: Iterable[CorpusItem],
    now: datetime,
) -> Audit:
    """Write the draft, after the very documents that it was drafted from were judged under it."""
    with replacing(out) as stream:
        stream.write(draft_policy(survey, keys, out.name, glossary=glossary, documents=documents))
        stream.flush()
        # A draft that does not load would be worse than none. Its log is not opened: nothing is recorded yet.
        policy = Policy.load(Path(stream.name)).model_copy(update={"log": None})
        check = audit_corpus(Gate(policy.enforced()), items, now)
        stream.seek(0)
        stream.truncate()
        stream.write(draft_policy(survey, keys, out.name, glossary=glossary, documents=documents, check=check))
    return check


def _show(out: Path, survey: Survey, check: Audit, glossary: Path | None) -> None:
    typer.echo(f"{out}: drafted from {in_number(survey.documents, 'document')}.")
    for source in survey.sources.values():
        figures = f"{in_number(source.documents, 'document')}, {source.sealed:,} sealed, {source.dated:,} dated"
        typer.echo(visible(f"  {', '.join(source.patterns)}: {figures}"))
    for editions in survey.editions:
        typer.echo(visible(f"  {editions.pattern}: {describe_editions(editions)}"))
    if survey.without_source:
        typer.echo(f"  without any source: {in_number(survey.without_source, 'document')}")
    if glossary is not None:
        typer.echo(f"{glossary}: {in_number(len(survey.acronyms), 'short form')} that the documents define.")
    typer.echo(enforced_counts(check))
    if admits_unproved(survey):
        typer.echo(
            "It has no lock: most documents name no source, so whatever is in the index gets in. Name the metadata key "
            f"that says where they come from under `metadata: source:` in {out}, or have the loader write one."
        )


def _as_dict(out: Path, survey: Survey, check: Audit, glossary: Path | None) -> dict[str, object]:
    sources = {
        pattern: {"match": list(s.patterns), "documents": s.documents, "sealed": s.sealed, "dated": s.dated}
        for pattern, s in survey.sources.items()
    }
    return {
        "policy": str(out),
        "glossary": str(glossary) if glossary is not None else None,
        "documents": survey.documents,
        "without_source": survey.without_source,
        "sources": sources,
        "editions": [
            {"pattern": one.pattern, "pages": one.pages, "distinct": one.distinct, "current": one.current}
            for one in survey.editions
        ],
        "unreadable": survey.unreadable,
        "enforced": check.counts(),
    }
