"""`headgate receipt`: a signed record of what one prompt was given."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headgate.cli.options import HtmlOption, JsonOption, LogArgument, LogEntries, console, print_json
from headgate.cli.pages import write_view
from headgate.encoding import in_number
from headgate.errors import HeadgateError
from headgate.files import write_text
from headgate.provenance import KeySet
from headgate.report import age_in_words, new_table, plain, visible

__all__ = ["EXAMPLE_ISSUE", "EXAMPLE_VERIFY", "issue", "verify"]

EXAMPLE_ISSUE = (
    "Example: headgate receipt issue decisions.jsonl --admission 3f2a... --key keys/desk.private.jwk.json --issuer desk"
)
EXAMPLE_VERIFY = "Example: headgate receipt verify receipt.jws --keys keys/desk.jwks.json --query 'How many days?'"


def issue(
    path: LogArgument,
    admission: Annotated[str, typer.Option(help="The admission's id, or a unique prefix of it.")],
    key: Annotated[Path, typer.Option(help="The private key; ideally a key used for nothing else.")],
    issuer: Annotated[str, typer.Option(help="The issuer's name.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write to this file instead of the screen.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Sign what a prompt was given, as the decision log has it. Exit code 1 if lines of the log were skipped."""
    from headgate.record.receipt import issue_receipt

    if out is not None and out.exists() and not force:
        raise HeadgateError(f"{out} exists already. Choose another --out, or overwrite it with --force.")
    entries = LogEntries(path, quiet=False, with_lines=True)
    found = [
        (entry.record, entry.digest)
        for entry in entries
        if entry.record is not None and str(entry.record["admission"]).startswith(admission)
    ]
    is_partial = entries.finish()
    if len(found) != 1:
        how_many = "no admission" if not found else f"{len(found):,} admissions"
        raise HeadgateError(f"{path}: {how_many} with an id that begins with {admission!r}.")
    record, digest = found[0]
    token = issue_receipt(record, key, issuer, line_digest=digest)
    if out is None:
        typer.echo(token)
    else:
        write_text(out, token + "\n")
        typer.echo(f"The receipt for the admission {record['admission']} is in {out}.", err=True)
    raise typer.Exit(int(is_partial))


def verify(
    receipt: Annotated[Path, typer.Argument(metavar="RECEIPT", help="The file with the receipt.")],
    keys: Annotated[Path, typer.Option(help="The issuer's public keys.")],
    query: Annotated[str | None, typer.Option(help="The question that the prompt was about.")] = None,
    query_digest: Annotated[
        str | None, typer.Option(help="The digest of the question, if you do not have its text.")
    ] = None,
    document: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A text in the prompt; give it once for each, in order.")
    ] = None,
    admission: Annotated[str | None, typer.Option(help="The id of the admission.")] = None,
    issuer: Annotated[
        list[str] | None,
        typer.Option(metavar="KID=NAME", help="Which issuer a key may speak for; may be given several times."),
    ] = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a receipt with nothing but the public key. Exit code 1 if it proves nothing about this question."""
    from headgate.record.receipt import ReceiptError, verify_receipt

    if query is None and query_digest is None:
        raise HeadgateError("A receipt proves something about one question: name it with --query or --query-digest.")
    # Bytes that are not UTF-8 have a different digest than any text that was admitted: an answer, not a crash.
    texts = [file.read_bytes().decode("utf-8", "surrogateescape") for file in document] if document else None
    loaded, issuers = KeySet.load(keys), _issuers(issuer)
    try:
        token = receipt.read_text(encoding="utf-8", errors="replace")
        found = verify_receipt(
            token,
            loaded,
            query=query,
            query_digest=query_digest,
            texts=texts,
            admission=admission,
            issuers=issuers,
        )
    except ReceiptError as error:
        typer.echo(visible(str(error)), err=True)
        raise typer.Exit(1) from None
    write_view(html, "headgate: what the prompt was given", found, receipt=receipt, keys=keys, question=query)
    if as_json:
        print_json(found.statement)
        return
    screen = console()
    screen.print(plain(f"{found.issuer} vouches for what was given on {found.now:%Y-%m-%d %H:%M:%S} UTC:"))
    bound = "which may speak for this issuer" if issuers else "the issuer's name is what its holder wrote"
    screen.print(plain(f"(signed with the key {found.kid!r}; {bound})"))
    table = new_table(
        None, [("document", False), ("source", False), ("version", True), ("age", True), ("changed", True)]
    )
    for entry in found.documents:
        edits = entry.get("edits")
        table.add_row(
            plain(str(entry.get("uri")), 80),
            plain(str(entry.get("source")), 30),
            plain(str(entry.get("version") or "")),
            age_in_words(entry.get("age_seconds")),
            in_number(len(edits) if isinstance(edits, list) else 0, "term"),
        )
    screen.print(table)
    dropped = ", ".join(f"{code} {count}" for code, count in found.dropped.items())
    screen.print(plain(f"Kept out: {dropped or 'nothing'}. Mode {found.mode}, policy {found.policy_revision}."))


def _issuers(entries: list[str] | None) -> dict[str, set[str]] | None:
    """Return for each key the issuers that it may speak for; None where nothing is said about that."""
    if not entries:
        return None
    issuers: dict[str, set[str]] = {}
    for entry in entries:
        kid, _, name = entry.partition("=")
        if not kid or not name:
            raise HeadgateError(f"--issuer {entry!r}: write KID=NAME, such as desk-2026=desk.")
        issuers.setdefault(kid, set()).add(name)
    return issuers
