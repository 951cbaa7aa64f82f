"""What people look at: notebooks, terminals, HTML. Everything that comes from documents is escaped here."""

from headgate.report.admissions import admission_html, admission_rich, document_table, funnel_rich, headline
from headgate.report.audits import audit_html, audit_rich
from headgate.report.charts import Bar, bar_chart, funnel_chart, line_chart
from headgate.report.displays import Recorded, add_view, show, to_html, to_page, to_rich, to_text
from headgate.report.escaping import clip, escape, visible
from headgate.report.html import badge, diff_html, document_page, figures, fragment, table, within
from headgate.report.rows import age_in_words, edits_of, losses, ranked, rows_of
from headgate.report.tables import audit_tables, decision_rows, new_table, plain, prose

__all__ = [
    "Bar",
    "Recorded",
    "add_view",
    "admission_html",
    "admission_rich",
    "age_in_words",
    "audit_html",
    "audit_rich",
    "audit_tables",
    "badge",
    "bar_chart",
    "clip",
    "decision_rows",
    "diff_html",
    "document_page",
    "document_table",
    "edits_of",
    "escape",
    "figures",
    "fragment",
    "funnel_chart",
    "funnel_rich",
    "headline",
    "line_chart",
    "losses",
    "new_table",
    "plain",
    "prose",
    "ranked",
    "rows_of",
    "show",
    "table",
    "to_html",
    "to_page",
    "to_rich",
    "to_text",
    "visible",
    "within",
]
