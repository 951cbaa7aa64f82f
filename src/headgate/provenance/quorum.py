"""How many keys must have signed a manifest (`threshold`), and which of them count.

A key counts once, whatever it is called, and only if the policy lets it sign as the manifest's issuer. What the keys
say together is in force while all that are needed are: within the narrowest of their dates.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from headgate.encoding import shown
from headgate.errors import ManifestError
from headgate.provenance.issuers import Issuers, may_sign
from headgate.provenance.keys import KeySet, VerificationKey

__all__ = ["NO_QUORUM", "Quorum", "quorum_of"]

_NEVER_ENDS = datetime.max.replace(tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Quorum:
    """The keys that signed a manifest, and how many of them it takes.

    Attributes:
        signers: the keys that count, each once.
        threshold: how many are needed.
    """

    signers: tuple[VerificationKey, ...]
    threshold: int = 1

    @property
    def key(self) -> VerificationKey:
        """The first of the keys that are needed, with the dates within which all of them are in force."""
        # Those that last longest: the manifest stands as long as enough of them do.
        needed = sorted(self.signers, key=lambda key: key.valid_until or _NEVER_ENDS, reverse=True)[: self.threshold]
        if len(needed) == 1:
            return needed[0]
        begins = [key.valid_from for key in needed if key.valid_from is not None]
        ends = [key.valid_until for key in needed if key.valid_until is not None]
        return replace(needed[0], valid_from=max(begins, default=None), valid_until=min(ends, default=None))

    def without(self, is_gone: Callable[[VerificationKey], object]) -> Quorum | None:
        """Return the quorum without some keys; None where too few are left."""
        left = tuple(key for key in self.signers if not is_gone(key))
        return Quorum(left, self.threshold) if len(left) >= self.threshold else None

    def among(self, keys: KeySet) -> Quorum | None:
        """Return the quorum of the keys that are in a set; None where too few are."""
        known: Collection[str] = {key.thumbprint for key in keys}
        return self.without(lambda key: key.thumbprint not in known)


NO_QUORUM = Quorum(())
"""Of a manifest that nobody signed."""


def quorum_of(signers: Sequence[VerificationKey], threshold: int, issuers: Issuers, issuer: str, file: str) -> Quorum:
    """Return which of the keys that signed a manifest count.

    Args:
        signers: the keys of the source whose signatures verify.
        threshold: how many are needed.
        issuers: the accepted issuers, which may have their keys; empty for any.
        issuer: who vouches for the manifest.
        file: the manifest's, for the message.

    Raises:
        ManifestError: too few of them count (P103).
    """
    if threshold == 1:
        return Quorum(tuple(signers[:1]))
    distinct = {key.thumbprint: key for key in signers if may_sign(issuers, issuer, key.thumbprint)}
    if len(distinct) < threshold:
        names = ", ".join(shown(key.kid) for key in distinct.values()) or "none"
        problem = f"{threshold} keys must sign it, and only {len(distinct)} of those that may have ({names})"
        raise ManifestError("P103", problem, file)
    return Quorum(tuple(distinct.values()), threshold)
