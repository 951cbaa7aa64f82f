"""`headgate backfill`: seals for what is in an index already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from headgate.admission.loading import policy_of
from headgate.cli.loading import is_place, load_target
from headgate.cli.options import JsonOption, MaybePolicyOption, PrefixOption, print_json, report_problems, track
from headgate.cli.stores import open_store, without_password
from headgate.corpus import read_corpus
from headgate.corpus.origin import Origin
from headgate.encoding import in_number, to_json
from headgate.errors import AdapterError, HeadgateError, one_line
from headgate.files import replacing
from headgate.integration.backfilling import Outcome, StoredIndex, backfill
from headgate.integration.publishing import Publishing
from headgate.policy import MetadataKeys
from headgate.provenance import Sealer

__all__ = ["EXAMPLE_BACKFILL", "backfill_command"]

EXAMPLE_BACKFILL = (
    "Example: headgate backfill chroma/ --collection handbook --key keys/handbook.private.jwk.json --issuer handbook "
    "--against docs/ --write"
)
_NAMED = 5
_WORDS = {
    "kept": "Sealed already",
    "differs": "Not what the origin says, so not sealed",
    "changed": "Sealed by this key before, but with other claims, so not sealed again",
    "other": "Sealed by another key, and left as it is",
    "unfit": "Not to be sealed",
    "conflict": "Changed while this ran, so not sealed",
    "elsewhere": "Of other places, so not sealed",
}


def backfill_command(
    store: Annotated[
        str,
        typer.Argument(
            metavar="STORE",
            help="A folder of Chroma, FAISS, LanceDB or LlamaIndex, postgresql://..., or MODULE:NAME of a store.",
        ),
    ],
    key: Annotated[Path, typer.Option("--key", "-k", help="The private key (JWK or PEM).")],
    issuer: Annotated[str, typer.Option("--issuer", "-i", help="The issuer's name: who vouches.")],
    against: Annotated[
        Path | None,
        typer.Option(metavar="DOCUMENTS", help="What the publisher says; only texts that are part of it are sealed."),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the seals; without it nothing is written.")] = False,
    collection: Annotated[
        str | None, typer.Option(help="The collection, table or index in a folder or database.")
    ] = None,
    match: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Seal only documents whose URI matches this pattern.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option(metavar="ENTRY", help="The metadata entry that holds the document's URI.")
    ] = None,
    cover: Annotated[
        list[str] | None,
        typer.Option(metavar="ENTRY", help="With --against: an entry to sign although the origin does not have it."),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(metavar="ENTRY", help="With --against: an entry not to compare.")
    ] = None,
    reseal: Annotated[
        bool, typer.Option("--reseal", help="Replace seals that do not fit, or that another key made.")
    ] = False,
    list_to: Annotated[
        Path | None, typer.Option("--list", metavar="FILE", help="Write what becomes of every row, as JSON Lines.")
    ] = None,
    policy: MaybePolicyOption = None,
    prefix: PrefixOption = None,
    as_json: JsonOption = False,
) -> None:
    """Seal the documents of an index where they are: texts and vectors stay, only the seal is added to the metadata.

    A dry run, unless --write is given. It can be ended and started again at any time: what has its seal is left as it
    is. Without --against it signs whatever is in the index, poison included. --policy says which metadata keys hold the
    source and the times. Exit code 1 if anything was not sealed; all of it is counted, and --list names every row.
    """
    sealer = Sealer(key, issuer)
    keys = policy_of(policy).metadata if policy is not None else MetadataKeys()
    if ignore and against is None:
        raise HeadgateError("--ignore names entries that are not compared, and nothing is: give --against DOCUMENTS.")
    index = _open(store, collection)
    with ExitStack() as stack:
        origin = _origin(against, prefix, keys, ignore or ())
        if origin is not None:
            stack.callback(origin.close)
        lines = stack.enter_context(replacing(list_to)) if list_to is not None else None
        outcomes = backfill(
            index,
            sealer,
            Publishing(subject=subject, keys=keys, cover=tuple(cover or ())),
            compare=origin.compare if origin is not None else None,
            matching=match or (),
            reseals=reseal,
            writes=write,
        )
        counted = _Counted(_guarded(_tracked(outcomes, index, quiet=as_json), index), lines)
        counted.count()
        if not counted.rows:
            raise HeadgateError(f"{index.name} is empty; there is nothing to look at.")
        if as_json:
            print_json(
                {**counted.to_dict(), "store": index.name, "is_written": write, "is_compared": against is not None}
            )
        else:
            counted.show(index.name, is_written=write, is_listed=list_to is not None, origin=origin)
    raise typer.Exit(int(counted.has_problems or (origin is not None and bool(origin.problems))))


def _open(store: str, collection: str | None) -> StoredIndex:
    found = open_store(store, collection)
    if found is not None:
        return found
    what = f"a {type(load_target(store)).__name__}, not a store" if is_place(store) else "not a store"
    raise AdapterError(
        f"{without_password(store)} is {what} known here. Give a folder of Chroma, FAISS, LanceDB or "
        "LlamaIndex, postgresql://..., or MODULE:NAME of a store or an index; docs/backfill.md says which. "
        "Is langchain-headgate or llama-index-postprocessor-headgate installed?"
    )


def _origin(against: Path | None, prefix: str | None, keys: MetadataKeys, ignored: Sequence[str]) -> Origin | None:
    if against is None:
        return None
    origin = Origin(track(read_corpus(against, prefix=prefix), "Reading the origin", quiet=False), keys, ignored)
    if not origin.documents:
        origin.close()
        raise HeadgateError(f"{against}: there is no document to compare with.")
    return origin


def _guarded(outcomes: Iterator[Outcome], index: StoredIndex) -> Iterator[Outcome]:
    try:
        yield from outcomes
    except HeadgateError:
        raise
    except Exception as error:  # whatever a store's own client raises
        problem = f"{index.name}: {one_line(error)}."
        raise HeadgateError(f"{problem} What was written stays; run the same command again to go on.") from error


def _tracked(outcomes: Iterator[Outcome], index: StoredIndex, *, quiet: bool) -> Iterator[Outcome]:
    error_console = Console(stderr=True)
    if quiet or not error_console.is_terminal:
        yield from outcomes
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=error_console, transient=True) as progress:
        task = progress.add_task("Sealing", total=index.count())
        for outcome in outcomes:
            yield outcome
            progress.advance(task)


class _Counted:
    """What became of the rows, counted; the first few of each kind are kept to be named.

    Args:
        outcomes: one per row.
        lines: where each is written to, if anywhere.
    """

    def __init__(self, outcomes: Iterator[Outcome], lines: IO[str] | None) -> None:
        self._outcomes, self._lines = outcomes, lines
        self.states: Counter[str] = Counter()
        self._named: dict[str, list[str]] = {}
        self._notes: Counter[str] = Counter()
        self._noted = 0

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(self.states.values())

    @property
    def has_problems(self) -> bool:
        """Whether a row that was asked for is not sealed, or only in part."""
        return bool(self.rows - self.states["sealed"] - self.states["kept"] - self.states["elsewhere"] or self._noted)

    def count(self) -> None:
        """Read all outcomes."""
        for outcome in self._outcomes:
            self.states[outcome.state] += 1
            self._noted += bool(outcome.notes)
            self._notes.update(outcome.notes)
            if outcome.problem is not None:
                named = self._named.setdefault(outcome.state, [])
                if len(named) < _NAMED:
                    named.append(f"{outcome.id[:80]} ({outcome.uri or 'no source'}): {outcome.problem}")
            if self._lines is not None:
                self._lines.write(to_json(outcome.to_dict()) + "\n")

    def to_dict(self) -> dict[str, object]:
        """Return the figures as plain JSON values."""
        states = {name: self.states[name] for name in ("sealed", *_WORDS)}
        return {"rows": self.rows, **states, "in_part": self._noted, "notes": dict(self._notes), "named": self._named}

    def show(self, name: str, *, is_written: bool, is_listed: bool, origin: Origin | None) -> None:
        """Print what became of the rows."""
        done = "sealed" if is_written else "would be sealed; nothing was written (--write writes)"
        typer.echo(f"{name}: {in_number(self.rows, 'row')}, {self.states['sealed']:,} {done}.")
        for state, words in _WORDS.items():
            if self.states[state]:
                self._show_state(state, words, is_listed=is_listed)
        if self._noted:
            notes = [f"{note} ({count:,})" for note, count in self._notes.most_common(_NAMED)]
            sealed = "sealed" if is_written else "would be sealed"
            report_problems(notes, f"{in_number(self._noted, 'row')} {sealed}, but not in every part:")
        if origin is None:
            typer.echo(
                "Nothing was compared: a seal says that you vouch for what is in the index, whoever wrote it there, "
                "poison included. Compare with what the publisher says: --against DOCUMENTS."
            )
        else:
            report_problems(origin.problems, "Of the origin could not be read:")
            if self.states["differs"] == self.rows:
                typer.echo(f"No row fits. URIs of the origin look like {origin.example()}; --prefix changes them.")

    def _show_state(self, state: str, words: str, *, is_listed: bool) -> None:
        typer.echo(f"{words}: {in_number(self.states[state], 'row')}.")
        named = self._named.get(state, [])
        report_problems(named)
        if self.states[state] > len(named) and named:
            where = "are in the file" if is_listed else "--list FILE names all"
            typer.echo(f"  and {self.states[state] - len(named):,} more; {where}", err=True)
