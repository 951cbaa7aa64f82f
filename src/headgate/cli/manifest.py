"""`headgate manifest`: sign the list of what a corpus holds, keep it in force, and look at it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from headgate.cli.datasets import is_dataset, report_run, run_dataset
from headgate.cli.instants import NowOption, instant
from headgate.cli.metadata import metadata_keys
from headgate.cli.options import (
    Documents,
    FieldMapOption,
    JobsOption,
    JsonOption,
    MaybePolicyOption,
    PrefixOption,
    QuestionsOption,
    TextFieldOption,
    cores,
    print_json,
    report_problems,
    track,
)
from headgate.cli.outputs import file_of, require_unread
from headgate.cli.stores import open_store, require_no_collection
from headgate.corpus import NO_FIELDS, CorpusItem, Fields, Listing, list_corpus, publish_listing
from headgate.corpus.gathering import stored_items
from headgate.corpus.origin import Origin
from headgate.encoding import in_number
from headgate.errors import HeadgateError
from headgate.integration.publishing import EVERYTHING
from headgate.policy import MetadataKeys, UriPattern
from headgate.policy.durations import parse_duration
from headgate.provenance import load_signer
from headgate.provenance.publication import Publication, renew_timestamp
from headgate.provenance.statements import ManifestStatement, TimestampStatement
from headgate.report import visible

__all__ = [
    "EXAMPLE_BUILD",
    "EXAMPLE_TIMESTAMP",
    "CollectionOption",
    "CorpusArgument",
    "FolderArgument",
    "build",
    "read_index",
    "timestamp",
    "timestamp_values",
]

EXAMPLE_BUILD = (
    "Example: headgate manifest build export.jsonl --key keys/docs.private.jwk.json --issuer docs --corpus docs "
    "--out manifests/docs --against docs/"
)
EXAMPLE_TIMESTAMP = "Example: headgate manifest timestamp manifests/docs --key keys/docs.private.jwk.json --expires 7d"
_SHOWN = 20

CorpusArgument = Annotated[
    str,
    typer.Argument(
        metavar="CORPUS",
        help="JSON Lines, a folder of texts or of a store, postgresql://..., or MODULE:NAME of a store.",
    ),
]
CollectionOption = Annotated[str | None, typer.Option(help="The collection or table of a store.")]
FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of the manifest.")]
ExpiresOption = Annotated[
    str, typer.Option("--expires", metavar="DURATION", help="How long the timestamp is in force, such as 7d or 36h.")
]

KeyOption = Annotated[
    str, typer.Option("--key", "-k", help="The private key (JWK or PEM), or the URI of one in custody (hsm:...).")
]
IssuerOption = Annotated[str, typer.Option("--issuer", "-i", help="The issuer's name: who vouches.")]
NameOption = Annotated[str, typer.Option("--corpus", help="The name of the corpus.")]
OutOption = Annotated[Path, typer.Option("--out", "-o", help="The folder of the manifest.")]
AgainstOption = Annotated[
    Path | None, typer.Option("--against", metavar="DOCUMENTS", help="The origin, to compare the index with.")
]
AgainstPrefixOption = Annotated[
    str | None, typer.Option(help="What the URIs of the origin's files begin with; by default the same as --prefix.")
]
UnseenOption = Annotated[
    bool, typer.Option("--unseen", help="With --against: also list documents that the origin does not have.")
]
IgnoreOption = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="With --against: an entry not to compare.")
]
CoverOption = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="An entry that is covered too; by default all.")
]
HideOption = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="An entry that is covered, and kept out of the prompt.")
]
NamespaceOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATTERN", help="The URIs that the manifest speaks for; by default what its documents suggest."
    ),
]
VersionOption = Annotated[int | None, typer.Option(min=0, help="By default one more than the version in force.")]
TimestampKeyOption = Annotated[
    str | None, typer.Option(help="The private key for the timestamp, if it has one of its own.")
]
TimezoneOption = Annotated[
    str | None, typer.Option(metavar="ZONE", help="The zone of times that have none, such as Europe/Berlin.")
]
DateOrderOption = Annotated[
    str | None, typer.Option(metavar="DMY|MDY", help="How to read 03/04/2026; without it such dates are not read.")
]


def build(
    corpus_place: CorpusArgument,
    key: KeyOption,
    issuer: IssuerOption,
    corpus: NameOption,
    out: OutOption,
    against: AgainstOption = None,
    against_prefix: AgainstPrefixOption = None,
    unseen: UnseenOption = False,
    ignore: IgnoreOption = None,
    collection: CollectionOption = None,
    cover: CoverOption = None,
    hide: HideOption = None,
    namespace: NamespaceOption = None,
    version: VersionOption = None,
    expires: ExpiresOption = "7d",
    timestamp_key: TimestampKeyOption = None,
    pending: Annotated[
        bool, typer.Option("--pending", help="Do not put it in force: others sign it first (`manifest sign`).")
    ] = False,
    timezone: TimezoneOption = None,
    date_order: DateOrderOption = None,
    policy: MaybePolicyOption = None,
    prefix: PrefixOption = None,
    questions: QuestionsOption = None,
    text_field: TextFieldOption = None,
    field_map: FieldMapOption = None,
    jobs: JobsOption = 0,
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign the list of what an index or export holds; nothing in it is changed.

    What is in the index is signed, poison included, unless --against names the documents as their origin has them: then
    only what the origin confirms is listed. Exit code 1 if something was not listed, or not in every part.
    """
    names = metadata_keys(policy, timezone, date_order)
    publication = Publication(
        folder=out,
        key=load_signer(key),
        corpus=corpus,
        issuer=issuer,
        timestamp_key=load_signer(timestamp_key) if timestamp_key is not None else None,
        is_pending=pending,
    )
    read = {
        "corpus_place": corpus_place,
        "against": against,
        "key": file_of(key),
        "timestamp_key": file_of(timestamp_key),
    }
    require_unread([out / "timestamp.json", *(out / "manifests").glob("*.json")], {**read, "questions": questions})
    lifetime = duration(expires, "--expires")
    patterns = _patterns(namespace or ())
    if against is None and (unseen or ignore):
        raise HeadgateError("--unseen and --ignore are about a comparison: give --against DOCUMENTS.")
    fields = Fields.parse(text_field, field_map)
    if against is None and questions is None and prefix is None and _is_large(corpus_place):
        require_no_collection(collection, corpus_place)
        kernel_options = {"cover": cover, "hide": hide, "keys": names, "fields": fields}
        about = {"namespace": patterns, "version": version, "issued": instant(now), "lifetime": lifetime}
        _build_of_dataset(corpus_place, publication, jobs, kernel_options, about, as_json=as_json)
    start = against_prefix if against_prefix is not None else prefix
    with _origin(against, start, names, ignore or (), quiet=as_json) as origin:
        listing = list_corpus(
            read_index(corpus_place, "Reading", collection, prefix, questions, quiet=as_json, fields=fields),
            keys=names,
            cover=cover,
            hide=hide or (),
            origin=origin,
            lists_unseen=unseen,
            jobs=cores(jobs),
        )
    unread = origin.problems if origin is not None else []
    statement, stamp = publish_listing(
        publication, listing, namespace=patterns, version=version, issued=instant(now), lifetime=lifetime
    )
    _report(listing, publication, statement, stamp, is_compared=origin is not None, as_json=as_json)
    report_problems(unread, "Of the origin could not be read:")
    raise typer.Exit(int(bool(listing.not_listed or listing.in_part or listing.unseen or unread)))


def _is_large(place: str) -> bool:
    # Without DuckDB, documents are brought together in memory, as those of other places.
    return is_dataset(place) and ("://" in place or find_spec("duckdb") is not None)


def _build_of_dataset(
    place: str,
    publication: Publication,
    workers: int,
    options: Mapping[str, Any],
    about: Mapping[str, Any],
    *,
    as_json: bool,
) -> NoReturn:
    from headgate.corpus.datasets import opened_listing, publish_rows, require_duckdb
    from headgate.corpus.kernel import ListRows

    require_duckdb()
    out, names = publication.folder, options["keys"]
    # Beside the manifest and not in it: a manifest is served to whoever reads it.
    work = out.with_name(f".{out.name}.headgate-listing")
    kernel = ListRows(tuple(options["cover"] or (EVERYTHING,)), tuple(options["hide"] or ()), names, options["fields"])
    outcome = run_dataset(kernel, place, work, workers, quiet=as_json)
    is_partial = report_run(outcome)
    with opened_listing(outcome.files, names, aside=work / ".sql") as rows:
        statement, stamp = publish_rows(publication, rows, **about)
    listing = Listing(not_listed=list(rows.not_listed))
    listing.in_part = [f"{in_number(count, 'row')}: {note}" for note, count in outcome.summary.notes.most_common()]
    _report(listing, publication, statement, stamp, is_compared=False, as_json=as_json)
    shutil.rmtree(work)
    raise typer.Exit(int(bool(is_partial or listing.not_listed or listing.in_part)))


def timestamp(
    folder: FolderArgument,
    key: Annotated[str, typer.Option("--key", "-k", help="The private key that signs timestamps, or its URI.")],
    keys: Annotated[
        Path | None, typer.Option(help="The public keys of the manifest, if --key did not sign it.")
    ] = None,
    at_least: Annotated[int, typer.Option(min=0, help="The lowest version to renew.")] = 0,
    expires: ExpiresOption = "7d",
    now: NowOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign the timestamp again, for a scheduled job; what is in force is verified first, and stays what it is."""
    from headgate.provenance import KeySet

    signing = load_signer(key)
    stamp = renew_timestamp(
        folder,
        signing,
        keys=KeySet.load(keys) if keys is not None else signing.public,
        issued=instant(now),
        lifetime=duration(expires, "--expires"),
        at_least=at_least,
    )
    if as_json:
        print_json(timestamp_values(stamp))
    else:
        typer.echo(f"{stamp.corpus!r}, version {stamp.version}, is in force until {stamp.expires:%Y-%m-%d %H:%M} UTC.")


def read_index(
    place: str,
    what: str,
    collection: str | None,
    prefix: str | None,
    questions: Path | None,
    *,
    quiet: bool,
    fields: Fields = NO_FIELDS,
) -> Iterator[CorpusItem]:
    """Yield what a store, an export, a folder or an application holds.

    Raises:
        HeadgateError: there is no such place, or it is empty.
    """
    store = open_store(place, collection) if questions is None else None
    if store is not None:
        yield from track(stored_items(store), what, quiet=quiet)
        return
    require_no_collection(collection, place)
    read = Documents(Path(place), what, prefix=prefix, quiet=quiet, questions=questions, fields=fields)
    yield from read
    read.require_some()


def duration(text: str, option: str) -> timedelta:
    """Return the duration that an option names.

    Raises:
        HeadgateError: it is none, or not above zero.
    """
    try:
        found = parse_duration(text)
    except ValueError as error:
        raise HeadgateError(f"{option} {text!r}: {error}") from None
    if not isinstance(found, timedelta) or found < timedelta(seconds=1):
        raise HeadgateError(f"{option} {text!r}: write a duration such as 7d.")
    return found


def timestamp_values(stamp: TimestampStatement) -> dict[str, object]:
    """Return what a timestamp says as plain values."""
    return {
        "corpus": stamp.corpus,
        "version": stamp.version,
        "issuer": stamp.issuer,
        "issued": stamp.issued.isoformat(),
        "expires": stamp.expires.isoformat(),
    }


def _origin(
    against: Path | None, prefix: str | None, names: MetadataKeys, ignored: Sequence[str], *, quiet: bool
) -> AbstractContextManager[Origin | None]:
    if against is None:
        return nullcontext()
    return Origin(Documents(against, "Reading the origin", prefix=prefix, quiet=quiet), names, ignored)


def _patterns(given: Sequence[str]) -> Sequence[str]:
    try:
        for pattern in given:
            UriPattern.parse(pattern)
    except ValueError as error:
        raise HeadgateError(f"--namespace {error}") from None
    return given


def _report(
    listing: Listing,
    publication: Publication,
    statement: ManifestStatement,
    stamp: TimestampStatement,
    *,
    is_compared: bool,
    as_json: bool,
) -> None:
    unseen = len(listing.unseen) if is_compared else statement.documents
    if as_json:
        print_json(
            {
                **timestamp_values(stamp),
                **({"expires": None} if publication.is_pending else {}),
                "pending": publication.is_pending,
                "documents": statement.documents,
                "chunks": statement.chunks,
                "namespace": list(statement.namespace),
                "compared": listing.seen,
                "unseen": unseen,
                "unseen_documents": listing.unseen,
                "not_listed": listing.not_listed,
                "in_part": listing.in_part,
            }
        )
        return
    held = f"{in_number(statement.documents, 'document')}, {in_number(statement.chunks, 'chunk')}"
    typer.echo(f"{statement.corpus!r}, version {statement.version}: {held}, written to {publication.folder}.", err=True)
    typer.echo(visible(f"It speaks for {', '.join(statement.namespace)}."), err=True)
    if publication.is_pending:
        typer.echo("Pending: it is not in force until enough have signed it: `headgate manifest sign`.", err=True)
    else:
        until = f"{stamp.expires:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"In force until {until}; `headgate manifest timestamp` renews it.", err=True)
    if is_compared:
        typer.echo(f"{in_number(listing.seen, 'document')} compared with the origin.", err=True)
        _name(listing.unseen, f"{in_number(unseen, 'document')} signed unseen: the origin does not have them.")
    else:
        typer.echo("All of them signed unseen: --against DOCUMENTS would compare them with their origin.", err=True)
    _name(listing.not_listed, f"{in_number(len(listing.not_listed), 'place')} not listed:")
    _name(listing.in_part, f"{in_number(len(listing.in_part), 'place')} listed, but not in every part:")


def _name(entries: Sequence[str], headline: str) -> None:
    report_problems(entries[:_SHOWN], headline)
    if len(entries) > _SHOWN:
        typer.echo(f"  and {len(entries) - _SHOWN:,} more (--json names all)", err=True)
