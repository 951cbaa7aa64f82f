"""The decision record, and where it goes: the log, OpenTelemetry, sinks, receipts."""

from headgate.record.log import SCHEMA, DecisionLog, log_record
from headgate.record.reading import LogEntry, read_log
from headgate.record.sinks import Background, Sink

__all__ = ["SCHEMA", "Background", "DecisionLog", "LogEntry", "Sink", "log_record", "read_log"]
