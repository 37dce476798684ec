"""
What the client costs the program that it is a guest in: imports, leaks, a compression bomb.

    python -m benchmarks.bench_guest [imports | cycles | bomb | fixtures ...] [--quick]

Each has gates; without names: all of them, written to ``benchmarks/results/guest.*``.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from attrs import frozen

from gameball_async.sandbox import SandboxThread
from gameball_async.sandbox.faults import gzip_bomb

from .guest_code import BASE, BOMB, CYCLES, FIRST_CALL_BARE, FIRST_CALLS, IMPORTS
from .record import Gate, Result, table, write

__all__ = ["main", "run"]

CLOCK = "import time as _time; _began = _time.process_time()\n"
STOP = "\nprint(_time.process_time() - _began)\n"
BARE = "aiohttp alone"
UPSERT = "one `upsert_customer`"


@frozen
class Part:
    """One part of the result: its gates, its text, its figures."""

    gates: tuple[Gate, ...]
    text: str
    figures: Mapping[str, Any]


def _run(code: str, *args: str) -> str:
    """The last line that a fresh interpreter prints; warnings are errors."""
    # A program that is installed has its bytecode; so have those that it is compared with.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *args],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.splitlines()[-1]


def _interleaved(codes: Mapping[str, str], rounds: int, *args: str) -> dict[str, list[float]]:
    """Milliseconds of each code, in turns; one turn before the count writes the bytecode."""
    taken: dict[str, list[float]] = {name: [] for name in codes}
    for turn in range(rounds + 1):
        for name, code in codes.items():
            seconds = float(_run(CLOCK + code + STOP, *args))
            if turn:
                taken[name].append(1000 * seconds)
    return taken


def _ratio(taken: Mapping[str, list[float]], name: str, base: str) -> float:
    """The median of the ratios of neighbours in time: what slows the machine slows both."""
    return median(mine / its for mine, its in zip(taken[name], taken[base], strict=True))


def imports(quick: bool = False) -> Part:
    """Import times, and the time to a first answer, against what any aiohttp program pays."""
    rounds = 8 if quick else 40
    taken = _interleaved({BASE: BASE, **IMPORTS}, rounds)
    with SandboxThread(limits=None) as sandbox:
        keys = (sandbox.url, sandbox.api_key, sandbox.secret_key)
        calls = _interleaved({BARE: FIRST_CALL_BARE, **FIRST_CALLS}, rounds, *keys)
    rows = [
        (f"`{name}`", median(times), min(times), _ratio(taken, name, BASE))
        for name, times in taken.items()
    ]
    rows += [
        (f"imports and {name}", median(times), min(times), _ratio(calls, name, BARE))
        for name, times in calls.items()
    ]
    gates = [
        Gate(f"`{name}` / `{BASE}`", _ratio(taken, name, BASE), 1.3) for name in list(IMPORTS)[:2]
    ]
    gates.append(
        Gate(f"imports and {UPSERT} / the same with {BARE}", _ratio(calls, UPSERT, BARE), 1.3)
    )
    text = f"""
## Imports

CPU time of fresh interpreters in turns, {rounds} of each, bytecode written; a ratio is the median of those of
neighbours. Calls go to a sandbox in another process; "{BARE}" imports aiohttp and cattrs, opens a session, posts one
customer by hand and reads the answer.

{table(("what", "median, ms", "least, ms", "ratio"), rows)}
"""
    return Part(tuple(gates), text, {"imports_ms": taken, "first_calls_ms": calls})


def cycles(quick: bool = False) -> Part:
    """Open, use, cancel, close, thousands of times, in a process of its own."""
    many = 300 if quick else 10_000
    with SandboxThread(limits=None) as sandbox:
        said = _run(CYCLES, sandbox.url, sandbox.api_key, sandbox.secret_key, str(many))
    found = orjson.loads(said)
    gates = (
        Gate("tasks left", found["tasks"], 0),
        Gate("sockets and other descriptors left", found["descriptors"], 0),
        Gate(f"growth of memory over {many:,} cycles, MiB", found["growth_mib"], 5),
    )
    marks = [(mark["cycle"], mark["rss_mib"], mark["objects"]) for mark in found["marks"]]
    text = f"""
## Cycles

{many:,} times: a client is opened, used in one of six ways (of which half are cancelled at a random step), closed.
Growth is counted from the end of the first tenth, when what is made once has been made; warnings are errors.

{table(("cycle", "RSS, MiB", "objects the collector tracks"), marks)}
"""
    return Part(gates, text, {"cycles": found})


def bomb(quick: bool = False) -> Part:
    """One answer of 200 KB that unpacks to 200 MiB, in a process of its own."""
    with SandboxThread(limits=None) as sandbox:
        sandbox.faults.gzip_bomb(on="upsert", times=None, after=1)
        said = _run(BOMB, sandbox.url, sandbox.api_key, sandbox.secret_key)
        bombs = sandbox.faults.hits
    packed = len(gzip_bomb(200))
    found = {**orjson.loads(said), "packed": packed, "bombs": bombs}
    assert found["error"].startswith("AnswerLostError"), found
    what = f"peak of memory while {packed / 1000:.0f} KB that unpack to 200 MiB are read, MiB"
    gates = (Gate(what, found["rss_mib"], 20),)
    text = f"""
## A compression bomb

The answer to each upsert is {packed / 1000:.0f} KB of gzip that unpack to 200 MiB; {bombs} came, one after the other.
The call ends as `{found["error"]}`. Resident memory was at most {found["rss_mib"]:.1f} MiB above that before
the call: an answer is read up to 16 MiB, unpacked as it streams, and then given up.
"""
    return Part(gates, text, {"bomb": found})


def fixtures(quick: bool = False) -> Part:
    """The first test of the guide to the sandbox, in a fresh pytest."""
    rounds = 3 if quick else 15
    guide = (Path(__file__).parent.parent / "docs" / "sandbox.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    code = next(block for block in blocks if "def test_" in block)
    lines = len(code.strip().splitlines())
    with TemporaryDirectory() as folder:
        path = Path(folder) / "test_readme.py"
        path.write_text(code, encoding="utf-8")
        options = ["-q", "-p", "no:cacheprovider", "-p", "gameball_async.pytest_plugin", str(path)]
        program = f"import pytest\n{CLOCK}assert not pytest.main({options!r}){STOP}"
        taken = [float(_run(program)) for _ in range(rounds + 1)]
    seconds = taken[1:]
    gates = (Gate("CPU seconds of pytest with the guide's test", median(seconds), 1.0),)
    text = f"""
## A test with the fixtures

The guide's test of {lines} lines in a fresh pytest, {rounds} times, imports included, CPU time: at least
{min(seconds):.2f} s, in the middle {median(seconds):.2f} s, at most {max(seconds):.2f} s.
"""
    return Part(gates, text, {"pytest_seconds": seconds})


PARTS: Mapping[str, Callable[[bool], Part]] = {
    "imports": imports,
    "cycles": cycles,
    "bomb": bomb,
    "fixtures": fixtures,
}


def run(names: tuple[str, ...] = tuple(PARTS), *, quick: bool = False) -> Result:
    """Measure the named parts."""
    parts = [PARTS[name](quick) for name in names]
    figures: dict[str, Any] = {}
    for part in parts:
        figures |= part.figures
    gates = [gate for part in parts for gate in part.gates]
    text = "\n".join(part.text.strip() + "\n" for part in parts)
    return Result("guest", "What the client costs its host", gates, text, figures)


def main() -> int:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_guest")
    parser.add_argument("names", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="small runs; nothing is written")
    options = parser.parse_args()
    if unknown := set(options.names) - PARTS.keys():
        parser.error(f"there is no part called {', '.join(sorted(unknown))}")
    result = run(tuple(options.names or PARTS), quick=options.quick)
    print(result.markdown())
    if not options.quick and not options.names:
        write(result)
    return 0 if result.met else 1


if __name__ == "__main__":
    sys.exit(main())
