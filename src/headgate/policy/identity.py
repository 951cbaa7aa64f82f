"""Editions: which part of a source's addresses says which one a page is of, and which edition is current."""

from __future__ import annotations

import re
from functools import cached_property

from pydantic import Field, field_validator

from headgate.policy.values import PolicyModel

__all__ = ["Identity"]

_PLACE = re.compile(r"\{([a-z_]+)\}")
_MOST_CHARS = 2_048


class Identity(PolicyModel):
    """How the addresses of a source name the edition of a page.

    Only whether a page is current depends on it; whose keys speak for it does not.
    """

    pattern: str = Field(
        description="An address with {version} where the edition stands; {page} is all of what is left, and any other "
        "name is one segment: https://docs.example/{version}/{page}."
    )
    current: str = Field(
        default="highest",
        min_length=1,
        max_length=100,
        description="The segment of the current edition, such as latest or v3.10; highest: the highest of a retrieval.",
    )

    @field_validator("pattern")
    @classmethod
    def _names_a_version(cls, value: str) -> str:
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
        found = self._pattern.fullmatch(uri.partition("?")[0]) if uri is not None else None
        return found["version"] if found is not None else None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts, end = [], 0
        for place in _PLACE.finditer(self.pattern):
            parts.append(re.escape(self.pattern[end : place.start()]))
            # A page may have any number of segments; what is one segment cannot be matched in two ways.
            parts.append(f"(?P<{place[1]}>{'.+' if place[1] == 'page' else '[^/]+'})")
            end = place.end()
        return re.compile("".join([*parts, re.escape(self.pattern[end:])]))
