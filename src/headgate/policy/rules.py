"""The rules of a policy file: how metadata is read, and what is required of one source."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)
from typing_extensions import Self

from headgate.assurance import MANIFEST, SEALED, Assurance, is_proof
from headgate.caching import cached_property
from headgate.decision import Mode
from headgate.encoding import safe_uri
from headgate.policy.durations import least_of
from headgate.policy.freshness import Freshness, SourceFreshness
from headgate.policy.identity import Identity
from headgate.policy.matching import UriPattern
from headgate.policy.values import (
    Duration,
    Glossaries,
    Issuers,
    KeyNames,
    PathText,
    PathTexts,
    PolicyModel,
    ZoneName,
    as_list,
    key_entries,
)
from headgate.verification import Verifier

__all__ = [
    "MetadataKeys",
    "Modes",
    "Provenance",
    "Quarantine",
    "Rule",
    "Source",
    "SourceRule",
]


def _as_release(value: object) -> object:
    if value in ("covered", "all") or (isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value)):
        return value
    raise ValueError("this is neither covered nor all. Write one of them, or a list of names: [title, author].")


# What in the section `metadata` names no key to be read.
_NO_KEYS = ("timezone", "date_order", "release", "type")


class MetadataKeys(PolicyModel):
    """Which metadata keys name the source and the times.

    They come before the built-in catalogue; for `modified`, `created` and `published` they replace it.
    """

    source: KeyNames = Field(default=(), description="Keys that hold the document's URI or path.")
    modified: KeyNames = Field(default=(), description="Keys that hold the last modification.")
    created: KeyNames = Field(default=(), description="Keys that hold the creation.")
    published: KeyNames = Field(default=(), description="Keys that hold the publication.")
    valid_from: KeyNames = Field(default=(), description="Keys that hold the start of validity.")
    valid_until: KeyNames = Field(default=(), description="Keys that hold the end of validity.")
    review_by: KeyNames = Field(default=(), description="Keys that hold the day by which it is to be reviewed.")
    status: KeyNames = Field(default=(), description="Keys that hold a word for its state, such as draft.")
    type: KeyNames = Field(
        default=("document_type", "doc_type", "type", "category"),
        description="Keys that hold a word for the document's type, for freshness.rules.",
    )
    version: KeyNames = Field(default=(), description="Keys that hold a version: a number, dotted numbers or a date.")
    superseded_by: KeyNames = Field(default=(), description="Keys that name a successor.")
    timezone: ZoneName | None = Field(
        default=None,
        description="The zone of times without one, such as UTC or Europe/Berlin. Without it they may be meant "
        "anywhere on earth, and the cautious meaning counts.",
    )
    date_order: Literal["DMY", "MDY"] | None = Field(
        default=None,
        description="How to read 03/04/2026. Without it such a date of change counts as missing, and of a validity "
        "the cautious reading counts.",
    )

    release: Annotated[Literal["covered", "all"] | tuple[str, ...], BeforeValidator(_as_release)] = Field(
        default="covered",
        description="What leaves with a document of a source that requires proof, beside its source and numbers. "
        "covered: what its seal covers. A list of names: these too. all: everything, so whoever writes to the index "
        "can speak to the model.",
    )

    @cached_property
    def names_any(self) -> bool:
        """Whether the policy names any key of its own."""
        return any(getattr(self, name) for name in type(self).model_fields if name not in _NO_KEYS)

    @property
    def released(self) -> frozenset[str] | None:
        """The names of the entries that leave although no seal covers them; None for all."""
        if isinstance(self.release, str):
            return None if self.release == "all" else frozenset()
        return frozenset(self.release)


class Modes(PolicyModel):
    """A mode for single checks, where it differs from the policy's mode."""

    provenance: Mode | None = None
    freshness: Mode | None = None
    terminology: Mode | None = None
    budget: Mode | None = None


class Provenance(PolicyModel):
    """Who must vouch for the documents of a source."""

    require: Assurance = Field(
        default=SEALED,
        description="sealed: a seal by a key of this source. manifest: the text is listed in the source's manifest, or "
        "sealed and listed. declared: metadata names a URI of this source. none: nothing.",
    )
    keys: Annotated[tuple[Any, ...], BeforeValidator(as_list)] = Field(
        default=(),
        description="Key files (JWK, JWKS or PEM, public), https:// addresses of key sets, or JWKS written inline.",
    )
    issuers: Issuers | None = Field(
        default=None,
        description="Accepted issuers: a list, or a mapping from each to its keys (kids, thumbprints, or entries of "
        "`keys`), which then sign for no other. Unset: any issuer that signs with these keys.",
    )
    delegations: PathTexts = Field(
        default=(),
        description="Files made with `headgate delegate`: keys that `keys` let seal within narrower namespaces.",
    )
    cover: KeyNames = Field(default=(), description="Metadata entries that every proof of this source must cover.")
    manifest: PathText | None = Field(
        default=None,
        min_length=1,
        description="The folder of the source's manifest, made with `headgate manifest build`. Beside require: sealed "
        "it decides what is current.",
    )
    corpus: str | None = Field(
        default=None,
        min_length=1,
        description="The corpus that the manifest has to be of. Unset: the first one that was accepted in this folder.",
    )
    timestamp_keys: Annotated[tuple[Any, ...], BeforeValidator(as_list)] = Field(
        default=(), description="Keys that alone may sign the manifest's timestamp; without it, `keys` do."
    )
    at_least: int = Field(default=0, ge=0, description="The lowest version of the manifest that is accepted.")
    threshold: int = Field(
        default=1, ge=1, le=8, description="How many of `keys` must have signed the manifest; one signs its timestamp."
    )
    grace: Duration = Field(
        default=timedelta(hours=24),
        ge=timedelta(0),
        description="How long after the end of the manifest's timestamp its texts are still admitted, with a warning.",
        validate_default=True,
    )
    mode: Mode | None = None

    @field_validator("keys", "timestamp_keys")
    @classmethod
    def _files_or_sets(cls, value: tuple[Any, ...]) -> tuple[Any, ...]:
        return key_entries(value)

    @model_validator(mode="after")
    def _has_manifest(self) -> Self:
        if self.manifest is None:
            if self.require == MANIFEST:
                raise ValueError("requires a manifest but names none. Add provenance.manifest: FOLDER.")
            given = self.model_fields_set & {"timestamp_keys", "at_least", "threshold", "grace", "corpus"}
            if given:
                raise ValueError(
                    f"{sorted(given)[0]!r} is about a manifest, and none is named. Add provenance.manifest."
                )
        elif not is_proof(self.require):
            raise ValueError(f"a manifest proves nothing where require is {self.require!r}. Write require: manifest.")
        elif not self.keys:
            raise ValueError("names a manifest but no keys. Add provenance.keys: who may sign it.")
        return self


def _as_share(value: object) -> object:
    if isinstance(value, str) and value.strip().endswith("%"):
        return float(value.strip()[:-1]) / 100
    return value


class Quarantine(PolicyModel):
    """When a whole source is held back: because too many of its documents fail."""

    failures: Annotated[float, BeforeValidator(_as_share, json_schema_input_type=float | str)] = Field(
        default=0.2,
        ge=0,
        lt=1,
        description="The share of its documents that may fail, such as 20%. A failure is refuted provenance, or a "
        "document that could not be judged.",
    )
    window: Duration = Field(
        default=timedelta(hours=1),
        gt=timedelta(0),
        description="The time over which is counted.",
        validate_default=True,
    )
    # Of ten documents, two bad ones are a fifth already: a share says little about few.
    at_least: int = Field(default=50, ge=1, description="How many documents must have been seen within that time.")


class SourceRule(PolicyModel):
    """What is required of documents; the part that sources and the default share."""

    provenance: Provenance = Field(default_factory=Provenance)
    freshness: SourceFreshness = Field(default_factory=SourceFreshness)
    terminology: Glossaries = Field(
        default=(),
        description="Glossary files: YAML, JSON, CSV, Excel, Solr, Vale, SKOS, TBX, dbt; a file with several languages "
        "as {file: NAME, language: en}.",
    )
    glossary_terms: Literal["any", "names"] = Field(
        default="any",
        description="What canonical terms may be; `names` refuses markup, addresses and instructions to a model.",
    )
    terminology_mode: Mode | None = None
    mode: Mode | None = None

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """What counts as a verification of the documents of this source."""
        return self.verifiers_under(self.freshness)

    def verifiers_under(self, freshness: Freshness) -> tuple[Verifier, ...]:
        """Return what counts as a verification of documents of this source for which a rule of their own counts."""
        if freshness.verified_by:
            return tuple(dict.fromkeys(freshness.verified_by))
        return self._at_hand() or (("seal",) if is_proof(self.provenance.require) else ())

    def _at_hand(self) -> tuple[Verifier, ...]:
        at_hand: list[Verifier] = ["manifest"] if self.provenance.manifest is not None else []
        at_hand += ["feed"] if self.freshness.feeds else []
        at_hand += ["origin"] if self.freshness.revalidate is not None else []
        return tuple(at_hand)

    @model_validator(mode="after")
    def _can_be_verified(self) -> Self:
        if any(feed.manifest is not None for feed in self.freshness.feeds) and not self.provenance.keys:
            raise ValueError("a manifest is a feed and no key may sign it. Add provenance.keys: who may sign it.")
        if self.freshness.shortest_verified_within is not None and not self.verifiers:
            raise ValueError(
                "freshness.verified_within needs somebody who verifies, and this source has nobody: no manifest, no "
                "feed, no seal. Write provenance: {require: sealed} or manifest, or remove it."
            )
        for rule in self.freshness.every:
            self._require_verifiers(rule)
        return self

    def _require_verifiers(self, rule: Freshness) -> None:
        revalidate, within = self.freshness.revalidate, rule.verified_within
        # Unset, it is made short enough.
        is_chosen = revalidate is not None and "after" in revalidate.model_fields_set
        is_alone = self.verifiers_under(rule) == ("origin",)
        if (
            is_chosen
            and is_alone
            and revalidate is not None
            and within is not None
            and revalidate.after > least_of(within)
        ):
            raise ValueError(
                "freshness.revalidate asks again only when its last answer is too old for verified_within. Write a "
                "shorter `after`."
            )
        if "origin" in rule.verified_by and self.freshness.revalidate is None:
            raise ValueError("freshness.verified_by counts live answers and nobody is asked. Add freshness.revalidate.")
        if "feed" in rule.verified_by and not self.freshness.feeds:
            raise ValueError("freshness.verified_by counts a feed and there is none. Add freshness.feeds.")
        if "manifest" in rule.verified_by and self.provenance.manifest is None:
            raise ValueError("freshness.verified_by counts a manifest and none is named. Add provenance.manifest.")


Rule = TypeVar("Rule", bound=SourceRule)


class Source(SourceRule):
    """A source of documents and what is required of it."""

    id: str = Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    match: Annotated[tuple[str, ...], BeforeValidator(as_list)] = Field(min_length=1)
    quarantine: Quarantine | None = Field(default=None, description="When the whole source is held back. Unset: never.")
    identity: Identity | None = Field(
        default=None, description="Which part of an address names the edition of a page, and which edition is current."
    )

    @field_validator("match")
    @classmethod
    def _patterns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            UriPattern.parse(pattern)
        return value

    @model_validator(mode="after")
    def _rules_fit(self) -> Self:
        own = [UriPattern.parse(pattern) for pattern in self.match]
        for number, rule in enumerate(self.freshness.rules):
            for pattern in rule.match:
                parsed = UriPattern.parse(pattern)
                if not any(parsed.overlaps(one) for one in own):
                    raise ValueError(
                        f"freshness.rules[{number}]: {safe_uri(pattern)!r} fits no address of this source, whose match "
                        f"is {', '.join(map(safe_uri, self.match[:3]))}. Write whole addresses under that."
                    )
        return self

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if is_proof(self.provenance.require) and not self.provenance.keys:
            raise ValueError(
                "requires proof but names no keys. Add provenance.keys, or write provenance: {require: declared}."
            )
        return self
