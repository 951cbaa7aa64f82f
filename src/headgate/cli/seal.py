"""`headgate seal`: seal documents that are split already."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import IO, Annotated

import typer

from headgate.chunk import Chunk
from headgate.cli.datasets import CollectionOption, is_dataset, opened_dataset, report_run, run_dataset
from headgate.cli.loading import is_place
from headgate.cli.metadata import metadata_keys
from headgate.cli.options import (
    Documents,
    FieldMapOption,
    JobsOption,
    PrefixOption,
    TextFieldOption,
    cores,
    report_problems,
)
from headgate.cli.outputs import file_of, require_unread
from headgate.cli.stores import is_store_folder, require_no_collection, without_password
from headgate.corpus import CorpusItem, Fields, Journal, open_journal, seal_corpus, to_line, to_lines
from headgate.encoding import in_number
from headgate.errors import HeadgateError
from headgate.files import replacing
from headgate.integration.publishing import EVERYTHING
from headgate.policy import MetadataKeys
from headgate.provenance import Sealer, SigningKey

__all__ = ["EXAMPLE_SEAL", "seal"]

_BATCH = 10_000
EXAMPLE_SEAL = "Example: headgate seal docs/ --key keys/docs.private.jwk.json --issuer docs --out sealed.jsonl"


def seal(
    documents: Annotated[
        str,
        typer.Argument(
            metavar="DOCUMENTS",
            help="A folder of text files, one file, or JSON Lines (.gz too); or a data set of Parquet or Arrow.",
        ),
    ],
    key: Annotated[
        str, typer.Option("--key", "-k", help="The private key (JWK or PEM), or the URI of one in custody (hsm:...).")
    ],
    issuer: Annotated[str, typer.Option("--issuer", "-i", help="The issuer's name: who vouches.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Write JSON Lines here instead of printing; of a data set, Parquet into this folder."
        ),
    ] = None,
    cover: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="An entry that the seal covers too; by default all."),
    ] = None,
    hide: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="An entry that is covered too, and kept out of the prompt.")
    ] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="One signature for every 10,000 documents, instead of one for each.")
    ] = False,
    whole: Annotated[
        bool,
        typer.Option(
            "--whole", help="Seal whole documents before they are split; their chunks get proofs later (experimental)."
        ),
    ] = False,
    jobs: JobsOption = 0,
    collection: CollectionOption = None,
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="The zone of times that have none, such as Europe/Berlin.")
    ] = None,
    date_order: Annotated[
        str | None, typer.Option(metavar="DMY|MDY", help="How to read 03/04/2026; without it such dates are not read.")
    ] = None,
    prefix: PrefixOption = None,
    text_field: TextFieldOption = None,
    field_map: FieldMapOption = None,
) -> None:
    """Seal documents that are split already; writes JSON Lines with text, metadata and seal.

    The file appears when it is complete, and its last line says how many documents it holds. A run that was interrupted
    is continued by the same command: what it had sealed is kept beside the file for a day. Exit code 1 if a document
    could not be sealed, or something in its metadata could not; every one is named.

    A data set, whose rows keep all their columns, is sealed part by part into a folder (docs/scale.md).
    """
    if out is not None and out.suffix == "" and _is_table(documents):
        if whole or prefix is not None:
            raise HeadgateError("--whole and --prefix are not for data sets.")
        names, fields = metadata_keys(None, timezone, date_order), Fields.parse(text_field, field_map)
        claims = names, tuple(cover or (EVERYTHING,)), tuple(hide or ()), batch
        raise typer.Exit(_seal_dataset(documents, collection, key, issuer, out, jobs, claims, fields))
    require_no_collection(collection, documents)
    if "://" in documents:
        raise HeadgateError(f"{without_password(documents)} is a data set or a store: give --out DIR, a folder.")
    sealer = Sealer(key, issuer)
    if whole and batch:
        raise HeadgateError("--whole signs each document once anyway; leave --batch out.")
    if out is not None:
        require_unread([_resuming(out)], {"documents": documents, "key": file_of(key)})
    names = metadata_keys(None, timezone, date_order)
    read = Documents(
        Path(documents), "Sealing", prefix=prefix, quiet=out is None, fields=Fields.parse(text_field, field_map)
    )
    named = [name for name in dict.fromkeys((*(cover or ()), *(hide or ()))) if name != EVERYTHING]
    covered = ["*"] if cover is None else cover
    size = _BATCH if batch else 1
    options = {
        "keys": names.model_dump(mode="json"),
        "cover": covered,
        "hide": hide or [],
        "batch": size,
        "whole": whole,
    }
    with _journal(out, sealer, options) as journal:
        items = seal_corpus(
            read,
            sealer,
            keys=names,
            cover=covered,
            hide=hide or (),
            batch=size,
            whole=whole,
            jobs=cores(jobs),
            journal=journal,
        )
        sealing = _Sealing(items)
        with _output(out) as stream:
            for line in to_lines(sealing, is_ascii=out is None):
                stream.write(line + "\n")
            # Before the file gets its name: a file without any document would replace one that has some.
            read.require_some()
            if not sealing.sealed:
                raise HeadgateError(f"{documents}: no document can be sealed. The first problem: {sealing.problems[0]}")
        if journal is not None and journal.kept:
            typer.echo(f"{in_number(journal.kept, 'document')} of them by a run that was interrupted.", err=True)
    where = "" if out is None else f", written to {out}"
    typer.echo(f"{in_number(sealing.sealed, 'document')} sealed by {issuer!r}{where}.", err=True)
    report_problems(sealing.not_sealed, f"{in_number(len(sealing.not_sealed), 'document')} not sealed:")
    report_problems(sealing.passed_over, f"{in_number(len(sealing.passed_over), 'place')} passed over:")
    report_problems(sealing.in_part, f"{in_number(len(sealing.in_part), 'document')} sealed, but not in every part:")
    unknown = [f"{name!r}: no document has such an entry" for name in named if name not in sealing.names]
    report_problems(unknown, "Named by --cover or --hide, and not found:")
    raise typer.Exit(int(bool(sealing.problems or unknown)))


def _is_table(documents: str) -> bool:
    """Return whether documents are rows of tables, or of a store; texts are sealed to JSON Lines."""
    return is_dataset(documents) or is_place(documents) or "://" in documents or is_store_folder(documents)


def _seal_dataset(
    documents: str,
    collection: str | None,
    custody: str,
    issuer: str,
    out: Path,
    workers: int,
    claims: tuple[MetadataKeys, tuple[str, ...], tuple[str, ...], bool],
    fields: Fields,
) -> int:
    from headgate.corpus.kernel import SealRows

    key = file_of(custody)
    if key is None:
        raise HeadgateError(
            "A data set is sealed by many processes, with a key in a file. Seal JSON Lines with --batch."
        )
    names, cover, hide, is_batch = claims
    kernel = SealRows(key, issuer, cover, hide, names, is_batch, fields)
    with opened_dataset(documents, collection, out) as place:
        outcome = run_dataset(kernel, place, out, workers, has_places=False, sign=key)
    is_partial = report_run(outcome)
    notes = outcome.summary.notes
    sealed = outcome.summary.counts["sealed"]
    typer.echo(f"{in_number(sealed, 'row')} sealed by {issuer!r}, written to {out}.", err=True)
    in_part = [f"{in_number(number, 'row')}: {note}" for note, number in notes.most_common()]
    report_problems(in_part, f"{in_number(sum(notes.values()), 'row')} sealed, but not in every part:")
    return int(is_partial or bool(notes))


class _Sealing:
    """The chunks that were sealed, and what was not.

    Args:
        items: what `seal_corpus` yields.
    """

    def __init__(self, items: Iterable[CorpusItem]) -> None:
        self._items = items
        self.not_sealed: list[str] = []
        self.in_part: list[str] = []
        self.passed_over: list[str] = []
        self.names: set[str] = set()
        self.sealed = 0

    @property
    def problems(self) -> list[str]:
        """Everything that was not sealed, the most serious first."""
        return [*self.not_sealed, *self.passed_over, *self.in_part]

    def __iter__(self) -> Iterator[Chunk]:
        for item in self._items:
            chunk, problem = item.chunk, item.problem
            if chunk is not None and (unwritable := _unwritable(chunk)) is not None:
                chunk, problem = None, unwritable
            if problem is not None:
                named = self.in_part if chunk is not None else self.not_sealed if item.is_document else self.passed_over
                named.append(f"{item.place}: {problem}")
            if chunk is not None:
                self.sealed += 1
                self.names.update(chunk.metadata)
                yield chunk


@contextmanager
def _journal(out: Path | None, sealer: Sealer, options: dict[str, object]) -> Iterator[Journal | None]:
    """Keep what is finished beside the file that is written, until that has its name or cannot get it."""
    # What is kept is bound to the private key, and one in custody cannot be read.
    if out is None or (out.exists() and not out.is_file()) or not isinstance(sealer.key, SigningKey):
        yield None
        return
    with open_journal(_resuming(out), sealer, options) as journal:
        try:
            yield journal
        except HeadgateError:
            journal.remove()
            raise
        journal.remove()


def _resuming(out: Path) -> Path:
    return out.with_name(f".{out.name}.headgate-resume")


def _unwritable(chunk: Chunk) -> str | None:
    try:
        to_line(chunk)
    except ValueError as error:
        return str(error)
    return None


def _output(out: Path | None) -> AbstractContextManager[IO[str]]:
    return nullcontext(sys.stdout) if out is None else replacing(out)
