"""The kernel of work on whole corpora: rows in, rows out, on whichever engine.

A kernel is a small object that can be pickled: it is made once, where the job is planned, and goes to every worker,
where it loads what it names (a policy, a key, a glossary) once a process. It is called with a `pyarrow.RecordBatch`, or
a `pyarrow.Table`, and returns one. Each row is worked on by itself, so it does not matter how rows are divided into
batches.
"""

from headgate.corpus.kernel.calling import Kernel
from headgate.corpus.kernel.judging import JUDGED, SUPERSESSION, JudgeRows, superseded_rows

__all__ = ["JUDGED", "SUPERSESSION", "JudgeRows", "Kernel", "superseded_rows"]
