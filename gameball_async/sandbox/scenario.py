"""
Scenarios: a sandbox's settings and faults as a file, TOML or JSON, or as a mapping.

::

    [jobs]
    seconds = 5.0

    [[faults]]
    fault = "reset_after_commit"
    on = "submit"

Every key is checked when the scenario is read; what is wrong is named with its place and a cure.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from .faults import Faults
from .messages import Reason
from .options import FailIf
from .scenario_keys import (
    FAIL,
    ITEMS,
    JOBS,
    NEEDED,
    OWN,
    SECTIONS,
    WHEN,
    cure,
    listed,
    only_known,
    section,
    table,
    taken,
)  # fmt: skip
from .times import Constant, LogNormal, ServiceTime, Workers
from .wants import Unfit, pair, whole

__all__ = ["Scenario", "ScenarioError"]


class ScenarioError(ValueError):
    """A scenario cannot be used. The message names the file, the place, and what to do."""


@frozen
class Scenario:
    """
    What a sandbox is to play.

    Attributes:
        options: settings of `Options`, *seed* among them.
        latency: least and most seconds that the simulated network takes, each way.
        faults: lines for `Faults.load`, in their order.
    """

    options: Mapping[str, Any] = field(factory=dict, repr=False)
    latency: tuple[float, float] = (0.0, 0.0)
    faults: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Scenario:
        """
        Reads a file: TOML, or JSON where its name ends so.

        Raises:
            ScenarioError: it cannot be read, or something in it is wrong.
        """
        name = os.fspath(path)
        try:
            content = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            raise ScenarioError(f"the scenario {name} cannot be read: {why}") from None
        is_json = name.lower().endswith(".json")
        try:
            value = json.loads(content) if is_json else tomllib.loads(content)
        except ValueError as error:
            form = "JSON" if is_json else "TOML (name it .json if it is JSON)"
            raise ScenarioError(f"the scenario {name} is not {form}: {error}") from None
        return cls.of(value, name)

    @classmethod
    def of(cls, value: Any, name: str = "given") -> Scenario:
        """
        Reads a mapping of the same form; *name* is for messages.

        Raises:
            ScenarioError: something in it is wrong.
        """
        try:
            return _read(value)
        except ValueError as error:
            raise ScenarioError(f"the scenario {name}: {error}") from None

    @classmethod
    def given(cls, value: Scenario | Mapping[str, Any] | str | os.PathLike[str] | None) -> Scenario:
        """A scenario of whatever stands for one; None for the one in which nothing is set."""
        if value is None or isinstance(value, Scenario):
            return value or cls()
        return cls.of(value) if isinstance(value, Mapping) else cls.load(value)


def _read(value: Any) -> Scenario:
    given = table(value, "the whole")
    only_known(given, ("seed", "latency", *SECTIONS, "faults"), "")
    options: dict[str, Any] = {}
    if "seed" in given:
        options["seed"] = taken(whole(), given["seed"], "seed")
    latency = taken(pair, given.get("latency", [0.0, 0.0]), "latency")
    for part in ("account", "quota"):
        options |= section(given.get(part, {}), SECTIONS[part], part)
    jobs = section(given.get("jobs", {}), JOBS, "jobs")
    service_time = _service_time(jobs)
    if service_time is not None:
        options["service_time"] = service_time
    items = dict(table(given.get("items", {}), "items"))
    fails = listed(items.pop("fail", []), "items.fail")
    options |= jobs | section(items, ITEMS, "items")
    if fails:
        options["fail_if"] = _fail_if(fails)
    return Scenario(options, latency, _faults(given.get("faults", [])))


def _service_time(jobs: dict[str, Any]) -> ServiceTime | None:
    """How long jobs take; its keys are taken out of *jobs*."""
    keys = ("model", "seconds", "sigma", "workers", "queue")
    told = {key: jobs.pop(key) for key in keys if key in jobs}
    if not told:
        return None
    model, seconds = told.get("model", "constant"), told.get("seconds", 0.2)
    for key, of in (("sigma", "log-normal"), ("workers", "workers")):
        if key in told and model != of:
            raise Unfit(f'jobs.{key} is for model = "{of}" only: set that, or leave it out')
    queue = told.get("queue", 0.05)
    if model == "log-normal":
        if seconds <= 0:
            raise Unfit("jobs.seconds must be a number, more than 0, with a log-normal model")
        return LogNormal(seconds, told.get("sigma", 1.0), queue)
    return (
        Workers(told.get("workers", 1), seconds, queue)
        if model == "workers"
        else Constant(seconds, queue)
    )


def _fail_if(value: list[Any]) -> FailIf:
    """The rules of ``[[items.fail]]`` as one function: the first that fits an item fails it."""
    rules: list[tuple[str | None, Callable[[Any], bool], Reason]] = []
    for n, each in enumerate(value, 1):
        place = f"items.fail number {n}"
        told = section(each, FAIL, place)
        if ("equals" in told) == ("matches" in told) or "field" not in told:
            raise Unfit(f"{place} must have `field`, and one of `equals` and `matches`")
        reason = Reason(told.get("code"), told.get("reason", "Something went wrong"))
        rules.append((told.get("kind"), _fits(told), reason))

    def fail_if(kind: str, item: Any) -> Reason | None:
        for of, fits, reason in rules:
            if of in (None, kind) and fits(item):
                return reason
        return None

    return fail_if


def _fits(told: Mapping[str, Any]) -> Callable[[Any], bool]:
    path = told["field"].split(".")
    matches, equals = told.get("matches"), told.get("equals")

    def fits(item: Any) -> bool:
        for name in path:
            if not isinstance(item, Mapping):  # an order id stands for itself
                break
            item = item.get(name)
        return item == equals if matches is None else bool(matches.search(str(item)))

    return fits


def _faults(value: Any) -> tuple[Mapping[str, Any], ...]:
    lines = []
    for n, each in enumerate(listed(value, "faults"), 1):
        place = f"faults number {n}"
        given = dict(table(each, place))
        name = given.pop("fault", None)
        if not isinstance(name, str) or name not in OWN:
            raise Unfit(f"{place} has no such fault as {name!r}{cure(str(name), OWN)}")
        wants = {**OWN[name], **WHEN}
        line = section(given, wants, f"{place}, {name}".strip())
        needed = NEEDED.get(name)
        if needed is not None and needed not in line:
            raise Unfit(f"{place}, {name}, must have `{needed}`")
        lines.append({"fault": name, **line})
    Faults(lambda: 0.0).load(lines)
    return tuple(lines)
