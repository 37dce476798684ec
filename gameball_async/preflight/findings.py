"""
The findings of a check, as a file holds them: what a later import goes by. No key, no row, no balance.

The account is known by the same keyed hash of its API key as in a journal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from attrs import field, frozen
from cattrs import Converter
from cattrs.gen import make_dict_unstructure_fn

from ..errors import ConfigurationError
from ..faults import UNUSABLE, exactly, why_unusable
from .amounts import Amount
from .clock import Offset

FORMAT = 1
Verdict = Literal["ok", "hinders", "unknown", "skipped"]
"""What a probe came to. ``unknown``: it could not be asked, because another one failed."""


@frozen(kw_only=True)
class Findings:
    """
    What a check has found.

    Attributes:
        gameball_check: the format of the file.
        checked_at: when; with a time zone.
        account: a keyed hash of the API key: tells accounts apart, and tells nothing else.
        origin: where requests went.
        key: whose data the key opens, by its beginning.
        version: the version of the API that took a batch; None where none did.
        dialect: the path that tells a job's status; None where none does.
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

    def age(self, now: datetime) -> timedelta:
        """How old they are."""
        return now - self.checked_at

    @property
    def hindrances(self) -> list[str]:
        """Names of the probes that found something that hinders a migration."""
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
_converter.register_unstructure_hook(Findings, make_dict_unstructure_fn(Findings, _converter))


def as_text(findings: Findings) -> str:
    """The content of a file."""
    return json.dumps(_converter.unstructure(findings), indent=2) + "\n"


def looks_like_findings(content: bytes) -> bool:
    """Whether a file that is to be written over is one of ours, well or ill."""
    return b'"gameball_check"' in content[:200]


def findings_of(content: bytes, name: str) -> Findings:
    """
    The findings that a file holds.

    Args:
        content: of the file.
        name: the file's name, for errors.

    Raises:
        ConfigurationError: it holds none; the message says where, and what to do.
    """
    cure = "run `gameball-async check` again to write it anew, or pass --no-findings"
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
        said = why_unusable(error, path="the file", otherwise="has a value that is none of its own")
        raise ConfigurationError(f"the findings {name} cannot be used: {said}. {cure}") from None
