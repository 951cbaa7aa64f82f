"""The commands put together, and what happens to errors: a line on stderr and exit code 2, no traceback."""

from __future__ import annotations

import logging
import sys
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from headgate import __version__
from headgate.cli import (
    audit,
    backfill,
    cosign,
    delegate,
    demo,
    doctor,
    evidence,
    explain,
    fetch,
    freshness,
    glossary,
    init,
    keygen,
    learning,
    log,
    logtables,
    manifest,
    manifests,
    override,
    policy,
    quarantine,
    receipt,
    recheck,
    rehearse,
    replay,
    report,
    revoke,
    rollout,
    schema,
    seal,
    sources,
    staleness,
    watch,
)
from headgate.cli.outputs import Commands
from headgate.errors import HeadgateError
from headgate.report import visible

__all__ = ["app", "main"]


class _Root(TyperGroup):
    """All commands; `log compact` is one of its own, because what follows `log` is the log."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that is named."""
        return super().resolve_command(ctx, [" ".join(args[:2]), *args[2:]] if args[:2] == ["log", "compact"] else args)


app = Commands(
    name="headgate",
    cls=_Root,
    help="The gate between a retriever and the prompt: provenance, freshness and terminology.",
    epilog=(
        "Exit codes: 0 fine; 1 findings, or something was skipped, which is named; 2 usage or configuration, or "
        "nothing to look at."
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    # Pretty tracebacks print local variables, and with them keys and texts.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"headgate {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


app.command(short_help="Show a company's prompts without and with the gate.", epilog=demo.EXAMPLE_DEMO)(demo.demo)
app.command(short_help="Draft a policy from documents or your own retriever.", epilog=init.EXAMPLE_INIT)(init.init)
app.command(short_help="Make a key pair.", epilog=keygen.EXAMPLE_KEYGEN)(keygen.keygen)
app.command(short_help="Let other keys seal a part of a source.", epilog=delegate.EXAMPLE_DELEGATE)(delegate.delegate)
app.command(short_help="Seal documents that are already split.", epilog=seal.EXAMPLE_SEAL)(seal.seal)
app.command("backfill", short_help="Seal the documents of an index where they are.", epilog=backfill.EXAMPLE_BACKFILL)(
    backfill.backfill_command
)
app.command(short_help="Judge documents as if the policy were enforced.", epilog=audit.EXAMPLE_AUDIT)(audit.audit)
app.command(short_help="Prove that the line works in your own chain.", epilog=doctor.EXAMPLE_DOCTOR)(doctor.doctor)
app.command(short_help="Show who decided what about which document, and when.", epilog=log.EXAMPLE_LOG)(log.log)
app.command("log compact", short_help="Keep a log as tables, by day, for SQL.", epilog=logtables.EXAMPLE_COMPACT)(
    logtables.compact
)
app.command(short_help="Show, hold or release sources that are held back.", epilog=quarantine.EXAMPLE_QUARANTINE)(
    quarantine.quarantine
)
app.command(short_help="Open a source whose list is out of date, for a while.", epilog=override.EXAMPLE_OVERRIDE)(
    override.override
)
app.command(short_help="Spoil a corpus as production would, and ask questions.", epilog=rehearse.EXAMPLE_REHEARSE)(
    rehearse.rehearse
)
app.command(short_help="Decide recorded traffic again under another policy.", epilog=replay.EXAMPLE_REPLAY)(
    replay.replay
)
app.command(short_help="Judge a past admission again: does it still hold?", epilog=recheck.EXAMPLE_RECHECK)(
    recheck.recheck
)
app.command(short_help="Show the health and the error budget of each source.", epilog=sources.EXAMPLE_SOURCES)(
    sources.sources
)
app.command(short_help="Pull the feeds that the policy names.", epilog=watch.EXAMPLE_WATCH)(watch.watch)
_report = Commands(
    help="Reports from a decision log that say what to do next.", no_args_is_help=True, rich_markup_mode=None
)
_report.command(epilog=report.EXAMPLE_ADOPTION)(report.adoption)
_report.command(epilog=report.EXAMPLE_STALE)(report.stale)
app.add_typer(_report, name="report", short_help="What to do next, from a decision log.")
_evidence = Commands(
    help="One bundle for an auditor: what was decided in a span of time, and by what rules.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_evidence.command(epilog=evidence.EXAMPLE_BUILD)(evidence.build)
_evidence.command(epilog=evidence.EXAMPLE_VERIFY)(evidence.verify)
app.add_typer(_evidence, name="evidence", short_help="One bundle for an auditor, and checking it.")
_receipt = Commands(help="A signed record of what one prompt was given.", no_args_is_help=True, rich_markup_mode=None)
_receipt.command(epilog=receipt.EXAMPLE_ISSUE)(receipt.issue)
_receipt.command(epilog=receipt.EXAMPLE_VERIFY)(receipt.verify)
app.add_typer(_receipt, name="receipt", short_help="Issue and verify a signed record of one prompt.")
_manifest = Commands(
    help="The signed list of what a corpus holds: the way in for an index that exists.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_manifest.command(epilog=manifest.EXAMPLE_BUILD)(manifest.build)
_manifest.command(epilog=manifest.EXAMPLE_TIMESTAMP)(manifest.timestamp)
_manifest.command(epilog=cosign.EXAMPLE_SIGN)(cosign.sign)
_manifest.command(epilog=manifests.EXAMPLE_VERIFY)(manifests.verify)
_manifest.command(epilog=manifests.EXAMPLE_DIFF)(manifests.diff)
_manifest.command(epilog=manifests.EXAMPLE_COMPLETENESS)(manifests.completeness)
_manifest.command(epilog=manifests.EXAMPLE_SHOW)(manifests.show)
_manifest.command(epilog=fetch.EXAMPLE_FETCH)(fetch.fetch)
app.add_typer(_manifest, name="manifest", short_help="Build, renew and check the signed list of a corpus.")
_revoke = Commands(
    help="Take back keys, documents and texts by a signed list that gates follow without a restart.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_revoke.command(epilog=revoke.EXAMPLE_ADD)(revoke.add)
_revoke.command(epilog=revoke.EXAMPLE_REMOVE)(revoke.remove)
_revoke.command(epilog=revoke.EXAMPLE_RENEW)(revoke.renew)
_revoke.command(epilog=revoke.EXAMPLE_SHOW)(revoke.show)
app.add_typer(_revoke, name="revoke", short_help="Take back keys, documents and texts.")
_policy = Commands(
    help="One signed policy for many gates: publish it, try it on a share of them, promote it or take it back.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_policy.command(epilog=policy.EXAMPLE_PUBLISH)(policy.publish)
_policy.command(epilog=rollout.EXAMPLE_COMPARE)(rollout.compare)
_policy.command(epilog=policy.EXAMPLE_PROMOTE)(policy.promote)
_policy.command("take-back", epilog=policy.EXAMPLE_TAKE_BACK)(policy.take_back)
_policy.command(epilog=policy.EXAMPLE_VERIFY)(policy.verify)
_policy.command(epilog=policy.EXAMPLE_SHOW)(policy.show)
app.add_typer(_policy, name="policy", short_help="One signed policy for many gates.")
_freshness = Commands(rich_markup_mode=None)
_freshness.callback(invoke_without_command=True, epilog=freshness.EXAMPLE_OUTLOOK)(freshness.freshness)
_freshness.command(epilog=freshness.EXAMPLE_SUGGEST)(freshness.suggest)
_freshness.command(epilog=staleness.EXAMPLE_CORPUS)(staleness.corpus)
app.add_typer(_freshness, name="freshness", short_help="Say what goes out of date, and how often to verify.")
_glossary = Commands(
    help="Work on a glossary: check it, propose terms and words that decide, compare versions, hold documents to it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_glossary.command(epilog=glossary.EXAMPLE_CHECK)(glossary.check)
_glossary.command(epilog=glossary.EXAMPLE_SUGGEST)(glossary.suggest)
_glossary.command(epilog=learning.EXAMPLE_LEARN)(learning.learn)
_glossary.command(epilog=glossary.EXAMPLE_DIFF)(glossary.diff)
_glossary.command(epilog=glossary.EXAMPLE_LINT)(glossary.lint)
_glossary.command(epilog=glossary.EXAMPLE_CONVERT)(glossary.convert)
app.add_typer(_glossary, name="glossary", short_help="Check, propose, compare and apply a glossary.")
app.command(short_help="Say what a reason code means and how to fix it.", epilog=explain.EXAMPLE_EXPLAIN)(
    explain.explain
)
app.command(short_help="Print the JSON Schema of policy files.", epilog=schema.EXAMPLE_SCHEMA)(schema.schema)


def _spare_encodings() -> None:
    # Where output is not UTF-8 (a pipe on Windows), a character that cannot be written must not end the command.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def main() -> None:
    """Run the command line."""
    _spare_encodings()
    # It tells of every small fault of a PDF; what matters is told by page.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        app()
    except HeadgateError as error:
        typer.echo(visible(f"headgate: {error}"), err=True)
        sys.exit(2)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        # Closed, or the interpreter would complain there when it flushes the broken pipe on its way out.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        typer.echo(visible(f"headgate: {error.filename or 'a file'}: {error.strerror or error}"), err=True)
        sys.exit(2)
