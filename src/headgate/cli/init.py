"""`headgate init`: a first policy, from the documents that it is for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from headgate.admission.gate import Gate
from headgate.cli.options import Documents, DocumentsArgument, JsonOption, NowOption, PrefixOption, instant, print_json
from headgate.corpus import Survey, draft_policy, survey_corpus
from headgate.encoding import in_number
from headgate.errors import HeadgateError
from headgate.files import replacing
from headgate.provenance import KeySet
from headgate.report import visible

__all__ = ["EXAMPLE_INIT", "init"]

EXAMPLE_INIT = "Example: headgate init docs/ --out headgate.yaml"


def init(
    documents: DocumentsArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="The policy file to write.")] = Path("headgate.yaml"),
    keys: Annotated[
        list[Path] | None, typer.Option("--keys", metavar="FILE", help="A public key set that the policy names.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the policy file.")] = False,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
    now: NowOption = None,
) -> None:
    """Write a commented policy from documents: their sources, seals and times.

    Exit code 1 if a document was skipped, or if there are keys and no document has a seal.
    """
    if out.exists() and not force:
        raise HeadgateError(f"{out} exists already. Choose another --out, or overwrite it with --force.")
    read = Documents(documents, "Reading", prefix=prefix, quiet=as_json)
    survey = survey_corpus(read, instant(now))
    read.require_some()
    if not survey.documents:
        raise HeadgateError(f"{documents}: no document can be read. The first problem: {read.problems[0]}")
    for path in keys or ():
        KeySet.load(path)
    # Relative to the policy, as its paths are read.
    named = [Path(os.path.relpath(path, out.parent)).as_posix() for path in keys or ()]
    with replacing(out) as stream:
        stream.write(draft_policy(survey, named, out.name))
        stream.flush()
        Gate(Path(stream.name))  # a draft that does not load would be worse than none
    if as_json:
        print_json(_as_dict(out, survey))
    else:
        typer.echo(f"{out}: drafted from {in_number(survey.documents, 'document')}.")
        for pattern, source in survey.sources.items():
            figures = f"{in_number(source.documents, 'document')}, {source.sealed:,} sealed, {source.dated:,} dated"
            typer.echo(visible(f"  {pattern}: {figures}"))
    is_partial = read.finish()
    is_keyed = not keys or any(source.sealed for source in survey.sources.values())
    if not is_keyed:
        typer.echo(
            "--keys: no document has a seal, so the policy requires none and names the keys in comments.", err=True
        )
    if not as_json:
        typer.echo(f"\nNext: headgate audit {documents} --policy {out}")
    raise typer.Exit(int(is_partial or not is_keyed))


def _as_dict(out: Path, survey: Survey) -> dict[str, object]:
    sources = {
        pattern: {"documents": s.documents, "sealed": s.sealed, "dated": s.dated}
        for pattern, s in survey.sources.items()
    }
    return {"policy": str(out), "documents": survey.documents, "sources": sources, "unreadable": survey.unreadable}
