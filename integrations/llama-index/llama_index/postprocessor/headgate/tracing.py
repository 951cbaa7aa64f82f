"""An admission in LlamaIndex's own traces: an instrumentation event, and the older callback event."""

from __future__ import annotations

import logging
from typing import Any

from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # re-exported
from llama_index.core.instrumentation.events import BaseEvent

from headgate import Admission, Gate
from headgate.integration.adapters import log_dropped

__all__ = ["EVENT_NAME", "HeadgateAdmissionEvent", "arecord", "record"]

EVENT_NAME = "headgate.admission"
_FRAMEWORK = "llama_index"
_dispatcher = get_dispatcher(__name__)
_log = logging.getLogger("headgate")


class HeadgateAdmissionEvent(BaseEvent):
    """What was decided about the nodes of one retrieval.

    Attributes:
        record: the admission record, plain values without any text of the nodes or the query.
    """

    record: dict[str, Any]

    @classmethod
    def class_name(cls) -> str:
        """Return the name that handlers see."""
        return "HeadgateAdmissionEvent"


def record(gate: Gate, admission: Admission, callback_manager: CallbackManager | None) -> Admission:
    """Release an admission, and show it in the trace. What a handler does with it changes nothing.

    Returns:
        What may enter the prompt.
    """
    admission = gate.release(admission, framework=_FRAMEWORK)
    _show(admission, callback_manager)
    return admission


async def arecord(gate: Gate, admission: Admission, callback_manager: CallbackManager | None) -> Admission:
    """As `record`; a slow log does not hold up the event loop."""
    admission = await gate.arelease(admission, framework=_FRAMEWORK)
    _show(admission, callback_manager)
    return admission


def _show(admission: Admission, callback_manager: CallbackManager | None) -> None:
    log_dropped(admission)
    content: dict[str, Any] = {**admission.to_dict()}
    try:
        _dispatcher.event(HeadgateAdmissionEvent(record=content))
        if callback_manager is not None and callback_manager.handlers:
            # The older events know no gate; a reranker, too, says which nodes go on.
            event_id = callback_manager.on_event_start(CBEventType.RERANKING, {EventPayload.MODEL_NAME: "headgate"})
            payload: dict[str, Any] = {EventPayload.ADDITIONAL_KWARGS: {EVENT_NAME: content}}
            callback_manager.on_event_end(CBEventType.RERANKING, payload, event_id=event_id)
    except Exception:  # noqa: BLE001 - whatever a handler does, the admission stands
        _log.warning("a trace handler failed; the admission %s stands", admission.id, exc_info=True)
