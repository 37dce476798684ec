"""
A run's plan on the disk: one SQLite file with a line for each row of the input, and the step that comes next.

Each step is done once: what its journal says is taken in, and the step after it is noted, in one
transaction. The file is locked for as long as it is open; another process is refused.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from threading import Lock
from typing import Any

import orjson
from attrs import asdict, field, frozen

from ..errors import JournalError
from ..rows.closing import Closing
from .plan import BALANCE_FIELD, Fate

PLAN = "plan.db"
FORMAT = 1
_TABLES = """
CREATE TABLE note (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE customer (
  line INTEGER PRIMARY KEY, id TEXT, target INTEGER, fate TEXT NOT NULL, why TEXT NOT NULL DEFAULT '',
  start INTEGER, pending INTEGER NOT NULL DEFAULT 0,      -- the balance when it was first asked for
  before INTEGER, amount INTEGER, answer TEXT,            -- of the last adjustment
  first INTEGER, second INTEGER, last INTEGER,            -- the looks after it, and the last balance seen
  tries INTEGER NOT NULL DEFAULT 0, applied INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX each_once ON customer (id) WHERE fate <> 'rejected';
"""


class Step(Enum):
    """What comes next."""

    READ = "read the rows"
    ASK = "ask for the balances"
    SEND = "send adjustments"
    LOOK = "look at the balances"
    AGAIN = "look again"
    DONE = "nothing"


@frozen
class Stage:
    """
    How far a run has come.

    Attributes:
        step: what comes next.
        round: in which round of adjustments, from 1; 0 before the first.
        looked: when the first look of the round was over, in seconds of the wall clock; 0 before.
    """

    step: Step
    round: int = 0
    looked: float = 0.0


@frozen
class Header:
    """
    What a run is, so that another cannot be taken for it.

    Attributes:
        account: identifies the account, the address and the version, and reveals nothing else.
        source: a digest of the input and how it is read; empty where the rows come from a program.
        max_change: by how many units one customer's balance may change; None for any.
        only_up: no adjustment may take points away.
        balance: name of the field that is the balance.
        run: identifies this run; part of the reason of each adjustment.
        format: of the file.
    """

    account: str
    source: str = ""
    max_change: int | None = None
    only_up: bool = False
    balance: str = BALANCE_FIELD
    run: str = field(factory=lambda: os.urandom(4).hex(), eq=False)
    format: int = FORMAT

    def check(self, other: Header) -> None:
        """
        Make sure that *other*, the current run, is this one.

        Raises:
            JournalError: it is not; the message names what differs.
        """
        bounds = "--max-change or --only-up differs"
        differs = {
            "format": "another version of gameball_async wrote it",
            "account": "the account, the base URL or the API version differs",
            "source": "its input has changed, or is read with other options",
            "max_change": bounds,
            "only_up": bounds,
            "balance": f"its balance field is {self.balance}",
        }
        for name, what in differs.items():
            if getattr(self, name) != getattr(other, name):
                raise JournalError(
                    f"the folder belongs to another run: {what}. Use the file and options that it began with, or "
                    "name another folder with --state"
                )


class Store(Closing):
    """
    The plan of a run, open and locked; made where there is none. A context manager.

    Args:
        folder: where it is. It and the plan are made readable for their owner only.
        header: of the current run; None accepts any.

    Attributes:
        folder: the same.
        header: of the run that it belongs to.

    Raises:
        JournalError: it belongs to another run, another process is using it, or the disk refuses.
    """

    def __init__(self, folder: str | os.PathLike[str], header: Header | None) -> None:
        self.folder: Path = Path(folder)
        self._reading = Lock()  # a page may be read in a thread that nobody waits for any more
        path = self.folder / PLAN
        if header is None and not path.exists():
            raise JournalError(
                f"{folder} does not exist, or has no plan of balances: make one first with "
                "plan_balances"
            )
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # the folder may be open to all
            self._base = sqlite3.connect(
                path, timeout=0, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise refused(path, error) from None
        try:
            self.header: Header = self._begin(header)
        except BaseException as error:
            self._base.close()
            if isinstance(error, sqlite3.Error):
                raise refused(path, error) from None
            raise

    def _begin(self, header: Header | None) -> Header:
        self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._base.execute("PRAGMA synchronous = FULL")
        with self.change():
            if not self._base.execute("SELECT 1 FROM sqlite_master").fetchone():
                if header is None:
                    raise JournalError(
                        f"{self.folder} has no plan of balances yet: make one first with plan_balances"
                    )
                for statement in _TABLES.split(";"):
                    self._base.execute(statement)
                self.note("header", asdict(header))
                self.advance(Stage(Step.READ))
        known = Header(**self.noted("header"))
        if header is not None:
            known.check(header)
        return known

    def close(self) -> None:
        """Let the file go."""
        with self._reading:
            self._base.close()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Cursor]:
        """A transaction: all of it survives whatever comes, or none of it."""
        cursor = self._base.cursor()
        try:
            cursor.execute("BEGIN EXCLUSIVE")
            yield cursor
            cursor.execute("COMMIT")
        except BaseException as error:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise refused(self.folder / PLAN, error) from None
            raise

    # -- what is noted beside the rows

    def note(self, name: str, value: object) -> None:
        """Note something, within a `change`."""
        self._base.execute("REPLACE INTO note VALUES (?, ?)", (name, orjson.dumps(value)))

    def noted(self, name: str) -> dict[str, Any]:
        """What was noted."""
        (value,) = self._base.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
        found: dict[str, Any] = orjson.loads(value)
        return found

    def advance(self, stage: Stage) -> None:
        """Note what comes next, within a `change`."""
        self.note("stage", {**asdict(stage), "step": stage.step.value})

    @property
    def stage(self) -> Stage:
        """What comes next."""
        found = self.noted("stage")
        return Stage(Step(found["step"]), found["round"], found["looked"])

    @property
    def journal(self) -> Path:
        """The journal of the step that comes next; it may not be there yet."""
        stage = self.stage
        return self.folder / f"{stage.round:02}-{stage.step.name.lower()}.gbjournal"

    # -- rows

    def add(self, line: int, key: str | None, target: int | None, why: str = "") -> None:
        """
        Take in a row, within a `change`; one that has a fault, or names a customer again, is rejected.

        Args:
            line: where it stands in the input.
            key: the customer's id.
            target: the balance that it is to have, in units; None for a row with a fault.
            why: what the fault is.
        """
        add = "INSERT OR IGNORE INTO customer (line, id, target, fate, why) VALUES (?, ?, ?, ?, ?)"
        fate = (Fate.REJECTED if target is None else Fate.ASKED).value
        if self._base.execute(add, (line, key, target, fate, why)).rowcount:
            return
        find = "SELECT line FROM customer WHERE id = ? AND fate <> 'rejected'"
        found = self._base.execute(find, (key,)).fetchone()
        if found is None:
            raise JournalError(f"two rows have the position {line}: give each row a different one")
        why = f"row {found[0]} already has this customer: remove one of the two"
        self._base.execute(add, (line, key, target, Fate.REJECTED.value, why))

    def count(self, *fates: Fate) -> int:
        """How many rows stand so."""
        marks = ", ".join("?" * len(fates))
        query = f"SELECT count(*) FROM customer WHERE fate IN ({marks})"  # noqa: S608 - marks only
        return int(self._base.execute(query, [each.value for each in fates]).fetchone()[0])

    def pages(self, columns: str, fate: Fate, most: int = 500) -> Iterator[list[tuple[Any, ...]]]:
        """The rows that stand so, page by page, in order of their lines, the first of *columns*."""
        query = f"SELECT {columns} FROM customer WHERE line > ? AND fate = ? ORDER BY line LIMIT ?"  # noqa: S608 - ours
        after = -1
        while True:
            with self._reading:
                page = self._base.execute(query, (after, fate.value, most)).fetchall()
            if not page:
                return
            yield page
            after = page[-1][0]

    def each(self, columns: str) -> Iterator[tuple[Any, ...]]:
        """All rows, read as they are asked for, in the order of their lines."""
        return iter(self._base.execute(f"SELECT {columns} FROM customer ORDER BY line"))  # noqa: S608 - ours


def refused(path: Path, error: Exception) -> JournalError:
    """The error for a file that cannot be used."""
    if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
        return JournalError(
            f"another process is using {path}: wait for it to end, or stop it, first"
        )
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
        return JournalError(
            f"{path} is damaged, or is not a plan of balances ({error}): when the jobs of its run have ended, name "
            "another folder with --state"
        )
    return JournalError(
        f"{path} cannot be written ({error}): free space on the disk, or make the folder writable, then try again"
    )
