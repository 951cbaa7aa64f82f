"""`headgate freshness corpus`: what of a data set is out of date, and what will be."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from headgate.cli.datasets import WorkersOption, report_run, run_dataset
from headgate.cli.freshness import duration_of
from headgate.cli.instants import NowOption, instant
from headgate.cli.options import FieldMapOption, JsonOption, PolicyOption, TextFieldOption, console, print_json
from headgate.corpus import Fields
from headgate.encoding import in_number
from headgate.report import new_table, plain

__all__ = ["EXAMPLE_CORPUS", "corpus"]

EXAMPLE_CORPUS = "Example: headgate freshness corpus sealed/ --policy headgate.yaml --out stale --within 7d"
_STALE = r"""
SELECT source, count(*) AS rows,
    count(*) FILTER (regexp_matches(array_to_string(reasons, ' '), '\bF')) AS stale,
    count(*) FILTER (NOT would_drop AND epoch_us(valid_until) <= $end) AS ending
FROM read_parquet($parts) WHERE source IS NOT NULL GROUP BY source ORDER BY stale + ending DESC, source
"""


def corpus(
    place: Annotated[
        str, typer.Argument(metavar="CORPUS", help="A data set: Parquet, Arrow, JSON Lines or CSV; or its address.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The folder of the results.")],
    policy: PolicyOption = Path("headgate.yaml"),
    within: Annotated[str, typer.Option(metavar="DURATION", help="How far to look ahead.")] = "7d",
    workers: WorkersOption = 0,
    text_field: TextFieldOption = None,
    field_map: FieldMapOption = None,
    as_json: JsonOption = False,
    now: NowOption = None,
) -> None:
    """Say per source how many rows of a data set are out of date, and how many more will be within a time.

    Every row is judged as by `headgate audit --out`, and the same is in the folder; `valid_until` is when time alone
    changes a decision. Exit code 1 if something is out of date or will be, or was skipped.
    """
    from headgate.corpus.datasets import begun_in, require_duckdb
    from headgate.corpus.kernel import JudgeRows

    require_duckdb()
    begun, span = begun_in(out), duration_of(within, "--within")
    moment = instant(now or (str(begun.about.get("now")) if begun is not None else None))
    kernel = JudgeRows(policy, moment, Fields.parse(text_field, field_map))
    outcome = run_dataset(kernel, place, out, workers, quiet=as_json)
    is_partial = report_run(outcome)
    rows = _stale(outcome.files, moment + span, out / ".sql")
    if as_json:
        print_json({"now": moment.isoformat(), "until": (moment + span).isoformat(), "sources": rows})
    else:
        _show(rows, within)
    raise typer.Exit(int(is_partial or any(row["stale"] or row["ending"] for row in rows)))


def _stale(files: list[Path], end: datetime, aside: Path) -> list[dict[str, Any]]:
    from headgate.corpus.datasets.superseding import connected

    microseconds = (end - datetime(1970, 1, 1, tzinfo=end.tzinfo)) // timedelta(microseconds=1)
    with connected(aside, "the ends cannot be counted") as connection:
        found = connection.execute(_STALE, {"parts": [str(path) for path in files], "end": microseconds})
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _show(rows: list[dict[str, Any]], within: str) -> None:
    columns = [("source", False), ("rows", True), ("out of date", True), (f"more within {within}", True)]
    table = new_table("Freshness", columns)
    for row in rows:
        table.add_row(plain(str(row["source"])), *(f"{row[name]:,}" for name in ("rows", "stale", "ending")))
    console().print(table)
    total = sum(row["rows"] for row in rows)
    typer.echo(f"{in_number(total, 'row')} judged.")
