"""
Rows of files, tables and queries, opened as `GameballClient.bulk` takes them: uploads, exports, frames.

`check_rows` checks a file before it is sent.
"""

from __future__ import annotations

from .audit.check import Checked, check_rows
from .audit.findings import AmountSummary, Finding, Place
from .rows.arrow_stream import TableRows, table_rows
from .rows.files import FileRows, open_rows
from .rows.sql import query_rows

__all__ = [
    "AmountSummary",
    "Checked",
    "FileRows",
    "Finding",
    "Place",
    "TableRows",
    "check_rows",
    "open_rows",
    "query_rows",
    "table_rows",
]
