"""Which URIs are one document, as far as versions go.

Which source a URI belongs to, and so which keys may speak for it, stays exact: that is `headgate.policy.matching`.
Here an international form and its percent-encoded one are one document, composed and decomposed letters too; http and
https, a slash or `index.html` at the end, tracking parameters and the order of parameters make none of their own, nor
do the ways in which well-known sites spell a page. Fragments do: sections and hash routes change each on their own.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote

from headgate.encoding import b64url_encode
from headgate.freshness.sites import one_spelling, without_noise
from headgate.policy.matching import normalise_uri

__all__ = ["fragment_of", "identify_document", "page_of"]

# Percent-encoded octets beyond ASCII; what is encoded within ASCII was encoded to keep it from acting as a delimiter.
_ENCODED = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+")
# At least two letters: `C:` is a drive.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
# The part of a fragment that only tells a browser what to highlight (WICG, URL fragment text directives).
_DIRECTIVE = ":~:"
_SECTION = re.compile(r"#[A-Za-z0-9_-]{16}$")
# What begins so names a page of an application, not a part of one.
_ROUTES = ("/", "!")


def identify_document(value: object, max_chars: int = 2_048, *, fragment: str | None = None) -> str | None:
    """Return what makes two URIs one document, or None for what names no document.

    Args:
        value: a URI or file path, as written.
        max_chars: longer values name nothing.
        fragment: what `fragment_of` returned, if it is known; by default that of `value`.
    """
    if not isinstance(value, str):
        return None
    uri = normalise_uri(value, max_chars)
    if uri is None:
        return None
    part = fragment_of(value, max_chars) if fragment is None else fragment
    return f"{_identify(uri)}#{part}" if part else _identify(uri)


def fragment_of(value: object, max_chars: int = 2_048) -> str:
    """Return a digest of the fragment of a URI, or an empty text if it has none.

    A digest, because it is recorded and a fragment may hold what is nobody's business, such as a token.
    """
    # A file path has no fragment; a number sign is part of its name.
    if not isinstance(value, str) or "#" not in value or len(value) > max_chars or not _SCHEME.match(value):
        return ""
    fragment = _unify(value.partition("#")[2].partition(_DIRECTIVE)[0])
    if not fragment:
        return ""
    digest = b64url_encode(hashlib.sha256(fragment.encode("utf-8", "surrogatepass")).digest()[:12])
    return f"!{digest}" if fragment.startswith(_ROUTES) else digest


def page_of(document: str) -> str | None:
    """Return the page that a document is a section of, or None; a hash route is a page of its own.

    Args:
        document: what `identify_document` returned.
    """
    found = _SECTION.search(document) if "#" in document and _SCHEME.match(document) else None
    return document[: found.start()] if found is not None else None


@lru_cache(maxsize=4_096)
def _identify(uri: str) -> str:
    for scheme in ("https://", "http://"):
        if uri.startswith(scheme):
            return _unify(_identify_page(uri.removeprefix(scheme)))
    path, mark, query = uri.partition("?")
    if uri.startswith("s3://"):  # a version of an object is one of its versions
        kept = [one for one in query.split("&") if not one.startswith("versionId=")]
        query = "&".join(kept)
        mark = "?" if query else ""
    # `https://host/` keeps its slash, because the empty path is normalised to it (RFC 3986, section 6.2.3).
    trimmed = path.rstrip("/") if path.count("/") > 3 or "://" not in path else path
    return _unify(f"{trimmed or path}{mark}{query}")


def _identify_page(rest: str) -> str:
    """Return the one spelling of a page, from what follows its scheme: http and https lead to one page."""
    place, _, query = rest.partition("?")
    host, slash, path = place.partition("/")
    path, query = without_noise(f"{slash}{path}" or "/", query)
    known = one_spelling(host, path, query)
    if known is not None:
        return known
    return f"https://{host}{path.rstrip('/') or '/'}" + (f"?{query}" if query else "")


def _unify(text: str) -> str:
    """Return a text with its percent-encoded letters decoded (RFC 3987, section 3.2) and composed (NFC)."""
    if "%" not in text and text.isascii():
        return text
    decoded = _ENCODED.sub(lambda match: unquote(match[0], errors="replace") if _is_utf8(match[0]) else match[0], text)
    return unicodedata.normalize("NFC", decoded)


def _is_utf8(encoded: str) -> bool:
    try:
        bytes.fromhex(encoded.replace("%", "")).decode("utf-8")
    except ValueError:
        return False
    return True
