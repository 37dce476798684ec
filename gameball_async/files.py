"""Rows of files, tables and queries, opened as `GameballClient.bulk` takes them: uploads, exports, frames."""

from __future__ import annotations

from .rows.arrow_stream import TableRows, table_rows
from .rows.files import FileRows, open_rows
from .rows.sql import query_rows

__all__ = ["FileRows", "TableRows", "open_rows", "query_rows", "table_rows"]
