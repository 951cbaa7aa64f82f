"""Which issuers a source accepts, and with which keys each may sign."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from headgate.encoding import b64url_decode, shown
from headgate.errors import PolicyError
from headgate.provenance.keys import KeySet

__all__ = ["Issuers", "bind", "may_sign"]

Issuers = Mapping[str, frozenset[str] | None]
"""The accepted issuers, each with the thumbprints (RFC 7638) of its keys, or None for any key of the source."""

_THUMBPRINT_BYTES = 32


def may_sign(issuers: Issuers, issuer: str, thumbprint: str | None) -> bool:
    """Return whether an issuer is accepted with a key.

    Args:
        issuers: the accepted ones; empty for any.
        issuer: who is said to sign.
        thumbprint: of the key that signed.
    """
    if not issuers:
        return True
    if issuer not in issuers:
        return False
    bound = issuers[issuer]
    return bound is None or thumbprint in bound


def bind(
    issuers: Mapping[str, Collection[str] | None], keys: KeySet, sets: Mapping[str, KeySet], *, is_complete: bool
) -> Issuers:
    """Return the accepted issuers with the thumbprints of their keys.

    Args:
        issuers: each with the names of its keys: the kid of one, its thumbprint, or where several come from; or None.
        keys: the source's keys.
        sets: the key sets that have a name: that of their file, or their address.
        is_complete: whether the keys are all there, so that a name of none is a mistake.

    Raises:
        PolicyError: a name is that of no key.
    """
    found: dict[str, frozenset[str] | None] = {}
    for issuer, names in issuers.items():
        if names is None:
            found[issuer] = None
            continue
        bound: set[str] = set()
        for name in names:
            named = _named(name, keys, sets)
            if not named and is_complete:
                problem = f"{shown(name)} is neither kid nor thumbprint of a key of this source."
                raise PolicyError(problem, "Name a key that is listed under `keys`.", (issuer,))
            bound |= named
        found[issuer] = frozenset(bound)
    return found


def _named(name: str, keys: KeySet, sets: Mapping[str, KeySet]) -> set[str]:
    if name in sets:
        return {key.thumbprint for key in sets[name]}
    # Whoever publishes a key names it as they like, also like the thumbprint of another.
    if _is_thumbprint(name):
        return {key.thumbprint for key in keys if key.thumbprint == name}
    key = keys.get(name)
    return {key.thumbprint} if key is not None else set()


def _is_thumbprint(name: str) -> bool:
    try:
        return len(b64url_decode(name)) == _THUMBPRINT_BYTES
    except ValueError:
        return False
