"""Admissions in OpenTelemetry: a span, an event per finding, and metrics. API only; the application has the SDK.

The span is of OpenInference kind GUARDRAIL, and there is one: where an instrumentation of the framework has made a span
already, that one says what was decided. All names are in one table, so that a change of the conventions is a change in
one place. Labels of metrics come from closed sets: no document and no source is ever a label.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from opentelemetry import metrics, trace

# Underscored because it is not declared stable yet, not because it is private.
from opentelemetry._logs import SeverityNumber, get_logger, get_logger_provider
from opentelemetry.trace import SpanKind, Status, StatusCode

from headgate.decision import Admission
from headgate.record.summary import headline, outcome, reasons
from headgate.version import __version__

__all__ = ["ATTRIBUTES", "emit"]

ATTRIBUTES: Mapping[str, str] = {
    "kind": "openinference.span.kind",
    "input": "input.value",
    "input_type": "input.mime_type",
    "output": "output.value",
    "output_type": "output.mime_type",
    "metadata": "metadata",
    "id": "headgate.admission.id",
    "mode": "headgate.mode",
    "outcome": "headgate.outcome",
    "revision": "headgate.policy.revision",
    "documents": "headgate.documents.in",
    "admitted": "headgate.documents.admitted",
    "dropped": "headgate.documents.dropped",
    "rewritten": "headgate.documents.rewritten",
    "codes": "headgate.codes",
    "reasons": "headgate.reasons",
    "surplus": "headgate.documents.surplus",
}
"""What each attribute of the span is called."""

_EVENT = "headgate.finding"
_REDACTED = "__REDACTED__"  # what OpenInference writes where it hides
_TRUE = ("1", "true", "yes")
# A document that is kept out is the gate at work, and nothing to wake anybody for.
_SEVERITIES = {"error": SeverityNumber.WARN, "warning": SeverityNumber.INFO, "info": SeverityNumber.DEBUG}


def emit(admission: Admission, context: object = None, framework: str = "none", spans: Sequence[object] = ()) -> None:
    """Show an admission: one span, log events of its findings, and metrics.

    Args:
        admission: what was decided.
        context: the context whose span is the parent; None for the current one.
        framework: the framework that asked: `langchain`, `llama_index` or `none`.
        spans: open spans that instrumentations of the framework have made for this very admission. They are told what
            was decided; a further span is made only if none of them goes where the application's own spans go.
    """
    made: Sequence[Any] = spans
    if not made and not _is_set_up():
        return
    for span in made:
        _describe(span, admission)
    shared = next((span for span in made if _goes_with_the_application(span)), None)
    if shared is not None:
        _emit_findings(admission, trace.set_span_in_context(shared))
    else:
        # One that is not sampled is the parent all the same: a trace that is left out is left out as a whole.
        left_out = next((span for span in made if not span.is_recording()), None)
        _emit_span(admission, context if left_out is None else trace.set_span_in_context(left_out))
    _measure(admission, framework)


def _is_set_up() -> bool:
    """Whether the application has an SDK, or anything else that takes what is emitted."""
    return any(
        not type(provider).__name__.lstrip("_").startswith(("Proxy", "NoOp"))
        for provider in (trace.get_tracer_provider(), metrics.get_meter_provider(), get_logger_provider())
    )


def _emit_span(admission: Admission, context: Any) -> None:
    end = time.time_ns()
    start = end - int(admission.seconds * 1e9)
    tracer = trace.get_tracer("headgate", __version__)
    span = tracer.start_span(headline(admission), context=context, kind=SpanKind.INTERNAL, start_time=start)
    _describe(span, admission)
    _emit_findings(admission, trace.set_span_in_context(span, context))
    span.end(end)


def _describe(span: Any, admission: Admission) -> None:
    if not span.is_recording() or _is_of_mlflow(span):
        return
    # Some instrumentations name a span after the kind of thing it is.
    span.update_name(headline(admission))
    span.set_attributes(_attributes(admission))
    # A document that is kept out is not an error of the application; a check that broke is one.
    if any("G901" in decision.codes or "G905" in decision.codes for decision in admission.decisions):
        span.set_status(Status(StatusCode.ERROR, "a check failed"))


def _is_of_mlflow(span: Any) -> bool:
    """Whether a span holds what MLflow alone may write: it cannot read a trace in which one attribute is not JSON."""
    return any(name.startswith("mlflow.") for name in getattr(span, "attributes", None) or ())


def _goes_with_the_application(span: Any) -> bool:
    """Whether a span was made by the provider of the application, rather than by one that a tracer keeps to itself."""
    resource = getattr(span, "resource", None)
    return resource is not None and resource is getattr(trace.get_tracer_provider(), "resource", None)


def _attributes(admission: Admission) -> dict[str, Any]:
    counts = admission.counts()
    codes = sorted(f"{code}:{count}" for code, count in counts.items() if code not in ("admit", "drop"))
    found = {"documents": len(admission.decisions), "query_digest": admission.query_digest}
    shown = [
        {
            "action": d.action,
            "codes": list(d.codes),
            "reasons": [finding.message for finding in d.findings],
            "source": d.source,
            "uri": d.uri,
            "id": d.chunk_id,
        }
        for d in admission.decisions
    ]
    summary = {"mode": admission.mode, "policy_revision": admission.policy_revision, **counts}
    values: dict[str, Any] = {
        "kind": "GUARDRAIL",
        "input": _REDACTED if _is_hidden("INPUTS") else json.dumps(found),
        "input_type": "application/json",
        "output": _REDACTED if _is_hidden("OUTPUTS") else json.dumps(shown, default=str),
        "output_type": "application/json",
        "metadata": json.dumps(summary),
        "id": admission.id,
        "mode": admission.mode,
        "outcome": outcome(admission),
        "revision": admission.policy_revision,
        "documents": len(admission.decisions),
        "admitted": counts["admit"],
        "dropped": counts["drop"],
        "rewritten": sum("T301" in decision.codes for decision in admission.decisions),
        "codes": codes,
        "reasons": reasons(admission),
        "surplus": admission.surplus,
    }
    return {ATTRIBUTES[name]: value for name, value in values.items()}


def _is_hidden(what: str) -> bool:
    """Whether the application asked OpenInference to hide its inputs or outputs."""
    return os.environ.get(f"OPENINFERENCE_HIDE_{what}", "").lower() in _TRUE


def _emit_findings(admission: Admission, context: Any) -> None:
    logger = get_logger("headgate", __version__)
    is_hidden = _is_hidden("OUTPUTS")
    for decision in admission.decisions:
        for finding in decision.findings:
            logger.emit(
                context=context,
                event_name=_EVENT,
                severity_number=_SEVERITIES[finding.severity],
                body=_REDACTED if is_hidden else finding.message,
                attributes={
                    "headgate.code": finding.code,
                    "headgate.check": finding.check,
                    "headgate.action": decision.action,
                    "headgate.mode": finding.mode,
                    "headgate.source": decision.source,
                    "headgate.document.digest": decision.digest,
                },
            )


# Once per process, because the SDK warns of instruments that are made twice.
@lru_cache(maxsize=1)
def _instruments() -> dict[str, Any]:
    meter = metrics.get_meter("headgate", __version__)
    return {
        "documents": meter.create_counter("headgate.documents", "{document}", "Documents judged."),
        "findings": meter.create_counter("headgate.findings", "{finding}", "Findings, by code."),
        "admissions": meter.create_counter("headgate.admissions", "{admission}", "Admissions, by outcome."),
        "duration": meter.create_histogram("headgate.duration", "s", "Time spent deciding."),
        "age": meter.create_histogram("headgate.document.age", "s", "Age of judged documents."),
    }


def _measure(admission: Admission, framework: str) -> None:
    found = _instruments()
    common = {"mode": admission.mode, "framework": framework}
    found["admissions"].add(1, {**common, "outcome": outcome(admission)})
    found["duration"].record(admission.seconds, common)
    for decision in admission.decisions:
        found["documents"].add(1, {**common, "action": decision.action})
        for code in set(decision.codes):
            found["findings"].add(1, {**common, "code": code})
        if decision.age is not None:
            found["age"].record(decision.age.total_seconds(), {"action": decision.action})
