"""OpenTelemetry for the tests: one provider of each kind per process, which is as many as it takes."""

from __future__ import annotations

from functools import partial

from opentelemetry import metrics, trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

SPANS = InMemorySpanExporter()
LOGS = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
READER = InMemoryMetricReader()
PROVIDER = TracerProvider()
PROVIDER.add_span_processor(SimpleSpanProcessor(SPANS))
_LOG_PROVIDER = LoggerProvider()
_LOG_PROVIDER.add_log_record_processor(SimpleLogRecordProcessor(LOGS))
_PENDING = [
    partial(trace.set_tracer_provider, PROVIDER),
    partial(set_logger_provider, _LOG_PROVIDER),
    partial(metrics.set_meter_provider, MeterProvider([READER])),
]


def begin() -> None:
    """Install the providers, if that has not been done, and forget what they have been told."""
    while _PENDING:
        _PENDING.pop()()
    SPANS.clear()
    LOGS.clear()


def private_provider() -> tuple[TracerProvider, InMemorySpanExporter]:
    """A provider that is not the application's, as some tracers bring, and what it was told."""
    provider, spans = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return provider, spans


def of_gate(exporter: InMemorySpanExporter = SPANS) -> list[ReadableSpan]:
    """The spans of admissions."""
    return [span for span in exporter.get_finished_spans() if span.name.startswith("headgate")]


def ancestors(span: ReadableSpan, exporter: InMemorySpanExporter = SPANS) -> list[str]:
    """The names of a span's parent, of its parent's parent, and so on."""
    by_id = {other.context.span_id: other for other in exporter.get_finished_spans() if other.context}
    names = []
    while span.parent is not None:
        span = by_id[span.parent.span_id]
        names.append(span.name)
    return names
