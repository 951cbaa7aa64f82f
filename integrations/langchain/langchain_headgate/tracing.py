"""An admission in LangChain's own traces: a child run, and one custom event."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackManager,
    AsyncCallbackManagerForChainRun,
    BaseCallbackManager,
    CallbackManager,
    CallbackManagerForChainRun,
)

from headgate import Admission, Gate
from headgate.integration.adapters import log_dropped

__all__ = ["EVENT_NAME", "arecord", "record"]

EVENT_NAME = "headgate.admission"
_RUN_NAME = "headgate"
_INLINE_DECISIONS = 500  # more take longer to write down than an event loop should wait


def record(gate: Gate, admission: Admission, callbacks: CallbackManager | None) -> Admission:
    """Release an admission, and show it in the trace: a child run named `headgate`, and one custom event.

    Tracers show runs; `astream_events` and plain handlers get the event. Neither can change what was decided.

    Returns:
        What may enter the prompt.
    """
    admission = gate.release(admission, context=_parent_context(callbacks), framework="langchain")
    log_dropped(admission)
    # A record costs time, so it is made only where somebody sees it.
    if callbacks is not None and callbacks.handlers:
        output = admission.to_dict()
        run: CallbackManagerForChainRun = callbacks.on_chain_start(None, _inputs(admission), name=_RUN_NAME)
        run.get_child().on_custom_event(EVENT_NAME, output, run_id=run.run_id)
        run.on_chain_end(output)
    return admission


async def arecord(gate: Gate, admission: Admission, callbacks: AsyncCallbackManager | None) -> Admission:
    """As `record`, for asynchronous callbacks; a log that is slow to write does not hold up the event loop."""
    context = _parent_context(callbacks)
    if len(admission.decisions) > _INLINE_DECISIONS:
        admission = await asyncio.to_thread(gate.release, admission, context=context, framework="langchain")
    else:
        admission = await gate.arelease(admission, context=context, framework="langchain")
    log_dropped(admission)
    if callbacks is not None and callbacks.handlers:
        output = admission.to_dict()
        run: AsyncCallbackManagerForChainRun = await callbacks.on_chain_start(None, _inputs(admission), name=_RUN_NAME)
        await run.get_child().on_custom_event(EVENT_NAME, output, run_id=run.run_id)
        await run.on_chain_end(output)
    return admission


def _parent_context(callbacks: BaseCallbackManager | None) -> object:
    """Return the OpenTelemetry context of the run we are in, where OpenInference traces LangChain.

    It keeps LangChain's spans to itself rather than making them current, so a span of ours would be an orphan.
    """
    instrumentation = sys.modules.get("openinference.instrumentation.langchain")
    run_id = callbacks.parent_run_id if callbacks is not None else None
    if instrumentation is None or run_id is None:
        return None
    try:
        from opentelemetry.trace import set_span_in_context

        instrumentor = instrumentation.LangChainInstrumentor()
        if not instrumentor.is_instrumented_by_opentelemetry:
            return None
        span = instrumentor.get_span(run_id)
        return set_span_in_context(span) if span is not None else None
    except Exception:  # noqa: BLE001 - whatever another package does, the decision stands
        return None


def _inputs(admission: Admission) -> dict[str, Any]:
    return {"documents": len(admission.decisions), "policy_revision": admission.policy_revision}
