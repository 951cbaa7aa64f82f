"""How each kind of value is shown: as HTML in a notebook, through rich in a terminal, as plain text."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch
from io import StringIO
from typing import Any, TypeVar

from rich.console import Console

from headgate.corpus import Audit
from headgate.decision import Admission, Decision
from headgate.display import Displayed, load_views
from headgate.policy import Policy
from headgate.record import AdmissionRecord, mend_admission
from headgate.report.admissions import admission_html, admission_rich
from headgate.report.audits import audit_html, audit_rich
from headgate.report.documents import document_table, documents_rich
from headgate.report.escaping import escape
from headgate.report.pages import Origin, document_page, fragment
from headgate.report.rows import DocumentRow, rows_of
from headgate.report.settings import glossary_html, glossary_rich, policy_html, policy_rich, rewrite_html, rewrite_rich
from headgate.terminology import Glossary
from headgate.terminology.edits import Rewrite

__all__ = ["Recorded", "add_view", "show", "to_html", "to_page", "to_rich", "to_text"]

_TEXT_WIDTH, _LEAST_WIDTH = 110, 40
T = TypeVar("T")


def add_view(
    kind: type[T],
    html: Callable[[T], str],
    rich: Callable[[T], Any],
    body: Callable[[T], str] | None = None,
) -> None:
    """Say how a kind of value is shown.

    Args:
        kind: the class.
        html: returns HTML without scripts, everything from outside escaped.
        rich: returns a rich renderable.
        body: returns the HTML of a whole page, which may hold more; by default the same.
    """
    # Rooms above register their own views, because this one must not import them.
    _html.register(kind, html)
    _rich.register(kind, rich)
    _body.register(kind, body or html)


def to_html(value: Any) -> str:
    """Return a value as HTML without scripts, with its own style.

    Raises:
        TypeError: it is nothing that headgate shows.
    """
    _prepare(value)
    return fragment(_html(value))


def to_rich(value: Any) -> Any:
    """Return a value as a rich renderable.

    Raises:
        TypeError: it is nothing that headgate shows.
    """
    _prepare(value)
    return _rich(value)


def to_page(value: Any, title: str, origin: Origin | None = None) -> str:
    """Return a value as a whole HTML page.

    Args:
        value: the value.
        title: plain text.
        origin: what the page rests on, for its footer.

    Raises:
        TypeError: it is nothing that headgate shows.
    """
    _prepare(value)
    return document_page(title, f"<h1>{escape(title)}</h1>{_body(value)}", origin)


def to_text(value: Any) -> str:
    """Return a value as plain text, as wide as the terminal, or as `COLUMNS` says."""
    written = StringIO()
    width = max(_LEAST_WIDTH, min(shutil.get_terminal_size((_TEXT_WIDTH, 1)).columns, _TEXT_WIDTH))
    # In a notebook rich else shows what it has printed, here: an output with nothing in it.
    screen = Console(file=written, width=width, highlight=False, color_system=None, force_jupyter=False)
    screen.print(value if not hasattr(value, "__rich__") else value.__rich__())
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines())


@dataclass(frozen=True)
class Recorded(Displayed):
    """An admission as a trace or a log has it.

    Attributes:
        record: the record.
        texts: the original texts, one per decision, where they are at hand.
    """

    record: AdmissionRecord
    texts: Sequence[str] = ()


def show(record: Mapping[str, Any], texts: Sequence[str] = ()) -> Recorded:
    """Return a recorded admission as a value that notebooks and terminals show.

    Args:
        record: what a tracer received, or a line of the decision log.
        texts: the original texts, one per decision, where they are at hand.
    """
    return Recorded(mend_admission(record), texts)


def _prepare(value: object) -> None:
    """Make sure that a value's view is there, whoever brings it."""
    load_views(value)
    if _html.dispatch(type(value)) is _html.dispatch(object):
        from headgate.report.proofs import VIEWS

        for kind, html, rich in VIEWS:
            add_view(kind, html, rich)


@singledispatch
def _html(value: object) -> str:
    raise TypeError(f"headgate has no view of {type(value).__name__}")


@singledispatch
def _rich(value: object) -> Any:
    raise TypeError(f"headgate has no view of {type(value).__name__}")


@singledispatch
def _body(value: object) -> str:
    raise TypeError(f"headgate has no view of {type(value).__name__}")


def _texts(admission: Admission) -> list[object]:
    return [chunk.text for chunk in admission.inputs]


def _alone(decision: Decision) -> list[DocumentRow]:
    return list(rows_of([decision.to_dict()]))


add_view(
    Admission,
    lambda value: admission_html(value.to_dict(), _texts(value), value.query),
    lambda value: admission_rich(value.to_dict(), _texts(value)),
)
add_view(
    Decision,
    lambda value: document_table(_alone(value)),
    lambda value: documents_rich(_alone(value)),
)
add_view(
    Recorded,
    lambda value: admission_html(value.record, value.texts),
    lambda value: admission_rich(value.record, value.texts),
)
add_view(Policy, policy_html, policy_rich)
add_view(Glossary, glossary_html, glossary_rich)
add_view(Rewrite, rewrite_html, rewrite_rich)
add_view(Audit, audit_html, audit_rich)
