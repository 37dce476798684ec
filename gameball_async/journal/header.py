"""Which run a journal is of, so that another is never taken for it."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

from ..errors import JournalError

FORMATS = (2, 3)
"""The formats that this version reads; the higher one is written only where a run needs it."""


@frozen
class Source:
    """
    Where a run's rows come from.

    Attributes:
        name: the path of a file, or any other name.
        digest: a digest of the content, for files as `digest_of` in `journal.journal` makes it.
        settings: how it is read, as JSON text, so that it can be read the same way again.
    """

    name: str = ""
    digest: str = ""
    settings: str = "{}"


@frozen
class Earlier:
    """
    What a run's rows are compared with: those that equal what it has applied are not sent.

    Attributes:
        name: the path of an earlier run's journal, or the name of an earlier input.
        digest: of a journal, which run it is of; of an input, what is in it.
        length: bytes of that journal that count, so that what it says later changes nothing; 0 where it is
            an input.
    """

    name: str
    digest: str
    length: int = 0

    @property
    def is_journal(self) -> bool:
        """Whether it is a journal, not an input."""
        return self.length > 0


@frozen
class Header:
    """
    What a run is, so that another cannot be taken for it.

    Attributes:
        kind: name of the batch kind.
        account: a keyed hash of the API key: tells accounts apart, and tells nothing else.
        origin: where requests go.
        version: of the API.
        chunking: how rows of one customer are spread.
        source: what the rows come from; empty for an iterable.
        format: of the journal.
        run: tells this run from every other.
        earlier: what the rows are compared with; None where all are sent.
        merge_by: the field by which the account merges customers; None where it does not.
    """

    kind: str
    account: str
    origin: str
    version: str
    chunking: str
    source: Source = Source()
    format: int = FORMATS[0]
    run: str = field(default="", eq=False)
    earlier: Earlier | None = None
    merge_by: Literal["email", "mobile"] | None = None

    def check(self, other: Header) -> None:
        """
        Make sure that *other*, the run at hand, is this one.

        Raises:
            JournalError: it is not; the message names what differs.
        """
        wrong = [
            f"its {what} is {getattr(self, name)}, not {getattr(other, name)}"
            for name, what in _WORDS.items()
            if getattr(self, name) != getattr(other, name)
        ]
        if self.account != other.account:
            wrong.append(
                "it was written with another API key (for a new key of the same account, pass "
                "--account-changed or account_changed=True)"
            )
        if other.source.digest and self.source.digest != other.source.digest:
            wrong.append("its input has changed since")
        if wrong:
            raise JournalError(
                f"the journal belongs to another run: {wrong[0]}. Resume with the input and the "
                "settings that it began with, or import into a new journal (--journal)"
            )


_WORDS = {
    "format": "format",
    "kind": "kind",
    "origin": "base URL",
    "version": "version",
    "chunking": "chunking",
}


def format_of(earlier: Earlier | None, merge_by: str | None) -> int:
    """The oldest format that can hold such a run."""
    return FORMATS[0] if earlier is None and merge_by is None else FORMATS[1]
