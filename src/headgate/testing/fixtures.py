"""A fixed clock, and publishers with keys of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from headgate.chunk import Chunk
from headgate.provenance import Sealer, SigningKey, generate_signing_key

__all__ = ["FixedClock", "Publisher"]


@dataclass
class FixedClock:
    """A clock that stands still until it is moved.

    Attributes:
        now: what it shows; aware.
    """

    now: datetime = field(default_factory=lambda: datetime(2026, 6, 1, 12, tzinfo=timezone.utc))

    def __call__(self) -> datetime:
        """Return what the clock shows."""
        return self.now

    def advance(self, by: timedelta) -> None:
        """Move the clock."""
        self.now += by

    def ago(self, **duration: float) -> datetime:
        """Return the instant that long ago, such as `ago(days=3)`."""
        return self.now - timedelta(**duration)


class Publisher:
    """A source with a signing key: makes sealed chunks, and its own entry in a policy.

    Args:
        name: the source's id, the key's kid and the issuer.
        match: the URI patterns of the source.
        clock: tells when chunks are sealed.
        algorithm: the key's algorithm.
    """

    def __init__(
        self, name: str, match: str | Sequence[str], clock: FixedClock | None = None, algorithm: str = "Ed25519"
    ) -> None:
        self.name = name
        self.match = [match] if isinstance(match, str) else list(match)
        self.clock = clock or FixedClock()
        self.key: SigningKey = generate_signing_key(name, algorithm)
        self.sealer = Sealer(self.key, issuer=name, clock=self.clock)

    def seal(self, text: str, subject: str, metadata: dict[str, object] | None = None, **claims: Any) -> Chunk:
        """Return a sealed chunk; `claims` are arguments of `Sealer.seal`."""
        claims.setdefault("modified", self.clock.now)
        return self.sealer.seal(Chunk(text, metadata or {}), subject=subject, **claims)

    def source(self, **rules: Any) -> dict[str, Any]:
        """Return the source as an entry under `sources:` in a policy; `rules` are further keys."""
        provenance = {"require": "sealed", "keys": self.key.public_jwks(), **rules.pop("provenance", {})}
        return {"id": self.name, "match": self.match, "provenance": provenance, **rules}
