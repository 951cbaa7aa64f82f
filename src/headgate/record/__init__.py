"""The decision record, and where it goes: the log, OpenTelemetry, sinks, receipts."""

from headgate.record.log import DecisionLog
from headgate.record.reading import LogEntry, read_log, records_in
from headgate.record.schema import SCHEMA, AdmissionRecord, DecisionRecord, FindingRecord
from headgate.record.sinks import Background, Sink
from headgate.record.validating import error_codes, mend_admission, name_of, read_admission
from headgate.record.writing import log_record

__all__ = [
    "SCHEMA",
    "AdmissionRecord",
    "Background",
    "DecisionLog",
    "DecisionRecord",
    "FindingRecord",
    "LogEntry",
    "Sink",
    "error_codes",
    "log_record",
    "mend_admission",
    "name_of",
    "read_admission",
    "read_log",
    "records_in",
]
