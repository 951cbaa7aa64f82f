"""World: the keys, the clock and the chance of a rehearsal, and what injections do with a chunk.

A rehearsal needs nobody's private key: every source of the policy gets a key that is made for it, and the curated
documents are sealed again with these. Everything else in the policy stays as it is.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from headgate.admission.resolving import resolve
from headgate.admission.revision import ResolvedSource
from headgate.assurance import NONE, is_proof
from headgate.chunk import SEAL_KEY, Chunk
from headgate.freshness import find_entry, resolve_timestamps
from headgate.integration.publishing import Publishing
from headgate.limits import DEFAULT_LIMITS
from headgate.policy import Freshness, Policy, QuarantineStore, normalise_uri
from headgate.provenance import Sealer, SigningKey, generate_signing_key
from headgate.terminology import Glossary

__all__ = ["World"]

_AGE_ROLES = ("modified", "published", "created")
_STRANGER = "stranger"
_WORD = re.compile(r"[^\W\d_]{4,}")
_NUMBER = re.compile(r"\d")


class World:
    """What injections work with.

    Args:
        policy: the policy to rehearse.
        now: the instant of the rehearsal.
        questions: what will be asked.
        seed: the random seed.
        folder: where a quarantine may be kept.

    Attributes:
        chance: the only source of chance; the same seed gives the same rehearsal.
        now: the instant of the rehearsal.
        questions: what will be asked.
        policy: the policy with the rehearsal's keys, enforced.

    Raises:
        PolicyError: the policy cannot be used.
    """

    def __init__(self, policy: Policy, now: datetime, questions: Sequence[str], seed: int, folder: Path) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a rehearsal that can be repeated, no secret
        self.now = now
        self.questions = tuple(questions)
        names = [source.id for source in policy.sources if _is_sealing(source.provenance)]
        # New in every run, whatever the seed: no figure depends on which keys they are.
        self._keys: Mapping[str, SigningKey] = {name: generate_signing_key(name) for name in (*names, _STRANGER)}
        self.policy = _rehearsed(policy, self._keys, folder)
        self._revision = resolve(self.policy, DEFAULT_LIMITS)
        self._sealers = {name: Sealer(key, issuer=name, clock=lambda: now) for name, key in self._keys.items()}
        self._publishing = Publishing(keys=self.policy.metadata, cover=("*",))
        self._issuers = {source.id: tuple(source.provenance.issuers or ()) for source in policy.sources}

    def source_of(self, chunk: Chunk) -> ResolvedSource:
        """Return the source of the policy that a chunk says it belongs to."""
        return self._revision.source_of(self._uri(chunk))

    def freshness_of(self, chunk: Chunk) -> Freshness:
        """Return the freshness rules of a chunk's source."""
        return self.source_of(chunk).freshness

    def glossary_of(self, chunk: Chunk) -> Glossary | None:
        """Return the glossary of a chunk's source, if it has one."""
        return self.source_of(chunk).glossary

    def modified(self, chunk: Chunk) -> datetime | None:
        """Return when a chunk says that it was last modified."""
        basis = resolve_timestamps(chunk.metadata, keys=self.policy.metadata).age_basis()
        return basis[1].earliest if basis else None

    def publish(self, chunk: Chunk, *, by: str | None = None) -> Chunk:
        """Return a chunk as its publisher would publish it: sealed with what its metadata says, if its source seals.

        What cannot be sealed stays without a seal, and the policy says what becomes of it.

        Args:
            chunk: text and metadata.
            by: the name of the key to seal with, where it is not that of the chunk's source.

        Raises:
            KeyError: there is no such key.
        """
        if by is not None and by not in self._sealers:
            raise KeyError(by)
        bare = self.unsealed(chunk)
        try:
            return self._seal(bare, by)
        except Exception:  # noqa: BLE001 - metadata may hold anything; the gate has words for it
            return bare

    def unsealed(self, chunk: Chunk, text: str | None = None) -> Chunk:
        """Return a chunk without its seal, with another text if one is given."""
        metadata = {key: value for key, value in chunk.metadata.items() if key != SEAL_KEY}
        return Chunk(chunk.text if text is None else text, metadata, chunk.id, None, chunk.prompt_metadata)

    def with_text(self, chunk: Chunk, text: str) -> Chunk:
        """Return a chunk with another text, and everything else as it was, its seal included."""
        return Chunk(text, chunk.metadata, chunk.id, None, chunk.prompt_metadata)

    def with_modified(self, chunk: Chunk, modified: datetime | str | None) -> Chunk:
        """Return a chunk, unsealed, whose metadata gives another time of modification, or none."""
        keys = self.policy.metadata
        metadata = dict(self.unsealed(chunk).metadata)
        name = "last_modified"
        for role in _AGE_ROLES:
            # All of them: a weaker key that stays would take the place of the one that is gone.
            while (entry := find_entry(metadata, role, keys)) is not None and entry[0] in metadata:
                name = entry[0] if role == "modified" else name
                del metadata[entry[0]]
        if modified is not None:
            metadata[name] = modified.isoformat() if isinstance(modified, datetime) else modified
        return Chunk(chunk.text, metadata, chunk.id, None, chunk.prompt_metadata)

    def other_key(self, chunk: Chunk) -> str:
        """Return the name of the key of another source; a stranger's, if there is no other source that seals."""
        own = self.source_of(chunk).id
        others = sorted(name for name in self._keys if name not in (own, _STRANGER))
        return self.chance.choice(others) if others else _STRANGER

    def changed(self, text: str) -> str:
        """Return a text that says something else: another digit, or another word."""
        digits = [match.start() for match in _NUMBER.finditer(text)]
        if digits:
            place = self.chance.choice(digits)
            digit = (int(text[place]) + self.chance.randint(1, 9)) % 10 if text[place].isascii() else 7
            return f"{text[:place]}{digit}{text[place + 1 :]}"
        words = list(_WORD.finditer(text))
        if not words:
            return f"{text} Not any more."
        word = self.chance.choice(words)
        return f"{text[: word.start()]}not {text[word.start() :]}"

    def days(self, least: float, most: float) -> timedelta:
        """Return a number of days between two."""
        return timedelta(days=self.chance.uniform(least, most))

    def _seal(self, bare: Chunk, by: str | None) -> Chunk:
        source = self.source_of(bare).id
        uri = self._uri(bare)
        if uri is None or (by is None and source not in self._sealers):
            return bare
        issuers = self._issuers.get(source, ())
        sealer = self._sealers[by or source]
        if issuers and by is None:
            # The policy may accept certain names only; any of them will do.
            sealer = Sealer(self._keys[source], issuer=issuers[0], clock=lambda: self.now)
        cover = sorted(self.source_of(bare).requirement.cover)
        return self._publishing.seal(sealer, bare, cover=cover).chunk

    def _uri(self, chunk: Chunk) -> str | None:
        entry = find_entry(chunk.metadata, "source", self.policy.metadata)
        return normalise_uri(entry[1]) if entry else None


def _is_sealing(provenance: object) -> bool:
    return is_proof(getattr(provenance, "require", NONE)) or bool(getattr(provenance, "keys", ()))


def _rehearsed(policy: Policy, keys: Mapping[str, SigningKey], folder: Path) -> Policy:
    """Return a policy under which the rehearsal's keys speak for the sources, and which drops what it should."""
    sources = []
    for source in policy.sources:
        if source.id in keys:
            # What is made up is in no manifest; it is sealed, which proves as much.
            changes: dict[str, object] = {
                "keys": (keys[source.id].public_jwks(),),
                "manifest": None,
                "timestamp_keys": (),
                # With the one key that there is.
                "issuers": dict.fromkeys(source.provenance.issuers) if source.provenance.issuers else None,
            }
            source = source.model_copy(update={"provenance": source.provenance.model_copy(update=changes)})  # noqa: PLW2901
        sources.append(source)
    # Neither the real log nor the real quarantine may hear of documents that were made up.
    store = QuarantineStore(path=str(folder / "quarantine.jsonl")) if policy.quarantine else None
    return policy.model_copy(update={"sources": tuple(sources), "log": None, "quarantine": store}).enforced()
