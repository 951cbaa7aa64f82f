"""The list of a run's parts: which files there are, how many rows went in and came out, and what nothing came of.

An in-toto Statement, whose subjects are the Parquet files with their SHA-256; signed in a DSSE envelope where there is
a key. It is written last: a folder without one holds a run that has not come to its end.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from headgate.encoding import canonical_json
from headgate.errors import HeadgateError
from headgate.files import write_bytes
from headgate.provenance import KeySet, SigningKey
from headgate.provenance.envelopes import open_envelope, peek_envelope, sign_envelope

__all__ = ["LEDGER", "PARTS", "PARTS_TYPE", "listed_rows", "read_ledger", "verify_parts", "write_ledger"]

LEDGER: Final = "parts.json"
PARTS: Final = "parts"
"""The folder of the parts, below that of the run."""
PARTS_TYPE: Final = "https://headgate.dev/parts/v1"
_STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
_PIECE = 1 << 20


def write_ledger(folder: Path, files: Mapping[str, str], says: Mapping[str, object], key: SigningKey | None) -> None:
    """Write the list of what a folder holds.

    Args:
        folder: of the run.
        files: the SHA-256 of each file in the folder of the parts, by its name.
        says: what the run is about, and what came of each fragment, the files in the same order.
        key: signs the list, if there is one.

    Raises:
        OSError: it cannot be written.
    """
    statement = {
        "_type": _STATEMENT_TYPE,
        "subject": [{"name": f"{PARTS}/{name}", "digest": {"sha256": digest}} for name, digest in files.items()],
        "predicateType": PARTS_TYPE,
        "predicate": says,
    }
    payload = canonical_json(statement)
    write_bytes(folder / LEDGER, sign_envelope(payload, [key]) if key is not None else payload)


def read_ledger(folder: Path, keys: KeySet | None = None) -> dict[str, Any]:
    """Return the list of what a folder holds.

    Args:
        folder: of the run.
        keys: who may have signed it; None where a signature is not asked for.

    Raises:
        HeadgateError: it is not there, not such a list, or not signed by one of these keys.
    """
    path = folder / LEDGER
    try:
        data = path.read_bytes()
    except OSError as error:
        raise HeadgateError(f"{path} cannot be read ({error.strerror}): the run has not come to its end.") from None
    try:
        if keys is not None:
            data, _ = open_envelope(data, keys)
        elif b'"payloadType"' in data[:1_000] or data.startswith(b'{"payload"'):
            data, _ = peek_envelope(data)
        return _read_statement(json.loads(data))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise HeadgateError(f"{path} is not a list of parts ({type(error).__name__}).") from None


def _read_statement(statement: Any) -> dict[str, Any]:
    if statement["predicateType"] != PARTS_TYPE:
        raise ValueError("another predicate type")
    says = dict(statement["predicate"])
    for subject, part in zip(statement["subject"], says["parts"], strict=True):
        part["file"], part["digest"] = subject["name"], subject["digest"]["sha256"]
        if not isinstance(part["rows_out"], int) or Path(part["file"]).parent != Path(PARTS):
            raise ValueError("a part without a number of rows, or outside of the folder of the parts")
    return says


def listed_rows(folder: Path) -> dict[str, int]:
    """Return how many rows each file of a run has, by its name below the folder.

    Raises:
        HeadgateError: as `read_ledger`.
    """
    return {part["file"]: part["rows_out"] for part in read_ledger(folder)["parts"]}


def verify_parts(folder: Path, keys: KeySet | None = None) -> list[str]:
    """Return what is not as the list of a folder says: files that are missing, were changed, or are not in it.

    Args:
        folder: of the run.
        keys: who may have signed the list; None where a signature is not asked for.

    Raises:
        HeadgateError: as `read_ledger`.
    """
    ledger = read_ledger(folder, keys)
    problems = [problem for part in ledger["parts"] if (problem := _problem_with(folder, part)) is not None]
    listed = {part["file"] for part in ledger["parts"]}
    there = [f"{PARTS}/{path.name}" for path in sorted((folder / PARTS).glob("*.parquet"))]
    problems += [f"{name}: it is not in the list" for name in there if name not in listed]
    problems += [f"{one['fragment']}: nothing came of it: {one['reason']}" for one in ledger["failed"]]
    return problems


def _problem_with(folder: Path, part: Mapping[str, Any]) -> str | None:
    name = part["file"]
    try:
        found = _digest(folder / name)
    except OSError as error:
        return f"{name}: it cannot be read ({error.strerror}); {part['rows_out']:,} rows are missing"
    return f"{name}: it is not the file that was written" if found != part["digest"] else None


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
