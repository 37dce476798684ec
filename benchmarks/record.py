"""Writes results down: numbers as JSON, tables as Markdown, with what they were measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NoReturn

import orjson
from attrs import field, frozen

__all__ = ["Gate", "Result", "finish", "machine", "table", "write"]

FOLDER = Path(__file__).parent / "results"
_PACKAGES = ("aiohttp", "anyio", "attrs", "cattrs", "orjson", "httpx", "redis")


@frozen
class Gate:
    """
    One number that must be within a limit.

    Attributes:
        what: what is measured, in words.
        value: what was measured.
        limit: what it may be.
        at_least: the value must be no less than the limit, rather than no more.
    """

    what: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the value is within the limit."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        word = "met" if self.met else "MISSED"
        return f"| {self.what} | {self.value:.4g} | {sign} {self.limit:g} | {word} |"


@frozen
class Result:
    """
    What one benchmark found.

    Attributes:
        name: also the name of the files.
        title: a heading.
        gates: what had to be met.
        text: tables and notes, as Markdown.
        figures: all numbers, for JSON.
    """

    name: str
    title: str
    gates: Sequence[Gate]
    text: str
    figures: Mapping[str, Any] = field(factory=dict)

    @property
    def met(self) -> bool:
        """Whether every gate was met."""
        return all(gate.met for gate in self.gates)

    def markdown(self) -> str:
        """The whole result, readable."""
        gates = ["| gate | measured | limit | |", "|---|---|---|---|", *map(str, self.gates)]
        parts = [f"# {self.title}", machine_line(), "\n".join(gates), self.text.strip()]
        return "\n\n".join(parts) + "\n"


def machine() -> dict[str, Any]:
    """The kind of machine and the versions; nothing that names it."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": versions,
    }


def machine_line() -> str:
    """The same in one sentence."""
    kind = machine()
    versions = ", ".join(f"{name} {number}" for name, number in kind["packages"].items())
    return (
        f"Measured on {kind['system']} {kind['machine']}, {kind['cores']} cores, "
        f"{kind['python']}, {versions}; loopback only. Absolute times move with the machine: "
        "compare figures of one run."
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; floats with three digits that matter."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def write(result: Result, folder: Path = FOLDER) -> Path:
    """Write a result's two files; gives the readable one."""
    folder.mkdir(exist_ok=True)
    gates = [
        {"what": gate.what, "value": gate.value, "limit": gate.limit, "met": gate.met}
        for gate in result.gates
    ]
    everything = {"machine": machine(), "gates": gates, **result.figures}
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    (folder / f"{result.name}.json").write_bytes(orjson.dumps(everything, option=options))
    readable = folder / f"{result.name}.md"
    readable.write_text(result.markdown(), encoding="utf-8")
    return readable


def finish(result: Result, *, keep: bool) -> NoReturn:
    """Show a result, write it down where it is to be kept, and end: with 1 if a gate was missed."""
    print(write(result).read_text(encoding="utf-8") if keep else result.markdown())
    raise SystemExit(not result.met)
