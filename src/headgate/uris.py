"""URIs as records may hold them: without what may be a credential, whatever it is called and however it is written.

What names a source is often no URI by the letter: a path, an address without its scheme, the connection string of a
database. So nothing here relies on a parser that refuses what it does not know.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode

from headgate.surrogates import replace_surrogates

__all__ = ["safe_uri", "short_digest"]

# Characters that separate, with those that look like them and become them in some normal forms.
_ALIKE = {
    "?": "?\uff1f\ufe56",
    "#": "#\uff03\ufe5f",
    ";": ";\uff1b\ufe54",
    "&": "&\uff06\ufe60",
    "=": "=\uff1d\ufe66",
    ":": ":\uff1a\ufe55",
    "@": "@\uff20\ufe6b",
}


def _spelt(character: str) -> str:
    """Return a pattern for a separator as it is, as it may look, and percent-encoded however often."""
    forms = _ALIKE[character]
    encoded = ("".join(f"%(?:25)*{byte:02x}" for byte in form.encode()) for form in forms)
    return f"(?:[{forms}]|{'|'.join(encoded)})"


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


_SHORT_DIGEST = re.compile(r"~[A-Za-z0-9_-]{12}")
# The usual ones: nothing in them separates anything but host and path.
_HARMLESS = _compiled(
    r"(?:(?!data|javascript|vbscript|blob|about|filesystem)[a-z][a-z0-9+.-]+:(?://[a-z0-9.-]+(?::[0-9]{1,5})?(?=/|\Z))?)?"
    r"(?!//)[a-z0-9._~/ +,()-]*"
)
# What these schemes name is their content. Browsers overlook white space before a scheme and in it.
_INLINE = frozenset(("data", "javascript", "vbscript", "blob", "about", "filesystem"))
_INLINE_CHARS = 64
_BLANK = _compiled(r"(?:[\x00-\x20]|%(?:25)*(?:[01][0-9a-f]|20))+")
# Of two letters at least, because one is the drive of a path; what is very long is a token in the place of a name.
_SCHEME = _compiled(r"[a-z][a-z0-9+.-]{1,19}:")
_AT, _COLON = _compiled(_spelt("@")), _compiled(_spelt(":"))
# What comes after these names is a secret also where no separator says so: in paths, and in connection strings.
_TELLING_NAMES = (
    "passw(?:or)?d|passphrase|pass|pwd|secret|token|sig|signature|key|auth|authorization|credentials?|cred|sas"
)
_QUERY = _compiled(f"{_spelt('?')}|{_spelt('#')}")
_HOST_END = _compiled("|".join(map(_spelt, "?#;&")))
_NO_HOST = _compiled(f"%|{_spelt('=')}")
# Where the path ends. A parameter of a path ends with its segment, but a connection string looks the same.
_MARK = _compiled(
    f"{_spelt('?')}|{_spelt('#')}|{_spelt(';')}|{_spelt('&')}(?=[^/&]*{_spelt('=')})"
    rf"|(?:{_TELLING_NAMES})(?:\s|%20)*{_spelt('=')}"
)
_PORT = re.compile(r"[0-9]{0,5}")
# A segment that begins like `user:password`, where what follows the colon is not a port, nor empty as after a drive;
# or a host that comes after a name.
_USER = _compiled(rf"(?:(?<=[/\\])|^)[^/\\?#]*?{_spelt(':')}(?![0-9]{{0,5}}(?:[/\\]|\Z))|(?<=//)[^/\\]*{_spelt('@')}")
# `token@host/path`, and `user/password@host`, as some databases have it; a relative path seldom looks like that.
_LEADING = _compiled(rf"(?:[^/\\]+|[^/\\@]+[/\\][^/\\]+)(?={_spelt('@')})")


def short_digest(text: str) -> str:
    """Return `~` and 72 bits of the SHA-256 of a text: enough to tell texts apart, too little to say what they are."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return "~" + urlsafe_b64encode(digest[:9]).decode("ascii")


def safe_uri(uri: str) -> str:
    """Return a URI without what may be a secret: the same URI always becomes the same text.

    Scheme, host and path stay. User information, query, fragment and parameters (RFC 3986, sections 3.2.1 to 3.5)
    become short digests, whatever they are called: presigned URLs carry their credentials there, under names that
    differ from service to service. So do they where the URI is none by the letter: without a scheme, with encoded
    separators, in the connection string of a database. A safe URI stays as it is, and can be encoded.
    """
    return uri if _HARMLESS.fullmatch(uri) else replace_surrogates(_made_safe(uri))


def _made_safe(uri: str) -> str:
    inline = _BLANK.sub("", uri.removeprefix("file:")[:_INLINE_CHARS]).partition(":")[0].lower()
    if inline in _INLINE:
        return f"{inline}:{_digested(uri.removeprefix('file:').partition(':')[2])}"
    found = _SCHEME.match(uri)
    scheme, rest = (found[0], uri[found.end() :]) if found is not None else ("", uri)
    if rest[:2] in ("//", "\\\\"):
        return scheme + rest[:2] + _safe_authority(rest[2:])
    is_path = not scheme or scheme.lower() == "file:"
    return scheme + (_safe_path(rest) if is_path else _safe_opaque(rest))


def _safe_authority(rest: str) -> str:
    """Return what follows two slashes: a host, which may come after user information, and a path."""
    end = min((at for at in map(rest.find, "/\\") if at >= 0), default=len(rest))
    at = _last(_AT, rest[:end])
    if at is None:
        return _safe_host(rest, end)
    if _QUERY.search(rest, 0, at.start()):
        return _digested(rest)
    return _digested(rest[: at.start()]) + at[0] + _safe_host(rest[at.end() :], end - at.end())


def _safe_host(rest: str, end: int) -> str:
    """Return a host, which ends in this place at the latest, and what follows it."""
    mark = _HOST_END.search(rest, 0, end)
    end = mark.start() if mark is not None else end
    host = rest[:end]
    colon = _COLON.search(host) if not host.startswith("[") else None
    has_port = colon is None or _PORT.fullmatch(host, colon.end()) is not None
    is_host = _NO_HOST.search(host) is None
    if not (is_host and has_port) and _AT.search(rest, end):
        return _digested(rest)  # it is a name, and the password holds a slash
    if not is_host:
        host = _digested(host)
    elif colon is not None and not has_port:
        host = host[: colon.end()] + _digested(host[colon.end() :])
    return host + _safe_tail(rest[end:])


def _safe_opaque(rest: str) -> str:
    """Return what follows a scheme without slashes, such as those of database drivers."""
    at = _last(_AT, rest)
    return _without_user(rest, 0, at) if at is not None else _safe_tail(rest)


def _safe_path(rest: str) -> str:
    """Return the path of a file, or what was taken for one because it has no scheme."""
    if not re.match(r"[/\\]|[A-Za-z]:[/\\]", rest):
        user = _USER.match(rest)
        at = _last(_AT, rest) if user is not None else None
        if at is not None:
            return _without_user(rest, 0, at)
        leading = _LEADING.match(rest)
        at = _AT.match(rest, leading.end()) if leading is not None else None
        if at is not None and not _SHORT_DIGEST.match(rest, rest.rfind("/", 0, at.start()) + 1):
            return _without_user(rest, 0, at)
    return _safe_tail(rest)


def _safe_tail(rest: str) -> str:
    """Return a path, and what may follow it; an `@` alone is a part of a name there."""
    mark = _MARK.search(rest)
    end = mark.start() if mark is not None else len(rest)
    user = _USER.search(rest)
    if user is not None and user.start() < end:
        at = _last(_AT, rest, user.start())
        if at is not None:
            return _without_user(rest, user.start(), at)
    if mark is None:
        return rest
    path, after = rest[: mark.end()], rest[mark.end() :]
    if mark[0] != "?":
        return path + _digested(after)
    query, hash_, fragment = after.partition("#")
    return "".join((path, _digested(query), hash_, _digested(fragment)))


def _without_user(rest: str, start: int, at: re.Match[str]) -> str:
    """Return a text without what comes between a place in it and an `@`."""
    # What looks like a query may be a part of the password, or the `@` a part of the query.
    if _MARK.search(rest, start, at.start()):
        return rest[:start] + _digested(rest[start:])
    return rest[:start] + _digested(rest[start : at.start()]) + at[0] + _safe_tail(rest[at.end() :])


def _last(pattern: re.Pattern[str], text: str, start: int = 0) -> re.Match[str] | None:
    last = None
    for last in pattern.finditer(text, start):  # noqa: B007 - the last one is wanted
        pass
    return last


def _digested(text: str) -> str:
    # A digest stays, so that a safe URI is safe to make safe again.
    return text if not text or _SHORT_DIGEST.fullmatch(text) else short_digest(text)
