"""The commands put together, and what happens to errors: a line on stderr and exit code 2, no traceback."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from headgate import __version__
from headgate.cli import (
    codes,
    corpora,
    doctor,
    histories,
    keys,
    logs,
    quarantine,
    receipts,
    rehearsing,
    replaying,
    showing,
)
from headgate.errors import HeadgateError
from headgate.report import visible

__all__ = ["app", "main"]

app = typer.Typer(
    name="headgate",
    help="The gate between a retriever and the prompt: provenance, freshness and terminology.",
    epilog="Exit codes: 0 fine, 1 findings, 2 usage or configuration.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
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


app.command(epilog=showing.EXAMPLE_DEMO)(showing.demo)
app.command(epilog=corpora.EXAMPLE_INIT)(corpora.init)
app.command(epilog=keys.EXAMPLE_KEYGEN)(keys.keygen)
app.command(epilog=corpora.EXAMPLE_SEAL)(corpora.seal)
app.command(epilog=corpora.EXAMPLE_AUDIT)(corpora.audit)
app.command(epilog=doctor.EXAMPLE_DOCTOR)(doctor.doctor)
app.command(epilog=logs.EXAMPLE_LOG)(logs.log)
app.command(epilog=quarantine.EXAMPLE_QUARANTINE)(quarantine.quarantine)
app.command(epilog=rehearsing.EXAMPLE_REHEARSE)(rehearsing.rehearse)
app.command(epilog=replaying.EXAMPLE_REPLAY)(replaying.replay)
app.command(epilog=histories.EXAMPLE_SOURCES)(histories.sources)
report = typer.Typer(
    help="Reports from a decision log that say what to do next.", no_args_is_help=True, rich_markup_mode=None
)
report.command(epilog=histories.EXAMPLE_ADOPTION)(histories.adoption)
report.command(epilog=histories.EXAMPLE_STALE)(histories.stale)
app.add_typer(report, name="report")
receipt = typer.Typer(help="A signed record of what one prompt was given.", no_args_is_help=True, rich_markup_mode=None)
receipt.command(epilog=receipts.EXAMPLE_ISSUE)(receipts.issue)
receipt.command(epilog=receipts.EXAMPLE_VERIFY)(receipts.verify)
app.add_typer(receipt, name="receipt")
app.command(epilog=codes.EXAMPLE_EXPLAIN)(codes.explain)
app.command(epilog=codes.EXAMPLE_SCHEMA)(codes.schema)


def _spare_encodings() -> None:
    # Where output is not UTF-8 (a pipe on Windows), a sign that cannot be written must not end the command.
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
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        typer.echo(visible(f"headgate: {error.filename or 'a file'}: {error.strerror or error}"), err=True)
        sys.exit(2)
