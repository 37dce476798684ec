"""
The results file: every row of a run with its outcome, and what Gameball answered for it.

Rows are written as they are settled, so in no order; ``line`` says which row of the input each is.
CSV: a column for each field that Gameball documents for the kind, and one named ``result`` for all
others, as JSON. JSONL: the answer's entry under ``result``. What an entry says of the row's id and
of the reason of a refusal is in ``key``, ``code`` and ``reason``.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Mapping

from ..api.jobs import PLAIN_FIELDS
from ..api.kinds import Kind
from .cells import neutralised
from .closing import Closing
from .outcome import RowOutcome
from .rejects import reason_text
from .replacing import Replacement, refuse_unfit

_COLUMNS = ("line", "key", "outcome", "code", "reason")
_DOCUMENTED: Mapping[str, tuple[str, ...]] = {
    "balance-inquiries": (
        "totalPointsBalance", "totalPointsValue", "availablePointsBalance", "availablePointsValue",
        "pendingPoints", "pendingPointsValue", "currency", "pointsName", "nextExpiringPointsAmount",
        "nextExpiringPointsValue", "nextExpiringPointsDate", "totalEarnedPoints",
    ),
    "order-transactions": ("count", "transactions"),
}  # fmt: skip


class ResultsFile(Closing):
    """
    Takes the rows of a run as they are settled, and writes the results file.

    A context manager: leaving it drops what was collected; only :meth:`write` puts it in place.

    Arguments:
        path: where to write, ``.csv`` or ``.jsonl``. A file that is there is replaced, when the new
            one is complete.
        kind: of the rows.

    Raises:
        ConfigurationError: *path* cannot be written to.
    """

    def __init__(self, path: str | os.PathLike[str], kind: Kind) -> None:
        self.path: str = os.fspath(path)
        refuse_unfit(self.path)
        self._documented = _DOCUMENTED.get(kind.name, ())
        self._rows = 0
        self._new = Replacement(self.path)
        self._csv = None
        if self.path.lower().endswith(".csv"):
            self._csv = csv.writer(self._new.out, lineterminator="\r\n")
            self._csv.writerow([*_COLUMNS, *self._documented, "result"])

    def close(self) -> None:
        """Drop what was collected, unless it was written. Safe to call twice."""
        self._new.drop()

    def write(self) -> int:
        """Put the file in place of an earlier one, and return how many rows it has."""
        self._new.put_in_place()
        return self._rows

    def add(self, outcomes: Iterable[RowOutcome]) -> None:
        """Write down rows, each of which comes once."""
        for row in outcomes:
            result = {n: value for n, value in (row.result or {}).items() if n not in PLAIN_FIELDS}
            code = None if row.reason is None else row.reason.code
            told = (row.position, row.key, row.outcome.value, code, reason_text(row.reason))
            if self._csv is None:
                members = {**dict(zip(_COLUMNS, told, strict=True)), "result": result or None}
                self._new.out.write(json.dumps(members, ensure_ascii=False) + "\n")
            else:
                fields = [result.pop(name, None) for name in self._documented]
                self._csv.writerow(map(_cell, (*told, *fields, result or None)))
            self._rows += 1


def _cell(value: object) -> str:
    """A value as a cell that no spreadsheet runs as a formula; lists and objects as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return neutralised(value)
    return json.dumps(value, ensure_ascii=False)
