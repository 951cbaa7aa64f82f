"""From the URIs of documents to patterns that cover them: the longest common folder, never wider than what was seen."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

__all__ = ["Place", "group_places", "place_of"]

Place = tuple[str, tuple[str, ...]]
"""Where documents are: what a URI begins with (`https://host/`, `file:/`, `file:`), and the folders below."""

_MOST_FOLDERS = 8
_STARS = re.compile(r"\*+")


def place_of(uri: str) -> Place:
    """Return where the document of a normalised URI is."""
    rest = uri.partition("?")[0]
    scheme, _, rest = rest.partition(":")
    if rest.startswith("//"):
        authority, _, path = rest[2:].partition("/")
        root = f"{scheme}://{authority}/"
    else:
        path, root = rest.removeprefix("/"), f"{scheme}:/" if rest.startswith("/") else f"{scheme}:"
    # In a pattern a star in a name is a wildcard, which matches itself too; two of them would not be alone.
    return root, tuple(_STARS.sub("*", folder) for folder in path.split("/")[:-1])


def group_places(places: Collection[Place]) -> dict[tuple[str, ...], list[Place]]:
    """Return which places make one source, by the patterns that cover them.

    A host is one source; of files, each top folder is one. Where the longest common folder would be a whole host or
    disk, the folders below it are named instead, as long as they are few.
    """
    groups: dict[tuple[str, ...], list[Place]] = {}
    by_root: dict[str, list[Place]] = {}
    for place in sorted(place for place in places if not _is_wild(place)):
        by_root.setdefault(place[0], []).append(place)
    for root, members in by_root.items():
        for group in [members] if "://" in root else _by_first(members):
            groups[tuple(_patterns(root, [folders for _, folders in group]))] = group
    return groups


def _is_wild(place: Place) -> bool:
    """Return whether a document's own address would widen a pattern to hosts or folders that nobody has seen."""
    return "*" in place[0] or "*" in place[1]


def _by_first(members: Iterable[Place]) -> list[list[Place]]:
    found: dict[tuple[str, ...], list[Place]] = {}
    for place in members:
        found.setdefault(place[1][:1], []).append(place)
    return list(found.values())


def _patterns(root: str, folders: list[tuple[str, ...]]) -> list[str]:
    common = _common(folders)
    # A whole host or disk, or what every disk has at its top, such as /home.
    is_wide = len(common) < (2 if root.endswith(":/") else 1)
    if not is_wide:
        return [_pattern(root, common)]
    at = len(common)
    below = {one[: at + 1] for one in folders if len(one) > at}
    if len(below) > _MOST_FOLDERS:
        return [_pattern(root, common)]
    named = [_pattern(root, _common([one for one in folders if one[: at + 1] == child])) for child in sorted(below)]
    # Documents right here, and none in the folders that nobody has seen.
    return [*([_pattern(root, common, "*")] if common in folders else []), *named]


def _common(folders: list[tuple[str, ...]]) -> tuple[str, ...]:
    first, last = min(folders), max(folders)
    shared = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:shared]


def _pattern(root: str, folders: tuple[str, ...], end: str = "**") -> str:
    # Without any folder, `file:**` would be every path; what was seen there has none.
    if not folders and end == "**" and "://" not in root:
        end = "*"
    return root + "".join(f"{folder}/" for folder in folders) + end
