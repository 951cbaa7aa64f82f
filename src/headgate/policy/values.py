"""Values that occur in many places of a policy file: durations, paths, names, keys."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    PlainValidator,
    Tag,
)

from headgate.caching import cached_property
from headgate.encoding import safe_uri, shown
from headgate.policy.durations import BusinessDays, format_duration, format_span, parse_duration, parse_span

__all__ = [
    "ENTRY_TAGS",
    "ClassNames",
    "Duration",
    "Glossaries",
    "GlossaryEntry",
    "Issuers",
    "KeyNames",
    "PathText",
    "PathTexts",
    "PolicyModel",
    "Span",
    "ZoneName",
    "as_list",
    "glossary_files",
    "key_entries",
    "plain_word",
]

# Hyphens and spaces without a width, within words.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")


def plain_word(text: str) -> str:
    """Return a word or two in one spelling: in lower case, with single spaces between runs of letters and digits."""
    return " ".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()))


def as_list(value: object) -> object:
    """Return a single entry as a list; whatever else it is, its type is looked at later."""
    return [value] if isinstance(value, (str, Path, Mapping)) else value


def as_text(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration, json_schema_input_type=str),
    PlainSerializer(format_duration, return_type=str),
]


# A time, or a number of business days: what of a source's freshness rule counts by a calendar.
Span = Annotated[
    timedelta | BusinessDays,
    PlainValidator(parse_span, json_schema_input_type=str),
    PlainSerializer(format_span, return_type=str),
]


KeyNames = Annotated[tuple[str, ...], BeforeValidator(as_list)]


def as_issuers(value: object) -> object:
    """Return issuers, listed or each with its keys, as a mapping from each to its keys; None stands for any key.

    Raises:
        ValueError: it names nobody, or an issuer without any key, so that nobody could vouch.
    """
    if value is None:
        return None
    if isinstance(value, str):
        value = [value]
    if isinstance(value, (list, tuple)) and all(isinstance(name, str) for name in value):
        value = dict.fromkeys(value)
    if not isinstance(value, Mapping):
        raise ValueError("these are not issuers. Write a list of names, or a mapping from each name to its keys.")
    if not value:
        raise ValueError("names nobody, so that nobody could vouch. Leave it out for any issuer, or name some.")
    for name, keys in value.items():
        if not isinstance(name, str) or not name:
            raise ValueError(f"{shown(name, 40)} is not the name of an issuer.")
        if isinstance(keys, (list, tuple, str)) and not keys:
            raise ValueError(f"the issuer {shown(name)} has no key. Name its keys, or list the issuer without any.")
    return {name: [keys] if isinstance(keys, str) else keys for name, keys in value.items()}


Issuers = Annotated[
    Mapping[str, tuple[str, ...] | None],
    BeforeValidator(as_issuers, json_schema_input_type=str | list[str] | dict[str, str | list[str] | None]),
]


PathText = Annotated[str, BeforeValidator(as_text)]


PathTexts = Annotated[tuple[PathText, ...], BeforeValidator(as_list)]


def class_name(value: str) -> str:
    if not all(part.isidentifier() for part in value.split(".")):
        raise ValueError(f"{value!r} is not the name of a class. Write `Name` or `package.module.Name`.")
    return value


ClassNames = Annotated[tuple[Annotated[str, AfterValidator(class_name)], ...], BeforeValidator(as_list)]


def zone_name(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, LookupError) as error:
        raise ValueError(f"{value!r} is not a time zone. Write UTC or a name such as Europe/Berlin.") from error
    return value


ZoneName = Annotated[str, AfterValidator(zone_name)]


class PolicyModel(BaseModel):
    """A part of a policy: unknown keys are errors, and nothing changes once it is read."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, ser_json_timedelta="iso8601", ignored_types=(cached_property,)
    )


class GlossaryEntry(PolicyModel):
    """A glossary file, and what is wanted of it."""

    file: PathText = Field(min_length=1, description="A glossary file.")
    language: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(as_list)] = Field(
        default=(),
        description="The language or languages that are wanted of SKOS and TBX, such as en, or [en-GB, de].",
    )


ENTRY_TAGS = frozenset(("(file)", "(entry)"))
"""What tells the two forms apart in the places of pydantic's errors; nobody has written it."""


def _entry_form(value: object) -> str:
    return "(entry)" if isinstance(value, (Mapping, GlossaryEntry)) else "(file)"


Glossaries = Annotated[
    tuple[
        Annotated[
            Annotated[PathText, Tag("(file)")] | Annotated[GlossaryEntry, Tag("(entry)")], Discriminator(_entry_form)
        ],
        ...,
    ],
    BeforeValidator(as_list),
]


def glossary_files(entries: Iterable[str | GlossaryEntry]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the glossary files that a policy names, each with the languages that are wanted of it."""
    return tuple((one, ()) if isinstance(one, str) else (one.file, one.language) for one in entries)


def require_address(entry: str, what: str) -> None:
    """Raise if a text is an address, which is not fetched.

    Args:
        entry: the name of a file, or an address.
        what: what is there.

    Raises:
        ValueError: it is not one of HTTPS, or names a user.
    """
    if "://" in entry and not entry.startswith("https://"):
        shown = safe_uri(entry)
        raise ValueError(f"{shown!r} is not an https:// address. Save the {what} to a file and name the file.")
    if "@" in entry.partition("://")[2].partition("/")[0]:
        raise ValueError(f"the address of a {what} holds no user or password: whoever reads the log would have it.")


def key_entries(value: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return key files and inline key sets.

    Raises:
        ValueError: an entry is neither.
    """
    for entry in value:
        if isinstance(entry, Path):
            continue
        if isinstance(entry, str):
            # What is written here by mistake may be a secret, so that no message repeats it.
            if any(sign in entry for sign in ("{", "\n", "-----BEGIN")):
                raise ValueError("this is a key as text. Write a file name, or a JWKS with `keys:`.")
            require_address(entry, "key set")
        elif not isinstance(entry, Mapping):
            kind = type(entry).__name__
            raise ValueError(f"a {kind} is not a key. Write a file name, or a JWKS with `keys:`.")
    return tuple(str(entry) if isinstance(entry, Path) else entry for entry in value)
