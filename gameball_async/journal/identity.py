"""
Whether a journal is the one and only: not a copy of it, and not an older state that was put back.

Each opening for writing gives the file a new generation, and what the file last said is noted beside
the input as well: a copy of the journal has another inode, and one that is older than what was
noted has missed what was sent since. A copy that is taken to another machine cannot be noticed.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from ..api.kinds import Replay, kind_of
from ..system import open_private
from .file import Mark
from .header import Header


class Witness:
    """
    A small file beside the input that knows the last mark of a run's journal.

    Runs whose rows may be sent any number of times need none. It is written without waiting for the disk, and where it cannot be, the journal goes on without.

    Args:
        header: of the run.
        journal: where its journal is.
    """

    def __init__(self, header: Header, journal: Path) -> None:
        source = Path(header.source.name)
        beside = source if header.source.digest and source.parent.is_dir() else journal
        matters = header.run and kind_of(header.kind).replay is not Replay.REPLAYABLE
        self.path: Path | None = (
            beside.with_name(f"{beside.name}.gbrun-{header.run}") if matters else None
        )

    def note(self, mark: Mark) -> None:
        """The journal says *mark* now."""
        if self.path is None:
            return
        with contextlib.suppress(OSError):
            file = open_private(self.path, os.O_WRONLY | os.O_CREAT)
            try:
                os.write(file, mark.packed())
            finally:
                os.close(file)

    def last(self) -> Mark | None:
        """The last mark that was noted; None where none is known."""
        if self.path is None:
            return None
        try:
            return Mark.unpacked(self.path.read_bytes())
        except OSError:
            return None


def why_not(mark: Mark, inode: int, noted: Mark | None, replay: Replay) -> str | None:
    """
    Why a journal must not be gone on with as it is; None where it may be.

    Args:
        mark: the last one in the file.
        inode: of the file.
        noted: the last one that was noted beside the input.
        replay: what a second submission of the same item would do.
    """
    if noted is not None and noted.number > mark.number and replay is not Replay.REPLAYABLE:
        return "is an older copy: its run went on after this copy was made"
    if replay is not Replay.UNREPEATABLE:
        return None
    if noted is not None and noted.generation != mark.generation:
        return "is a copy, and its run went on in another copy"
    if mark.inode != inode:
        return "is a copy, or was moved from another disk"
    return None
