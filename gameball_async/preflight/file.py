"""The file of findings on the disk, and the note of a trial beside it: written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ConfigurationError
from ..rows.replacing import Replacement
from .findings import Findings, as_text, findings_of, looks_like_findings

DEFAULT_NAME = "gameball.check.json"
"""In the current directory, where nobody names another."""
TRIAL = ".trial"
"""Follows the name of the findings, in that of the file that notes a trial."""
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
    _replace(path, as_text(findings))


def note_trial(path: str, customer: str) -> None:
    """
    Note beside the findings that the balance of *customer* is about to be moved.

    Raises:
        OSError: it cannot be noted.
    """
    _replace(f"{path}{TRIAL}", customer)


def noted_trial(path: str) -> str | None:
    """The customer of a trial of which something may be left, as was noted; None for none."""
    try:
        return Path(f"{path}{TRIAL}").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def forget_trial(path: str) -> None:
    """Nothing of the trial that was noted is left."""
    Path(f"{path}{TRIAL}").unlink(missing_ok=True)


def _replace(path: str, text: str) -> None:
    new = Replacement(os.path.realpath(path))
    try:
        new.out.write(text)
        new.put_in_place()
    finally:
        new.drop()
