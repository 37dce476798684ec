"""The journal of a run that is not remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..rows.chunk import Chunk
    from ..rows.outcome import Outcome, Reason, RowOutcome
    from ..rows.row import Unchanged
    from .history import Used
    from .state import Entries, Journal, Resumable


class _NoJournal:
    """Remembers nothing. `state.Journal`."""

    def requested(self) -> None: ...

    async def intended(self, chunk: Chunk, resent: bool) -> None: ...

    async def accepted(self, number: int, job_id: int, resent: bool) -> None: ...

    async def settled(
        self,
        number: int,
        outcomes: Sequence[Outcome],
        reasons: Mapping[int, Reason],
        entries: Entries | None = None,
    ) -> None: ...

    async def learned(self, dialect: str) -> None: ...

    async def dropped(self, number: int) -> None: ...

    async def rejected(self, rows: Iterable[RowOutcome]) -> None: ...

    async def unchanged(self, rows: Sequence[Unchanged]) -> None: ...

    async def input_ended(self) -> None: ...

    async def aclose(self, used: Used, complete: bool) -> None: ...


async def no_journal() -> tuple[Journal, Resumable | None]:
    """The run is not remembered."""
    return _NoJournal(), None
