"""`headgate glossary`: checking it, proposing terms, comparing versions, holding documents to it, converting it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from headgate.chunk import Chunk
from headgate.cli.datasets import WorkersOption, count_terms, is_dataset, require_out
from headgate.cli.options import (
    Documents,
    FieldMapOption,
    JsonOption,
    LogEntries,
    PrefixOption,
    TextFieldOption,
    console,
    print_json,
    report_problems,
)
from headgate.corpus import Fields
from headgate.encoding import in_number
from headgate.errors import HeadgateError
from headgate.files import write_text
from headgate.report import new_table, plain, visible
from headgate.terminology import Glossary
from headgate.terminology.reviewing import Note
from headgate.terminology.writing import FORMATS, write_glossary
from headgate.tuning.glossaries import (
    GlossaryCheck,
    GlossaryDifference,
    Hit,
    Proposals,
    TermProposal,
    check_glossary,
    diff_glossaries,
    lint_text,
    sarif_of,
)

__all__ = [
    "EXAMPLE_CHECK",
    "EXAMPLE_CONVERT",
    "EXAMPLE_DIFF",
    "EXAMPLE_LINT",
    "EXAMPLE_SUGGEST",
    "GlossariesArgument",
    "LanguageOption",
    "MaybeDocumentsOption",
    "MaybeOut",
    "check",
    "chunks",
    "convert",
    "diff",
    "documents_of",
    "lint",
    "suggest",
]

EXAMPLE_CHECK = "Example: headgate glossary check glossary.yaml --documents handbook/"
EXAMPLE_SUGGEST = "Example: headgate glossary suggest handbook/ --known glossary.yaml --out proposed.yaml"
EXAMPLE_DIFF = "Example: headgate glossary diff glossary.yaml new.yaml --log decisions.jsonl"
EXAMPLE_LINT = "Example: headgate glossary lint docs/ --glossary glossary.yaml --sarif terms.sarif"
EXAMPLE_CONVERT = "Example: headgate glossary convert terms.csv --to yaml --out glossary.yaml"
_SHOWN = 20

GlossariesArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="GLOSSARY...", help="The files, read together: YAML, JSON, CSV, Excel, Solr, Vale, SKOS, TBX, dbt."
    ),
]
GlossaryOption = Annotated[
    list[Path], typer.Option("--glossary", "-g", metavar="FILE", help="A glossary file; may be given several times.")
]
MaybeDocumentsOption = Annotated[
    Path | None,
    typer.Option("--documents", "-d", metavar="DOCUMENTS", help="A folder of text files, one file, or JSON Lines."),
]
MaybeLogOption = Annotated[
    Path | None, typer.Option("--log", metavar="LOG", help="A decision log that keeps texts (`log: {content: full}`).")
]
LanguageOption = Annotated[
    list[str] | None,
    typer.Option("--language", metavar="TAG", help="What is wanted of SKOS and TBX: en, en-GB; also several times."),
]
SarifOption = Annotated[
    Path | None, typer.Option("--sarif", metavar="FILE", help="Also write the findings as SARIF 2.1.0, for code hosts.")
]
MaybeOut = Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Where to write it.")]


def check(
    glossary: GlossariesArgument,
    documents: MaybeDocumentsOption = None,
    text_field: TextFieldOption = None,
    field_map: FieldMapOption = None,
    language: LanguageOption = None,
    sarif: SarifOption = None,
    as_json: JsonOption = False,
) -> None:
    """Name what is wrong with a glossary, and what will be found where nobody means it.

    All mistakes of all files; chains and how files were read; aliases that are ordinary words or very short; canonical
    terms that contain an alias, markup, or an instruction to a model; with documents, terms that they never have. Exit
    code 1 if there is an error or a warning.
    """
    read = documents_of(documents, "Reading", text_field, field_map, quiet=as_json)
    result = check_glossary(glossary, (chunk.text for _, chunk in chunks(read)), language or ())
    is_partial = read.finish() if read is not None else False
    _write_sarif(sarif, result.notes)
    if as_json:
        print_json(result.to_dict())
    else:
        _show_check(result)
    counts = result.counts()
    raise typer.Exit(int(is_partial or counts["error"] + counts["warning"] > 0))


def _show_check(result: GlossaryCheck) -> None:
    for note in result.notes:
        typer.echo(visible(str(note)))
    counts = ", ".join(in_number(count, level) for level, count in result.counts().items())
    what = (
        f"{in_number(result.concepts, 'concept')}, {result.aliases:,} {'alias' if result.aliases == 1 else 'aliases'}"
    )
    typer.echo(f"{what}: {counts}.")


def suggest(
    documents: Annotated[
        Path | None, typer.Argument(metavar="[DOCUMENTS]", help="A folder of text files, one file, or JSON Lines.")
    ] = None,
    log: MaybeLogOption = None,
    known: Annotated[
        list[Path] | None,
        typer.Option("--known", "-k", metavar="FILE", help="A glossary; terms that it has are not proposed."),
    ] = None,
    language: LanguageOption = None,
    out: MaybeOut = None,
    prefix: PrefixOption = None,
    text_field: TextFieldOption = None,
    field_map: FieldMapOption = None,
    workers: WorkersOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Propose terms from documents or a log: acronyms they define, spellings that differ, names that were changed.

    Each with a count and an example. With --out, a draft that only reports. Exit code 1 if nothing is proposed. With
    --out DIR, documents may be a data set of Parquet or Arrow of any size; the draft is DIR/glossary.yaml.
    """
    if documents is None and log is None:
        raise HeadgateError("Name documents, or a log with --log.")
    proposals = Proposals(Glossary.load(*known, language=language) if known else None)
    is_skipping = False
    if documents is not None and out is not None and not out.suffix and is_dataset(str(documents)):
        fields = Fields.parse(text_field, field_map)
        is_skipping = count_terms(proposals, str(documents), out, workers, fields, quiet=as_json)
        documents, out = None, out / "glossary.yaml"
    else:
        require_out({"--workers": workers or None})
    read = documents_of(documents, "Reading", text_field, field_map, quiet=as_json, prefix=prefix)
    for place, chunk in chunks(read):
        entries = {str(key).lower(): value for key, value in chunk.metadata.items()}
        uri, title = entries.get("source") or entries.get("url"), entries.get("title")
        proposals.add(place, chunk.text, uri=_text(uri), title=_text(title))
    is_partial = read.finish() if read is not None else is_skipping
    if log is not None:
        entries_of_log = LogEntries(log, quiet=as_json)
        for uri, text in _texts_of(entries_of_log):
            proposals.add(uri, text, uri=uri)
        is_partial = entries_of_log.finish() or is_partial
        if not proposals.documents:
            raise HeadgateError(f"{log}: its records keep no texts. Set log: {{content: full}}, or name documents.")
    found = proposals.found()
    if out is not None:
        write_text(out, proposals.draft())
        typer.echo(f"Written to {out}", err=True)
    if as_json:
        print_json({"documents": proposals.documents, "proposals": [one.to_dict() for one in found]})
    else:
        _show_proposals(found, proposals.documents, out)
    raise typer.Exit(int(is_partial or not found))


def _show_proposals(found: Sequence[TermProposal], documents: int, out: Path | None) -> None:
    if not found:
        typer.echo(f"Nothing to propose from {in_number(documents, 'document')}.")
        return
    table = new_table(None, [("kind", False), ("term", False), ("alias", False), ("count", True), ("where", False)])
    for one in found[: None if out is None else _SHOWN]:
        where = one.doubt or "; ".join(one.examples[:1])
        table.add_row(one.kind, plain(one.canonical), plain(one.alias), f"{one.count:,}", plain(where, 100))
    console().print(table)
    if out is not None and len(found) > _SHOWN:
        typer.echo(f"and {len(found) - _SHOWN:,} more in {out}")


def diff(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="The glossary as it is now.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The new version.")],
    log: MaybeLogOption = None,
    documents: MaybeDocumentsOption = None,
    text_field: TextFieldOption = None,
    field_map: FieldMapOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a new version of a glossary would change: its terms, and recorded traffic or documents.

    Exit code 1 if anything would change.
    """
    old, new = (Glossary.load(path, language=language) for path in (before, after))
    read = documents_of(documents, "Comparing", text_field, field_map, quiet=as_json)
    entries = LogEntries(log, quiet=as_json) if log is not None else None
    found = diff_glossaries(
        old,
        new,
        texts=((place, chunk.text) for place, chunk in chunks(read)),
        records=(entry.record for entry in entries or () if entry.record is not None),
    )
    is_partial = read.finish() if read is not None else False
    is_partial = (entries.finish() if entries is not None else False) or is_partial
    if as_json:
        print_json(found.to_dict())
    else:
        _show_difference(found)
    raise typer.Exit(int(is_partial or not found.is_empty))


def _show_difference(found: GlossaryDifference) -> None:
    for sign, aliases in (("+", found.added), ("-", found.removed)):
        for alias, meaning in aliases.items():
            typer.echo(visible(f"{sign} {alias}: {meaning}"))
    for alias, (was, now) in found.changed.items():
        typer.echo(visible(f"~ {alias}: {was} -> {now}"))
    if not (found.added or found.removed or found.changed):
        typer.echo("The terms are the same.")
    if found.texts or found.without_text:
        typer.echo(f"{found.changed_texts:,} of {in_number(found.texts, 'text')} would read differently.")
    for title, counts in (("new", found.gained), ("no more", found.lost), ("now ambiguous", found.newly_ambiguous)):
        for what, count in counts.most_common(_SHOWN):
            typer.echo(visible(f"  {title}: {what} ({count:,})"))
    for place, was, now in found.examples[:5]:
        typer.echo(visible(f"  {place}\n    - {was}\n    + {now}"))
    if found.without_text:
        gone = f"; in them, terms that are gone were put in {sum(found.recorded.values()):,} times"
        typer.echo(f"{in_number(found.without_text, 'document')} of the log keep no text{gone}.")


def lint(
    documents: Annotated[
        Path, typer.Argument(metavar="DOCUMENTS", help="A folder of text files, one file, or JSON Lines (.gz too).")
    ],
    glossary: GlossaryOption,
    source: Annotated[
        str | None, typer.Option(metavar="ID", help="The source of the policy, for terms with `sources:`.")
    ] = None,
    text_field: TextFieldOption = None,
    field_map: FieldMapOption = None,
    language: LanguageOption = None,
    sarif: SarifOption = None,
    as_json: JsonOption = False,
) -> None:
    """Name every place in documents that is not in the words of a glossary, with its file, line and column.

    Code, addresses, mentions and the canonical terms do not count. Exit code 1 if there is one, apart from terms
    that are only flagged or annotated.
    """
    terms = Glossary.load(*glossary, language=language)
    read = documents_of(documents, "Reading", text_field, field_map, quiet=as_json)
    hits = [hit for place, chunk in chunks(read) for hit in lint_text(place, chunk.text, terms, source)]
    is_partial = read.finish() if read is not None else False
    _write_sarif(sarif, hits)
    if as_json:
        print_json({"hits": [hit.to_dict() for hit in hits]})
    else:
        for hit in hits:
            typer.echo(visible(str(hit)))
        typer.echo(f"{in_number(len(hits), 'place')} not in the words of the glossary.", err=True)
    raise typer.Exit(int(is_partial or any(hit.level != "note" for hit in hits)))


def convert(
    glossary: GlossariesArgument,
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help=f"One of {', '.join(FORMATS)}.")] = "yaml",
    out: MaybeOut = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="The encoding of the files, such as windows-1252.")
    ] = None,
    language: LanguageOption = None,
) -> None:
    """Write a glossary in another format; chains are followed, and settings that the format has no word for are named.

    Exit code 1 if something could not be written.
    """
    if to not in FORMATS:
        raise HeadgateError(f"--to {to[:40]!r}: write one of {', '.join(FORMATS)}.")
    loaded = Glossary.load(*glossary, encoding=encoding, language=language)
    text, losses = write_glossary(
        loaded.concepts,
        to,
        report_ambiguous=loaded.report_ambiguous,
        fuzzy=loaded.fuzzy,
        ordinary=loaded.ordinary,
    )
    if out is not None:
        write_text(out, text)
        typer.echo(f"Written to {out}", err=True)
    else:
        typer.echo(text, nl=False)
    report_problems([str(remark) for remark in loaded.remarks])
    report_problems(losses, "Not written:")
    raise typer.Exit(int(bool(losses)))


def documents_of(
    path: Path | None,
    what: str,
    text_field: str | None,
    field_map: list[str] | None,
    *,
    quiet: bool,
    prefix: str | None = None,
) -> Documents | None:
    """Return what reads the documents that a command was given; None if it was given none."""
    if path is None:
        return None
    return Documents(path, what, prefix=prefix, quiet=quiet, fields=Fields.parse(text_field, field_map))


def chunks(read: Documents | None) -> Iterator[tuple[str, Chunk]]:
    """Yield the documents that have a text, each with its place."""
    for item in read or ():
        if item.chunk is not None and isinstance(item.chunk.text, str):
            yield item.place, item.chunk


def _texts_of(entries: LogEntries) -> Iterator[tuple[str, str]]:
    """Yield the texts that a log keeps, each once, in the order of time."""
    seen: set[str] = set()
    for entry in entries:
        for decision in entry.record["decisions"] if entry.record is not None else ():
            text = decision.get("text")
            if text is not None and decision["digest"] not in seen:
                seen.add(decision["digest"])
                yield decision["uri"] or decision["digest"], text


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _write_sarif(path: Path | None, findings: Sequence[Note | Hit]) -> None:
    if path is not None:
        write_text(path, json.dumps(sarif_of(findings), indent=2) + "\n")
        typer.echo(f"Also written to {path}", err=True)
