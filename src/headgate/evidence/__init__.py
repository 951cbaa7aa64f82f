"""Evidence for an auditor: one bundle of what a gate decided in a span of time, and by what rules."""

from headgate.evidence.bundling import build_bundle
from headgate.evidence.format import Bundle
from headgate.evidence.policies import GivenPolicy, load_policies
from headgate.evidence.surveying import Span, Survey, survey
from headgate.evidence.verifying import BundleCheck, verify_bundle

__all__ = [
    "Bundle",
    "BundleCheck",
    "GivenPolicy",
    "Span",
    "Survey",
    "build_bundle",
    "load_policies",
    "survey",
    "verify_bundle",
]
