"""What people look at: notebooks, terminals, HTML. Everything that comes from documents is escaped here."""

from headgate.report.admissions import admission_html, admission_rich, admission_verdict, funnel_rich, headline
from headgate.report.audits import audit_html, audit_rich, audit_verdict
from headgate.report.charts import Bar, bar_chart, funnel_chart, line_chart
from headgate.report.displays import Recorded, add_view, show, to_html, to_page, to_rich, to_text
from headgate.report.documents import document_groups, document_table, documents_rich
from headgate.report.escaping import clip, escape, escape_uri, escape_words, visible, visible_json
from headgate.report.html import (
    Room,
    badge,
    code_badge,
    copied,
    details,
    diff_html,
    figures,
    linked_html,
    table,
    titled_html,
    uri_html,
    within,
)
from headgate.report.pages import Origin, document_page, fragment
from headgate.report.palette import LIGHT, LIGHT_CHART, SERIES, TERMINAL
from headgate.report.rows import age_in_words, edits_of, framework_in_words, losses, ranked, rows_of
from headgate.report.tables import Listing, new_table, plain, prose, signed
from headgate.report.verdicts import Step, Verdict, steps_rich, verdict_html, verdict_rich

__all__ = [
    "LIGHT",
    "LIGHT_CHART",
    "SERIES",
    "TERMINAL",
    "Bar",
    "Listing",
    "Origin",
    "Recorded",
    "Room",
    "Step",
    "Verdict",
    "add_view",
    "admission_html",
    "admission_rich",
    "admission_verdict",
    "age_in_words",
    "audit_html",
    "audit_rich",
    "audit_verdict",
    "badge",
    "bar_chart",
    "clip",
    "code_badge",
    "copied",
    "details",
    "diff_html",
    "document_groups",
    "document_page",
    "document_table",
    "documents_rich",
    "edits_of",
    "escape",
    "escape_uri",
    "escape_words",
    "figures",
    "fragment",
    "framework_in_words",
    "funnel_chart",
    "funnel_rich",
    "headline",
    "line_chart",
    "linked_html",
    "losses",
    "new_table",
    "plain",
    "prose",
    "ranked",
    "rows_of",
    "show",
    "signed",
    "steps_rich",
    "table",
    "titled_html",
    "to_html",
    "to_page",
    "to_rich",
    "to_text",
    "uri_html",
    "verdict_html",
    "verdict_rich",
    "visible",
    "visible_json",
    "within",
]
