"""
What loads of dlt leave behind: for each load file a journal, and the file itself while rows of it need it.

A load file has one journal, named without the counter of dlt's retries, so that each retry continues where the
one before it stopped. Both lie in a folder of their load.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from attrs import frozen

from ...journal.account import Recorded, recorded_of
from ...journal.journal import read_header, read_journal
from ...journal.results import journals_of, recorded_rows
from ...rows.cells import read_json
from ...rows.dialect import Reading
from ...rows.files import open_source
from ...rows.outcome import Outcome, RowOutcome
from ...rows.source import Source

SUFFIX = ".gbjournal"


def open_load_file(path: str | os.PathLike[str]) -> Source:
    """
    Open a load file: JSON lines, packed or not, or Parquet.

    Raises:
        InputError: it cannot be read.
        ConfigurationError: it is a Parquet file, and pyarrow is not installed.
    """
    form = "parquet" if ".parquet" in os.path.basename(path) else "jsonl"
    return open_source(path, Reading(format=form))


@frozen
class LoadFile:
    """
    One load file of dlt's, and what is kept of it.

    Attributes:
        folder: of its load.
        name: without the counter of retries, such as ``orders.1f2e3d.jsonl.gz``.
    """

    folder: Path
    name: str

    @property
    def table(self) -> str:
        """The table that it belongs to."""
        return self.name.partition(".")[0]

    @property
    def journal(self) -> Path:
        """The journal of its run."""
        return self.folder / f"{self.name}{SUFFIX}"

    @property
    def kept(self) -> Path:
        """The file itself, under a name that stays."""
        return self.folder / self.name

    def keep(self, path: str | os.PathLike[str]) -> None:
        """Keep the file that dlt has at *path* now: dlt moves it, and may delete it."""
        if self.kept.exists():
            return
        try:
            os.link(path, self.kept)
        except OSError:  # another disk, or one without links
            half = self.kept.with_name(f"{self.name}.part")
            shutil.copyfile(path, half)
            os.replace(half, self.kept)

    def accounts(self) -> Iterator[tuple[Path, Recorded]]:
        """What its journal says, and then those of its retries."""
        retries = sorted(self.folder.glob(f"{self.name}{SUFFIX}.retry-*"))
        for journal in (self.journal, *(each for each in retries if ".gbrun-" not in each.name)):
            yield journal, recorded_of(read_journal(journal))

    def outcomes(self) -> Iterator[dict[str, Any]]:
        """Each row that the journal knows, with the record itself where it did not succeed."""
        kind = read_header(self.journal).kind
        others: dict[int, RowOutcome] = {}
        for row in recorded_rows(journals_of(str(self.journal))):
            if row.outcome is Outcome.SUCCEEDED:
                yield self._line(kind, row, None)
            else:
                others[row.position] = row
        for position, record in self._records(others):
            yield self._line(kind, others.pop(position), record)
        for row in others.values():
            yield self._line(kind, row, None)

    def _records(self, wanted: Collection[int]) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """The rows at some positions, as they stand in the file, without what dlt has added."""
        if not wanted or not self.kept.exists():
            return
        names: list[str] = []
        with closing(open_load_file(self.kept)) as source:
            for record in source.records():
                if record.cells is not None and not record.line:
                    names = record.cells
                elif record.line in wanted:
                    found: Any = read_json(record.text) if record.cells is None else None
                    row = found or dict(zip(names, record.cells or (), strict=True))
                    yield record.line, {n: v for n, v in row.items() if not n.startswith("_dlt_")}

    def _line(self, kind: str, row: RowOutcome, record: Mapping[str, Any] | None) -> dict[str, Any]:
        reason = row.reason
        return {
            "load_id": self.folder.name,
            "file": self.name,
            "line": row.position,
            "table_name": self.table,
            "kind": kind,
            "key": row.key,
            "outcome": row.outcome.value,
            "code": None if reason is None else reason.code,
            "field": None if reason is None else reason.field or None,
            "reason": None if reason is None else reason.text,
            "job": row.job_id,
            "chunk": row.chunk,
            "record": record,
        }


@frozen
class Loads:
    """
    The folders of a pipeline's loads.

    Attributes:
        folder: which holds them.
    """

    folder: Path

    @classmethod
    def of(cls, working_dir: str, journals: str | None) -> Loads:
        """Those of the pipeline in *working_dir*; within *journals* where that is given."""
        if journals is None:
            return cls(Path(working_dir) / "gameball")
        return cls(Path(journals) / Path(working_dir).name)

    def begin(self, load_id: str) -> None:
        """Make the folder of a load, which only its owner can read."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / load_id).mkdir(mode=0o700, exist_ok=True)

    def files(self, load_id: str) -> list[LoadFile]:
        """The files of a load that have a journal."""
        found = sorted((self.folder / load_id).glob(f"*{SUFFIX}"))
        return [LoadFile(each.parent, each.name.removesuffix(SUFFIX)) for each in found]

    def ids(self) -> list[str]:
        """The loads that have a folder, the oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(each.name for each in self.folder.iterdir() if each.is_dir())
