"""An admission in Haystack's own traces: a span within that of the component, with the record as its tag."""

from __future__ import annotations

import logging
from typing import Any

from haystack.tracing.tracer import is_tracing_enabled, tracer

from headgate import Admission, Gate
from headgate.integration.adapters import log_dropped
from headgate.integration.tracing import headline, shown

__all__ = ["OPERATION", "RECORD_TAG", "arecord", "record"]

OPERATION = "headgate.admission"
"""The name of the operation in traces."""

RECORD_TAG = "headgate.record"
"""The tag with the record: outcome and reasons in words, and all decisions; no text of the documents or the query."""

_FRAMEWORK = "haystack"
_log = logging.getLogger("headgate")


def record(gate: Gate, admission: Admission) -> Admission:
    """Release an admission, and show it in the trace. What a tracer does with it changes nothing.

    Returns:
        What may enter the prompt.
    """
    released = gate.release(admission, framework=_FRAMEWORK, traced=False)
    _show(gate, released)
    return released


async def arecord(gate: Gate, admission: Admission) -> Admission:
    """As `record`; a slow log does not hold up the event loop."""
    released = await gate.arelease(admission, framework=_FRAMEWORK, traced=False)
    _show(gate, released)
    return released


def _show(gate: Gate, admission: Admission) -> None:
    log_dropped(admission)
    # A record costs time, so it is made only where somebody sees it.
    if not is_tracing_enabled():
        gate.trace(admission, framework=_FRAMEWORK)
        return
    try:
        tags = {"headgate.outcome": headline(admission), RECORD_TAG: shown(admission)}
        with tracer.trace(OPERATION, tags=tags, parent_span=tracer.current_span()) as span:
            gate.trace(admission, framework=_FRAMEWORK, spans=_spans_of_opentelemetry(span))
    except Exception:  # noqa: BLE001 - whatever a tracer does, the admission stands
        _log.warning("a tracer failed; the admission %s stands", admission.id, exc_info=True)


def _spans_of_opentelemetry(span: Any) -> tuple[Any, ...]:
    """Return the span of OpenTelemetry behind one of Haystack, which then needs no second beside it."""
    raw = span.raw_span()
    return (raw,) if callable(getattr(raw, "is_recording", None)) else ()
