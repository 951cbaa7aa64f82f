"""Where decisions are shown and kept: the decision log, OpenTelemetry, sinks."""

from headgate.trace.log import SCHEMA, DecisionLog, log_record
from headgate.trace.reading import LogEntry, read_log
from headgate.trace.sinks import Background, Sink

__all__ = ["SCHEMA", "Background", "DecisionLog", "LogEntry", "Sink", "log_record", "read_log"]
