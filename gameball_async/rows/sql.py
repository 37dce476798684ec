"""The rows of a database query, read through SQLAlchemy with a cursor on the server."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any

from ..api.kinds import Kind, KindName
from ..errors import ConfigurationError
from ..mapping.rules import ColumnMapping
from .dialect import Reading
from .file_rows import FileRows
from .files import rows_from
from .records import AT_ONCE, Records
from .source import Source
from .unknown import Unknown

if TYPE_CHECKING:
    from sqlalchemy import Engine

CLOSE_WITHIN = 5.0
"""Seconds that a query which was told to end may take to do so."""
NO_ORDER = (
    "the query has no ORDER BY: a run can be resumed only if its rows come in the same order "
    "again. Add an ORDER BY on columns that do not change"
)
_NO_CODE = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_INNER = re.compile(r"\([^()]*\)")
_ORDER = re.compile(r"\border\s+by\b", re.IGNORECASE)


def query_rows(
    database: str | Engine,
    query: str,
    kind: Kind | KindName,
    *,
    unknown: Unknown = "warn",
    mapping: ColumnMapping | None = None,
    naive_as: str = "",
) -> FileRows:
    """
    Run a query and open its rows. Its columns are named as those of a CSV file.

    Rows are fetched a few hundred at a time, in a worker thread. To resume a run, the query needs an
    ORDER BY, and the rows that were read must not have changed.

    Args:
        database: an SQLAlchemy URL, or an engine.
        query: the SQL, without parameters.
        kind: the batch kind, or its name.
        unknown: what to do with columns that the API does not know, as in `open_rows`.
        mapping: how the columns become Gameball's.
        naive_as: the time zone of times without one, such as ``Europe/Paris``.

    Raises:
        InputError: the query fails, its columns cannot be used, or it has no rows.
        ConfigurationError: SQLAlchemy or a driver is not installed, or the URL cannot be used.
    """
    source = QuerySource(database, query, Reading("sql", zone=naive_as))
    return rows_from(source, kind, unknown=unknown, mapping=mapping)


class QuerySource(Source):
    """
    The rows of a query, numbered from 1.

    Args:
        database: a URL, or an engine, which stays the caller's.
        query: the SQL.
        reading: how cells are read.
        name: of the query, for messages.
    """

    def __init__(
        self, database: str | Engine, query: str, reading: Reading, name: str = "the query"
    ) -> None:
        try:
            import sqlalchemy
        except ImportError:
            raise ConfigurationError(
                "reading a database needs SQLAlchemy: pip install 'gameball_async[sql]'"
            ) from None
        self.path: str = name
        self.reading: Reading = reading
        self._given = database, query
        self._faults = sqlalchemy.exc.SQLAlchemyError
        self._reading, self._left = Lock(), False
        self._connection: Any = None
        self._result: Any = None
        self._owned = isinstance(database, str)
        if not has_order(query):
            self.found: tuple[str, ...] = (NO_ORDER,)
        try:
            self._engine = (
                sqlalchemy.create_engine(database) if isinstance(database, str) else database
            )
        except (self._faults, ImportError, ValueError) as error:
            raise ConfigurationError(
                f"the database cannot be used ({type(error).__name__}): pass a URL such as "
                "postgresql+psycopg://user@host/name or sqlite:///file.db, and install its driver"
            ) from None
        try:
            self._connection = self._engine.connect().execution_options(yield_per=AT_ONCE)
            self._result = self._connection.exec_driver_sql(query)
        except self._faults as error:
            self.close()
            raise self.error(f"cannot be run: {_first_line(error)}") from None
        if not self._result.returns_rows:
            self.close()
            raise self.error("returns no rows: write a SELECT")

    @property
    def share(self) -> None:
        """How many rows a query has is known at its end only."""
        return

    def blocks(self) -> Iterator[Records]:
        """The header and the records in their order, many at a time; they can be read once."""
        yield Records([0], [[*self._result.keys()]])
        read = 0
        while rows := self._fetched(read):
            yield Records(range(read + 1, read + len(rows) + 1), rows)
            read += len(rows)

    def _fetched(self, number: int) -> list[Any]:
        with self._reading:
            try:
                return [] if self._left else list(self._result.fetchmany(AT_ONCE))
            except self._faults as error:
                if self._left:
                    return []
                # No more than its class: what a database says of a row may hold the row.
                raise self.error(
                    f"failed after this row ({type(error).__name__}): check the database",
                    number,
                ) from None

    def again(self) -> Source:
        """The same query, run once more."""
        return QuerySource(*self._given, self.reading, self.path)

    def close(self) -> None:
        """End the query, and a fetch of another thread. Safe to call twice."""
        self._left = True
        if self._connection is not None:
            if not self._reading.acquire(blocking=False):
                _interrupt(self._connection)
                if not self._reading.acquire(timeout=CLOSE_WITHIN):
                    return  # its thread has it, and goes with the process
            with suppress(self._faults):
                if self._result is not None:
                    self._result.close()
                self._connection.close()
            self._reading.release()
        if self._owned:
            self._engine.dispose()


def _interrupt(connection: Any) -> None:
    driver = connection.connection.driver_connection
    stop = getattr(driver, "cancel", None) or getattr(driver, "interrupt", None)
    if stop is not None:
        with suppress(Exception):
            stop()


def _first_line(error: Exception) -> str:
    said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    return said[:300] or type(error).__name__


def has_order(query: str) -> bool:
    """Whether the rows of a query come in an order that it names itself."""
    text, changes = _NO_CODE.sub(" ", query), 1
    while changes:  # the order of an inner query, or of a window, is not the rows'
        text, changes = _INNER.subn(" ", text)
    return _ORDER.search(text) is not None


def query_digest(database: str, query: str) -> str:
    """What tells whether it is the same query to the same database, for a journal."""
    return hashlib.sha256(f"{without_password(database)}\n{query}".encode()).hexdigest()


def without_password(database: str) -> str:
    """The URL of a database with its password left out."""
    from sqlalchemy import make_url

    return make_url(database)._replace(password=None).render_as_string()
