"""An admission in LlamaIndex's own traces: an instrumentation event, a span, and the older callback event."""

from __future__ import annotations

import inspect
import logging
import sys
import uuid
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # re-exported
from llama_index.core.instrumentation.dispatcher import (  # type: ignore[attr-defined]  # re-exported
    active_instrument_tags,
)
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.instrumentation.span import active_span_id
from llama_index.core.settings import Settings

from headgate import Admission, Gate
from headgate.integration.adapters import log_dropped
from headgate.record.asking import asker_in
from headgate.record.summary import headline, shown
from llama_index.postprocessor.headgate.untraced import visible

__all__ = ["EVENT_NAME", "HeadgateAdmissionEvent", "arecord", "callbacks_of", "record"]

EVENT_NAME = "headgate.admission"
_FRAMEWORK = "llama_index"
_UUID_CHARS = 36
_dispatcher = get_dispatcher(__name__)
_log = logging.getLogger("headgate")


class HeadgateAdmissionEvent(BaseEvent):
    """What was decided about the nodes of one retrieval.

    Attributes:
        record: outcome and reasons in words, and the admission record; plain values without any text of the nodes or
            the query.
    """

    record: dict[str, Any]

    @classmethod
    def class_name(cls) -> str:
        """Return the name that handlers see."""
        return "HeadgateAdmissionEvent"


def callbacks_of(component: object) -> CallbackManager:
    """Return what a component tells of its work; that of the settings, as the framework does, where it has none.

    A class that leaves out its base's constructor has none, such as the framework's own `PGRetriever`.
    """
    found = getattr(component, "callback_manager", None)
    return found if isinstance(found, CallbackManager) else Settings.callback_manager


def record(gate: Gate, admission: Admission, callback_manager: CallbackManager | None) -> Admission:
    """Release an admission, and show it in the trace. What a handler does with it changes nothing.

    Returns:
        What may enter the prompt.
    """
    with _asking():
        admission = gate.release(admission, framework=_FRAMEWORK, traced=False)
    _show(gate, admission, callback_manager)
    return admission


async def arecord(gate: Gate, admission: Admission, callback_manager: CallbackManager | None) -> Admission:
    """As `record`; a slow log does not hold up the event loop."""
    with _asking():
        admission = await gate.arelease(admission, framework=_FRAMEWORK, traced=False)
    _show(gate, admission, callback_manager)
    return admission


def _asking() -> AbstractContextManager[None]:
    """Take from the tags of the instrumentation who asks, and from the span around it which run it is."""
    span = active_span_id.get()
    # The identifier of a span is the method's name and a UUID.
    return asker_in(active_instrument_tags.get(), run=span[-_UUID_CHARS:] if span else None)


def _show(gate: Gate, admission: Admission, callback_manager: CallbackManager | None) -> None:
    log_dropped(admission)
    with visible():
        try:
            # Before the span, within that of the retriever: not all tracers know the span below.
            content = shown(admission)
            with _without_instrumentations():
                _dispatcher.event(HeadgateAdmissionEvent(record=content))
            _show_to_callbacks(content, callback_manager)
        except Exception:  # noqa: BLE001 - whatever a handler does, the admission stands
            _log.warning("a trace handler failed; the admission %s stands", admission.id, exc_info=True)
        _show_span(gate, admission)


def _show_to_callbacks(content: dict[str, Any], callback_manager: CallbackManager | None) -> None:
    if callback_manager is not None and callback_manager.handlers:
        # The older events know no gate; a reranker, too, says which nodes go on.
        event_id = callback_manager.on_event_start(CBEventType.RERANKING, {EventPayload.MODEL_NAME: "headgate"})
        payload: dict[str, Any] = {EventPayload.ADDITIONAL_KWARGS: {EVENT_NAME: content}}
        callback_manager.on_event_end(CBEventType.RERANKING, payload, event_id=event_id)


def _show_span(gate: Gate, admission: Admission) -> None:
    """Show an admission as a span of the dispatcher; a tracer that makes one of OpenTelemetry of it needs no second."""
    span_id = f"{headline(admission)}-{uuid.uuid4()}"
    bound = _ADMIT.bind(documents=len(admission.decisions), policy_revision=admission.policy_revision)
    outside = _current_span()
    _dispatcher.span_enter(
        id_=span_id, bound_args=bound, parent_id=active_span_id.get(), tags=active_instrument_tags.get()
    )
    try:
        inside = _current_span()
        made = _call_it_a_guardrail(span_id)
        gate.trace(admission, framework=_FRAMEWORK, spans=made if inside is outside else (inside,))
    finally:
        _dispatcher.span_exit(id_=span_id, bound_args=bound, result=shown(admission))


def _admit(documents: int, policy_revision: str) -> None:
    """Stand for the call that handlers are shown."""


_ADMIT = inspect.signature(_admit)


def _current_span() -> Any:
    """Return the current span of OpenTelemetry; None where nobody has loaded it."""
    trace = sys.modules.get("opentelemetry.trace")
    return trace.get_current_span() if trace is not None else None


def _without_instrumentations() -> AbstractContextManager[None]:
    """Return a context for an event that those of OpenTelemetry do not know: OpenInference warns of every such one."""
    utils = sys.modules.get("opentelemetry.instrumentation.utils")
    return utils.suppress_instrumentation() if utils is not None else nullcontext()


def _call_it_a_guardrail(span_id: str) -> list[Any]:
    """Have OpenInference show a span as what it is; it knows the kinds of the framework's own objects alone.

    Returns:
        The spans of OpenTelemetry that it has made; before 4.6.1 it made none of them the current one.
    """
    made = []
    for handler in _dispatcher.root.span_handlers:
        span: Any = getattr(handler, "open_spans", {}).get(span_id)
        if hasattr(span, "_span_kind"):
            span._span_kind = "GUARDRAIL"
            made += [span._otel_span] if hasattr(span, "_otel_span") else []
    return made
