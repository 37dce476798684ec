"""
Sets customers to a balance: asks, sends the differences, asks again; each step is journalled, and done once.

The folder of a run has its plan and a journal for each step. After any interruption, the same call continues
where it stopped. A customer's second adjustment is sent only after a look that came after the first one's job
had ended. If no job is known, it is sent only after two looks, `rest` seconds apart, that both show the balance
from before.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import orjson
from attrs import evolve

from ..api.kinds import TARGETS, KindName
from ..errors import ConfigurationError
from ..rows.check import preparer
from ..rows.feed import Feed
from ..rows.given import Rows, rows_of
from ..rows.row import BadRow, Blocks, Row
from .plan import BALANCE_FIELD, Fate, Report, Summary, as_number, in_units
from .store import Header, Stage, Step, Store
from .taking import (
    begin_again,
    report_of,
    summary_of,
    take_answers,
    take_balances,
    take_look,
    write_report,
)

if TYPE_CHECKING:
    from ..bulk.bulk import Bulk
    from ..client import GameballClient

REST = 60.0
"""Seconds between the two looks at an account that show whether it is at rest."""
OPEN_JOBS = 128
"""Jobs that a step keeps open at once, at most: the answers to as many inquiries are in memory."""

Drive = Callable[[str, "Bulk"], Awaitable[object]]
"""Reads an open run to its end; its first argument describes the run in words."""


async def finish(what: str, run: Bulk) -> None:
    """Read a run to its end, and show nothing of it."""
    await run.finish()


async def plan_balances(
    client: GameballClient,
    rows: Rows,
    folder: str | os.PathLike[str],
    *,
    max_change: float | None = None,
    only_up: bool = False,
    balance: str = BALANCE_FIELD,
    source: str = "",
    ids_from_numbers: bool = False,
    drive: Drive = finish,
) -> Summary:
    """
    Ask for the balances of all customers, and decide what each needs. Nothing is changed at Gameball.

    What each row needs is in ``report.csv`` in the folder.

    Called again with the same folder, it continues where it stopped; if the plan is complete, nothing is asked.

    Args:
        client: an open client.
        rows: any sync or async iterable of mappings (or `BalanceTarget`) with ``customerId`` and
            ``balance``, or a table with such columns; read lazily. A customer's second row is rejected.
        folder: where the plan and the journals are kept; created if it does not exist.
        max_change: skip customers whose balance would change by more points.
        only_up: skip customers whose balance would go down.
        balance: the field of Gameball's answer that is the balance.
        source: identifies the input, so that a changed one is refused when the plan is continued.
        ids_from_numbers: take whole numbers as ids.
        drive: reads each run to its end; for programs that show its progress.

    Raises:
        JournalError: the folder belongs to another run, or another process is using it.
        ConfigurationError: *max_change* is not a number of points.
    """
    most = None if max_change is None else in_units(max_change)
    if max_change is not None and (most is None or most < 0):
        raise ConfigurationError(
            f"max_change is {max_change}: pass points, 0 or more (--max-change)"
        )
    header = Header(_whose(client), source, most, only_up, balance)
    with await anyio.to_thread.run_sync(Store, folder, header) as store:
        if store.stage.step is Step.READ:
            await _read(store, rows, ids_from_numbers=ids_from_numbers)
        if store.stage.step is Step.ASK:
            await _step(client, store, drive)
            await anyio.to_thread.run_sync(write_report, store)
        return summary_of(store)


async def apply_plan(
    client: GameballClient,
    folder: str | os.PathLike[str],
    *,
    rest: float = REST,
    drive: Drive = finish,
) -> Report:
    """
    Send what `plan_balances` found to be missing, ask again, and repeat until every customer's fate is known.

    Called again with the same folder, it continues where it stopped. If the run is finished, customers that
    were left in doubt are checked again; otherwise nothing is sent.

    Args:
        client: an open client of the same account.
        folder: where the plan is.
        rest: seconds between the two looks at a customer whose balance is not where its adjustment would
            leave it. Longer than Gameball may take to carry out a job whose number was lost.
        drive: as in `plan_balances`.

    Raises:
        JournalError: there is no complete plan, it belongs to another account, or another process holds it.
        GameballError: what stopped a step early; call it again to continue.
    """
    with await anyio.to_thread.run_sync(Store, folder, None) as store:
        store.header.check(evolve(store.header, account=_whose(client)))
        if store.stage.step in (Step.READ, Step.ASK):
            raise ConfigurationError(
                f"{folder} has no complete plan: make one first with plan_balances"
            )
        begin_again(store)
        while store.stage.step is not Step.DONE:
            if store.stage.step is Step.AGAIN and store.count(Fate.SENT):
                elapsed = time.time() - store.stage.looked
                await anyio.sleep(min(rest, max(0.0, rest - elapsed)))
            await _step(client, store, drive)
        await anyio.to_thread.run_sync(write_report, store)
        return report_of(store)


async def set_balances(
    client: GameballClient,
    rows: Rows,
    folder: str | os.PathLike[str],
    *,
    rest: float = REST,
    **plan: Any,
) -> Report:
    """
    Set customers to a balance without confirmation: `plan_balances`, then `apply_plan`.

    Args:
        client: an open client.
        rows: as in `plan_balances`.
        folder: the same.
        rest: as in `apply_plan`.
        plan: the other arguments of `plan_balances`.
    """
    await plan_balances(client, rows, folder, **plan)
    return await apply_plan(client, folder, rest=rest)


async def _read(store: Store, rows: Rows, *, ids_from_numbers: bool) -> None:
    """Take in all rows, or none."""
    prepare = preparer(TARGETS, ids_from_numbers=ids_from_numbers)
    feed = Feed(rows_of(rows, TARGETS, ids_from_numbers=ids_from_numbers), prepare)
    try:
        with store.change():
            while batch := await feed.batch():
                for row in batch:
                    if isinstance(row, BadRow):
                        store.add(row.position, row.key, None, "; ".join(map(str, row.faults)))
                        continue
                    target = in_units(orjson.loads(row.payload)["balance"])
                    why = "" if target is not None else "balance: is too large"
                    store.add(row.position, row.key, target, why)
            store.advance(Stage(Step.ASK))
    finally:
        await feed.aclose()


async def _step(client: GameballClient, store: Store, drive: Drive) -> None:
    """Do the next step, and take in what its journal says."""
    fate, kind, what, take = _STEPS[store.stage.step]
    journal = store.journal
    rows = _Customers(store, fate, f"balances set {store.header.run}")
    if not store.count(fate):
        await anyio.to_thread.run_sync(take, store, None)
        return
    if journal.exists():
        run = client.resume(journal, rows, open_jobs=OPEN_JOBS)
    else:
        run = client.bulk(kind, rows, journal=journal, open_jobs=OPEN_JOBS)
    async with run:
        await drive(what, run)
        if not run.report.complete:  # it was left early, without an error
            raise ConfigurationError(
                f"{what}: the run stopped before its end. Run it again to continue"
            )
    await anyio.to_thread.run_sync(take, store, journal)


_Take = Callable[[Store, Path | None], None]
_STEPS: dict[Step, tuple[Fate, KindName, str, _Take]] = {
    Step.ASK: (Fate.ASKED, "balance-inquiries", "asking for the balances", take_balances),
    Step.SEND: (Fate.PLANNED, "balance-adjustments", "sending adjustments", take_answers),
    Step.LOOK: (Fate.SENT, "balance-inquiries", "asking for the balances again", take_look),
    Step.AGAIN: (Fate.SENT, "balance-inquiries", "asking a last time", take_look),
}


class _Customers(Blocks):
    """The items of a step, in the order of their lines: inquiries, or adjustments where they are planned."""

    def __init__(self, store: Store, fate: Fate, reason: str) -> None:
        self._pages = store.pages("line, id, amount", fate)
        self._adjusts = fate is Fate.PLANNED
        self._reason = reason

    def block(self) -> list[Row | BadRow]:
        """The next ones."""
        page = next(self._pages, ())
        if not self._adjusts:
            return [Row(line, {"customerId": key}) for line, key, _ in page]
        return [
            Row(line, {"customerId": key, "amount": as_number(amount), "reason": self._reason})
            for line, key, amount in page
        ]

    def close(self) -> None:
        """Nothing is open."""


def _whose(client: GameballClient) -> str:
    """Identifies the account, the address and the version of the API, without revealing the keys."""
    account = client.account
    return f"{account.fingerprint} {account.origin} {account.version}"
