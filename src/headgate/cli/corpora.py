"""`headgate init`, `headgate seal` and `headgate audit`: what is done with whole corpora."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, Annotated

import typer

from headgate.admission.gate import Gate
from headgate.cli.options import (
    DocumentsArgument,
    HtmlOption,
    JsonOption,
    NowOption,
    PolicyOption,
    PrefixOption,
    console,
    instant,
    print_json,
    report_unreadable,
    track,
    write_page,
)
from headgate.corpus import audit_corpus, draft_policy, read_corpus, seal_corpus, survey_corpus, to_line
from headgate.errors import HeadgateError
from headgate.policy import MetadataKeys
from headgate.provenance import Sealer
from headgate.report import audit_html, audit_tables, prose, visible

__all__ = ["EXAMPLE_AUDIT", "EXAMPLE_INIT", "EXAMPLE_SEAL", "audit", "init", "seal"]

EXAMPLE_INIT = "Example: headgate init docs/ --out headgate.yaml"
EXAMPLE_SEAL = "Example: headgate seal docs/ --key keys/docs.private.jwk.json --issuer docs --out sealed.jsonl"
EXAMPLE_AUDIT = "Example: headgate audit sealed.jsonl --policy headgate.yaml"


def init(
    documents: DocumentsArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="The policy file to write.")] = Path("headgate.yaml"),
    keys: Annotated[list[Path] | None, typer.Option("--keys", help="A public key set that the policy names.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the policy file.")] = False,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
    now: NowOption = None,
) -> None:
    """Write a commented policy from documents: their sources, seals and times."""
    if out.exists() and not force:
        raise HeadgateError(f"{out} exists already. Choose another --out, or overwrite it with --force.")
    survey = survey_corpus(track(read_corpus(documents, prefix=prefix), "Reading", quiet=as_json), instant(now))
    if not survey.documents:
        first = f" The first problem: {survey.unreadable[0]}" if survey.unreadable else ""
        raise HeadgateError(f"{documents}: there is no document that can be read.{first}")
    named = [Path(os.path.relpath(path, out.parent)).as_posix() for path in keys or ()]
    text = draft_policy(survey, named, out.name)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    Gate(out)  # a draft that does not load would be worse than none
    if as_json:
        sources = {
            pattern: {"documents": s.documents, "sealed": s.sealed, "dated": s.dated}
            for pattern, s in survey.sources.items()
        }
        print_json(
            {"policy": str(out), "documents": survey.documents, "sources": sources, "unreadable": survey.unreadable}
        )
        return
    typer.echo(f"{out}: drafted from {survey.documents:,} documents.")
    for pattern, source in survey.sources.items():
        figures = f"{source.documents:,} documents, {source.sealed:,} sealed, {source.dated:,} dated"
        typer.echo(visible(f"  {pattern}: {figures}"))
    report_unreadable(survey.unreadable)
    typer.echo(f"\nNext: headgate audit {documents} --policy {out}")


def seal(
    documents: DocumentsArgument,
    key: Annotated[Path, typer.Option("--key", "-k", help="The private key (JWK or PEM).")],
    issuer: Annotated[str, typer.Option("--issuer", "-i", help="Who vouches.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write JSON Lines here instead of printing.")] = None,
    cover: Annotated[list[str] | None, typer.Option(help="A metadata entry that the seal covers too.")] = None,
    timezone: Annotated[str | None, typer.Option(help="The zone of times that have none.")] = None,
    prefix: PrefixOption = None,
) -> None:
    """Seal documents that are split already; writes JSON Lines with text, metadata and seal."""
    sealer = Sealer(key, issuer)
    if out is not None and out.exists() and documents.exists() and out.samefile(documents):
        raise HeadgateError(f"{out} is the input. Choose another --out.")
    try:
        names = MetadataKeys(timezone=timezone)
    except ValueError:
        raise HeadgateError(f"--timezone {timezone!r} is no time zone. Write UTC or Europe/Berlin.") from None
    items = track(read_corpus(documents, prefix=prefix), "Sealing", quiet=out is None)
    problems: list[str] = []
    sealed = left_out = 0
    with _output(out) as stream:
        for item in seal_corpus(items, sealer, keys=names, cover=cover or ()):
            if item.problem is not None:
                problems.append(f"{item.place}: {item.problem}")
            if item.chunk is None:
                left_out += 1
                continue
            stream.write(to_line(item.chunk, is_ascii=out is None) + "\n")
            sealed += 1
    typer.echo(f"{sealed:,} sealed by {issuer!r}, {left_out:,} not.", err=True)
    report_unreadable(problems)
    if problems:
        raise typer.Exit(1)


def audit(
    documents: DocumentsArgument,
    policy: PolicyOption = Path("headgate.yaml"),
    show: Annotated[int, typer.Option(min=0, help="How many documents to list.")] = 20,
    prefix: PrefixOption = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
    now: NowOption = None,
) -> None:
    """Judge documents against a policy, as if every check were enforced; exit code 1 if any would be kept out."""
    gate, moment = Gate(policy), instant(now)
    result = audit_corpus(gate, track(read_corpus(documents, prefix=prefix), "Judging", quiet=as_json), moment)
    write_page(html, "headgate: what the corpus holds", lambda: audit_html(result))
    if as_json:
        print_json(result.to_dict())
    else:
        screen = console()
        for table in audit_tables(result, shown=show):
            screen.print(table)
            screen.print()
        counts = result.counts()
        admissible = f"{counts['admissible']:,} of {counts['documents']:,} documents are admissible"
        screen.print(prose(f"{admissible} under {policy}."))
        if counts["kept_out"]:
            screen.print("headgate explain CODE says what a code means and how to fix it.")
    if any(row.keeps_out for row in result.rows):
        raise typer.Exit(1)


def _output(out: Path | None) -> AbstractContextManager[IO[str]]:
    if out is None:
        return nullcontext(sys.stdout)
    out.parent.mkdir(parents=True, exist_ok=True)
    return out.open("w", encoding="utf-8")
