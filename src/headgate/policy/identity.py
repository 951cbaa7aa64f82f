"""Editions: which part of a source's addresses says which one a page is of, and which edition is current."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from typing_extensions import Self

from headgate.policy.values import PolicyModel

__all__ = ["EDITION_WORDS", "UNVERSIONED", "Identity", "looks_like_an_edition"]

_PLACE = re.compile(r"\{([a-z_]+)\}")
_MOST_CHARS = 2_048
_SLASHES = re.compile(r"(?<!:)/{2,}")
_ENCODED_SLASH = re.compile(r"%2[Ff]")
# What an edition is called: a number, as it may be written, or one of the words that sites have for one.
EDITION_WORDS = frozenset(
    (
        *(
            "latest",
            "stable",
            "current",
            "main",
            "master",
            "trunk",
            "develop",
            "dev",
            "devel",
            "next",
            "nightly",
            "edge",
        ),
        *("canary", "unreleased", "lts"),
    )
)
"""Words by which sites name editions."""
UNVERSIONED = "unversioned"
"""`Identity.current` of a site whose current edition has no segment of its own."""
_NUMBERED = re.compile(
    r"(?:[vVr]|(?:version|ver|v|release|rel|stable|branch|docs)[-_.])?[0-9]+(?:[._-][0-9A-Za-z]+)*", re.IGNORECASE
)


class Identity(PolicyModel):
    """How the addresses of a source name the edition of a page, and what tells the rows of a table apart.

    Only whether a text is current depends on it; whose keys speak for it does not.
    """

    pattern: str | None = Field(
        default=None,
        description="An address with {version} where the edition stands; {page} is all of what is left, and any other "
        "name is one segment: https://docs.example/{version}/{page}.",
    )
    current: str = Field(
        default="highest",
        min_length=1,
        max_length=100,
        description="The segment of the current edition, such as latest or v3.10; highest: the highest of a retrieval; "
        "unversioned: the pages whose address has no number or word of an edition there.",
    )
    asked: Literal["drop", "warn"] = Field(
        default="drop",
        description="What happens to a page of another edition where the question names it; warn: it enters, marked.",
    )
    row_key: Annotated[str, Field(min_length=1, max_length=200)] | Literal[False] | None = Field(
        default=None,
        description="The metadata key that tells rows apart which share a source, each a document of its own. Unset: "
        "`row` and `seq_num` of table files, as loaders write them. false: none.",
    )

    @field_validator("current", mode="before")
    @classmethod
    def _is_quoted(cls, value: object) -> object:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            raise ValueError('YAML reads 3.10 as the number 3.1. Write the edition in quotes: current: "3.10".')
        return value

    @field_validator("pattern")
    @classmethod
    def _names_a_version(cls, value: str | None) -> str | None:
        if value is None:
            return None
        names = _PLACE.findall(value)
        if len(value) > _MOST_CHARS or names.count("version") != 1 or len(set(names)) < len(names):
            raise ValueError(
                "a pattern names {version} once, and nothing twice: https://docs.example/{version}/{page}."
            )
        if any(sign in _PLACE.sub("", value) for sign in "{}") or any(part.count("{") > 1 for part in value.split("/")):
            raise ValueError("a segment has one name in braces at most: https://docs.example/{version}/{page}.")
        return value

    def edition_of(self, uri: str | None) -> str | None:
        """Return which edition a page is of, as its address writes it; None where the pattern does not fit.

        Args:
            uri: its address in normal form.
        """
        if uri is None or self._pattern is None:
            return None
        place = _SLASHES.sub("/", _ENCODED_SLASH.sub("/", uri.partition("?")[0]))
        found = self._pattern.fullmatch(place)
        # Where the current edition has a name of its own, such as one of a release, so may every other one.
        if found is not None and not self._is_numbered:
            return found["version"]
        # The page that an edition begins with; of other single segments nobody knows whether they name one.
        if found is None and self._begin is not None:
            found = self._begin.fullmatch(place.rstrip("/"))
        return found["version"] if found is not None and looks_like_an_edition(found["version"]) else None

    @property
    def _is_numbered(self) -> bool:
        return self.current in ("highest", UNVERSIONED) or looks_like_an_edition(self.current)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.pattern is None and self.model_fields_set & {"current", "asked"}:
            raise ValueError("it is about editions, and no pattern says where addresses name one. Add pattern.")
        return self

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        return _compiled(self.pattern) if self.pattern is not None else None

    @cached_property
    def _begin(self) -> re.Pattern[str] | None:
        if self.pattern is None:
            return None
        begin = self.pattern.removesuffix("/{page}")
        return _compiled(begin) if begin != self.pattern and begin.endswith("{version}") else None


def looks_like_an_edition(segment: str) -> bool:
    """Return whether a segment of an address is a number, as versions are written, or a word for an edition."""
    return segment in EDITION_WORDS or _NUMBERED.fullmatch(segment) is not None


def _compiled(pattern: str) -> re.Pattern[str]:
    parts, end = [], 0
    for place in _PLACE.finditer(pattern):
        parts.append(re.escape(pattern[end : place.start()]))
        # A page may have any number of segments; what is one segment cannot be matched in two ways.
        parts.append(f"(?P<{place[1]}>{'.+' if place[1] == 'page' else '[^/]+'})")
        end = place.end()
    return re.compile("".join([*parts, re.escape(pattern[end:])]))
