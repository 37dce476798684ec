"""
The findings of a check, as a file holds them, and what a later import does about them. No key, no row, no balance.

The account is known by the same keyed hash of its API key as in a journal.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from attrs import field, frozen
from cattrs import Converter

from ..api.requests import Account
from ..errors import ConfigurationError
from ..faults import UNUSABLE, exactly, why_unusable
from ..rows.replacing import Replacement
from .learned import MOST_OFFSET, Amount, Offset, amount_words, offset_words

FORMAT = 1
DEFAULT_NAME = "gameball.check.json"
"""In the current directory, unless the user names another."""
TRIAL = ".trial"
"""Follows the name of the findings, in that of the file that notes a trial."""
_LARGEST = 100_000
OLD = timedelta(days=30)
"""Age at which findings are said to be old."""
_WITH_TIMES = frozenset({"orders", "cashback", "redemptions"})
Verdict = Literal["ok", "hinders", "unknown", "skipped"]
"""What a probe came to. ``unknown``: it could not be asked, because another one failed."""


@frozen(kw_only=True)
class Findings:
    """
    What a check has found.

    Attributes:
        gameball_check: the format of the file.
        checked_at: when; with a time zone.
        account: a keyed hash of the API key: identifies the account, and reveals nothing else.
        origin: where requests went.
        key: whose data the key opens, by its beginning.
        version: the version of the API that took a batch; None where none did.
        dialect: the path that returns a job's status; None if none does.
        clock: how far Gameball's clock is ahead of this machine's; None where that is not known.
        amount: what the amount of an adjustment counts; None where that was not tried, or not learned.
        probes: what each probe came to, by its name.
        assumptions: for each assumption that was put to the test, whether it holds.
    """

    gameball_check: int = FORMAT
    checked_at: datetime
    account: str
    origin: str
    key: Literal["test", "live"] | None = None
    version: Literal["v4", "v4.0", "v4.1"] | None = None
    dialect: Literal["tutorial", "openapi"] | None = None
    clock: Offset | None = None
    amount: Amount | None = None
    probes: Mapping[str, Verdict] = field(factory=dict)
    assumptions: Mapping[str, bool] = field(factory=dict)

    @property
    def hindrances(self) -> list[str]:
        """Names of the probes that found something that blocks a migration."""
        return [name for name, verdict in self.probes.items() if verdict == "hinders"]


def _instant(value: Any, _: object) -> datetime:
    try:
        when = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise TypeError("must be a time such as 2026-01-31T08:00:00Z") from None
    if when.tzinfo is None:
        raise TypeError("must be a time with a zone, such as 2026-01-31T08:00:00Z")
    return when


_converter = Converter(forbid_extra_keys=True)
_converter.register_structure_hook(str, exactly("text", str))
_converter.register_structure_hook(int, exactly("a whole number", int))
_converter.register_structure_hook(bool, exactly("true or false", bool))
_converter.register_structure_hook(float, exactly("a number", int, float))
_converter.register_structure_hook(datetime, _instant)
_converter.register_unstructure_hook(
    datetime, lambda when: when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
)


def as_text(findings: Findings) -> str:
    """The content of a file."""
    return json.dumps(_converter.unstructure(findings), indent=2) + "\n"


def findings_of(content: bytes, name: str) -> Findings:
    """
    The findings that a file holds.

    Args:
        content: of the file.
        name: the file's name, for errors.

    Raises:
        ConfigurationError: it has none; the message says where, and what to do.
    """
    cure = "run `gameball-async check` again to replace it, or pass --no-findings"
    try:
        value = json.loads(content)
    except ValueError:
        raise ConfigurationError(f"the findings {name} are not JSON: {cure}") from None
    if isinstance(value, dict) and value.get("gameball_check", FORMAT) != FORMAT:
        raise ConfigurationError(
            f"the findings {name} were written by another version of gameball-async: {cure}"
        )
    try:
        if not isinstance(value, dict):
            raise TypeError("must be an object")
        return _converter.structure(value, Findings)
    except UNUSABLE as error:
        said = why_unusable(error, path="the file", otherwise="has an unknown value")
        raise ConfigurationError(f"the findings {name} cannot be used: {said}. {cure}") from None


# -- the file on the disk, and the note of a trial beside it


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
    if not os.path.isfile(path) or b'"gameball_check"' not in _content(path)[:200]:
        raise ConfigurationError(
            f"{path} already exists, and was not written by a check: name another file with --findings"
        )


def write_findings(path: str, findings: Findings) -> None:
    """
    Write findings, over older ones.

    Raises:
        OSError: they cannot be written; older ones are as they were.
    """
    with Replacement(os.path.realpath(path)) as file:
        file.write(as_text(findings))


def note_trial(path: str, customer: str) -> None:
    """
    Note beside the findings that the balance of *customer* is about to be moved.

    Raises:
        OSError: it cannot be noted.
    """
    with Replacement(os.path.realpath(f"{path}{TRIAL}")) as file:
        file.write(customer)


def noted_trial(path: str) -> str | None:
    """The customer of a trial of which something may be left, as was noted; None for none."""
    try:
        return Path(f"{path}{TRIAL}").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def forget_trial(path: str) -> None:
    """Nothing of the trial that was noted is left."""
    Path(f"{path}{TRIAL}").unlink(missing_ok=True)


# -- what an import does about them


def of_another(findings: Findings, account: Account) -> str | None:
    """Whose findings they are, where not of *account*; None where they are."""
    if findings.account != account.fingerprint:
        return "another account (the API key differs)"
    if findings.origin != account.origin:
        return f"another address ({findings.origin})"
    return None


def in_short(findings: Findings) -> str:
    """``checked 2026-01-31, live key, v4.0, tutorial dialect``: what a run uses."""
    parts = (
        f"checked {findings.checked_at:%Y-%m-%d}",
        findings.key and f"{findings.key} key",
        findings.version,
        findings.dialect and f"{findings.dialect} dialect",
        None if findings.amount is None else amount_words(findings.amount),
    )
    return ", ".join(filter(None, parts))


def warnings_of(findings: Findings, now: datetime) -> list[str]:
    """Warnings about the findings themselves, whatever is sent."""
    found = []
    age = now - findings.checked_at
    if age > OLD:
        found.append(f"they are {age.days:,} days old: run `gameball-async check` again")
    elif age < -timedelta(days=1):
        found.append(
            "they are dated in the future: set this machine's clock, and run `gameball-async check` again"
        )
    if findings.hindrances:
        names = ", ".join(findings.hindrances)
        found.append(
            f"something blocked a migration then ({names}): run `gameball-async check` again"
        )
    return found


def about_the_run(findings: Findings, kind: str) -> list[str]:
    """What matters to rows of *kind* only."""
    found = []
    clock = findings.clock
    if kind in _WITH_TIMES and clock is not None and abs(clock.seconds) > MOST_OFFSET:
        found.append(
            f"when the account was checked, {offset_words(clock)}: times that this machine wrote are off by that "
            "much"
        )
    if kind == "balance-adjustments" and findings.amount is None:
        found.append(
            "it is not known whether amount means points or money: find out with `gameball-async check "
            "--try-customer ID` before you send this file"
        )
    return found
