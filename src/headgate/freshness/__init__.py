"""Is it still so: timestamps with evidence, rules, supersession. Pure."""

from headgate.freshness.catalogue import CATALOGUE, RESTRICTING_ROLES, ROLES, TIME_ROLES, candidate_keys
from headgate.freshness.entries import find_entry, find_time_like
from headgate.freshness.forms import Unreadable
from headgate.freshness.identity import fragment_of, identify_document, page_of
from headgate.freshness.interval import Interval, shift
from headgate.freshness.parsing import read_time
from headgate.freshness.redirects import NO_REDIRECTS, Redirects, read_redirects
from headgate.freshness.releases import Release, as_release, is_unreleased, read_release
from headgate.freshness.rows import Row, document_of_row, find_row, is_table
from headgate.freshness.rules import Judged, freshness_bounds, judge_freshness, quiet_window
from headgate.freshness.statuses import STATUS_WORDS
from headgate.freshness.supersession import Candidate, find_superseded
from headgate.freshness.timestamps import Evidence, Timestamps, resolve_timestamps
from headgate.freshness.verifying import judge_verification, latest_verification, verification_bounds

__all__ = [
    "CATALOGUE",
    "NO_REDIRECTS",
    "RESTRICTING_ROLES",
    "ROLES",
    "STATUS_WORDS",
    "TIME_ROLES",
    "Candidate",
    "Evidence",
    "Interval",
    "Judged",
    "Redirects",
    "Release",
    "Row",
    "Timestamps",
    "Unreadable",
    "as_release",
    "candidate_keys",
    "document_of_row",
    "find_entry",
    "find_row",
    "find_superseded",
    "find_time_like",
    "fragment_of",
    "freshness_bounds",
    "identify_document",
    "is_table",
    "is_unreleased",
    "judge_freshness",
    "judge_verification",
    "latest_verification",
    "page_of",
    "quiet_window",
    "read_redirects",
    "read_release",
    "read_time",
    "resolve_timestamps",
    "shift",
    "verification_bounds",
]
