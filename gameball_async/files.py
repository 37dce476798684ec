"""Rows of CSV and JSONL files, opened as `GameballClient.bulk` takes them: uploads, exports."""

from __future__ import annotations

from .rows.files import FileRows, open_rows

__all__ = ["FileRows", "open_rows"]
