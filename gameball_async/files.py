"""
Rows of files, tables and queries, ready for `GameballClient.bulk`: uploads, exports, data frames.

`check_rows` checks a file before it is sent. `journal_rows` reads the outcomes of the rows of one
journal, `recorded_rows` also those of later retries, and `RejectsFile` writes the rows that did not
succeed as they were in their file.
"""

from __future__ import annotations

from .audit.check import Checked, check_rows
from .audit.findings import AmountSummary, Finding, Place
from .journal.journal import read_rows as journal_rows
from .journal.results import journals_of, recorded_rows
from .rows.arrow_stream import TableRows, table_rows
from .rows.file_rows import FileRows
from .rows.files import open_rows
from .rows.rejects import RejectsFile
from .rows.sql import query_rows

__all__ = [
    "AmountSummary", "Checked", "FileRows", "Finding", "Place", "RejectsFile", "TableRows",
    "check_rows", "journal_rows", "journals_of", "open_rows", "query_rows", "recorded_rows",
    "table_rows",
]  # fmt: skip
