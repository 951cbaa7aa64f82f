"""Host names in one form, so that no host poses as another."""

from __future__ import annotations

import unicodedata
from encodings import idna

__all__ = ["normalise_host"]


def normalise_host(host: str) -> str | None:
    """Return a host name in lower case, an international one as it is looked up (RFC 3490, `xn--...`).

    Returns:
        None for what names no host, and for a name that could be read as another one: with a letter that becomes an
        ASCII letter when it is lowered or composed (the Kelvin sign, a full-width letter), or with one that standards
        map differently (RFC 3490 makes `ss` of a sharp s, RFC 5891 does not). Write such a name as `xn--...`.
    """
    if host.endswith("]") or host.startswith("["):
        return host.lower() if host.isascii() and host.startswith("[") and host.endswith("]") else None
    labels = host.removesuffix(".").split(".")
    if not all(labels):
        return None
    if host.isascii():
        return ".".join(labels).lower()
    found = [label.lower() if label.isascii() else _encode_label(label) for label in labels]
    return None if None in found else ".".join(label for label in found if label is not None)


def _encode_label(label: str) -> str | None:
    if "*" in label or any(map(_is_posing, label)):
        return None
    plain = unicodedata.normalize("NFC", label).lower()
    try:
        # What the preparation changes, it maps to another name.
        return idna.ToASCII(plain).decode("ascii") if idna.nameprep(plain) == plain else None
    except UnicodeError:
        return None


def _is_posing(character: str) -> bool:
    """Return whether a character beyond ASCII becomes one of ASCII, or a dot, when a name is compared."""
    if character.isascii():
        return False
    # Names are also split at these (RFC 3490, section 3.1).
    if character in "\u3002\uff0e\uff61":
        return True
    return any(map(str.isascii, unicodedata.normalize("NFKC", character.casefold())))
