"""Editions: which part of a source's addresses says which one a page is of, and which edition is current."""

from __future__ import annotations

import re
from itertools import count
from typing import Annotated, Literal
from urllib.parse import unquote

from pydantic import Field, field_validator, model_validator
from typing_extensions import Self

from headgate.caching import cached_property
from headgate.policy.matching import normalise_uri
from headgate.policy.values import PathText, PolicyModel

__all__ = ["EDITION_WORDS", "UNRELEASED_WORDS", "UNVERSIONED", "Identity", "looks_like_an_edition"]

_PLACE = re.compile(r"\{([a-z_]+)\}")
_MOST_CHARS = 2_048
_SLASHES = re.compile(r"(?<!:)/{2,}")
_ENCODED_SLASH = re.compile(r"%2[Ff]")
# What stands for a name in braces while an address is brought into its normal form, which is the same for it.
_STAND_IN, _STANDS_IN = "0place0{}0", re.compile(r"0place0([0-9]+)0")
UNRELEASED_WORDS = frozenset(
    (
        *("next", "dev", "devel", "develop", "main", "master", "trunk", "head", "tip", "nightly", "edge", "canary"),
        *("preview", "snapshot", "beta", "alpha", "rc", "unreleased"),
    )
)
"""Words by which sites name an edition that is not released yet."""
EDITION_WORDS = UNRELEASED_WORDS | {"latest", "stable", "current", "lts"}
"""Words by which sites name editions."""
UNVERSIONED = "unversioned"
"""`Identity.current` of a site whose current edition has no segment of its own."""
_STAGE = r"(?:a|b|c|m|x|alpha|beta|rc|pre|preview|dev|snapshot|nightly|canary|next)[0-9]*"
# A number, as it may be written: 3, v1.9, 2.x, release-1.9, 2024-05, v2beta1, 4.0rc1, 2.7+cu118, 1!3.9.
_NUMBERED = re.compile(
    rf"(?:[vVr]|(?:version|ver|v|release|rel|stable|branch|docs)[-_.])?(?:[0-9]+!)?[0-9]+(?:{_STAGE})?"
    rf"(?:[._~-](?:[0-9]+(?:{_STAGE})?|{_STAGE}|x|lts|esr|ea|ga|final|release|stable|(?:sp|p|r|u|post|patch|hotfix)[0-9]+))*"
    r"(?:\+[0-9A-Za-z._-]+)?",
    re.IGNORECASE,
)
# A word, and which one of them: rc1, beta-2.
_NAMED = re.compile(rf"(?:{'|'.join(sorted(EDITION_WORDS))})(?:[._-]?[0-9]+)?(?:[._-][0-9]+)*", re.IGNORECASE)


class Identity(PolicyModel):
    """How the addresses of a source name the edition of a page, and what tells the rows of a table apart.

    Only whether a text is current depends on it; whose keys speak for it does not.
    """

    pattern: str | None = Field(
        default=None,
        description="An address with {version} where the edition is; {page} is all of what is left, and any other "
        "name is one segment: https://docs.example/{version}/{page}.",
    )
    current: str = Field(
        default="highest",
        min_length=1,
        max_length=100,
        description="The segment of the current edition, such as latest or v3.10; highest: the highest of a retrieval "
        "and of feeds; unversioned: the pages whose address has no number or word of an edition there.",
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

    redirects: PathText | None = Field(
        default=None,
        min_length=1,
        description="A file that lists which addresses lead to others, as a `_redirects` file or a JSON object: an old "
        "address is the document that it leads to.",
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
        if "?" in value or _as_normal(value) is None:
            raise ValueError(
                "a pattern is an address, and the edition a part of its host or path: "
                "https://docs.example/{version}/{page}, or file:docs/{version}/{page}."
            )
        return value

    def edition_of(self, uri: str | None) -> str | None:
        """Return which edition a page is of, as its address writes it; None where the pattern does not fit.

        Args:
            uri: its address in normal form.
        """
        if uri is None or self._pattern is None:
            return None
        place = _of_https(_SLASHES.sub("/", _ENCODED_SLASH.sub("/", uri.partition("?")[0])))
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
    segment = unquote(segment).strip()
    return _NAMED.fullmatch(segment) is not None or _NUMBERED.fullmatch(segment) is not None


def _compiled(pattern: str) -> re.Pattern[str]:
    names = _PLACE.findall(pattern)
    normal = _of_https(_SLASHES.sub("/", _as_normal(pattern) or ""))
    parts, end = [], 0
    for place in _STANDS_IN.finditer(normal):
        name = names[int(place[1])]
        parts.append(re.escape(normal[end : place.start()]))
        # A page may have any number of segments; what is one segment cannot be matched in two ways.
        parts.append(f"(?P<{name}>{'.+' if name == 'page' else '[^/]+'})")
        end = place.end()
    return re.compile("".join([*parts, re.escape(normal[end:])]))


def _as_normal(pattern: str) -> str | None:
    """Return a pattern in the normal form in which addresses are compared, with stand-ins; None for anything else."""
    if _STANDS_IN.search(pattern):
        return None
    numbers = count()
    return normalise_uri(_PLACE.sub(lambda _: _STAND_IN.format(next(numbers)), pattern))


def _of_https(uri: str) -> str:
    """Return an address as of HTTPS: a page is one document by either."""
    return f"https:{uri.removeprefix('http:')}" if uri.startswith("http:") else uri
