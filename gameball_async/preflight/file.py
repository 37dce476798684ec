"""The file of findings on the disk: read, made sure of, and written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from ..errors import ConfigurationError
from .findings import Findings, as_text, findings_of, looks_like_findings

__all__ = ["DEFAULT_NAME", "read_findings", "refuse_other_files", "write_findings"]

DEFAULT_NAME = "gameball.check.json"
"""In the current directory, where nobody names another."""
_LARGEST = 100_000


def read_findings(path: str) -> Findings:
    """
    Read findings.

    Raises:
        ConfigurationError: the file cannot be read, is none of ours, or is damaged.
    """
    try:
        content = _content(path)
    except OSError as error:
        raise ConfigurationError(
            f"the findings {path} cannot be read ({error.strerror}): run `gameball-async check` to write "
            "them, or pass --no-findings"
        ) from None
    return findings_of(content, path)


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(_LARGEST)


def refuse_other_files(path: str) -> None:
    """
    Make sure that findings can be written to *path*, before anything is asked.

    Raises:
        ConfigurationError: there is another file, or no folder.
    """
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise ConfigurationError(
            f"the findings cannot be written to {path}: there is no folder {folder}; make it, or name "
            "another file with --findings"
        )
    if not os.path.lexists(path):
        return
    if not os.path.isfile(path) or not looks_like_findings(_content(path)):
        raise ConfigurationError(
            f"{path} exists, and was not written by a check: name another file with --findings"
        )


def write_findings(path: str, findings: Findings) -> None:
    """
    Write findings, over older ones.

    Raises:
        OSError: they cannot be written; older ones are as they were.
    """
    target = Path(path).resolve()
    number, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with open(number, "w", encoding="utf-8") as file:
            file.write(as_text(findings))
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
