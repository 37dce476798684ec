"""A file that takes the place of an earlier one only when it is complete."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterable, Sequence
from typing import TextIO

from ..errors import ConfigurationError
from .cells import neutralised


def refuse_unfit(path: str) -> None:
    """
    Make sure that a file can be written to *path*, or put in place of the one that is there.

    Raises:
        ConfigurationError: its directory cannot be written to, or something else is there.
    """
    directory = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(directory) or not os.access(directory, os.W_OK):
        raise ConfigurationError(
            f"{path} cannot be written: its folder does not exist, or you may not write there. "
            "Name another file"
        )
    if os.path.lexists(path) and (os.path.islink(path) or not os.path.isfile(path)):
        raise ConfigurationError(f"{path} exists, and is not a regular file: name another file")


class Replacement:
    """
    A new file of mode 0600, under another name beside *path* until it is complete.

    A context manager, which gives what it is written with, and puts it in place unless an error ends the block.

    Attributes:
        out: what it is written with.
    """

    def __init__(self, path: str, encoding: str = "utf-8") -> None:
        directory, name = os.path.split(os.path.abspath(path))
        handle, self._unfinished = tempfile.mkstemp(prefix=f".{name}.", dir=directory)
        self._path = path
        self._left = False
        self.out: TextIO = open(  # noqa: SIM115 - open until it is put in place or dropped
            handle, "w", encoding=encoding, errors="backslashreplace", newline=""
        )

    def put_in_place(self) -> None:
        """It is complete: it takes the place of what is at *path*."""
        self.out.close()
        os.replace(self._unfinished, self._path)
        self._left = True

    def drop(self) -> None:
        """Remove it, unless it was put in place. Safe to call twice."""
        if self._left:
            return
        self._left = True
        try:
            self.out.close()
        finally:
            os.unlink(self._unfinished)

    def __enter__(self) -> TextIO:
        return self.out

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        try:
            if failed is None:
                self.put_in_place()
        finally:
            self.drop()


def write_csv(
    path: str | os.PathLike[str], head: Sequence[str], rows: Iterable[Iterable[object]]
) -> int:
    """
    Write a table to a CSV file, which appears whole or not at all, and return how many rows it has.

    Text is written so that no spreadsheet runs it as a formula; None is an empty cell.

    Raises:
        OSError: the disk refuses.
    """
    written = 0
    with Replacement(os.fspath(path)) as file:
        out = csv.writer(file, lineterminator="\r\n")
        out.writerow(head)
        for row in rows:
            out.writerow(neutralised(each) if isinstance(each, str) else each for each in row)
            written += 1
    return written
