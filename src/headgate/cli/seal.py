"""`headgate seal`: seal documents that are split already."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, Annotated

import typer

from headgate.chunk import Chunk
from headgate.cli.options import Documents, DocumentsArgument, PrefixOption, report_problems
from headgate.corpus import CorpusItem, seal_corpus, to_line, to_lines
from headgate.errors import HeadgateError
from headgate.files import replacing
from headgate.policy import MetadataKeys
from headgate.provenance import Sealer

__all__ = ["EXAMPLE_SEAL", "seal"]

EXAMPLE_SEAL = "Example: headgate seal docs/ --key keys/docs.private.jwk.json --issuer docs --out sealed.jsonl"


def seal(
    documents: DocumentsArgument,
    key: Annotated[Path, typer.Option("--key", "-k", help="The private key (JWK or PEM).")],
    issuer: Annotated[str, typer.Option("--issuer", "-i", help="Who vouches.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write JSON Lines here instead of printing.")] = None,
    cover: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="An entry that the seal covers too; by default all."),
    ] = None,
    hide: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A covered entry that is kept out of the prompt.")
    ] = None,
    timezone: Annotated[str | None, typer.Option(help="The zone of times that have none.")] = None,
    prefix: PrefixOption = None,
) -> None:
    """Seal documents that are split already; writes JSON Lines with text, metadata and seal.

    The file appears when it is complete, and its last line says how many documents it holds. Exit code 1 if a document
    could not be sealed, or something in its metadata could not.
    """
    sealer = Sealer(key, issuer)
    # The originals would be gone, and with them what could not be sealed.
    if out is not None and out.exists() and documents.exists() and out.samefile(documents):
        raise HeadgateError(f"{out} is the input. Choose another --out.")
    try:
        names = MetadataKeys(timezone=timezone)
    except ValueError:
        raise HeadgateError(f"--timezone {timezone!r} is not a time zone. Write UTC or Europe/Berlin.") from None
    read = Documents(documents, "Sealing", prefix=prefix, quiet=out is None)
    sealing = _Sealing(seal_corpus(read, sealer, keys=names, cover=["*"] if cover is None else cover, hide=hide or ()))
    with _output(out) as stream:
        for line in to_lines(sealing, is_ascii=out is None):
            stream.write(line + "\n")
        # Before the file gets its name: a file without any document would replace one that has some.
        read.require_some()
        if not sealing.sealed:
            raise HeadgateError(f"{documents}: no document can be sealed. The first problem: {sealing.problems[0]}")
    typer.echo(f"{sealing.sealed:,} sealed by {issuer!r}, {sealing.left_out:,} not.", err=True)
    report_problems(sealing.problems, len(sealing.problems))
    raise typer.Exit(int(bool(sealing.problems)))


class _Sealing:
    """The chunks that were sealed, and what was not.

    Args:
        items: what `seal_corpus` yields.
    """

    def __init__(self, items: Iterable[CorpusItem]) -> None:
        self._items = items
        self.problems: list[str] = []
        self.sealed = self.left_out = 0

    def __iter__(self) -> Iterator[Chunk]:
        for item in self._items:
            chunk, problem = item.chunk, item.problem
            if chunk is not None and (unwritable := _unwritable(chunk)) is not None:
                chunk, problem = None, unwritable
            if problem is not None:
                self.problems.append(f"{item.place}: {problem}")
            if chunk is None:
                self.left_out += item.is_document
            else:
                self.sealed += 1
                yield chunk


def _unwritable(chunk: Chunk) -> str | None:
    try:
        to_line(chunk)
    except ValueError as error:
        return str(error)
    return None


def _output(out: Path | None) -> AbstractContextManager[IO[str]]:
    return nullcontext(sys.stdout) if out is None else replacing(out)
