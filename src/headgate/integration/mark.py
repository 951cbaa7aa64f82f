"""The short record that an admitted document carries, and the way back from it to the original text."""

from __future__ import annotations

import json
from collections.abc import Mapping

from headgate.chunk import SEAL_KEY
from headgate.decision import Admission, Decision
from headgate.errors import SealError
from headgate.provenance import digest_text, read_seal
from headgate.terminology.edits import Rewrite, undo_edits

__all__ = ["RECORD_KEY", "make_record", "read_record", "restore", "restore_metadata"]

RECORD_KEY = "headgate"
"""The metadata key under which an admitted document says what was decided about it."""

# Anybody may write such an entry into an index, and JSON is several times as large once it is read.
# Some forty thousand edits: whoever has written a record, it is read before anything is judged.
_MAX_CHARS = 1_000_000


def make_record(admission: Admission, decision: Decision) -> str:
    """Return what an admitted document carries: a flat JSON text.

    Its keys are `admission` (the id), `source`, `subject` (the proved URI), `issuer`, `codes`, and, where the text was
    rewritten, `edits`: a list of `[start, end, alias]` with offsets in the rewritten text. `metadata_edits` has the
    same for metadata entries.
    """
    record: dict[str, object] = {
        "admission": admission.id,
        "source": decision.source,
        "subject": decision.uri if decision.is_proved else None,
        "issuer": decision.issuer,
        "codes": list(decision.codes),
    }
    edits = _edits(decision.rewrite)
    if edits:
        record["edits"] = edits
    metadata_edits = {name: edits for name, rewrite in decision.metadata_rewrites.items() if (edits := _edits(rewrite))}
    if metadata_edits:
        record["metadata_edits"] = metadata_edits
    # ASCII, because stores differ in what they do to anything else.
    return json.dumps(record, ensure_ascii=True, separators=(",", ":"))


def read_record(metadata: Mapping[str, object]) -> dict[str, object] | None:
    """Return the record in a document's metadata, or None if there is none that can be read."""
    record = metadata.get(RECORD_KEY)
    if not isinstance(record, str) or len(record) > _MAX_CHARS:
        return None
    try:
        value = json.loads(record)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def restore(text: str, metadata: Mapping[str, object]) -> str:
    """Return a text as it was before headgate rewrote it; one that its seal is over as it is has not been rewritten."""
    record = read_record(metadata)
    # Anybody can write a record, and one that spoils the current version of a document would bring back the one before.
    if not record or _is_sealed(text, metadata):
        return text
    return _undo(text, record.get("edits"))


def restore_metadata(metadata: Mapping[str, object]) -> dict[str, object]:
    """Return metadata without the record, and with its entries as they were before headgate rewrote them."""
    record = read_record(metadata)
    kept = {key: value for key, value in metadata.items() if key != RECORD_KEY}
    edits = record.get("metadata_edits") if record else None
    for name, changes in edits.items() if isinstance(edits, dict) else ():
        value = kept.get(name)
        if isinstance(value, str):
            kept[name] = _undo(value, changes)
    return kept


def _is_sealed(text: str, metadata: Mapping[str, object]) -> bool:
    """Return whether the seal beside a text is over this very text, for all that can be told without its key."""
    if SEAL_KEY not in metadata:
        return False
    try:
        return read_seal(metadata[SEAL_KEY])[1].digest == digest_text(text)
    except (SealError, UnicodeEncodeError):
        return False


def _edits(rewrite: Rewrite | None) -> list[list[object]]:
    if rewrite is None:
        return []
    return [[*rewrite.to_rewritten(edit.start, edit.end), edit.alias] for edit in rewrite.edits if edit.changes_text]


def _undo(text: str, edits: object) -> str:
    """Return `text` with edits taken back; anything that is not a list of edits of this text changes nothing."""
    if not isinstance(edits, list):
        return text
    # All edits are looked at before one is undone: a record of another text must not change half of this one.
    position = 0
    for edit in edits:
        if not _is_edit(edit, position, len(text)):
            return text
        position = edit[1]
    return undo_edits(text, edits)


def _is_edit(edit: object, position: int, length: int) -> bool:
    if not isinstance(edit, list) or len(edit) != 3:
        return False
    start, end, alias = edit
    # Not `isinstance`: True is an int, and JSON from outside may say so.
    if type(start) is not int or type(end) is not int or not isinstance(alias, str):
        return False
    return position <= start <= end <= length
