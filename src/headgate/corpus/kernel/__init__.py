"""The kernel of work on whole corpora: rows in, rows out, on whichever engine.

A kernel is a small object that can be pickled: it is made once, where the job is planned, and goes to every worker,
where it loads what it names (a policy, a key, a glossary) once a process. It is called with a `pyarrow.RecordBatch`, or
a `pyarrow.Table`, and returns one. Each row is worked on by itself, so it does not matter how rows are divided into
batches.
"""

from headgate.corpus.kernel.calling import Kernel
from headgate.corpus.kernel.judging import JudgeRows, superseded_rows
from headgate.corpus.kernel.listing import ListRows, piece_of
from headgate.corpus.kernel.schemas import JUDGED, LISTED, SEALED, SUPERSESSION, TERMS
from headgate.corpus.kernel.sealing import SealRows
from headgate.corpus.kernel.terms import TermRows

__all__ = [
    "JUDGED",
    "LISTED",
    "SEALED",
    "SUPERSESSION",
    "TERMS",
    "JudgeRows",
    "Kernel",
    "ListRows",
    "SealRows",
    "TermRows",
    "piece_of",
    "superseded_rows",
]
