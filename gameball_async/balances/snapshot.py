"""Balances of customers at one time: asked for, and kept in a file that a later settlement reads."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import AsyncIterable, Container, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio.to_thread

from ..errors import InputError
from ..journal.journal import read_rows
from ..rows.cells import restored
from ..rows.replacing import refuse_unfit, write_csv
from .plan import BALANCE_FIELD, Planned, answered, as_number, in_units
from .setting import Drive, finish

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ..client import GameballClient

Keys = Iterable[str] | AsyncIterable[str]
Balances = dict[str, int | None]
_KEYS = ("customerId", "key")


def snapshot_beside(journal: str | os.PathLike[str]) -> str:
    """The file of balances from before the run of a journal."""
    return f"{os.fspath(journal)}.before.csv"


async def look(client: GameballClient, keys: Keys, name: str, what: str, drive: Drive) -> Balances:
    """
    Ask for the balances of some customers, in units; None where there is none, or where two answers differ.

    Args:
        client: an open client.
        keys: the customers.
        name: of the field that is the balance.
        what: what that is for, in words.
        drive: reads the run to its end; for programs that show its progress.
    """
    async with _asked(client, keys, what, drive) as journal:
        return await anyio.to_thread.run_sync(lambda: _each_once(_answers(journal, name)))


async def take_snapshot(
    client: GameballClient,
    keys: Keys,
    path: str | os.PathLike[str],
    *,
    name: str = BALANCE_FIELD,
    drive: Drive = finish,
) -> None:
    """
    Ask for the balances of customers, and write them to a file, for `settle_by_balances`.

    Args:
        client: an open client.
        keys: the customers, read lazily; one may come more than once.
        path: the file, CSV with the columns ``customerId`` and ``balance``; it appears whole or not at all.
        name: of the field that is the balance.
        drive: as in `look`.

    Raises:
        ConfigurationError: *path* cannot be written to.
    """
    refuse_unfit(os.fspath(path))
    what = "asking for the balances before the run"
    async with _asked(client, keys, what, drive) as journal:
        await anyio.to_thread.run_sync(lambda: write_snapshot(path, _answers(journal, name)))


@asynccontextmanager
async def _asked(client: GameballClient, keys: Keys, what: str, drive: Drive) -> AsyncIterator[str]:
    """A journal with the answers, that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="gameball-async-") as folder:
        journal = os.path.join(folder, "inquiries")
        async with client.bulk("balance-inquiries", _items(keys), journal=journal) as run:
            await drive(what, run)
        yield journal


def _items(keys: Keys) -> Iterable[dict[str, str]] | AsyncIterable[dict[str, str]]:
    if isinstance(keys, AsyncIterable):
        return ({"customerId": key} async for key in keys)
    return ({"customerId": key} for key in keys)


def _answers(journal: str, name: str) -> Iterator[tuple[str, int | None]]:
    for row in read_rows(journal):
        balance = answered(row, name)
        if row.key is not None:
            yield row.key, None if isinstance(balance, Planned) else balance


def _each_once(answers: Iterable[tuple[str, int | None]]) -> Balances:
    found: Balances = {}
    for key, balance in answers:
        found[key] = balance if found.get(key, balance) == balance else None
    return found


def write_snapshot(
    path: str | os.PathLike[str], balances: Iterable[tuple[str, int | None]]
) -> None:
    """
    Write balances to a file, which appears whole or not at all; customers without a balance are omitted.

    Raises:
        OSError: the disk refuses.
    """
    known = ((key, as_number(units)) for key, units in balances if units is not None)
    write_csv(path, ("customerId", "balance"), known)


def read_snapshot(
    path: str | os.PathLike[str], keys: Container[str], *, name: str = BALANCE_FIELD
) -> Balances:
    """
    The balances of some customers in a file: one of `take_snapshot`, or the results of an import of inquiries.

    Args:
        path: a CSV file with a column ``customerId`` or ``key``, and one ``balance`` or *name*.
        keys: the customers.
        name: see *path*.

    Raises:
        InputError: it cannot be read, or has no such columns.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            head = rows.fieldnames or ()
            key = next((each for each in _KEYS if each in head), None)
            value = next((each for each in ("balance", name) if each in head), None)
            if key is None or value is None:
                raise InputError(
                    (
                        f"has no columns customerId (or key) and balance (or {name}): rename its columns, or name "
                        "another file"
                    ),
                    path=os.fspath(path),
                    line=1,
                )
            named = ((restored(row[key] or ""), in_units(row[value])) for row in rows)
            return _each_once(pair for pair in named if pair[0] in keys)
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror}): name another file", path=os.fspath(path)
        ) from None
    except (UnicodeDecodeError, csv.Error):
        raise InputError(
            "is not CSV in UTF-8: save it as CSV in UTF-8", path=os.fspath(path)
        ) from None
