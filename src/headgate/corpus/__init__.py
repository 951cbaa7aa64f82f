"""Whole corpora: reading, surveying, auditing and sealing what is there before any question is asked."""

from headgate.corpus.auditing import Audit, AuditRow, audit_corpus
from headgate.corpus.building import Manifest, publish_listing
from headgate.corpus.comparing import Completeness, Difference, diff_manifests, measure_completeness
from headgate.corpus.drafting import admits_unproved, describe_editions, draft_policy, enforced_counts
from headgate.corpus.gathering import items_of
from headgate.corpus.item import CorpusItem
from headgate.corpus.lines import to_line, to_lines
from headgate.corpus.listing import Listing, list_corpus, namespace_of
from headgate.corpus.observing import observe_corpus, read_questions
from headgate.corpus.reading import read_corpus
from headgate.corpus.records import NO_FIELDS, Fields
from headgate.corpus.resuming import Journal
from headgate.corpus.sealing import open_journal, seal_corpus
from headgate.corpus.survey import Survey, survey_corpus

__all__ = [
    "NO_FIELDS",
    "Audit",
    "AuditRow",
    "Completeness",
    "CorpusItem",
    "Difference",
    "Fields",
    "Journal",
    "Listing",
    "Manifest",
    "Survey",
    "admits_unproved",
    "audit_corpus",
    "describe_editions",
    "diff_manifests",
    "draft_policy",
    "enforced_counts",
    "items_of",
    "list_corpus",
    "measure_completeness",
    "namespace_of",
    "observe_corpus",
    "open_journal",
    "publish_listing",
    "read_corpus",
    "read_questions",
    "seal_corpus",
    "survey_corpus",
    "to_line",
    "to_lines",
]
