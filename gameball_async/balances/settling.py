"""
Settles the rows in doubt of an adjustments run, from the balances before the run and after it.

The balances after it are asked for twice, `rest` seconds apart. What that shows of each row is written to a file
beside the journal, then noted in the journal. Rows that were not applied can be sent again, as a retry with its
own journal and its own balances from before, whose rows in doubt are settled in the same way.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from attrs import define, field

from ..errors import ConfigurationError, JournalError
from ..journal.account import in_doubt, recorded_of
from ..journal.folding import settled_reason
from ..journal.journal import read_journal
from ..journal.results import read_items
from ..journal.retry import later_of, next_retry
from ..journal.settle import settle
from ..journal.state import Resumable
from ..rows.named import NamedRows
from ..rows.outcome import RowOutcome
from ..rows.replacing import write_csv
from .plan import BALANCE_FIELD, as_number
from .setting import REST, Drive, finish
from .snapshot import Balances, look, read_snapshot, snapshot_beside, write_snapshot
from .verdicts import Concluded, Verdict, conclude, doubtful

if TYPE_CHECKING:
    from ..client import GameballClient

DEPTH = 10
"""Retries of retries that are made in one go, at most."""
_NOT_APPLIED = settled_reason("balances", "not applied")


@define
class Settlement:
    """
    What was concluded about rows in doubt.

    Attributes:
        verdicts: how many rows have each.
        sent_again: rows that were sent again, and succeeded.
        reasons: why rows stay in doubt, and how many.
        reports: files with what was seen and concluded for each row.
        journals: those that still have rows in doubt, or not sent again.
    """

    verdicts: Counter[Verdict] = field(factory=Counter)
    sent_again: int = 0
    reasons: Counter[str] = field(factory=Counter)
    reports: list[str] = field(factory=list)
    journals: list[str] = field(factory=list)


async def settle_by_balances(
    client: GameballClient,
    journal: str | os.PathLike[str],
    *,
    before: str | os.PathLike[str] | None = None,
    send: bool = False,
    balance: str = BALANCE_FIELD,
    rest: float = REST,
    only_copy: bool = False,
    drive: Drive = finish,
) -> Settlement:
    """
    Settle the rows in doubt of a finished run of balance adjustments.

    Args:
        client: an open client of the account of the run.
        journal: the file that the run wrote.
        before: the balances before the run: see `read_snapshot`; by default the file that
            ``import --snapshot`` wrote beside the journal.
        send: send rows again that were not applied.
        balance: the field of Gameball's answer that is the balance.
        rest: seconds between the two looks.
        only_copy: as in `GameballClient.resume`.
        drive: reads each run to its end; for programs that show its progress.

    Raises:
        JournalError: the journal cannot be read, or its run has not finished.
        ConfigurationError: it is of another kind, or there are no balances from before.
        InputError: the file of balances cannot be read.
    """
    settling = _Settling(client, balance, rest, drive, send=send, only_copy=only_copy)
    name = os.fspath(journal)
    given = snapshot_beside(name) if before is None else os.fspath(before)
    if not await anyio.Path(given).exists():
        raise ConfigurationError(
            f"there are no balances from before the run ({given} does not exist): name a file of them with "
            "--before. If you do not have them, look up the customers in the dashboard, and use `gameball-async "
            "settle`"
        )
    await settling.one(name, given, DEPTH)
    return settling.found


@define
class _Settling:
    client: GameballClient
    balance: str
    rest: float
    drive: Drive
    send: bool
    only_copy: bool
    found: Settlement = field(factory=Settlement)

    async def one(self, journal: str, before: str, depth: int) -> None:
        """Settle one journal, then those of the retries that are made of it."""
        recorded = await anyio.to_thread.run_sync(_finished, journal)
        await self._settle(journal, recorded, before)
        if self.send and depth:
            await self._send(journal)
            recorded = await anyio.to_thread.run_sync(read_journal, journal)
            for later in later_of(recorded, journal):
                await self._later(later.journal, depth)
        recorded = await anyio.to_thread.run_sync(read_journal, journal)
        if _missing(recorded) or any(in_doubt(recorded, odd.row) for odd in recorded.odd):
            self.found.journals.append(journal)

    async def _later(self, journal: str, depth: int) -> None:
        """Resume a retry that was cut off, and settle what it left in doubt."""
        before = snapshot_beside(journal)
        if not (await anyio.Path(journal).exists() and await anyio.Path(before).exists()):
            return
        if not recorded_of(read_journal(journal)).report.complete:
            async with self.client.resume(journal, only_copy=self.only_copy) as run:
                await self.drive("sending rows again", run)
        await self.one(journal, before, depth - 1)
        self.found.sent_again += recorded_of(read_journal(journal)).report.succeeded

    async def _settle(self, journal: str, recorded: Resumable, before: str) -> None:
        keys = {o.row.key for o in recorded.odd if o.row.key and in_doubt(recorded, o.row)}
        if not keys:
            return
        customers = doubtful(
            read_items(journal, keys), lambda row: recorded.sent_again(row) is not None
        )
        known = read_snapshot(before, keys, name=self.balance)
        first = await self._look([*customers], "asking for the balances after the run")
        await anyio.sleep(self.rest)
        second = await self._look([*customers], "asking for the balances again")
        rows = [
            row
            for key, customer in customers.items()
            for row in conclude(key, customer, known.get(key), first.get(key), second.get(key))
        ]
        self.found.verdicts.update(row.verdict for row in rows)
        self.found.reasons.update(row.why for row in rows if row.why)
        await anyio.to_thread.run_sync(self._record, journal, rows)

    async def _look(self, keys: Sequence[str], what: str) -> Balances:
        return await look(self.client, keys, self.balance, what, self.drive)

    def _record(self, journal: str, rows: Sequence[Concluded]) -> None:
        """Write down what was concluded from what, then what that makes of the rows."""
        self.found.reports.append(_write(journal, rows))
        applied, missing = (
            NamedRows(lines={row.position: row.position for row in rows if row.verdict is verdict})
            for verdict in (Verdict.APPLIED, Verdict.NOT_APPLIED)
        )
        if applied.lines or missing.lines:
            settle(journal, applied, missing, only_copy=self.only_copy, by="balances")

    async def _send(self, journal: str) -> None:
        """Send rows again that were not applied, with the balances before noted first."""
        recorded = await anyio.to_thread.run_sync(read_journal, journal)
        rows = _missing(recorded)
        if not rows:
            return
        into = next_retry(journal, recorded)
        keys = sorted({row.key for row in rows if row.key})
        before = await self._look(keys, "asking for the balances before sending again")
        write_snapshot(snapshot_beside(into), before.items())
        positions = {row.position for row in rows}
        async with self.client.retry(
            journal, "failed", into=into, positions=positions, only_copy=self.only_copy
        ) as run:
            await self.drive("sending rows again", run)


def _missing(recorded: Resumable) -> list[RowOutcome]:
    """Rows that were settled as not applied, and not sent again."""
    rows = (odd.row for odd in recorded.odd if odd.row.reason == _NOT_APPLIED)
    return [row for row in rows if recorded.sent_again(row.position) is None]


def _finished(journal: str) -> Resumable:
    recorded = read_journal(journal, idle=True)
    kind = recorded.header.kind
    if kind != "balance-adjustments":
        raise ConfigurationError(
            f"{journal} is a journal of {kind}: only balance-adjustments can be settled from balances"
        )
    if not recorded_of(recorded).report.complete:
        raise JournalError(f"the run of {journal} has not finished: resume it first")
    return recorded


_HEAD = (
    "line", "customerId", "amount", "before", "applied otherwise", "first look", "second look",
    "concluded", "why",
)  # fmt: skip


def _write(journal: str, rows: Sequence[Concluded]) -> str:
    """The file beside the journal with what was seen and concluded for each row."""
    number = 1
    while os.path.lexists(path := f"{journal}.settled-{number}.csv"):
        number += 1
    write_csv(path, _HEAD, map(_cells, rows))
    return path


def _cells(row: Concluded) -> list[object]:
    points = (row.amount, row.before, row.certain, row.first, row.second)
    numbers = [None if each is None else as_number(each) for each in points]
    return [row.position, row.key, *numbers, row.verdict.value, row.why]
