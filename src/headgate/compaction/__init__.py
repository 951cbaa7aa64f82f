"""Decision logs as tables: Parquet by day, written once, asked by SQL. docs/log-tables.md has the columns."""

from headgate.compaction.compacting import Compaction, compact_log
from headgate.compaction.reading import CompactedLog, is_compacted

__all__ = ["CompactedLog", "Compaction", "compact_log", "is_compacted"]
