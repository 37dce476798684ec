"""Sheets of Excel workbooks (.xlsx)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from typing import Any

from attrs import evolve

from ..errors import ConfigurationError
from .dialect import Reading
from .records import AT_ONCE, Records
from .source import FileSource


class ExcelSource(FileSource):
    """The rows of one sheet, numbered as Excel numbers them. Blank rows are no records."""

    def __init__(self, path: str | os.PathLike[str], reading: Reading) -> None:
        super().__init__(path, reading)
        try:
            import python_calamine as calamine
        except ImportError:
            raise ConfigurationError(
                "reading Excel files needs python-calamine: pip install 'gameball_async[excel]'"
            ) from None
        try:
            self._book = calamine.CalamineWorkbook.from_path(self.path)
            names = self._book.sheet_names
            name = reading.sheet or names[0]
            if name not in names:
                raise self.error(
                    f"has no sheet {name!r}: pass --sheet with one of {', '.join(names)}"
                )
            self._sheet: Any = self._book.get_sheet_by_name(name)
        except (calamine.CalamineError, OSError) as error:
            raise self.error(
                f"cannot be read as xlsx ({type(error).__name__}): save it again as .xlsx or .csv"
            ) from None
        self.reading: Reading = evolve(reading, sheet=name)
        self.unit: str = f"sheet {name!r}, row"
        if reading.sheet is None and len(names) > 1:
            self.found: tuple[str, ...] = (
                f"read from {name!r}, the first of its {len(names)} sheets (--sheet)",
            )
        self._read = 0
        self._closed = False

    @property
    def share(self) -> float:
        """How much has been read, from 0 to 1."""
        rows = self._sheet.total_height
        return min(1.0, self._read / rows) if rows else 1.0

    def blocks(self) -> Iterator[Records]:
        """The header and the records in their order, many at a time; they can be read once."""
        width = 0
        rows = enumerate(self._sheet.iter_rows(), 1)
        while some := list(islice(rows, AT_ONCE)):
            self._read = some[-1][0]
            lines, records = list[int](), list[list[Any]]()
            for number, cells in some:
                own = _width(cells)
                width = width or own
                if not own:
                    continue
                if len(cells) != width or "" in cells:
                    cells = [None if cell == "" else cell for cell in cells[: max(width, own)]]
                    cells += [None] * (width - len(cells))
                lines.append(number)
                records.append(cells)
            if lines:
                yield Records(lines, records)

    def close(self) -> None:
        """Close the workbook. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self._book.close()


def _width(cells: list[Any]) -> int:
    """How many columns there are, without empty ones at the end."""
    return next((n for n in range(len(cells), 0, -1) if cells[n - 1] != ""), 0)
