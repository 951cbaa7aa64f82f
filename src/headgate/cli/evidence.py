"""`headgate evidence`: one bundle for an auditor, and checking it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headgate.cli.instants import SINCE, UNTIL, first_instant
from headgate.cli.logchain import known_heads
from headgate.cli.options import JsonOption, LogArgument, console, print_json, tables_of
from headgate.clock import utc_now
from headgate.encoding import in_number
from headgate.errors import HeadgateError
from headgate.provenance import KeySet
from headgate.provenance.signers import load_signer
from headgate.record.chain import LogLines, lines_of
from headgate.record.reading import log_files
from headgate.report import plain, visible

if TYPE_CHECKING:
    from headgate.compaction import CompactedLog
    from headgate.evidence import BundleCheck

__all__ = ["EXAMPLE_BUILD", "EXAMPLE_VERIFY", "build", "verify"]

EXAMPLE_BUILD = (
    "Example: headgate evidence build decisions.jsonl --since 2026-10-01 --until 2026-11-01 --policy headgate.yaml "
    "--key keys/desk.private.jwk.json --out evidence-2026-10.zip"
)
EXAMPLE_VERIFY = "Example: headgate evidence verify evidence-2026-10.zip --keys keys/desk.jwks.json"
_SHOWN = 20


def build(
    path: LogArgument,
    since: Annotated[str, SINCE],
    until: Annotated[str, UNTIL],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="ZIP", help="The bundle to write.")],
    policy: Annotated[
        list[Path] | None,
        typer.Option("--policy", "-p", help="A policy that was in force; may be given several times."),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The private key to sign with; ideally used for nothing else.")
    ] = None,
    issuer: Annotated[str | None, typer.Option(help="The issuer's name in receipts.")] = None,
    receipts: Annotated[
        bool, typer.Option("--receipts", help="Also issue a receipt for each admission that had a question.")
    ] = False,
    heads: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="What `headgate log --verify --json` printed before; the log must hold it."),
    ] = None,
    keys: Annotated[Path | None, typer.Option(help="With --heads RECEIPT: the public keys of its issuer.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write one bundle of what was decided in a span of time, and by what rules.

    It holds the records with their chains, policies, keys, overrides and codes, and what they show under the EU AI Act,
    ISO/IEC 42001 and NIST AI 600-1. Exit code 1 if the log is not whole.
    """
    from headgate.evidence import Span, build_bundle, load_policies, survey
    from headgate.evidence.views import bundle_verdict

    if receipts and (key is None or issuer is None):
        raise HeadgateError("--receipts are signed in somebody's name: give --key and --issuer.")
    if out.exists() and not force:
        raise HeadgateError(f"{out} exists already. Choose another --out, or overwrite it with --force.")
    try:
        span = Span(first_instant(since, "--since"), first_instant(until, "--until"))
    except ValueError as error:
        raise HeadgateError(f"--since {since} --until {until}: {error}.") from None
    signers = (load_signer(key),) if key is not None else ()
    policies = load_policies(policy or ())
    logs = _logs(path)
    found = survey(logs(), span, known_heads(heads or [], keys))
    if not found.check.records:
        raise HeadgateError(f"{path}: the log holds no record; there is nothing to look at.")
    if not found.records:
        raise HeadgateError(f"{path}: of its {in_number(found.outside, 'record')} none is of that span of time.")
    bundle = build_bundle(
        out,
        found,
        logs,
        policies=policies,
        made=utc_now(),
        signers=signers,
        issuer=issuer,
        has_receipts=receipts,
    )
    if as_json:
        missing = list(bundle.missing)
        print_json({**found.to_dict(), "bundle": str(out), "signed": bundle.is_signed, "missing_policies": missing})
    else:
        command = _again(path, since, until, policy or (), key, issuer, out, has_receipts=receipts)
        verdict = bundle_verdict(found, bundle, command)
        console().print(plain(verdict.sentence, 400))
        for step in verdict.steps:
            console().print(plain(f"{step.words} {step.code}", 1_000))
        console().print(plain(f"{in_number(bundle.records, 'record')} in {out}.", 400))
        _name(found.check.findings + found.notices)
    raise typer.Exit(int(bool(found.check.count or found.skipped)))


def verify(
    path: Annotated[Path, typer.Argument(metavar="ZIP", help="The bundle.")],
    keys: Annotated[Path | None, typer.Option(help="The public keys of whoever may sign it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a bundle: is it what was signed, are all records there, do its figures follow from its records?

    Exit code 1 if not, also if it was not signed by one of --keys.
    """
    from headgate.evidence import verify_bundle

    check = verify_bundle(path, KeySet.load(keys) if keys is not None else None)
    if as_json:
        print_json(check.to_dict())
    else:
        _name(check.problems)
        console().print(plain(_said(path, check), 400))
        if check.is_sound and not check.signers:
            claimed = f" It says: {', '.join(check.claimed)}." if check.claimed else ""
            console().print(plain(f"Who made it is not known without --keys.{claimed}", 400))
    raise typer.Exit(int(not check.is_sound))


def _again(
    log: Path,
    since: str,
    until: str,
    policies: Sequence[Path],
    key: str | None,
    issuer: str | None,
    out: Path,
    *,
    has_receipts: bool,
) -> str:
    """Return the command that makes the same bundle again, over the one that is there."""
    words = ["headgate", "evidence", "build", str(log), "--since", since, "--until", until]
    words += [word for one in policies for word in ("--policy", str(one))]
    words += [word for name, one in (("--key", key), ("--issuer", issuer)) if one is not None for word in (name, one)]
    return shlex.join([*words, *(["--receipts"] if has_receipts else []), "--out", str(out), "--force"])


def _said(path: Path, check: BundleCheck) -> str:
    signed = f", signed by {', '.join(check.signers)}" if check.signers else ""
    if check.is_sound:
        return f"{path}: {in_number(check.records, 'record')}, none missing or changed, and the figures follow{signed}."
    unread = "" if check.survey is not None else " Its records were not looked at."
    return f"{path}: {in_number(len(check.problems), 'problem')}{signed}.{unread}"


def _name(problems: list[str]) -> None:
    for problem in problems[:_SHOWN]:
        typer.echo(visible(f"  {problem}"), err=True)
    if len(problems) > _SHOWN:
        typer.echo(f"  and {len(problems) - _SHOWN:,} more; --json has them", err=True)


def _logs(path: Path) -> Callable[[], Iterable[LogLines]]:
    """Return what yields the lines of a log, or of its tables, as often as it is asked."""
    tables = tables_of(path)
    if tables is not None:
        return partial(_lines_of_tables, tables)
    files = log_files(path)
    if not files:
        raise HeadgateError(f"{path}: there is no such log.")
    return lambda: [lines_of(files)]


def _lines_of_tables(tables: CompactedLog) -> Iterator[LogLines]:
    # Tables hold whole lines only, without their line breaks.
    for log in tables.lines_by_log():
        yield ((place, None if line is None else line + b"\n", may_begin) for place, line, may_begin in log)
