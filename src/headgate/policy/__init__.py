"""What is required of which source: the policy file, its model and its patterns."""

from headgate.policy.durations import BusinessDays, format_duration, format_span, least_of, most_of, parse_duration
from headgate.policy.feeds import FeedRule
from headgate.policy.freshness import Freshness, FreshnessRule, Revalidation, SourceFreshness, restricted
from headgate.policy.identity import UNVERSIONED, Identity, looks_like_an_edition
from headgate.policy.matching import UriPattern, normalise_uri
from headgate.policy.model import Policy
from headgate.policy.pulling import PullRule
from headgate.policy.rules import MetadataKeys, Modes, Provenance, Quarantine, Source, SourceRule
from headgate.policy.settings import Budget, KeySets, Log, QuarantineStore

__all__ = [
    "UNVERSIONED",
    "Budget",
    "BusinessDays",
    "FeedRule",
    "Freshness",
    "FreshnessRule",
    "Identity",
    "KeySets",
    "Log",
    "MetadataKeys",
    "Modes",
    "Policy",
    "Provenance",
    "PullRule",
    "Quarantine",
    "QuarantineStore",
    "Revalidation",
    "Source",
    "SourceFreshness",
    "SourceRule",
    "UriPattern",
    "format_duration",
    "format_span",
    "least_of",
    "looks_like_an_edition",
    "most_of",
    "normalise_uri",
    "parse_duration",
    "restricted",
]
