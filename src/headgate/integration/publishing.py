"""From a document's metadata to the claims of its seal: the one door for whatever signs.

The command line, both frameworks' ingestion and the rehearsal all come through here, so that equal metadata makes
equal claims, whoever seals it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any

from headgate.chunk import SEAL_KEY, Chunk
from headgate.encoding import safe_uri
from headgate.errors import HeadgateError
from headgate.freshness import RESTRICTING_ROLES, TIME_ROLES, Timestamps, find_entry, resolve_timestamps
from headgate.freshness.catalogue import AGE_ROLES, lookup, lookup_each, present_roles
from headgate.freshness.conventions import is_of_a_copy, may_mean_a_copy
from headgate.freshness.successors import name_successor
from headgate.integration.defining import sealed_definitions
from headgate.integration.published import Claims, Prepared, Published, SealArguments, seal_prepared
from headgate.integration.validators import find_validators
from headgate.limits import DEFAULT_LIMITS
from headgate.policy import MetadataKeys
from headgate.provenance import Sealer
from headgate.provenance.covered import can_cover, names_of
from headgate.terminology.definitions import definitions_of

__all__ = [
    "EVERYTHING",
    "Publishing",
    "Reader",
    "is_coverable",
    "names_of",
]

EVERYTHING = "*"
"""As a name in `cover`: every entry of the metadata that can be covered."""

Reader = str | Callable[[Any], object] | None
"""Where a value comes from: a metadata key, a function of the document, or the keys of the usual loaders."""

_MAX_COVERED = 64  # what `Sealer.seal` takes
_SHOWN_KEYS = 200
_LOOKED_AT = 1_000
_NO_MEDIA: Mapping[str, str | None] = {}
# Restrictions first: where there is room for some of the entries only, they matter most.
_COVERED_ROLES = tuple(dict.fromkeys((*RESTRICTING_ROLES, *TIME_ROLES, "version")))
_NO_TIMES = Timestamps()
_CLAIMED_ROLES = ("modified", "valid_from", "valid_until", "version")


def is_coverable(name: str, value: object) -> bool:
    """Return whether there is an entry that a seal can cover: a text, a truth value, or a number of JSON."""
    return isinstance(name, str) and can_cover(name, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """How metadata becomes the claims of a seal.

    The subject, the last modification, both ends of the validity and the version become claims. A seal has no claim
    for a publication, a creation or a successor, so these entries are covered instead, as is every other plain entry
    with a role that the gate reads: what is covered is signed evidence, and nobody can change or remove it in the
    index.

    A time that cannot be read is not replaced by a weaker one (an unreadable `last_modified` not by the `date` of a
    message); it is reported, and covered as it is, so that the gate still sees it.

    Attributes:
        subject: where the document's URI comes from.
        modified: where the last modification comes from.
        expires: where the end of validity comes from.
        not_before: where the start of validity comes from.
        version: where the version, a whole number, comes from.
        etag: where the entity tag comes from that its server gave with this very content, for live checks;
            by default the header of that name, where the loader keeps it.
        cover: names of further entries to cover: whatever can reach a prompt, such as `title`; `*` for all.
        hide: names of entries that are covered and kept out of the prompt, where a framework would print them.
        definitions: where it comes from what the whole document's short forms stand for, a mapping; by default the
            entry `definitions`.
        keys: how to read times without a zone, and further names of metadata keys.
    """

    subject: Reader = None
    modified: Reader = None
    expires: Reader = None
    not_before: Reader = None
    version: Reader = None
    etag: Reader = None
    cover: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    definitions: Reader = None
    keys: MetadataKeys = field(default_factory=MetadataKeys)

    def __post_init__(self) -> None:
        for name in ("cover", "hide"):
            # One name is a name, not a list of its letters.
            object.__setattr__(self, name, names_of(getattr(self, name)))

    def seal(
        self,
        sealer: Sealer,
        chunk: Chunk,
        document: object = None,
        *,
        cover: Sequence[str] = (),
        hide: Sequence[str] = (),
    ) -> Published:
        """Return a copy of a chunk that carries a new seal; an old one, and the mark of a gate, are left behind.

        Its media are covered as far as their digests are known.

        Args:
            sealer: signs on behalf of the publisher.
            chunk: the text exactly as it will be stored.
            document: what functions are given; by default the chunk.
            cover: names of entries to cover in this document, beside those of `self.cover`.
            hide: names of entries to hide in this document, beside those of `self.hide`.

        Raises:
            HeadgateError: the document names no source, a restriction would be lost, or a covered entry is not a
                plain value.
            ValueError: the subject is not a URI, or the text cannot be encoded.
        """
        prepared = self.prepare(sealer, chunk, document, cover=cover, hide=hide)
        (published,) = seal_prepared(sealer, [prepared])
        return published

    def seal_whole(self, sealer: Sealer, chunk: Chunk) -> Published:
        """Return a copy of a whole document with a document seal, to be split afterwards. Experimental.

        Raises:
            HeadgateError: as `seal`.
            ValueError: as `seal`, or there is no text.
        """
        prepared = self.prepare(sealer, chunk)
        arguments, problems = prepared.claims.arguments, dict.fromkeys(prepared.claims.problems)
        # Its chunks will not all say so themselves.
        found = {**definitions_of(chunk.text), **arguments["definitions"]}
        arguments["definitions"] = sealed_definitions(found.items(), "text", problems)
        return Published(
            chunk=sealer.seal_document(prepared.chunk, **arguments),
            subject=safe_uri(arguments["subject"]),
            problems=tuple(problems),
        )

    def prepare(
        self,
        sealer: Sealer,
        chunk: Chunk,
        document: object = None,
        *,
        cover: Sequence[str] = (),
        hide: Sequence[str] = (),
    ) -> Prepared:
        """Return a chunk with all that is to be signed, alone or in a batch. Arguments and errors as for `seal`."""
        # It cannot be covered: the new seal takes its place.
        metadata = {key: value for key, value in chunk.metadata.items() if key != SEAL_KEY}
        bare = replace(chunk, metadata=metadata)
        claims = self.claims(
            metadata, bare if document is None else document, cover=cover, hide=hide, media=chunk.media
        )
        return Prepared(chunk=bare, claims=claims, payload=sealer.claims(bare, **claims.arguments))

    def claims(
        self,
        metadata: Mapping[str, object],
        document: object = None,
        *,
        cover: Sequence[str] = (),
        hide: Sequence[str] = (),
        media: Mapping[str, str | None] = _NO_MEDIA,
    ) -> Claims:
        """Return what a seal will say.

        Args:
            metadata: the document's metadata.
            document: what functions are given; by default the metadata.
            cover: names of entries to cover in this document, beside those of `self.cover`.
            hide: names of entries to hide in this document, beside those of `self.hide`.
            media: content that is not text, as in `Chunk.media`; what has a digest takes a place in the seal.

        Raises:
            HeadgateError: the document names no source, or a restriction would be lost: it can neither be read nor
                covered, so that the gate would never know of it.
        """
        if len(metadata) > DEFAULT_LIMITS.metadata_keys:
            # A restriction could be among those that are not looked at.
            raise HeadgateError(
                f"It has more than {DEFAULT_LIMITS.metadata_keys:,} metadata entries, which is too many."
            )
        problems: dict[str, None] = {}
        # Media come first: where proof is required, one that nothing covers keeps the document out (P116).
        room = _MAX_COVERED - sum(digest is not None for digest in media.values())
        present = _without_times_of_files(metadata, present_roles(metadata, self.keys), self.keys)
        names = _covered(metadata, present, (*self.cover, *self.hide, *cover), room, problems)
        _require_successors(metadata, present, names)
        hidden = {*self.hide, *hide}
        given = _Given(metadata, metadata if document is None else document, present, names, problems)
        subject = self._find_subject(given)
        arguments = SealArguments(
            subject=subject,
            modified=self._find_modified(given),
            expires=self._find_limit("valid_until", self.expires, given).valid_until,
            not_before=self._find_limit("valid_from", self.not_before, given).valid_from,
            version=self._find_version(given),
            cover=names,
            hidden=tuple(name for name in names if name in hidden),
            definitions=self._find_definitions(given),
            validators=find_validators(
                metadata,
                subject,
                problems,
                etag=given.read(self.etag) if self.etag is not None else None,
                is_etag_given=self.etag is not None,
            ),
        )
        return Claims(arguments=arguments, problems=tuple(problems))

    def _find_subject(self, given: _Given) -> str:
        if self.subject is not None:
            value = given.read(self.subject)
        else:
            entry = find_entry(given.metadata, "source", self.keys)
            value = entry[1] if entry else None
        if not isinstance(value, str) or not value:
            raise HeadgateError(_without_source(given.metadata))
        return value

    def _find_definitions(self, given: _Given) -> dict[str, str]:
        name = _name(self.definitions, "definitions")
        value = given.read(self.definitions or name)
        if value is None or (self.definitions is None and not isinstance(value, Mapping)):
            return {}
        if not isinstance(value, Mapping):
            given.problems[f"{name!r} is not a mapping of short forms to long ones, so none is sealed"] = None
            return {}
        return sealed_definitions(islice(value.items(), _LOOKED_AT), name, given.problems)

    def _find_modified(self, given: _Given) -> datetime | None:
        if self.modified is not None:
            times = self._times("modified", given.read(self.modified))
            given.report(times, "modified", _name(self.modified, "modified"))
        else:
            # As in the gate: where the document's own statement cannot be read, its file's time does not count.
            times = self._resolve("modified", given)
            unread = times.problem_with("modified")
            given.report(times, "modified", unread.key if unread else "modified")
        return times.modified

    def _find_limit(self, role: str, reader: Reader, given: _Given) -> Timestamps:
        if reader is None:
            times = self._resolve(role, given)
            unread = times.problem_with(role)
            name = unread.key if unread is not None else role
            visible = name in given.covered and all(top == name for top, _ in lookup_each(given.metadata, name))
        else:
            name = _name(reader, role)
            times = self._times(role, given.read(reader))
            visible = name in given.covered and name in given.present.get(role, ())
        problem = given.report(times, role, name)
        # Covered, an entry that cannot be read still keeps the document out; lost, it would let it in.
        if problem is not None and not visible:
            raise HeadgateError(f"{name!r} ({role}) cannot be read, and the gate would not see it: {problem}.")
        return times

    def _find_version(self, given: _Given) -> int | None:
        if self.version is None:
            found = self._resolve("version", given).version
            values = {name: lookup(given.metadata, name) for name in given.present.get("version", ())}
        else:
            values = {_name(self.version, "version"): given.read(self.version)}
            found = resolve_timestamps({"version": next(iter(values.values()))}, roles=("version",)).version
        name = next((name for name, value in values.items() if value not in (None, "")), None)
        if found is None and name is not None:
            given.note(name, "version", "a version is a whole number, such as 3")
        return found

    def _resolve(self, role: str, given: _Given) -> Timestamps:
        """Return what the keys of a role say; most documents have none of most roles."""
        if role not in given.present:
            return _NO_TIMES
        return resolve_timestamps(given.metadata, keys=self.keys, roles=(role,))

    def _times(self, role: str, value: object) -> Timestamps:
        # The value comes under its role's name, so the policy's own names must not be looked for elsewhere.
        own = self.keys.model_copy(update=dict.fromkeys(_COVERED_ROLES, ()))
        return resolve_timestamps({} if value is None else {role: value}, keys=own, roles=(role,))


@dataclass(frozen=True, slots=True)
class _Given:
    """A document for which a seal is prepared.

    Attributes:
        metadata: its metadata.
        document: what functions are given.
        present: which keys hold which role.
        covered: the names of the entries that the seal covers.
        problems: gets what is not sealed, and why.
    """

    metadata: Mapping[str, object]
    document: object
    present: Mapping[str, Sequence[str]]
    covered: Sequence[str]
    problems: dict[str, None]

    def read(self, reader: str | Callable[[Any], object]) -> object:
        """Return what a reader finds."""
        return lookup(self.metadata, reader) if isinstance(reader, str) else reader(self.document)

    def note(self, name: str, role: str, problem: str) -> None:
        """Note that an entry did not become a claim."""
        what = "is covered as it is written, but is not a claim" if name in self.covered else "was not sealed"
        self.problems[f"{name!r} ({role}) {what}: {problem}"] = None

    def report(self, times: Timestamps, role: str, name: str) -> str | None:
        """Note that a time was not sealed, and return why, if that is so."""
        unread = times.problem_with(role)
        if unread is None:
            return None
        self.note(name, role, str(unread.problem))
        return unread.problem


def _name(reader: Reader, role: str) -> str:
    return reader if isinstance(reader, str) else role


def _require_successors(
    metadata: Mapping[str, object], present: Mapping[str, Sequence[str]], covered: Sequence[str]
) -> None:
    """Refuse a successor that the seal does not cover: whoever removed it would make the document current again."""
    for name in present.get("superseded_by", ()):
        for top, value in lookup_each(metadata, name):
            if (top != name or name not in covered) and name_successor(value) is not None:
                problem = f"{name!r} (superseded_by) cannot be covered, because it is not a plain value."
                raise HeadgateError(f"{problem} Write one name or address.")


def _without_source(metadata: Mapping[str, object]) -> str:
    if not metadata:
        return (
            "It names no source: it has no metadata. Have `source` written at ingestion, or give a function of the "
            "document as `subject` in Python."
        )
    names = ", ".join(sorted(map(str, islice(metadata, 50))))[:_SHOWN_KEYS]
    return (
        "It names no source. Say which entry holds it: `subject` (backfill: --subject ENTRY), --field-map source=ENTRY "
        f"of a file, or `source` under `metadata` of the policy. Its metadata keys are: {names}."
    )


def _without_times_of_files(
    metadata: Mapping[str, object], present: Mapping[str, tuple[str, ...]], keys: MetadataKeys
) -> Mapping[str, tuple[str, ...]]:
    """Return the roles without ages that are known to be those of a file: signed alone, they would pass for more."""
    if not may_mean_a_copy(metadata):
        return present
    return {
        role: tuple(name for name in names if name in getattr(keys, role) or not is_of_a_copy(name, metadata, None))
        if role in AGE_ROLES
        else names
        for role, names in present.items()
    }


def _covered(
    metadata: Mapping[str, object],
    present: Mapping[str, Sequence[str]],
    wanted: Sequence[str],
    room: int,
    problems: dict[str, None],
) -> tuple[str, ...]:
    """Return the names of the entries that the seal covers: those asked for, and those that are evidence."""
    # Never cut to what fits: who asks for too many hears of it from `Sealer.seal`, and no entry is lost in silence.
    # What is asked for is covered even where it is null or missing: so nobody can add it, and a policy that requires it
    # to be covered is met.
    asked = dict.fromkeys(name for name in wanted if name != EVERYTHING)
    also: dict[str, None] = {}
    for role in _COVERED_ROLES:
        for name in present.get(role, ()):
            if is_coverable(name, metadata.get(name)):
                also[name] = None
            elif role not in _CLAIMED_ROLES and lookup(metadata, name) is not None:
                problems[f"{name!r} ({role}) is not a plain value, so the seal does not cover it"] = None
    if EVERYTHING in wanted:
        # Sorted, so that the same entries are left where there are too many, in whatever order a store gives them.
        also.update((name, None) for name in sorted(metadata) if is_coverable(name, metadata[name]))
    more = [name for name in also if name not in asked]
    room = max(0, room - len(asked))
    for name in more[room:]:
        problems[f"{name!r} is not covered: a seal covers at most {_MAX_COVERED} entries"] = None
    return (*asked, *more[:room])
