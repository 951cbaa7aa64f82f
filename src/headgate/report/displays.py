"""How each kind of value is shown: as HTML in a notebook, through rich in a terminal, as plain text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch
from io import StringIO
from typing import Any, TypeVar

from rich.console import Console

from headgate.corpus import Audit
from headgate.decision import Admission, Decision
from headgate.display import Displayed
from headgate.policy import Policy
from headgate.record import AdmissionRecord, mend_admission
from headgate.report.admissions import admission_html, admission_rich, document_rich, document_table
from headgate.report.audits import audit_html, audit_rich
from headgate.report.escaping import escape
from headgate.report.html import document_page, fragment
from headgate.report.rows import DocumentRow, rows_of
from headgate.report.settings import glossary_html, glossary_rich, policy_html, policy_rich, rewrite_html, rewrite_rich
from headgate.terminology import Glossary
from headgate.terminology.edits import Rewrite

__all__ = ["Recorded", "add_view", "show", "to_html", "to_page", "to_rich", "to_text"]

_TEXT_WIDTH = 110
T = TypeVar("T")


def add_view(
    kind: type[T],
    html: Callable[[T], str],
    rich: Callable[[T], Any],
    page: Callable[[T, str], str] | None = None,
) -> None:
    """Say how a kind of value is shown.

    Args:
        kind: the class.
        html: returns HTML without scripts, everything from outside escaped.
        rich: returns a rich renderable.
        page: returns a whole page with a title; by default one that holds the HTML.
    """
    # Rooms above register their own views, because this one must not import them.
    _html.register(kind, html)
    _rich.register(kind, rich)
    if page is not None:
        _page.register(kind, page)


def to_html(value: Any) -> str:
    """Return a value as HTML without scripts, with its own style.

    Raises:
        TypeError: it is nothing that headgate shows.
    """
    return fragment(_html(value))


def to_rich(value: Any) -> Any:
    """Return a value as a rich renderable.

    Raises:
        TypeError: it is nothing that headgate shows.
    """
    return _rich(value)


def to_page(value: Any, title: str) -> str:
    """Return a value as a whole HTML page.

    Raises:
        TypeError: it is nothing that headgate shows.
    """
    return _page(value, title)


def to_text(value: Any) -> str:
    """Return a value as plain text."""
    screen = Console(file=StringIO(), width=_TEXT_WIDTH, highlight=False, color_system=None)
    with screen.capture() as captured:
        screen.print(value if not hasattr(value, "__rich__") else value.__rich__())
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


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


@singledispatch
def _html(value: object) -> str:
    raise TypeError(f"headgate has no view of {type(value).__name__}")


@singledispatch
def _rich(value: object) -> Any:
    raise TypeError(f"headgate has no view of {type(value).__name__}")


@singledispatch
def _page(value: object, title: str) -> str:
    return document_page(title, f"<h1>{escape(title)}</h1>{_html(value)}")


def _texts(admission: Admission) -> list[object]:
    return [chunk.text for chunk in admission.inputs]


def _alone(decision: Decision) -> list[DocumentRow]:
    return list(rows_of([decision.to_dict()]))


add_view(
    Admission,
    lambda value: admission_html(value.to_dict(), _texts(value)),
    lambda value: admission_rich(value.to_dict(), _texts(value)),
)
add_view(
    Decision,
    lambda value: document_table(_alone(value)),
    lambda value: document_rich(_alone(value)),
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
