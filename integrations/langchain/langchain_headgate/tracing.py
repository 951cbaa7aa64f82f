"""An admission in LangChain's own traces: a child run, and one custom event."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from langchain_core.callbacks import (
    AsyncCallbackManager,
    AsyncCallbackManagerForChainRun,
    CallbackManager,
    CallbackManagerForChainRun,
)
from langchain_core.runnables.config import var_child_runnable_config

from headgate import Admission, Gate
from headgate.integration.adapters import log_dropped
from headgate.record.asking import asker_in
from headgate.record.summary import headline, shown
from langchain_headgate.untraced import visible, visible_callbacks

__all__ = ["EVENT_NAME", "arecord", "record", "spans_of"]

EVENT_NAME = "headgate.admission"
_FRAMEWORK = "langchain"


def record(gate: Gate, admission: Admission, callbacks: CallbackManager | None) -> Admission:
    """Release an admission, and show it in the trace: a child run named by its outcome, and one custom event.

    Tracers show runs; `astream_events` and plain handlers get the event. Neither can change what was decided. A tracer
    that makes OpenTelemetry spans of runs gets no second span beside that of the run.

    Returns:
        What may enter the prompt.
    """
    with _asking(callbacks):
        admission = gate.release(admission, framework=_FRAMEWORK, traced=False)
    log_dropped(admission)
    callbacks = visible_callbacks(callbacks)
    # A record costs time, so it is made only where somebody sees it.
    if callbacks is None or not callbacks.handlers:
        gate.trace(admission, framework=_FRAMEWORK)
        return admission
    with visible():
        output = shown(admission)
        run: CallbackManagerForChainRun = callbacks.on_chain_start(None, _inputs(admission), name=headline(admission))
        gate.trace(admission, framework=_FRAMEWORK, spans=_spans_of_gate(callbacks.handlers, run.run_id))
        run.get_child().on_custom_event(EVENT_NAME, output, run_id=run.run_id)
        run.on_chain_end(output)
    return admission


async def arecord(gate: Gate, admission: Admission, callbacks: AsyncCallbackManager | None) -> Admission:
    """As `record`, for asynchronous callbacks; a log that is slow to write does not hold up the event loop."""
    with _asking(callbacks):
        admission = await gate.arelease(admission, framework=_FRAMEWORK, traced=False)
    log_dropped(admission)
    callbacks = visible_callbacks(callbacks)
    if callbacks is None or not callbacks.handlers:
        gate.trace(admission, framework=_FRAMEWORK)
        return admission
    with visible():
        output, inputs, name = shown(admission), _inputs(admission), headline(admission)
        run: AsyncCallbackManagerForChainRun = await callbacks.on_chain_start(None, inputs, name=name)
        gate.trace(admission, framework=_FRAMEWORK, spans=_spans_of_gate(callbacks.handlers, run.run_id))
        await run.get_child().on_custom_event(EVENT_NAME, output, run_id=run.run_id)
        await run.on_chain_end(output)
    return admission


def spans_of(handlers: Iterable[Any], run_id: UUID) -> list[Any]:
    """Return the OpenTelemetry spans that tracers among the handlers have made for a run."""
    spans: list[Any] = []
    for handler in handlers:
        found = (_found(find, handler, run_id) for find in _FINDERS)
        spans += [span for span in found if callable(getattr(span, "is_recording", None))][:1]
    return spans


def _found(find: Callable[[Any, UUID], Any], handler: Any, run_id: UUID) -> Any:
    try:
        return find(handler, run_id)
    except Exception:  # noqa: BLE001 - most handlers have nothing of the kind, and none may change what was decided
        return None


def _spans_of_gate(handlers: Iterable[Any], run_id: UUID) -> list[Any]:
    """Return the spans of a gate's run, and have the tracers that know the kind show a guardrail."""
    kept = list(handlers)
    for handler in kept:
        # LangSmith takes no such type of run, so it is not said to all of them.
        run = _found(lambda one, run_id: one.get_span and one.run_map[str(run_id)], handler, run_id)
        if run is not None:
            run.run_type = "guardrail"
        observation = _found(lambda one, run_id: one._runs[run_id], handler, run_id)
        if hasattr(observation, "_observation_type"):
            observation._observation_type = "guardrail"
    return spans_of(kept, run_id)


def _made_later(handler: Any, run_id: UUID) -> Any:
    """Return what stands for the span that LangSmith makes of a run once it has ended, in its OpenTelemetry mode."""
    if handler.client.otel_exporter is None:
        return None
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

    # As its exporter makes them of the ids of runs. Not sampled, so that no span of ours is beside it.
    trace_id, span_id = handler.order_map[run_id][0].int, int.from_bytes(run_id.bytes[:8], "big")
    return NonRecordingSpan(SpanContext(trace_id, span_id, is_remote=False, trace_flags=TraceFlags(TraceFlags.DEFAULT)))


# Where tracers keep the spans of open runs. They are known by their shape, because importing them here would load them
# for everybody.
_FINDERS: tuple[Callable[[Any, UUID], Any], ...] = (
    lambda handler, run_id: handler.get_span(run_id),  # OpenInference
    lambda handler, run_id: handler.spans[run_id].span,  # OpenLLMetry (Traceloop)
    lambda handler, run_id: handler._runs[run_id]._otel_span,  # Langfuse
    lambda handler, run_id: handler._run_span_mapping[str(run_id)].span._span,  # MLflow
    _made_later,
)


def _asking(callbacks: CallbackManager | AsyncCallbackManager | None) -> AbstractContextManager[None]:
    """Take from the config of the call who asks."""
    around = var_child_runnable_config.get() or {}
    settings = {**(around.get("configurable") or {}), **(around.get("metadata") or {})}
    if callbacks is None:
        return asker_in(settings)
    return asker_in({**settings, **(callbacks.metadata or {})}, run=callbacks.parent_run_id)


def _inputs(admission: Admission) -> dict[str, Any]:
    return {"documents": len(admission.decisions), "policy_revision": admission.policy_revision}
