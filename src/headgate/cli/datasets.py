"""What the commands over data sets have in common: the folder, the workers, progress, and what is said at the end."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.options import cores, report_problems, track
from headgate.cli.stores import open_store, require_no_collection
from headgate.encoding import in_number
from headgate.errors import HeadgateError

if TYPE_CHECKING:
    from headgate.corpus.datasets import Dataset, Failure, Outcome, Part
    from headgate.corpus.kernel import Kernel
    from headgate.corpus.records import Fields
    from headgate.corpus.terms import TermCounts

__all__ = [
    "CollectionOption",
    "OutOption",
    "SignOption",
    "WorkersOption",
    "count_terms",
    "is_dataset",
    "opened_dataset",
    "report_run",
    "require_out",
    "run_dataset",
]

OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR",
        help="Work on a data set (Parquet, Arrow, JSON Lines, CSV; a file, folder or address), into this folder.",
    ),
]
WorkersOption = Annotated[
    int, typer.Option("--workers", "-w", min=0, max=1_024, help="With --out: how many processes; 0: one per core.")
]
CollectionOption = Annotated[
    str | None, typer.Option("--collection", help="With --out: the collection or table of a store.")
]
SignOption = Annotated[
    Path | None, typer.Option("--sign", metavar="KEY", help="With --out: sign the list of the parts with this key.")
]
_EVERY = 30.0  # seconds between two lines of progress where nobody watches
_SHOWN = 20


def is_dataset(place: str) -> bool:
    """Return whether a place is one that only data sets have: an address, tables of Arrow, or the folder of a run."""
    path = Path(place)
    if "://" in place:
        return not place.startswith(("postgres", "sqlite"))
    tables = (".parquet", ".arrow", ".feather", ".ipc")
    if path.is_dir():
        return (path / "run.json").is_file() or any(
            one.suffix.lower() in tables for one in path.rglob("*") if not one.name.startswith(".")
        )
    return path.suffix.lower() in tables


def require_out(options: Mapping[str, object]) -> None:
    """Raise where an option is given that only means something with --out.

    Raises:
        HeadgateError: one is not None.
    """
    for name, value in options.items():
        if value is not None:
            raise HeadgateError(
                f"{name} is for data sets and stores, which are worked on into a folder: give --out DIR."
            )


def run_dataset(
    kernel: Kernel,
    place: str,
    out: Path,
    workers: int,
    *,
    sign: Path | None = None,
    has_places: bool = True,
    finish: Callable[[Outcome], None] | None = None,
    quiet: bool = False,
) -> Outcome:
    """Work on a data set, and say on stderr how it goes on.

    Args:
        kernel: what is done with the rows.
        place: the data set.
        out: the folder of the results.
        workers: how many processes; 0 for one per core.
        sign: the private key that signs the list of the parts.
        has_places: whether each row says where it came from.
        finish: called before the list is written.
        quiet: whether nothing is said meanwhile.

    Raises:
        HeadgateError: as `headgate.corpus.datasets.run`.
    """
    from headgate.corpus.datasets import run
    from headgate.provenance import SigningKey

    return run(
        kernel,
        place,
        out,
        workers=cores(workers),
        has_places=has_places,
        key=SigningKey.load(sign) if sign is not None else None,
        progress=None if quiet else _Progress(),
        finish=finish,
    )


def count_terms(counts: TermCounts, place: str, out: Path, workers: int, fields: Fields, *, quiet: bool) -> bool:
    """Add what the rows of a data set say about words, and return whether something was skipped.

    Args:
        counts: what is added to.
        place: the data set.
        out: the folder of the results.
        workers: how many processes; 0 for one per core.
        fields: which columns are the text, and metadata under other names.
        quiet: whether nothing is said meanwhile.
    """
    from pyarrow import parquet

    from headgate.corpus.kernel import TermRows
    from headgate.corpus.terms import TermRow

    outcome = run_dataset(TermRows(fields), place, out, workers, has_places=False, quiet=quiet)
    for path in outcome.files:
        columns = parquet.read_table(path).to_pydict().values()
        rows = zip(*columns, strict=True)
        counts.merge(
            TermRow(kind, first, second, third, times, tuple(examples))
            for kind, first, second, third, times, examples in rows
        )
    return report_run(outcome)


@contextmanager
def opened_dataset(place: str, collection: str | None, out: Path) -> Iterator[str]:
    """Give the place of a data set; the rows of a store are written beside the results, and removed at the end.

    Args:
        place: a data set, or a store as `headgate backfill` takes them.
        collection: the collection or table of a store.
        out: the folder of the results.

    Raises:
        HeadgateError: the store cannot be opened or read.
    """
    store = None if is_dataset(place) or Path(place).is_file() else open_store(place, collection)
    if store is None:
        require_no_collection(collection, place)
        yield place
        return
    from headgate.corpus.datasets.spooling import spool
    from headgate.corpus.gathering import stored_items

    rows = out.with_name(f".{out.name}.headgate-rows")
    yield str(spool(track(stored_items(store), "Reading", quiet=False), rows))
    shutil.rmtree(rows)


class _Progress:
    """Says how many rows are done, how many that is a second, and how long the rest will take."""

    def __init__(self) -> None:
        self._started = self._said = time.monotonic()
        self._rows = self._fragments = 0

    def __call__(self, dataset: Dataset, one: Part | Failure) -> None:
        self._fragments += 1
        self._rows += getattr(one, "rows_in", 0)
        now = time.monotonic()
        is_watched = sys.stderr.isatty()
        is_last = self._fragments == len(dataset.fragments)
        if is_watched or is_last or now - self._said >= _EVERY:
            self._said = now
            # On a terminal each line takes the place of the one before.
            start, end = ("\r\x1b[2K", "\n" if is_last else "") if is_watched else ("", "\n")
            sys.stderr.write(f"{start}{self._line(dataset, now)}{end}")
            sys.stderr.flush()

    def _line(self, dataset: Dataset, now: float) -> str:
        rate = self._rows / max(now - self._started, 1e-6)
        total = dataset.rows
        of = f" of {total:,}" if total is not None else ""
        fragments = f"{self._fragments:,} of {len(dataset.fragments):,} fragments"
        done = f"{self._rows:,}{of} rows, {fragments}, {rate:,.0f} a second"
        left = (total - self._rows) / rate if total is not None and rate else None
        return f"{done}, {_span(left)} left" if left else done


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def report_run(outcome: Outcome) -> bool:
    """Name on stderr what was skipped, and return whether anything was.

    Raises:
        HeadgateError: there was nothing to look at.
    """
    if not outcome.parts and not outcome.failures:
        raise HeadgateError(f"{outcome.folder}: there was no row to look at.")
    failed = [f"{one.fragment}: {one.reason}" for one in outcome.failures]
    _name(failed, f"{in_number(len(failed), 'fragment')} skipped:")
    _name(outcome.notices, f"{in_number(len(outcome.notices), 'notice')}:")
    reasons = outcome.summary.reasons
    said = [
        f"{in_number(number, 'row')}: {reason}{_such_as(outcome.summary.examples.get(reason, ()))}"
        for reason, number in reasons.most_common()
    ]
    _name(said, f"{in_number(sum(reasons.values()), 'row')} not read, or not used:")
    _name(outcome.passed_over, f"{in_number(len(outcome.passed_over), 'file')} of other kinds passed over:")
    return bool(failed or outcome.notices or said or outcome.passed_over)


def _such_as(examples: Sequence[str]) -> str:
    return f" (such as {', '.join(examples[:2])})" if examples else ""


def _name(lines: Sequence[str], headline: str) -> None:
    report_problems(lines[:_SHOWN], headline)
    if len(lines) > _SHOWN:
        typer.echo(f"  and {len(lines) - _SHOWN:,} more", err=True)
