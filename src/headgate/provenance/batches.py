"""Batch seals: one signature over the Merkle root of many seals' claims. docs/batch-format.md is the format.

What a document carries is the signed root, its own claims, and the path from these to the root. The claims are those
of a seal, and so are all further checks; only one signature has to be made, and verified, for the whole batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from headgate.encoding import b64url_decode, b64url_encode, canonical_json, loads_strict
from headgate.errors import SealError
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.provenance.jws import ParsedJws, parse_jws, sign_jws
from headgate.provenance.merkle import HASH_BYTES, leaf_hash, root_from_path, tree_of
from headgate.provenance.signers import Signer

__all__ = ["BATCH_TYPE", "Batch", "BatchToken", "is_batch", "read_batch"]

BATCH_TYPE = "headgate-batch+jwt"
_SEPARATOR = "~"  # which no JWS has
_MOST_LEAVES = 1 << 40
_ROOT = "sha-256:"


class Batch:
    """The claims of many seals, to be signed together. Whoever prepares it needs no key.

    Args:
        claims: of each chunk, as JSON in UTF-8.

    Raises:
        ValueError: there are none.
    """

    def __init__(self, claims: Sequence[bytes]) -> None:
        self._claims = claims
        self.root, self._paths = tree_of([leaf_hash(one) for one in claims])

    def payload(self) -> bytes:
        """Return what is signed: the root, and how many claims there are."""
        return canonical_json({"root": _ROOT + b64url_encode(self.root), "size": len(self._claims)})

    def sign(self, key: Signer) -> str:
        """Return the payload signed, as a compact JWS."""
        return sign_jws(self.payload(), key, typ=BATCH_TYPE)

    def tokens(self, signed: str) -> list[str]:
        """Return the seals, in the order of the claims.

        Args:
            signed: the payload as a compact JWS, wherever it was signed.
        """
        return [
            _SEPARATOR.join((signed, b64url_encode(claims), str(number), b64url_encode(path)))
            for number, (claims, path) in enumerate(zip(self._claims, self._paths, strict=True))
        ]


@dataclass(frozen=True, slots=True)
class BatchToken:
    """A batch seal that was read; its signature is not verified.

    Attributes:
        parsed: the signed root.
        claims: the claims of this seal, as JSON.
        is_included: whether the path leads from the claims to the root.
    """

    parsed: ParsedJws
    claims: bytes
    is_included: bool


def is_batch(token: object) -> bool:
    """Return whether a token has the form of a batch seal."""
    return isinstance(token, str) and _SEPARATOR in token


def read_batch(token: str, limits: Limits = DEFAULT_LIMITS) -> BatchToken:
    """Return what a batch seal says.

    Raises:
        SealError: it is of another form (P106).
    """
    if len(token) > limits.seal_bytes:
        raise SealError("P106", f"the token has {len(token):,} characters; the limit is {limits.seal_bytes:,}")
    parts = token.split(_SEPARATOR)
    if len(parts) != 4 or not token.isascii():
        raise SealError("P106", "the token is not a batch seal of four parts")
    signed, encoded, number, steps = parts
    parsed, root, size = _read_root(signed, limits)
    try:
        claims = b64url_decode(encoded)
        found = root_from_path(leaf_hash(claims), _read_index(number, size), size, b64url_decode(steps))
    except ValueError as error:
        raise SealError("P106", f"the proof cannot be read: {error}") from None
    return BatchToken(parsed, claims, found == root)


@lru_cache(maxsize=1_024)  # all seals of a batch have one
def _read_root(signed: str, limits: Limits) -> tuple[ParsedJws, bytes, int]:
    """Return the signed root of a batch, and how many leaves it has."""
    parsed = parse_jws(signed, typ=BATCH_TYPE, limits=limits)
    try:
        values = loads_strict(parsed.payload)
    except ValueError as error:
        raise SealError("P106", f"the batch cannot be read: {error}") from None
    if not isinstance(values, dict):
        raise SealError("P106", "the batch is not a JSON object")
    root, size = values.get("root"), values.get("size")
    if isinstance(size, bool) or not isinstance(size, int) or not 0 < size <= _MOST_LEAVES:
        raise SealError("P106", "the size of the batch is not a number of seals")
    if not isinstance(root, str) or not root.startswith(_ROOT):
        raise SealError("P106", "the root is not of the form sha-256:...")
    try:
        found = b64url_decode(root[len(_ROOT) :])
    except ValueError:
        found = b""
    if len(found) != HASH_BYTES:
        raise SealError("P106", "the root is not of the form sha-256:...")
    return parsed, found, size


def _read_index(text: str, size: int) -> int:
    # In its one form, so that a seal has one spelling.
    if not (text.isascii() and text.isdigit()) or (len(text) > 1 and text[0] == "0") or len(text) > len(str(size)):
        raise SealError("P106", "the place in the batch is not a number")
    index = int(text)
    if index >= size:
        raise SealError("P106", "the place is outside the batch")
    return index
