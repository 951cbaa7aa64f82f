"""URI patterns: which source a document belongs to, the most specific match winning.

A pattern is a URI in which `*` stands for any characters within one path segment or host label, and `**`, as a
whole segment or label, for any number of them. A query is not part of the path: a pattern without one matches every
query, and in a pattern with one `*` stands for any characters of it. Both sides are normalised first (RFC 3986, section
6.2.2, and RFC 3987, section 3.1), so that `HTTPS://Handbook.Example:443/a/../ü` and
`https://handbook.example/%C3%BC` are one document.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from headgate.encoding import safe_uri, short_digest
from headgate.policy.hosts import normalise_host

__all__ = ["UriPattern", "normalise_uri", "split_uri"]

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")  # two characters or more: `C:` is a drive
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_DEFAULT_PORTS = {"http": "80", "https": "443", "ftp": "21"}


def normalise_uri(value: object, max_chars: int = 2_048) -> str | None:
    """Return the normal form of a URI or file path, or None if it names nothing that can be matched.

    Args:
        value: a URI, a file path (which becomes a `file:` URI), or anything else.
        max_chars: longer values name nothing.

    Returns:
        The URI with scheme and host in lower case, default port and fragment removed, dot segments resolved, and what
        is beyond ASCII percent-encoded (an international host as `xn--...`); None for values that are not texts, are
        empty or too long, hold control characters or backslashes in a URI, or carry user information or letters by
        which one host poses as another.
    """
    if not isinstance(value, str) or not value or len(value) > max_chars:
        return None
    # Remembered as a plain text: a subclass may call itself equal to another one.
    normal = _normalise(value if type(value) is str else str.__str__(value))
    # Encoding makes a URI up to twelve times longer.
    return normal if normal is not None and len(normal) <= max_chars else None


@lru_cache(maxsize=4_096)  # a document's URI is in its metadata and in its seal, and in all of its chunks
def _normalise(value: str) -> str | None:
    if _DRIVE.match(value):
        value = "file:/" + value.replace("\\", "/")
    scheme = _SCHEME.match(value)
    if scheme is None:
        # A host without a scheme (RFC 3986, section 4.2), or a network share: not a path either way.
        if value.startswith("//"):
            return None
        # In a path these are characters of a name; in a URI they would be read as its syntax.
        return _normalise_path_uri(
            "file", value.replace("\\", "/").replace("%", "%25").replace("?", "%3F").replace("#", "%23")
        )
    # `urlsplit` drops tabs and newlines without a word, so they are refused before it sees them.
    if "\\" in value or _FORBIDDEN.search(value.replace(" ", "")):
        return None
    try:
        return _normalise_absolute(scheme.group(1).lower(), value)
    except ValueError:
        return None


def _normalise_absolute(scheme: str, value: str) -> str | None:
    value = value.replace(" ", "%20")
    parts = urlsplit(value)
    if not value[len(scheme) + 1 :].startswith("//"):
        return _normalise_path_uri(scheme, value[len(scheme) + 1 :].partition("#")[0])
    # What comes before an `@` looks like the host to people; clients differ on encoded hosts.
    if "@" in parts.netloc or "%" in parts.netloc:
        return None
    host, port = parts.netloc, ""
    if not host.endswith("]") and ":" in host:
        host, _, port = host.rpartition(":")
        if port:
            if not (port.isascii() and port.isdigit() and int(port) < 65_536):
                return None
            port = str(int(port))
    if scheme == "file" and host.lower() in ("", "localhost"):
        return _normalise_path_uri("file", value.partition("#")[0][len("file://") + len(parts.netloc) :])
    host = normalise_host(host) or ""
    if not host:
        return None
    port = "" if port in ("", _DEFAULT_PORTS.get(scheme)) else f":{port}"
    query = f"?{_normalise_percent(parts.query)}" if parts.query else ""
    # In this order, because `%2E%2E` is two dots as well.
    path = _remove_dot_segments(_normalise_percent(parts.path)) or "/"
    return f"{scheme}://{host}{port}{path}{query}"


def _normalise_path_uri(scheme: str, path: str) -> str | None:
    if _FORBIDDEN.search(path.replace(" ", "")):
        return None
    path, _, query = _normalise_percent(path.replace(" ", "%20")).partition("?")
    if scheme == "file":
        # Before the query is added again: dots and slashes in it move nothing.
        path = _remove_dot_segments(re.sub("/{2,}", "/", path))
    return f"{scheme}:{path}{'?' if query else ''}{query}" if path not in ("", "/") else None


def _normalise_percent(text: str) -> str:
    """Return a text with one spelling of every character (RFC 3986, section 6.2.2; RFC 3987, section 3.1)."""
    if not text.isascii():
        text = _BEYOND_ASCII.sub(_encode, unicodedata.normalize("NFC", text))

    def one(match: re.Match[str]) -> str:
        character = chr(int(match.group(1), 16))
        # Only what means the same when it is decoded: %2F is not a slash (RFC 3986, section 6.2.2.2).
        return character if character in _UNRESERVED else match.group(0).upper()

    return _PERCENT.sub(one, text) if "%" in text else text


def _safe(pattern: str) -> str:
    """Return a pattern as a message may hold it: without what comes before an `@`, which may be a password."""
    safe = safe_uri(pattern)
    return safe if "@" not in safe or "://" in safe else short_digest(pattern)


def _encode(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8"))


def _remove_dot_segments(path: str) -> str:
    if "." not in path:
        return path
    rooted = path.startswith("/")
    kept: list[str] = []
    segments = path[1:].split("/") if rooted else path.split("/")
    for segment in segments:
        if segment == "..":
            # A relative path must not climb out of where it is relative to, no more than a rooted one.
            if kept:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return ("/" if rooted else "") + "/".join(kept)


@dataclass(frozen=True, slots=True)
class UriPattern:
    """A compiled URI pattern.

    Attributes:
        text: the pattern as it was written.
        host: the pattern's scheme and host labels, the last label first.
        path: the pattern's path segments.
        query: the pattern's query; None if it matches every query.
    """

    text: str
    host: tuple[str, ...]
    path: tuple[str, ...]
    query: str | None = None

    @classmethod
    def parse(cls, text: str) -> UriPattern:
        """Return the compiled form of a pattern.

        Raises:
            ValueError: it is not a URI pattern; the message says what would be right.
        """
        normal = normalise_uri(text)
        if normal is None:
            raise ValueError(f"{_safe(text)!r} is not a URI pattern. Write https://host/path/** or file:folder/**.")
        host, path, query = split_uri(normal)
        for part in (*host, *path):
            if "**" in part and part != "**":
                raise ValueError(f"{_safe(text)!r}: `**` must stand alone between slashes or dots. Write * or /**/.")
        # Matching tries every position for each `**`, so their number is bounded.
        if sum(part == "**" for part in (*host, *path)) > 4:
            raise ValueError(f"{_safe(text)!r} has more than four `**`. Write several patterns.")
        return cls(text, host, path, query)

    def matches(self, uri: str) -> bool:
        """Return whether a URI in its normal form is covered by this pattern."""
        return self.covers(*split_uri(uri))

    def covers(self, host: tuple[str, ...], path: tuple[str, ...], query: str | None) -> bool:
        """Return whether a URI is covered by this pattern, in its parts as `split_uri` gives them."""
        if self.query is not None and not _match_text(self.query, query or ""):
            return False
        # Most hosts have no wildcard, and most paths end with the one that matches all.
        return (self.host == host or _match_parts(self.host, host)) and (
            self.path == _ANY or _match_parts(self.path, path)
        )

    def overlaps(self, other: UriPattern) -> bool:
        """Return whether there can be a URI that both patterns cover."""
        queries = self.query, other.query
        if queries[0] is not None and queries[1] is not None and not _overlap_texts(queries[0], queries[1]):
            return False
        return _overlap(self.host, other.host, "**", _overlap_texts) and _overlap(
            self.path, other.path, "**", _overlap_texts
        )

    @property
    def origin(self) -> str | None:
        """Scheme and host, if it names one host; otherwise None."""
        parts = urlsplit(normalise_uri(self.text) or "")
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc and "*" not in parts.netloc else None

    @property
    def specificity(self) -> tuple[int, ...]:
        """A key that is greater for the pattern that says more: fewer wildcards, more literal characters."""
        parts = (*self.host, *self.path)
        host_literals = sum(len(part.replace("*", "")) for part in self.host)
        path_literals = sum(len(part.replace("*", "")) for part in self.path)
        exact = all("*" not in part for part in parts)
        return (
            int(exact),
            # The host before the path: whoever owns a host must not lose it to a long path under any host.
            int(all("*" not in part for part in self.host)),
            host_literals,
            sum("*" not in part for part in self.path),
            path_literals,
            len(self.query.replace("*", "")) if self.query is not None else -1,
            -sum(part == "**" for part in parts),
            -sum("*" in part for part in parts),
        )


_ANY = ("**",)


def split_uri(uri: str) -> tuple[tuple[str, ...], tuple[str, ...], str | None]:
    """Return scheme and host labels (the last one first), path segments, and the query."""
    rest, mark, query = uri.partition("?")
    found = query if mark else None
    scheme, _, rest = rest.partition(":")
    if rest.startswith("//"):
        authority, _, path = rest[2:].partition("/")
        host, colon, port = authority.partition(":") if not authority.startswith("[") else (authority, "", "")
        labels = [authority] if authority.startswith("[") else host.split(".")[::-1]
        # The port is a part of its own, so that no wildcard in a host matches it.
        return (scheme, colon + port, *labels), tuple(path.split("/")), found
    return (scheme,), tuple(rest.split("/")), found


def _match_parts(pattern: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    """Match segment lists in time proportional to the product of their lengths, whatever they hold."""
    reachable = {0}
    for part in pattern:
        if part == "**":
            reachable = set(range(min(reachable), len(parts) + 1)) if reachable else set()
        else:
            reachable = {at + 1 for at in reachable if at < len(parts) and _match_text(part, parts[at])}
        if not reachable:
            return False
    return len(parts) in reachable


def _overlap(one: Sequence[str], other: Sequence[str], joker: str, fits: Callable[[str, str], bool]) -> bool:
    """Return whether two patterns have something in common, where a joker stands for any number of parts."""
    # Row by row: whether what is left of both from a place in each has something in common.
    below = [False] * (len(other) + 1)
    for row in range(len(one), -1, -1):
        here = [False] * (len(other) + 1)
        for column in range(len(other), -1, -1):
            left, right = one[row : row + 1], other[column : column + 1]
            if not left and not right:
                found = True
            elif list(left) == [joker]:
                found = below[column] or (bool(right) and here[column + 1])
            elif list(right) == [joker]:
                found = here[column + 1] or (bool(left) and below[column])
            else:
                found = bool(left and right) and fits(left[0], right[0]) and below[column + 1]
            here[column] = found
        below = here
    return below[0]


def _overlap_texts(one: str, other: str) -> bool:
    if "*" not in one or "*" not in other:
        return _match_text(one, other) or _match_text(other, one)
    return _overlap(one, other, "*", str.__eq__)


def _match_text(pattern: str, text: str) -> bool:
    if "*" not in pattern:
        return pattern == text
    head, *middle, tail = pattern.split("*")
    if len(text) < len(head) + len(tail) or not text.startswith(head) or not text.endswith(tail):
        return False
    position, end = len(head), len(text) - len(tail)
    # The first place each time: for `*` alone that finds a match if there is one, without going back.
    for piece in middle:
        found = text.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return True
