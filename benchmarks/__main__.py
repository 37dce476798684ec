"""
Runs benchmarks and writes what they find to ``benchmarks/results``.

    python -m benchmarks [NAME ...] [--quick]

Without names: all of them, which takes some minutes. It ends with 1 if a gate was missed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from functools import partial

from . import bench_client, bench_memory, bench_peers, bench_quota, bench_web
from .record import Result, write

__all__ = ["main"]

FULL: Mapping[str, Callable[[], Result]] = {
    "client": bench_client.run,
    "memory": bench_memory.run,
    "peers": bench_peers.run,
    "quota": bench_quota.run,
    "quota-virtual": partial(bench_quota.run, virtual=True),
    "web": bench_web.run,
}
QUICK: Mapping[str, Callable[[], Result]] = {
    "client": partial(bench_client.run, jobs=32, rounds=2, hold_rounds=4),
    "memory": partial(bench_memory.run, rows=100_000),
    "peers": partial(bench_peers.run, jobs=16, rounds=3),
    "quota": partial(bench_quota.run, scale=10.0),
    "quota-virtual": partial(bench_quota.run, virtual=True),
    "web": partial(bench_web.run, rounds=2),
}


def main() -> int:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FULL))
    parser.add_argument(
        "--quick", action="store_true", help="small runs to try it out; nothing is written"
    )
    options = parser.parse_args()
    unknown = set(options.names) - FULL.keys()
    if unknown:
        parser.error(f"there is no benchmark called {', '.join(sorted(unknown))}")
    met = True
    for name in options.names or FULL:
        result = (QUICK if options.quick else FULL)[name]()
        print(result.markdown())
        if not options.quick:
            write(result)
        met = met and result.met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
