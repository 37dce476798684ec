"""What a run is compared with, as its caller says it or its journal."""

from __future__ import annotations

import os

import anyio.to_thread
from attrs import field, frozen

from ..api.kinds import Chunking, Kind, kind_of
from ..api.requests import Account
from ..errors import JournalError
from ..journal.contents import earlier_of, find_again
from ..journal.header import Earlier, Header, Source
from ..journal.journal import read_journal
from ..rows.check import Prepare, preparer
from ..rows.content import refuse_incomparable
from ..rows.given import Rows, rows_of
from ..rows.unknown import Unknown, UnknownFields
from .comparison import Comparison, OpenComparison, with_journal, with_rows

__all__ = ["EarlierRows", "Making", "comparison_again", "comparison_of"]


@frozen
class EarlierRows:
    """
    Rows of an earlier input, all of which count as applied, for `GameballClient.bulk`.

    Attributes:
        rows: as `bulk` takes them.
        source: tells them from others: a resumed run must be given the same.
    """

    rows: Rows = field(repr=False)
    source: Source = field(factory=Source)


@frozen
class Making:
    """
    How items are made of rows, which must be the same for both inputs.

    Attributes:
        ids_from_numbers: take whole numbers as ids.
        unknown: what becomes of fields that Gameball does not know.
    """

    ids_from_numbers: bool
    unknown: Unknown

    def prepare(self, kind: Kind) -> Prepare:
        """What makes an item of a row, and tells nobody of unknown fields."""
        fields = UnknownFields(kind, self.unknown, lambda name, meant: None)
        return preparer(kind, ids_from_numbers=self.ids_from_numbers, unknown=fields)


def comparison_of(
    earlier: str | os.PathLike[str] | EarlierRows, kind: Kind, account: Account, making: Making
) -> tuple[Earlier, OpenComparison]:
    """
    What a new run notes of what it is compared with, and what reads that.

    Raises:
        ConfigurationError: rows of *kind* must be sent though they equal others.
        JournalError: the journal cannot be read, its run goes on, or is of another kind, account or address.
    """
    refuse_incomparable(kind)
    if isinstance(earlier, EarlierRows):
        return Earlier(earlier.source.name, earlier.source.digest), _with(earlier, kind, making)
    found, theirs = earlier_of(earlier, kind, account)
    return found, with_journal(found.name, found.length, Chunking(theirs.chunking))


def comparison_again(
    header: Header,
    journal: str | os.PathLike[str],
    given: EarlierRows | None,
    making: Making,
) -> OpenComparison | None:
    """
    What reads that again for a run that is taken up, where it has rows to read; None where none is read.

    Args:
        header: of the run.
        journal: where its journal is.
        given: the rows that it is compared with, where it is with rows.
        making: how items are made.

    Raises:
        JournalError: rows are given, and it is compared with none. When the run is opened: what it is compared
            with is not there, or is not the same.
    """
    earlier = header.earlier
    if earlier is None:
        if given is None:
            return None
        raise JournalError(
            f"the run of {os.fspath(journal)} compares its rows with none: resume it without changed_against"
        )

    async def compare() -> Comparison | None:
        recorded = await anyio.to_thread.run_sync(read_journal, journal)
        if recorded.input_ended:
            return None
        return await _again(header, earlier, journal, given, making)()

    return compare


def _again(
    header: Header,
    earlier: Earlier,
    journal: str | os.PathLike[str],
    given: EarlierRows | None,
    making: Making,
) -> OpenComparison:
    if earlier.is_journal:
        path, theirs = find_again(earlier, journal)
        return with_journal(path, earlier.length, Chunking(theirs.chunking), journal)
    if given is None or (given.source.name, given.source.digest) != (earlier.name, earlier.digest):
        raise JournalError(
            f"the run of {os.fspath(journal)} compares its rows with those of {earlier.name or 'a program'}: "
            "give the same again, as changed_against"
        )
    return _with(given, kind_of(header.kind), making, journal)


def _with(
    earlier: EarlierRows,
    kind: Kind,
    making: Making,
    journal: str | os.PathLike[str] | None = None,
) -> OpenComparison:
    rows = rows_of(earlier.rows, kind, ids_from_numbers=making.ids_from_numbers)
    return with_rows(rows, making.prepare(kind), journal)
