"""From a record (a JSON object, a row of a table) to a document: which field is its text, which its metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from headgate.chunk import SEAL_KEY, Chunk
from headgate.corpus.item import CorpusItem
from headgate.encoding import shown
from headgate.errors import HeadgateError
from headgate.freshness import RESTRICTING_ROLES
from headgate.freshness.catalogue import lookup, present_roles
from headgate.limits import Limits
from headgate.policy import MetadataKeys

__all__ = ["NO_FIELDS", "Fields", "parse_json", "to_item"]

_TEXT_NAMES = ("text", "page_content", "content")
_ID_NAMES = ("id", "id_", "_id", "doc_id")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Fields:
    """What the fields of records mean, where they do not have the usual names.

    Attributes:
        text: the field that holds the text; None for one of the usual names. A dotted name leads into nested objects.
        names: by the name of a metadata entry, the field that it is taken from; the field stays what it is too.
        unseen: the fields of `names` and `text` that no record had until now.
    """

    text: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set, compare=False)

    @classmethod
    def parse(cls, text: str | None, pairs: list[str] | None) -> Fields:
        """Return the fields that `--text-field` and `--field-map NAME=FIELD` name.

        Raises:
            HeadgateError: a pair is not of this form, or names an entry twice.
        """
        names: dict[str, str] = {}
        for pair in pairs or ():
            for one in pair.split(","):
                name, equals, source = (part.strip() for part in one.partition("="))
                if not equals or not name or not source or len(one) > _LONGEST_NAME:
                    raise HeadgateError(
                        f"--field-map {one[:80]!r}: write NAME=FIELD, such as source=link or last_modified=changed_on."
                    )
                if names.setdefault(name, source) != source:
                    raise HeadgateError(f"--field-map names {name!r} twice.")
        return cls(text, names, {*names.values(), *([text] if text is not None else [])})

    def about(self) -> dict[str, object]:
        """Return the same as plain values."""
        return {"text": self.text, "names": dict(self.names)}

    @property
    def are_named(self) -> bool:
        """Whether there are any."""
        return self.text is not None or bool(self.names)


NO_FIELDS = Fields()


def parse_json(data: bytes) -> object:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is not JSON, is nested too deeply, or has a key twice.
    """
    try:
        return json.loads(data, object_pairs_hook=_distinct)
    except _RepeatedKeyError:
        raise
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not JSON ({str(error)[:80]})") from None


def to_item(record: object, place: str, limits: Limits, fields: Fields = NO_FIELDS) -> CorpusItem:
    """Return the document that a record holds, or why it holds none.

    Args:
        record: an object with a text, and `metadata` or further entries that become the metadata.
        place: where it is.
        limits: bounds on its text and on its entries.
        fields: what its fields mean.
    """
    if not isinstance(record, dict):
        return CorpusItem(place, None, "it is not a JSON object")
    name, text = _text_of(record, fields)
    if text is None:
        wanted = repr(fields.text) if fields.text is not None else f"one of {', '.join(_TEXT_NAMES)}"
        return CorpusItem(place, None, f"it has no text; {wanted} must hold one (--text-field names another)")
    if len(text) > limits.text_bytes:
        return CorpusItem(place, None, f"it is longer than {limits.text_bytes:,} characters")
    identifier = next((str(record[key]) for key in _ID_NAMES if isinstance(record.get(key), (str, int))), None)
    further = {key: value for key, value in record.items() if key not in (name, "metadata")}
    try:
        metadata = _metadata(record.get("metadata"), further, limits)
    except ValueError as error:
        return CorpusItem(place, None, str(error))
    return CorpusItem(place, Chunk(text, _renamed(metadata, record, fields), identifier))


def _text_of(record: Mapping[str, object], fields: Fields) -> tuple[str | None, str | None]:
    if fields.text is None:
        name = next((name for name in _TEXT_NAMES if isinstance(record.get(name), str)), None)
        return name, str(record[name]) if name is not None else None
    text = lookup(record, fields.text)
    if text is not None:
        fields.unseen.discard(fields.text)
    return fields.text, text if isinstance(text, str) else None


def _renamed(metadata: Mapping[str, object], record: Mapping[str, object], fields: Fields) -> Mapping[str, object]:
    if not fields.names:
        return metadata
    added: dict[str, object] = {}
    for name, source in fields.names.items():
        value = lookup(record, source)
        if value is None:
            value = lookup(metadata, source)
        if value is not None:
            added[name] = value
            fields.unseen.discard(source)
    return {**metadata, **added}


def _metadata(given: object, further: Mapping[str, object], limits: Limits) -> Mapping[str, object]:
    """Return a document's metadata: what is under `metadata`, and what restricts the document beside it.

    Raises:
        ValueError: a restriction would be lost.
    """
    if given is None:
        return further
    if not isinstance(given, Mapping):
        # As a text or a list it would go through as one entry, with whatever restricts the document inside.
        raise ValueError("its metadata is not a JSON object")
    if len(further) > limits.metadata_keys:
        raise ValueError(f"it has more than {limits.metadata_keys:,} entries beside its metadata")
    roles = present_roles(further, MetadataKeys(), limits)
    beside = {key: further[key] for role in RESTRICTING_ROLES for key in roles.get(role, ())}
    for key, value in beside.items():
        if given.get(key, value) != value:
            raise ValueError(f"{shown(key)} is in its metadata and beside it, with different values")
    if SEAL_KEY in further:
        # Where a table is sealed, its seals are a column beside the metadata; one from before has served its time.
        beside[SEAL_KEY] = further[SEAL_KEY]
    return {**given, **beside} if beside else given


class _RepeatedKeyError(ValueError):
    """A JSON object has a key twice: readers differ in which of them counts (RFC 8259, section 4)."""


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _RepeatedKeyError(f"the key {shown(twice, 60)} is there twice")
    return value
