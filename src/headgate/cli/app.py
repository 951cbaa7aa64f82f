"""The commands put together, and what happens to errors: a line on stderr and exit code 2, no traceback."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from headgate import __version__
from headgate.cli import (
    audit,
    backfill,
    demo,
    doctor,
    explain,
    fetch,
    freshness,
    glossary,
    init,
    keygen,
    log,
    manifest,
    manifests,
    override,
    quarantine,
    receipt,
    recheck,
    rehearse,
    replay,
    report,
    revoke,
    schema,
    seal,
    sources,
    watch,
)
from headgate.cli.outputs import Commands
from headgate.errors import HeadgateError
from headgate.report import visible

__all__ = ["app", "main"]

app = Commands(
    name="headgate",
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


app.command(epilog=demo.EXAMPLE_DEMO)(demo.demo)
app.command(epilog=init.EXAMPLE_INIT)(init.init)
app.command(epilog=keygen.EXAMPLE_KEYGEN)(keygen.keygen)
app.command(epilog=seal.EXAMPLE_SEAL)(seal.seal)
app.command("backfill", epilog=backfill.EXAMPLE_BACKFILL)(backfill.backfill_command)
app.command(epilog=audit.EXAMPLE_AUDIT)(audit.audit)
app.command(epilog=doctor.EXAMPLE_DOCTOR)(doctor.doctor)
app.command(epilog=log.EXAMPLE_LOG)(log.log)
app.command(epilog=quarantine.EXAMPLE_QUARANTINE)(quarantine.quarantine)
app.command(epilog=override.EXAMPLE_OVERRIDE)(override.override)
app.command(epilog=rehearse.EXAMPLE_REHEARSE)(rehearse.rehearse)
app.command(epilog=replay.EXAMPLE_REPLAY)(replay.replay)
app.command(epilog=recheck.EXAMPLE_RECHECK)(recheck.recheck)
app.command(epilog=sources.EXAMPLE_SOURCES)(sources.sources)
app.command(epilog=watch.EXAMPLE_WATCH)(watch.watch)
_report = Commands(
    help="Reports from a decision log that say what to do next.", no_args_is_help=True, rich_markup_mode=None
)
_report.command(epilog=report.EXAMPLE_ADOPTION)(report.adoption)
_report.command(epilog=report.EXAMPLE_STALE)(report.stale)
app.add_typer(_report, name="report")
_receipt = Commands(help="A signed record of what one prompt was given.", no_args_is_help=True, rich_markup_mode=None)
_receipt.command(epilog=receipt.EXAMPLE_ISSUE)(receipt.issue)
_receipt.command(epilog=receipt.EXAMPLE_VERIFY)(receipt.verify)
app.add_typer(_receipt, name="receipt")
_manifest = Commands(
    help="The signed list of what a corpus holds: the way in for an index that exists.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_manifest.command(epilog=manifest.EXAMPLE_BUILD)(manifest.build)
_manifest.command(epilog=manifest.EXAMPLE_TIMESTAMP)(manifest.timestamp)
_manifest.command(epilog=manifests.EXAMPLE_VERIFY)(manifests.verify)
_manifest.command(epilog=manifests.EXAMPLE_DIFF)(manifests.diff)
_manifest.command(epilog=manifests.EXAMPLE_COMPLETENESS)(manifests.completeness)
_manifest.command(epilog=manifests.EXAMPLE_SHOW)(manifests.show)
_manifest.command(epilog=fetch.EXAMPLE_FETCH)(fetch.fetch)
app.add_typer(_manifest, name="manifest")
_revoke = Commands(
    help="Take back keys, documents and texts by a signed list that gates follow without a restart.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_revoke.command(epilog=revoke.EXAMPLE_ADD)(revoke.add)
_revoke.command(epilog=revoke.EXAMPLE_REMOVE)(revoke.remove)
_revoke.command(epilog=revoke.EXAMPLE_RENEW)(revoke.renew)
_revoke.command(epilog=revoke.EXAMPLE_SHOW)(revoke.show)
app.add_typer(_revoke, name="revoke")
_freshness = Commands(rich_markup_mode=None)
_freshness.callback(invoke_without_command=True, epilog=freshness.EXAMPLE_OUTLOOK)(freshness.freshness)
_freshness.command(epilog=freshness.EXAMPLE_SUGGEST)(freshness.suggest)
app.add_typer(_freshness, name="freshness")
_glossary = Commands(
    help="The work on a glossary: check it, propose terms, compare versions, hold documents to it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_glossary.command(epilog=glossary.EXAMPLE_CHECK)(glossary.check)
_glossary.command(epilog=glossary.EXAMPLE_SUGGEST)(glossary.suggest)
_glossary.command(epilog=glossary.EXAMPLE_DIFF)(glossary.diff)
_glossary.command(epilog=glossary.EXAMPLE_LINT)(glossary.lint)
_glossary.command(epilog=glossary.EXAMPLE_CONVERT)(glossary.convert)
app.add_typer(_glossary, name="glossary")
app.command(epilog=explain.EXAMPLE_EXPLAIN)(explain.explain)
app.command(epilog=schema.EXAMPLE_SCHEMA)(schema.schema)


def _spare_encodings() -> None:
    # Where output is not UTF-8 (a pipe on Windows), a character that cannot be written must not end the command.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def main() -> None:
    """Run the command line."""
    _spare_encodings()
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
