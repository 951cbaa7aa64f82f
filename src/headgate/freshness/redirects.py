"""Redirects that a site lists: an address that leads to another one for good names the same document.

The lines are those of a `_redirects` file, as static hosts read them: an old address, a new one, and a status, 301 if
there is none. Only permanent ones count (301 and 308: RFC 9110, sections 15.4.2 and 15.4.9).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from headgate.encoding import canonical_json, digest_label, safe_uri, shown
from headgate.freshness.identity import identify_document, page_of

__all__ = ["NO_REDIRECTS", "Redirects", "read_redirects"]

_MOST_REDIRECTS = 200_000
_MOST_STEPS = 20
_PERMANENT = ("301", "308")
_STATUS = re.compile(r"([1-5][0-9]{2})!?")
# What stands for more than one address, or asks for more than an address: a host's own rules, which are not read.
_CONDITIONAL = "*"
_ADDRESS = re.compile(r"/|[A-Za-z][A-Za-z0-9+.-]+:")
_PLACEHOLDER = re.compile(r"\*|/:[A-Za-z]|^[A-Za-z_]+=")


@dataclass(frozen=True, slots=True)
class Redirects:
    """Which documents are others under an old address.

    Attributes:
        targets: the document that an old address is now, by the one it was; chains are followed.
        skipped: how many lines were left out, because they have placeholders or conditions, or move a section.
    """

    targets: Mapping[str, str] = field(default_factory=dict)
    skipped: int = 0

    def current(self, document: str | None) -> str | None:
        """Return which document one is now; a section goes with its page."""
        if document is None or not self.targets:
            return document
        return _following(document, self.targets)

    @property
    def digest(self) -> str:
        """A digest of what is listed, for policy revisions."""
        return digest_label(canonical_json(dict(self.targets)))


NO_REDIRECTS = Redirects()


def read_redirects(text: str, base: str | None) -> Redirects:
    """Return what a file of redirects lists.

    Args:
        text: lines of a `_redirects` file, or a JSON object of new addresses by old ones.
        base: scheme and host of addresses that begin with a slash, as `https://docs.example`; None where there is none.

    Raises:
        ValueError: a line cannot be read, or leads nowhere; the message says which, and what would be right.
    """
    targets: dict[str, str] = {}
    skipped = 0
    for place, old, new in _pairs(text.removeprefix("\ufeff")):
        # No server is asked for the part behind a number sign, so none redirects it.
        if "#" in old or _PLACEHOLDER.search(old) or _PLACEHOLDER.search(new):
            skipped += 1
            continue
        if old.startswith("/") and not _ADDRESS.match(new):
            raise ValueError(f"{place}: {shown(safe_uri(new))} is not an address. Write a path, or https://....")
        before, after = _document(old, base, place), _document(new, base, place)
        if targets.setdefault(before, after) != after:
            raise ValueError(f"{place}: {shown(safe_uri(old))} leads to two places. Keep the one that it leads to now.")
        if len(targets) > _MOST_REDIRECTS:
            raise ValueError(f"it has more than {_MOST_REDIRECTS:,} redirects. List those of this source only.")
    return Redirects({before: _end(before, targets) for before in targets if targets[before] != before}, skipped)


def _pairs(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield where a redirect is written, its old address and its new one."""
    if text.lstrip().startswith("{"):
        yield from _pairs_of_json(text)
        return
    # Not at the other breaks that Python knows: what looks like the end of a comment is one.
    for number, line in enumerate(text.split("\n"), 1):
        fields = [part.strip("\"'") for part in _split(line)]
        if not fields or fields[0].startswith("#"):
            continue
        if len(fields) < 2:
            raise ValueError(f"line {number}: a redirect has two addresses: /old /new.")
        status = _STATUS.fullmatch(fields[2]) if len(fields) > 2 else None
        has_conditions = any("=" in part for part in fields[2:])
        if status is None or status[1] in _PERMANENT:
            yield f"line {number}", fields[0], _CONDITIONAL if has_conditions else fields[1]


def _split(line: str) -> list[str]:
    """Split a line at white space, or at commas where they stand for it: an address may hold one."""
    fields = line.split()
    has_commas = len(fields) == 1 or any(part.startswith(",") or part.endswith(",") for part in fields)
    return line.replace(",", " ").split() if has_commas else fields


def _pairs_of_json(text: str) -> Iterator[tuple[str, str, str]]:
    try:
        listed = json.loads(text, object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON. Write lines of two addresses, or a JSON object.") from None
    for old, new in listed:
        if not isinstance(new, str):
            raise ValueError(f"{shown(safe_uri(old))}: its value is not an address. Write the new address as a string.")
        yield shown(safe_uri(old)), old, new


def _document(address: str, base: str | None, place: str) -> str:
    if address.startswith("/") and not address.startswith("//"):
        if base is None:
            raise ValueError(
                f"{place}: {shown(safe_uri(address))} has no host, and the source has several. Write https://...."
            )
        address = base + address
    document = identify_document(address)
    if document is None:
        raise ValueError(f"{place}: {shown(safe_uri(address))} is not an address. Write a path, or https://....")
    return document


def _following(document: str, targets: Mapping[str, str]) -> str:
    """Return where a document is by one step; a section goes with its page, unless that became a section itself."""
    target = targets.get(document)
    if target is not None:
        return target
    page = page_of(document)
    target = targets.get(page) if page is not None else None
    if target is None or page is None or page_of(target) is not None:
        return document
    return target + document[len(page) :]


def _end(before: str, targets: Mapping[str, str]) -> str:
    document = before
    for _ in range(_MOST_STEPS):
        following = _following(document, targets)
        if following == document:
            return document
        document = following
    raise ValueError(f"{shown(before)} leads back to itself, or on and on. Remove the redirect that is wrong.")
