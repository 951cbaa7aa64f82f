"""How current documents must be: the section `freshness` of a policy, and its rules for some of the documents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator
from typing_extensions import Self

from headgate.assurance import Assurance, is_proof
from headgate.decision import Mode
from headgate.policy.calendars import end_of_business_days, require_calendar
from headgate.policy.durations import BusinessDays, least_of, most_of
from headgate.policy.feeds import FeedRule
from headgate.policy.matching import UriPattern
from headgate.policy.values import Duration, PolicyModel, Span, ZoneName, as_list, plain_word
from headgate.verification import Verifier

__all__ = ["Freshness", "FreshnessRule", "Revalidation", "SourceFreshness", "restricted"]

_LAST = datetime.max.replace(tzinfo=timezone.utc)


def _as_words(value: object) -> object:
    if not isinstance(value, Mapping) or not all(isinstance(word, str) for word in value):
        return value
    words = {plain_word(word): action for word, action in value.items()}
    if "" in words or len(words) < len(value):
        raise ValueError("a status is a word, and is listed once: {draft: warn, withdrawn: drop}.")
    return words


class Freshness(PolicyModel):
    """How current the documents of a source must be."""

    max_age: Span | None = Field(
        default=None, description="The oldest last modification that is admitted, such as 90d or 5 business days."
    )
    warn_after: Span | None = Field(default=None, description="The age from which an admitted document is marked.")
    calendar: Annotated[str, AfterValidator(require_calendar)] | None = Field(
        default=None,
        description="Whose business days count, where a limit is in them: country (DE), one of its parts (DE-BY), or "
        "a market (NYSE). Unset: Monday to Friday.",
    )
    calendar_timezone: ZoneName | None = Field(
        default=None,
        description="The zone whose days business days are. Unset: they are over where they are over first.",
    )
    verified_within: Span | None = Field(
        default=None,
        description="How long ago somebody who may must have vouched for a document, such as 24h: see verified_by.",
    )
    verified_by: Annotated[tuple[Verifier, ...], BeforeValidator(as_list)] = Field(
        default=(),
        description="What counts as a verification. manifest: the timestamp of a manifest that lists the text. feed: a "
        "feed that lists the document. origin: a live answer. seal: the time of sealing. Unset: the first three, and "
        "the time of sealing where the source has none of them.",
    )
    verified_grace: Span = Field(
        default=timedelta(0),
        description="How long after verified_within a document is still admitted, with a warning.",
        validate_default=True,
    )
    missing: Literal["drop", "warn", "admit"] = Field(
        default="drop", description="What happens to a document without a usable time, where max_age is set."
    )
    # A leeway of a few minutes, as RFC 7519 (section 4.1.4) has it.
    future_skew: Duration = Field(
        default=timedelta(minutes=5), description="How far a publisher's clock may be ahead.", validate_default=True
    )
    evidence: Literal["any", "sealed"] | None = Field(
        default=None,
        description="sealed: only times that a verified seal holds or covers count; what nobody signed may only "
        "restrict. any: other metadata may say what the seal leaves open. Unset: sealed where seals are required, "
        "else any.",
    )
    unreadable: Literal["drop", "warn"] = Field(
        default="drop",
        description="What happens to a document whose start or end of validity is there and cannot be read.",
    )
    status: Annotated[Mapping[str, Literal["drop", "warn", "admit"]], BeforeValidator(_as_words)] = Field(
        default_factory=dict,
        description="What happens to documents of a status, by word, beside the words that are known: {draft: warn}.",
    )
    review: Literal["drop", "warn", "admit"] = Field(
        default="warn", description="What happens to a document whose review is due."
    )
    supersede: bool | None = Field(
        default=None,
        description="Whether only the newest version of a document is admitted. Unset: only where versions are sealed.",
    )
    supersede_tolerance: Duration = Field(
        default=timedelta(hours=1),
        description="How far apart the times of chunks of one version may be, where they have no version number.",
        validate_default=True,
    )
    asked: Literal["drop", "warn"] = Field(
        default="drop",
        description="What happens to a superseded version where the question names it by its number; warn: it enters, "
        "marked.",
    )
    mode: Mode | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max_age is not None and self.warn_after is not None and _is_longer(self.warn_after, self.max_age):
            raise ValueError("warn_after is longer than max_age. Make it shorter.")
        return self

    @model_validator(mode="after")
    def _is_verified_within(self) -> Self:
        if self.verified_within is None:
            given = self.model_fields_set & {"verified_by", "verified_grace"}
            if given:
                raise ValueError(f"{sorted(given)[0]!r} is about verified_within. Add it, such as 24h.")
        return self

    def end_of(self, start: datetime, *spans: timedelta | BusinessDays) -> datetime:
        """Return the last instant at which no more than some durations, one after the other, have passed.

        Args:
            start: the instant from which they count.
            spans: the durations.
        """
        for span in spans:
            if isinstance(span, timedelta):
                try:
                    start += span
                except OverflowError:
                    return _LAST
            else:
                start = end_of_business_days(start, span.days, self.calendar, self.calendar_timezone)
        return start

    def evidence_for(self, require: Assurance, *, is_proved: bool) -> Literal["any", "sealed"]:
        """Return whether unsigned entries may say what signed evidence leaves open, as the policy says or by default.

        Args:
            require: what the source requires of provenance.
            is_proved: whether a seal of the document was verified. Without one it is not admitted where proof is
                required and enforced; elsewhere reports should say what its dates are.
        """
        if self.evidence is not None:
            return self.evidence
        return "sealed" if is_proof(require) and is_proved else "any"


def _as_types(value: object) -> object:
    value = as_list(value)
    return (
        tuple(map(plain_word, value))
        if isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value)
        else value
    )


class FreshnessRule(Freshness):
    """What differs for some of a source's documents: those under a path, or of a type."""

    match: Annotated[tuple[str, ...], BeforeValidator(as_list)] = Field(
        default=(), description="URI patterns of the documents; unset for all of the source."
    )
    type: Annotated[tuple[str, ...], BeforeValidator(_as_types)] = Field(
        default=(), description="Words for the type of the documents, as metadata says it; unset for all."
    )

    @field_validator("match")
    @classmethod
    def _patterns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            UriPattern.parse(pattern)
        return value

    @model_validator(mode="after")
    def _is_about_some(self) -> Self:
        if not (self.match or self.type):
            raise ValueError("a rule is about some documents. Add match: [PATTERN] or type: [WORD].")
        if self.mode is not None:
            raise ValueError("a rule has no mode of its own. Write freshness.mode for the source.")
        return self

    @model_validator(mode="after")
    def _is_verified_within(self) -> Self:
        return self  # what it leaves open its source says

    @property
    def differences(self) -> dict[str, Any]:
        """What the rule says itself."""
        return {name: getattr(self, name) for name in self.model_fields_set - {"match", "type", "mode"}}


class Revalidation(PolicyModel):
    """When a document's own server is asked whether the text is still what it has."""

    after: Duration = Field(
        default=timedelta(hours=1),
        ge=timedelta(seconds=1),
        description="For how long an answer counts.",
        validate_default=True,
    )
    timeout: Duration = Field(
        default=timedelta(milliseconds=300),
        gt=timedelta(0),
        le=timedelta(seconds=10),
        description="How long an admission waits for all its answers together.",
        validate_default=True,
    )
    on_error: Literal["drop", "warn"] = Field(
        default="drop", description="What happens to a document whose server does not answer in time."
    )
    grace: Duration = Field(
        default=timedelta(0),
        description="How long after its last good answer that is a warning only.",
        validate_default=True,
    )
    cache_control: Literal["follow", "ignore"] = Field(
        default="follow",
        description="follow: an answer counts no longer than its server lets a cache keep it (Cache-Control, Expires). "
        "ignore: as long as `after` says.",
    )
    store: Mapping[str, str | int | float | bool | None] | None = Field(
        default=None,
        max_length=50,
        description="What fsspec is told for URIs such as s3://bucket/key; {} for nothing. Unset: no store is asked.",
    )


def _as_rule(value: object) -> object:
    """Return what `revalidate: true` and `false` stand for: all defaults, and nothing."""
    return {} if value is True else None if value is False else value


class SourceFreshness(Freshness):
    """How current the documents of a source must be, and which rules some of them have instead."""

    feeds: Annotated[tuple[FeedRule, ...], BeforeValidator(as_list)] = Field(
        default=(), description="What says which documents there are, and when they were changed: `headgate watch`."
    )

    revalidate: Annotated[Revalidation | None, BeforeValidator(_as_rule)] = Field(
        default=None, description="Whether documents' own servers are asked, and when. Unset: never."
    )
    rules: tuple[FreshnessRule, ...] = Field(
        default=(), description="What differs for some documents; the first rule that fits a document counts."
    )

    @model_validator(mode="after")
    def _rules_fit(self) -> Self:
        for number, rule in enumerate(self.rules):
            try:
                self.under(rule)
            except ValueError as error:
                raise ValueError(f"rules[{number}] does not go with the rest: {error}") from None
        return self

    @property
    def every(self) -> tuple[Freshness, ...]:
        """What counts for the documents of the source: without a rule of their own, and under each rule."""
        return self, *map(self.under, self.rules)

    @property
    def shortest_verified_within(self) -> timedelta | None:
        """The shortest `verified_within` that counts for any document of the source."""
        limits = (rule.verified_within for rule in self.every)
        return min((least_of(limit) for limit in limits if limit is not None), default=None)

    def under(self, rule: FreshnessRule) -> Freshness:
        """Return what counts for documents of a rule: what it says, and of what it leaves open the rest.

        Raises:
            ValueError: the two do not go together.
        """
        own = {name: getattr(self, name) for name in self.model_fields_set - {"rules", "feeds", "revalidate"}}
        if "verified_within" in rule.differences and rule.verified_within is None:
            own = {name: value for name, value in own.items() if not name.startswith("verified_")}
        return Freshness(**{**own, **rule.differences})


_LIMITS = ("max_age", "warn_after", "verified_within")
_CHOICES = ("missing", "unreadable", "review")
_ACTIONS = ("admit", "warn", "drop")


def restricted(rule: Freshness, other: Freshness) -> Freshness:
    """Return a rule with every limit of another one that is stricter; it lets nothing through that it did not before.

    For documents that fall under the other one only by what nobody signed.
    """
    limits = {name: _shorter(getattr(rule, name), getattr(other, name), rule, other) for name in _LIMITS}
    actions = {name: max(getattr(rule, name), getattr(other, name), key=_ACTIONS.index) for name in _CHOICES}
    words = dict(rule.status)
    for word, action in other.status.items():
        # What a word means where neither says so is not known here, and may be stricter than a warning.
        if action == "drop" or (action == "warn" and words.get(word) == "admit"):
            words[word] = action
    grace = _shorter(rule.verified_grace, other.verified_grace, rule, other)
    return rule.model_copy(update={**limits, **actions, "status": words, "verified_grace": grace})


def _shorter(
    one: timedelta | BusinessDays | None, other: timedelta | BusinessDays | None, rule: Freshness, stricter: Freshness
) -> timedelta | BusinessDays | None:
    """Return a limit under the calendar of a rule that lets nothing through that one of two limits does not.

    Args:
        one: a limit of the rule.
        other: that of the other rule.
        rule: the rule.
        stricter: the other rule.
    """
    is_alike = (rule.calendar, rule.calendar_timezone) == (stricter.calendar, stricter.calendar_timezone)
    if other is None or (one == other and is_alike):
        return one
    if isinstance(one, BusinessDays) and isinstance(other, BusinessDays) and is_alike:
        return min(one, other, key=lambda span: span.days)
    if one is None and is_alike:
        return other
    # Which of them ends first depends on when they begin.
    return min(least_of(span) for span in (one, other) if span is not None)


def _is_longer(one: timedelta | BusinessDays, other: timedelta | BusinessDays) -> bool:
    """Return whether a duration is longer than another one, whenever they begin."""
    if isinstance(one, BusinessDays) and isinstance(other, BusinessDays):
        return one.days > other.days
    return least_of(one) > most_of(other)
