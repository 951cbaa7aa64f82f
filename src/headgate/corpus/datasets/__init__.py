"""Data sets of any size: worked on in fragments by several processes, each committed alone, continued after a kill."""

from headgate.corpus.datasets.fragments import Dataset, Fragment, find_fragments
from headgate.corpus.datasets.ledger import read_ledger, verify_parts
from headgate.corpus.datasets.listing import ListedRows, opened_listing, publish_rows
from headgate.corpus.datasets.parts import Failure, Part
from headgate.corpus.datasets.running import Begun, Outcome, begun_in, run
from headgate.corpus.datasets.summary import Summary, quantile
from headgate.corpus.datasets.superseding import find_superseded_rows, require_duckdb

__all__ = [
    "Begun",
    "Dataset",
    "Failure",
    "Fragment",
    "ListedRows",
    "Outcome",
    "Part",
    "Summary",
    "begun_in",
    "find_fragments",
    "find_superseded_rows",
    "opened_listing",
    "publish_rows",
    "quantile",
    "read_ledger",
    "require_duckdb",
    "run",
    "verify_parts",
]
