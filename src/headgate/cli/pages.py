"""What commands write as HTML pages, and what such a page says it rests on."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import typer

from headgate.clock import utc_now
from headgate.encoding import safe_uri
from headgate.errors import HeadgateError
from headgate.files import write_text
from headgate.report import Origin, document_page, escape, to_page

__all__ = ["origin_of", "policy_in_force", "write_page", "write_view"]

_PROGRAMS = frozenset(("headgate", "__main__"))


def write_page(path: Path | None, title: str, body: Callable[[], str], **inputs: object) -> None:
    """Write a page, if one is wanted, and say where on stderr.

    Args:
        path: where to; None for no page.
        title: plain text.
        body: returns the HTML of the page.
        inputs: what it rests on, by name, as for `origin_of`.
    """
    if path is None:
        return
    write_text(path, document_page(title, f"<h1>{escape(title)}</h1>{body()}", origin_of(**inputs)))
    typer.echo(f"Also written to {path}", err=True)


def write_view(path: Path | None, title: str, value: object, **inputs: object) -> None:
    """Write a value as a page, if one is wanted, and say where on stderr.

    Args:
        path: where to; None for no page.
        title: plain text.
        value: what headgate shows.
        inputs: what it rests on, by name, as for `origin_of`.
    """
    if path is not None:
        write_text(path, to_page(value, title, origin_of(**inputs)))
        typer.echo(f"Also written to {path}", err=True)


def origin_of(**inputs: object) -> Origin:
    """Return what a page that is written now rests on.

    Args:
        inputs: what was read, by what it is: `log`, `corpus`, `policy`; None is left out.
    """
    named = tuple((name.replace("_", " "), str(value)) for name, value in inputs.items() if value is not None)
    return Origin(named, _command(), utc_now())


def policy_in_force(path: Path | None, revision: str | None = None) -> str | None:
    """Return a policy's file with its revision.

    Args:
        path: the file; None for none.
        revision: its revision, where it is at hand; otherwise it is loaded.
    """
    if path is None:
        return None
    if revision is None:
        from headgate.cli.loading import load_gate

        try:
            revision = load_gate(path).policy_revision
        except HeadgateError:
            return f"{path} (it cannot be loaded as a whole, so it has no revision)"
    return f"{path}, revision {revision}"


def _command() -> str:
    """Return the command that is running, without what may be a secret in an address."""
    if Path(sys.argv[0]).stem not in _PROGRAMS:
        return ""
    return shlex.join(["headgate", *(safe_uri(word) if "://" in word else word for word in sys.argv[1:])])
