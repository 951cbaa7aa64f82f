"""What people look at: terminal tables and HTML. Everything that comes from documents is escaped here."""

from headgate.report.escaping import escape, visible
from headgate.report.html import diff_html, document_page
from headgate.report.tables import audit_tables, decision_rows

__all__ = ["audit_tables", "decision_rows", "diff_html", "document_page", "escape", "visible"]
