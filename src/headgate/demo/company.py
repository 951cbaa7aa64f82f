"""The demo's company: its documents as production has them, its keys and its policy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import yaml

from headgate.admission.gate import Gate
from headgate.chunk import SEAL_KEY, Chunk
from headgate.freshness import read_time
from headgate.integration.publishing import Publishing
from headgate.provenance import Sealer, SigningKey, generate_signing_key

__all__ = ["TROUBLES", "Company", "DemoDocument", "open_company"]

TROUBLES = {
    "superseded": "an old version",
    "stale": "past its date",
    "tampered": "changed after it was signed",
    "forged": "forged, with fresh metadata",
    "wrong_key": "signed by another team",
    "stranger": "signed by a stranger",
    "broken_seal": "a broken seal",
    "unsigned": "an unsigned draft",
    "unknown_source": "a source nobody knows",
    "expired": "expired",
    "early": "not in force yet",
    "undated": "no date",
    "ambiguous_date": "a date with two readings",
    "future": "a date in the future",
}
"""What is wrong with a document, in words; the gate is never told."""

_OWNERS = {
    "https://handbook.larkfield.example/": "handbook",
    "https://git.larkfield.example/": "runbooks",
    "s3://larkfield-prices/": "prices",
}
# The stranger signs too, with a key that is in no key set.
_PUBLISHERS = (*_OWNERS.values(), "stranger")
_UNSEALED = frozenset(("forged", "unsigned", "unknown_source"))


@dataclass(frozen=True, slots=True)
class DemoDocument:
    """A document of the company.

    Attributes:
        chunk: the document as the index has it.
        trouble: what is wrong with it, or None.
    """

    chunk: Chunk
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Company:
    """The demo's company.

    Attributes:
        documents: everything in its index.
        questions: what people ask.
        gate: the gate with the company's policy, at `today`.
        today: the date of the demo.
    """

    documents: tuple[DemoDocument, ...]
    questions: tuple[str, ...]
    gate: Gate
    today: datetime


def open_company(folder: Path) -> Company:
    """Write the company's policy, glossary and new keys into an empty folder, and return the company.

    Args:
        folder: an existing folder.
    """
    keys = {name: generate_signing_key(name) for name in _PUBLISHERS}
    (folder / "keys").mkdir()
    for name in _OWNERS.values():
        (folder / "keys" / f"{name}.jwks.json").write_text(json.dumps(keys[name].public_jwks()), encoding="utf-8")
    with as_file(files("headgate.demo") / "larkfield") as source:
        for name in ("headgate.yaml", "glossary.yaml"):
            shutil.copyfile(source / name, folder / name)
        content = yaml.safe_load((source / "documents.yaml").read_text(encoding="utf-8"))
    today = _instant(content["today"])
    documents = tuple(
        DemoDocument(_publish(number, entry, keys, today), entry.get("trouble"))
        for number, entry in enumerate(content["documents"])
    )
    gate = Gate(folder / "headgate.yaml", clock=lambda: today)
    return Company(documents, tuple(content["questions"]), gate, today)


def _publish(number: int, entry: Mapping[str, Any], keys: Mapping[str, SigningKey], today: datetime) -> Chunk:
    """Return a document with the seal, and the damage, that its entry describes."""
    uri, trouble = entry["uri"], entry.get("trouble")
    metadata: dict[str, object] = {"source": uri, **entry.get("metadata", {})}
    if "modified" in entry:
        metadata["last_modified"] = _instant(entry["modified"]).isoformat()
    chunk = Chunk(entry["text"], metadata, f"doc-{number:02}")
    owner = next((name for start, name in _OWNERS.items() if uri.startswith(start)), None)
    if owner is None or trouble in _UNSEALED:
        return chunk
    signer = {"wrong_key": "prices", "stranger": "stranger"}.get(str(trouble), owner)
    sealer = Sealer(keys[signer], issuer=signer, clock=lambda: today)
    publishing = Publishing(
        version=lambda _: entry.get("version"),
        modified=lambda _: _instant(entry.get("modified")),
        expires=lambda _: _instant(entry.get("valid_until")),
        not_before=lambda _: _instant(entry.get("valid_from")),
    )
    # What was signed is the text as it was; the index holds what somebody made of it.
    sealed = publishing.seal(sealer, Chunk(entry.get("was", entry["text"]), metadata, chunk.id)).chunk
    token = str(sealed.metadata[SEAL_KEY])
    # Cut within the signature, as a column that is too short would do it.
    return chunk.with_metadata(**{SEAL_KEY: token[:-41] if trouble == "broken_seal" else token})


def _instant(value: object) -> Any:
    return None if value is None else read_time(value, zone=None, date_order=None).earliest
