"""`headgate audit`: what the gate would do with every document of a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.datasets import (
    CollectionOption,
    OutOption,
    SignOption,
    WorkersOption,
    opened_dataset,
    report_run,
    require_out,
    run_dataset,
)
from headgate.cli.instants import instant
from headgate.cli.loading import load_gate
from headgate.cli.options import (
    Documents,
    FieldMapOption,
    HtmlOption,
    JsonOption,
    PolicyOption,
    PrefixOption,
    QuestionsOption,
    TextFieldOption,
    console,
    print_json,
)
from headgate.cli.pages import policy_in_force, write_page
from headgate.clock import utc_now
from headgate.corpus import Audit, Fields, audit_corpus
from headgate.encoding import in_number
from headgate.errors import HeadgateError
from headgate.report import Verdict, audit_html, audit_rich, prose, steps_rich
from headgate.tuning.changing import verified_on

__all__ = ["EXAMPLE_AUDIT", "audit"]

EXAMPLE_AUDIT = (
    "Examples: headgate audit sealed.jsonl --policy headgate.yaml; headgate audit s3://bucket/sealed --out audited"
)


def audit(
    documents: Annotated[
        str,
        typer.Argument(
            metavar="DOCUMENTS",
            help="A folder of text files, a file, or MODULE:NAME: a retriever, store, index, engine or chain of yours, "
            "or a function that builds one; with --out also the address of a data set.",
        ),
    ],
    questions: QuestionsOption = None,
    policy: PolicyOption = Path("headgate.yaml"),
    show: Annotated[int, typer.Option(min=0, help="How many documents to list.")] = 20,
    prefix: PrefixOption = None,
    text_field: TextFieldOption = None,
    field_map: FieldMapOption = None,
    html: HtmlOption = None,
    out: OutOption = None,
    workers: WorkersOption = 0,
    sign: SignOption = None,
    collection: CollectionOption = None,
    as_json: JsonOption = False,
    now: Annotated[
        str | None,
        typer.Option("--now", "--at", metavar="TIME", help="Judge as of this instant: ISO 8601, or 'in 7 days'."),
    ] = None,
) -> None:
    """Judge documents against a policy, as if every check were enforced.

    Exit code 1 if any would be kept out, or was skipped, or if documents are missing from a file that says how many it
    holds.

    With --out, documents are a data set of any size: several processes write what was decided about each row as
    Parquet, part by part, and the same command goes on where an earlier one was ended (docs/scale.md).
    """
    fields = Fields.parse(text_field, field_map)
    if out is not None:
        _require_none({"--questions": questions, "--prefix": prefix, "--html": html})
        with opened_dataset(documents, collection, out) as place:
            code = _audit_dataset(place, policy, out, workers, sign, fields, now, as_json=as_json)
        raise typer.Exit(code)
    require_out({"--collection": collection, "--sign": sign, "--workers": workers or None})
    gate, moment = load_gate(policy), instant(now, "--now or --at")
    lasting = verified_on(gate.policy) if moment > utc_now() else None
    is_ahead = lasting is not None and (lasting != gate.policy or gate.pulled is not None)
    read = Documents(Path(documents), "Judging", prefix=prefix, quiet=as_json, questions=questions, fields=fields)
    result = audit_corpus(gate, read, moment, lasting=lasting)
    is_partial = read.finish()
    write_page(
        html,
        "headgate: what the corpus holds",
        lambda: audit_html(result),
        corpus=documents,
        policy=policy_in_force(policy, result.policy_revision),
    )
    if as_json:
        print_json(result.to_dict())
    else:
        _show(result, policy, show)
        if is_ahead:
            typer.echo(
                "Taken for granted: feeds, servers and lists go on verifying what they verify now. "
                "`headgate freshness` says if they do."
            )
            if gate.pulled is not None:
                typer.echo(
                    "So is that the place of the policy goes on confirming it. `headgate policy show` says if it does."
                )
    raise typer.Exit(int(is_partial or any(row.keeps_out for row in result.rows)))


def _audit_dataset(
    place: str,
    policy: Path,
    out: Path,
    workers: int,
    sign: Path | None,
    fields: Fields,
    now: str | None,
    *,
    as_json: bool,
) -> int:
    from headgate.corpus.datasets import Outcome, begun_in, find_superseded_rows, require_duckdb
    from headgate.corpus.kernel import JudgeRows
    from headgate.report.runs import run_steps, run_tables

    require_duckdb()
    begun = begun_in(out)
    if begun is not None and begun.is_finished and now is None:
        raise HeadgateError(
            f"{out} holds an audit of {begun.about.get('now')}. Name another folder, or give --now with that instant."
        )
    # What is gone on with is judged as of the instant of what is there.
    kernel = JudgeRows(policy, instant(now or (str(begun.about.get("now")) if begun else None)), fields)

    def supersede(outcome: Outcome) -> None:
        find_superseded_rows(outcome.files, out / "superseded.parquet", outcome.summary, aside=out / ".sql")

    outcome = run_dataset(kernel, place, out, workers, sign=sign, finish=supersede, quiet=as_json)
    is_partial = report_run(outcome)
    counts = outcome.summary.counts
    if as_json:
        said = {"policy_revision": kernel.revision, "now": kernel.now.isoformat(), **outcome.to_dict()}
        print_json(said)
    else:
        screen = console()
        for table in run_tables(outcome.summary):
            screen.print(table)
            screen.print()
        admissible = counts["rows"] - counts["would_drop"]
        at = f"{kernel.now:%Y-%m-%d %H:%M} UTC"
        screen.print(prose(f"Admissible under {policy} at {at}: {admissible:,} of {in_number(counts['rows'], 'row')}."))
        screen.print(prose(f"Written to {out}; what was decided about each row is in {out / 'parts'}."))
        screen.print(steps_rich(Verdict("bad", "", steps=run_steps(outcome.summary))))
    return int(is_partial or counts["would_drop"] > 0)


def _require_none(options: dict[str, object]) -> None:
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise HeadgateError(f"{given[0]} is not for data sets, which --out is for.")


def _show(result: Audit, policy: Path, most: int) -> None:
    screen = console()
    screen.print(audit_rich(result, most))
    screen.print()
    counts = result.counts()
    admissible = f"{counts['admissible']:,} of {in_number(counts['documents'], 'document')}"
    screen.print(prose(f"Admissible under {policy} at {result.now:%Y-%m-%d %H:%M} UTC: {admissible}."))
