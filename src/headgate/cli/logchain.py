"""`headgate log --verify`, and who asked: what a log shows with its chain and its salt."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

from headgate.cli.options import console, print_json, tables_of
from headgate.encoding import are, in_number
from headgate.errors import HeadgateError
from headgate.record.asking import load_salt, salt_path, salted
from headgate.record.chain import ChainCheck, Head, read_heads, verify_chain, verify_lines
from headgate.record.reading import log_files
from headgate.report import plain, visible

__all__ = ["asked_for", "known_heads", "verify_log"]

_SHOWN = 20
_MOST_BYTES = 64_000_000


def verify_log(path: Path, known: Sequence[Path], keys: Path | None, *, as_json: bool) -> int:
    """Check the chain of a log, and print what it shows.

    Returns:
        The exit code: 1 if something is wrong.

    Raises:
        HeadgateError: there is no log, or a file of heads holds none.
    """
    tables = tables_of(path)
    files = log_files(path) if tables is None else []
    if tables is None and not files:
        raise HeadgateError(f"{path}: there is no such log.")
    heads = known_heads(known, keys)
    check = verify_chain(files, heads) if tables is None else verify_lines(tables.lines_by_log(), heads)
    if not check.records:
        raise HeadgateError(f"{path}: the log holds no record; there is nothing to look at.")
    if as_json:
        print_json(check.to_dict())
    else:
        _show(check, len(heads))
    return int(not check.is_whole)


def known_heads(files: Sequence[Path], keys: Path | None) -> dict[str, Head]:
    """Return the heads of chains in what earlier checks printed, and in receipts.

    Args:
        files: the files.
        keys: of the issuer of the receipts among them.

    Raises:
        HeadgateError: a file holds none, or is a receipt that does not verify.
    """
    heads: dict[str, Head] = {}
    for file in files:
        for name, head in _heads_in(file, keys).items():
            # The later of two heads of one chain says more.
            if name not in heads or heads[name].number < head.number:
                heads[name] = head
    return heads


def asked_for(logs: Path | Sequence[Path], askers: Mapping[str, str | None]) -> dict[str, frozenset[str]]:
    """Return how a log may write the names that are looked for: in the clear, or as its salt makes them.

    Args:
        logs: the log, or several.
        askers: by role; None for one that is not looked for.

    Raises:
        HeadgateError: the salt is there and cannot be read.
    """
    wanted = {role: name for role, name in askers.items() if name is not None}
    if not wanted:
        return {}
    salts = [_salt_of(log) for log in ((logs,) if isinstance(logs, Path) else logs) if salt_path(log).exists()]
    return {role: frozenset((name, *(salted(role, name, salt) for salt in salts))) for role, name in wanted.items()}


def _salt_of(log: Path) -> bytes:
    try:
        return load_salt(log)
    except OSError as error:
        raise HeadgateError(f"{salt_path(log)}: the salt cannot be read ({error}).") from error


def _heads_in(file: Path, keys: Path | None) -> dict[str, Head]:
    from headgate.provenance import KeySet
    from headgate.record.receipt import ReceiptError, read_receipt

    try:
        with file.open("rb") as stream:
            text = stream.read(_MOST_BYTES).decode("utf-8", "replace").strip()
    except OSError as error:
        raise HeadgateError(f"{file}: it cannot be read ({error.strerror}).") from error
    if not text.startswith("{"):
        if keys is None:
            raise HeadgateError(f"{file}: this is a receipt. Name the keys of who issued it with --keys.")
        try:
            receipt = read_receipt(text, KeySet.load(keys))
        except ReceiptError as error:
            raise HeadgateError(f"{file}: {error}") from None
        if receipt.head is None:
            raise HeadgateError(f"{file}: the receipt names no record of a log.")
        return {receipt.head[0]: Head(receipt.head[1], receipt.head[2])}
    try:
        return read_heads(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise HeadgateError(f"{file}: this is not what `headgate log --verify --json` prints ({error}).") from None


def _show(check: ChainCheck, known: int) -> None:
    screen = console()
    for finding in check.findings[:_SHOWN]:
        typer.echo(visible(finding), err=True)
    if check.count > _SHOWN:
        typer.echo(f"  and {check.count - _SHOWN:,} more; --json has them", err=True)
    chains = in_number(len(check.heads), "chain")
    verdict = "no record is missing, changed or out of order" if check.is_whole else in_number(check.count, "problem")
    screen.print(plain(f"{in_number(check.records, 'record')} in {chains}: {verdict}."))
    if check.unchained:
        old = f"{in_number(check.unchained, 'record')} at the beginning {are(check.unchained)}"
        screen.print(plain(f"{old} of a version without a chain."))
    if check.earlier:
        gone = sum(check.earlier.values())
        where = f"{'was' if gone == 1 else 'were'} in files that have been rotated away"
        screen.print(plain(f"{in_number(gone, 'record')} of these chains {where}."))
    if not known:
        screen.print(
            plain(
                "What is missing at the end of a chain only shows against an earlier check: keep the output of --json."
            )
        )
