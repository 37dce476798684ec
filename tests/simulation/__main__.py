"""``python -m tests.simulation``: replay one seed, or run many and write a summary."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.simulation.runs import Summary, simulate, simulate_all

_BATCH = 250


def _replay(seed: int) -> bool:
    verdict = simulate(seed)
    print(*verdict.story, sep="\n")
    print(f"seed {seed}: {verdict.violations or 'nothing is wrong'}; history {verdict.history}")
    return not verdict.violations


def _many(start: int, runs: int, processes: int, out: Path | None) -> bool:
    total = Summary()
    batches = [range(n, min(n + _BATCH, start + runs)) for n in range(start, start + runs, _BATCH)]
    with ProcessPoolExecutor(processes) as pool:
        for part in pool.map(simulate_all, batches):
            total.runs += part.runs
            total.seconds += part.seconds
            total.fired += part.fired
            total.violations |= part.violations
            for seed, found in part.violations.items():
                print(f"seed {seed}: {found}", file=sys.stderr, flush=True)
    text = "\n".join(total.lines()) + "\n"
    if out is not None:
        out.write_text(text)
    print(text)
    return not total.violations


def main() -> None:
    """Read the arguments and do it."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="replay this one and tell what happens")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, help="write the summary to this file too")
    given = parser.parse_args()
    if given.seed is not None:
        fine = _replay(given.seed)
    else:
        fine = _many(given.start, given.runs, given.processes, given.out)
    sys.exit(not fine)


if __name__ == "__main__":
    main()
