"""`headgate audit`: what the gate would do with every document of a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headgate.admission.gate import Gate
from headgate.cli.loading import load_gate
from headgate.cli.options import (
    CorpusArgument,
    Documents,
    FieldMapOption,
    HtmlOption,
    JsonOption,
    PolicyOption,
    PrefixOption,
    QuestionsOption,
    TextFieldOption,
    console,
    instant,
    print_json,
)
from headgate.cli.pages import policy_in_force, write_page
from headgate.clock import utc_now
from headgate.corpus import Audit, Fields, audit_corpus
from headgate.encoding import in_number
from headgate.report import audit_html, audit_rich, prose
from headgate.tuning.changing import verified_on

__all__ = ["EXAMPLE_AUDIT", "audit"]

EXAMPLE_AUDIT = "Example: headgate audit sealed.jsonl --policy headgate.yaml"


def audit(
    documents: CorpusArgument,
    questions: QuestionsOption = None,
    policy: PolicyOption = Path("headgate.yaml"),
    show: Annotated[int, typer.Option(min=0, help="How many documents to list.")] = 20,
    prefix: PrefixOption = None,
    text_field: TextFieldOption = None,
    field_map: FieldMapOption = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
    now: Annotated[
        str | None,
        typer.Option("--now", "--at", metavar="TIME", help="Judge as of this instant: ISO 8601, or 'in 7 days'."),
    ] = None,
) -> None:
    """Judge documents against a policy, as if every check were enforced.

    Exit code 1 if any would be kept out, or was skipped, or if documents are missing from a file that says how many it
    holds.
    """
    gate, moment = load_gate(policy), instant(now, "--now or --at")
    lasting = verified_on(gate.policy) if moment > utc_now() else gate.policy
    is_ahead = lasting != gate.policy
    if is_ahead:
        gate = Gate(lasting)
    fields = Fields.parse(text_field, field_map)
    read = Documents(documents, "Judging", prefix=prefix, quiet=as_json, questions=questions, fields=fields)
    result = audit_corpus(gate, read, moment)
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
                "Taken for granted: feeds, servers and lists go on verifying. `headgate freshness` says if they do."
            )
    raise typer.Exit(int(is_partial or any(row.keeps_out for row in result.rows)))


def _show(result: Audit, policy: Path, most: int) -> None:
    screen = console()
    screen.print(audit_rich(result, most))
    screen.print()
    counts = result.counts()
    admissible = f"{counts['admissible']:,} of {in_number(counts['documents'], 'document')}"
    screen.print(prose(f"Admissible under {policy}: {admissible}."))
