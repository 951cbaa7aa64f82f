"""Canaries: documents made up for a proof, under the user's own sources and shaped like the user's own documents."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from headgate.admission.revision import ResolvedSource, Revision
from headgate.assurance import is_proof
from headgate.chunk import SEAL_KEY, Chunk
from headgate.freshness.catalogue import candidate_keys
from headgate.freshness.entries import find_entry
from headgate.policy import most_of
from headgate.policy.matching import normalise_uri
from headgate.provenance import KeySet, Sealer, generate_signing_key
from headgate.terminology import Glossary

__all__ = ["Canaries", "Canary", "Kind"]

Kind = Literal["forged", "undeclared", "tampered", "stale", "uncovered", "genuine"]

_DAY = timedelta(days=1)
_MOST_ENTRIES = 40
_DEEPEST = 6
_TIMES = ("modified", "created", "published", "valid_from", "valid_until", "superseded_by", "version")
# Nothing there is anybody's, and nothing resolves (RFC 2606, section 2).
_NOWHERE = "https://canary.headgate.invalid/**"


@dataclass(frozen=True, slots=True)
class Canary:
    """A document made up for a proof.

    Attributes:
        kind: what is wrong with it, or `genuine`.
        source: the id of the policy's source that it pretends to, or does, come from.
        chunk: the document.
        mark: a word that is in the text of this document and nowhere else.
        entry: a word that is in entries of its metadata that no seal covers, and nowhere else.
        alias: the word of a glossary in it, between two marks, if there is one.
        policy: the revision of the policy that it is made for; a source of the same name may ask for less in another.
    """

    kind: Kind
    source: str
    chunk: Chunk
    mark: str
    entry: str | None = None
    alias: str | None = None
    policy: str | None = None


class Canaries:
    """Makes canaries, and has the only key that they are sealed with.

    Args:
        now: the time of the gate's clock: by another, a fresh canary could be stale, or from the future.
        question: what will be asked; in every canary, so that what sorts out texts that are not to the point keeps it.
    """

    def __init__(self, now: datetime, question: str) -> None:
        self._now = now
        self._question = " ".join(question.split())
        # Random, so that no document of the chain's own can hold it.
        self.word = f"hg{secrets.token_hex(4)}"
        self._count = 0
        self._key = generate_signing_key(f"canary-{self.word}")
        self._foreign = generate_signing_key(f"foreign-{self.word}")

    @property
    def keys(self) -> KeySet:
        """The keys that a gate has to know for the time of the proof."""
        return self._key.public

    def under(self, revision: Revision, source: ResolvedSource, samples: Sequence[Chunk]) -> list[Canary]:
        """Return canaries under a source, those that must be kept out first; none if no URI can belong to it.

        Args:
            revision: the policy that decides about them.
            source: the source.
            samples: documents that the chain has retrieved, of this source if there are any.
        """
        base = _place_of(revision, source, self.word)
        if base is None:
            return []
        shape = _Shape(revision, next((one for one in samples if one.metadata), None), source.requirement.cover)
        return [replace(one, policy=revision.digest) for one in self._under(source, shape, base)]

    def stray(self, samples: Sequence[Chunk]) -> Canary:
        """Return a forged canary for a chain in which no gate was met."""
        sample = next((one for one in samples if one.metadata), None)
        shape = dict(sample.metadata) if sample is not None else {}
        mark = self._next()
        uri = f"https://{self.word}.canary.headgate.invalid/{mark}"
        return Canary("forged", "default", Chunk(self._text(mark), {**shape, "source": uri}, mark), mark)

    def _under(self, source: ResolvedSource, shape: _Shape, base: str) -> Iterator[Canary]:
        requirement = source.requirement
        issuer = min(requirement.issuers, default="headgate-canary")
        if not is_proof(requirement.require):
            # What only has to be declared can be forged by whoever declares it; what declares nothing is kept out.
            if requirement.require == "none":
                yield self._plain("forged", source, shape, base, {})
            else:
                yield self._plain("undeclared", source, shape, base, {"source": None})
            yield self._plain("stale", source, shape, base, {"valid_until": (self._now - _DAY).isoformat()})
            yield self._plain("genuine", source, shape, base, {}, alias=_alias_of(source.glossary, source.id))
            return
        yield self._plain("forged", source, shape, base, {})
        yield self._sealed("forged", source, shape, base, Sealer(self._foreign, issuer=issuer, clock=self._clock))
        if not len(requirement.keys):
            return
        sealer = Sealer(self._key, issuer=issuer, clock=self._clock)
        tampered = self._sealed("tampered", source, shape, base, sealer)
        yield replace(tampered, chunk=replace(tampered.chunk, text=tampered.chunk.text.replace("canary", "Canary")))
        yield self._sealed("stale", source, shape, base, sealer, expires=self._now - _DAY)
        if source.freshness.max_age is not None:
            old = self._now - most_of(source.freshness.max_age) - _DAY
            yield self._sealed("stale", source, shape, base, sealer, modified=old)
        yield self._sealed("uncovered", source, shape, base, sealer, has_entry=True)
        yield self._sealed("genuine", source, shape, base, sealer, alias=_alias_of(source.glossary, source.id))

    def _plain(
        self,
        kind: Kind,
        source: ResolvedSource,
        shape: _Shape,
        base: str,
        more: Mapping[str, object],
        *,
        alias: str | None = None,
    ) -> Canary:
        mark = self._next()
        uri = f"{base}{mark}"
        metadata = shape.filled(uri, self._now)
        text = self._text(mark, alias)
        is_undeclared = more.get("source", "") is None
        if is_undeclared:
            metadata.pop(shape.source_key)
        else:
            metadata |= more
        within = shape.within(text, None if is_undeclared else uri, {} if is_undeclared else more)
        return Canary(kind, source.id, Chunk(text, {**within, **metadata}, mark), mark, None, alias)

    def _sealed(
        self,
        kind: Kind,
        source: ResolvedSource,
        shape: _Shape,
        base: str,
        sealer: Sealer,
        *,
        modified: datetime | None = None,
        expires: datetime | None = None,
        has_entry: bool = False,
        alias: str | None = None,
    ) -> Canary:
        mark = self._next()
        uri = f"{base}{mark}"
        metadata = shape.filled(uri, None)
        entry = self._next() if has_entry else None
        cover = tuple(shape.entries)
        if entry is not None:
            metadata["headline"] = f"{entry} headline"
        text = self._text(mark, alias)
        chunk = Chunk(text, {**shape.within(text, uri, {}), **metadata}, mark)
        sealed = sealer.seal(chunk, subject=uri, modified=modified or self._now, expires=expires, cover=cover)
        return Canary(kind, source.id, sealed, mark, entry, alias)

    def _text(self, mark: str, alias: str | None = None) -> str:
        worded = f" {alias} {mark}" if alias is not None else ""
        # At both ends, for a step may cut what it is given.
        return f"{mark} {self._question} canary {mark}{worded}"

    def _next(self) -> str:
        self._count += 1
        return f"{self.word}x{self._count:04d}"

    def _clock(self) -> datetime:
        return self._now


class _Shape:
    """The metadata of a document of the chain's own, as a canary has it: plain entries, without source and times.

    A prompt that prints an entry, or a step that looks for one, finds it; what names a source or a time is made up.
    """

    def __init__(self, revision: Revision, sample: Chunk | None, cover: frozenset[str]) -> None:
        given = sample.metadata if sample is not None else {}
        plain = {name: value for name, value in list(given.items())[:_MOST_ENTRIES] if _is_plain(name, value)}
        found = find_entry(plain, "source", revision.metadata)
        self.source_key = found[0] if found is not None else next(iter(revision.metadata.source), "source")
        self.modified_key = next(iter(revision.metadata.modified), "last_modified")
        self._revision = revision
        self._within = {
            name: value
            for name, value in list(given.items())[:_MOST_ENTRIES]
            if isinstance(name, str) and isinstance(value, (Mapping, list)) and not name.startswith("headgate")
        }
        known = {key for role in ("source", *_TIMES) for key in candidate_keys(plain, role, revision.metadata)}
        self.entries: dict[str, Any] = {name: value for name, value in plain.items() if name not in known}
        for name in cover:
            if name not in (self.source_key, self.modified_key):
                self.entries.setdefault(name, None)

    def filled(self, uri: str, modified: datetime | None) -> dict[str, Any]:
        times = {self.modified_key: modified.isoformat()} if modified is not None else {}
        return {**self.entries, self.source_key: uri, **times}

    def within(self, text: str, uri: str | None, more: Mapping[str, object]) -> dict[str, Any]:
        """Return the entries that hold others, such as a parent document that a search returns with its part.

        Args:
            text: what stands for the texts in them.
            uri: what stands for the sources in them; None for none.
            more: further entries beside each source.
        """
        return {name: self._like(value, text, uri, more, 0) for name, value in self._within.items()}

    def _like(self, value: Any, text: str, uri: str | None, more: Mapping[str, object], depth: int) -> Any:
        if isinstance(value, str):
            return text if any(map(str.isspace, value)) else value
        if depth >= _DEEPEST or not isinstance(value, (Mapping, list)):
            return value if isinstance(value, (int, float, bool)) else None
        if isinstance(value, list):
            return [self._like(one, text, uri, more, depth + 1) for one in value[:_MOST_ENTRIES]]
        found = find_entry(value, "source", self._revision.metadata)
        made = {name: self._like(one, text, uri, more, depth + 1) for name, one in list(value.items())[:_MOST_ENTRIES]}
        if found is not None:
            made.pop(found[0], None)
            made |= {**({found[0]: uri} if uri is not None else {}), **more}
        return made


def _is_plain(name: object, value: object) -> bool:
    is_own = isinstance(name, str) and (name == SEAL_KEY or name.startswith("headgate"))
    return isinstance(name, str) and not is_own and (value is None or isinstance(value, (str, int, float, bool)))


def _place_of(revision: Revision, source: ResolvedSource, word: str) -> str | None:
    """Return the beginning of URIs that belong to a source and to no document of the user's; None if there are none."""
    patterns = [pattern.text for pattern, owner in revision.patterns if owner.id == source.id]
    for text in [_NOWHERE] if source.requirement.is_default else patterns:
        if "**" not in text:
            continue
        base = text.replace("**", f"canary-{word}").replace("*", "canary") + "/"
        normal = normalise_uri(f"{base}x")
        if normal is not None and revision.source_of(normal).id == source.id:
            return base
    return None


def _alias_of(glossary: Glossary | None, source: str) -> str | None:
    """Return a word that the glossary replaces in the text of a canary, or None."""
    for concept in glossary.concepts if glossary is not None else ():
        for alias in concept.aliases:
            text = f"canary x {alias} x"
            if glossary is not None and alias not in glossary.rewrite(text, source).text:
                return alias
    return None
