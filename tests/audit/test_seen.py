"""What is remembered of rows is on the disk, in a file that nobody sees and that outlives nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

GROWTH = """
import os, re, sys
from gameball_async.audit.check import ID, Seen
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
with Seen() as seen:
    for start in range(0, 1_500_000, 2_000):
        if start == 300_000:
            before = peak()
        seen.add((n, hash(str(n % 1_400_000)), None) for n in range(start, start + 2_000))
    repeated = seen.repeated(ID)
    line, first = next(seen.places(ID))
    files = os.listdir(sys.argv[1])
    open_files = [os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")
                  if os.path.islink(f"/proc/self/fd/{n}")]
    print(repeated, line, first, round(peak() - before), len(files),
          sum(each.startswith(sys.argv[1]) for each in open_files))
"""


@pytest.mark.skipif(
    sys.platform != "linux", reason="memory and open files are read as Linux shows them"
)
@pytest.mark.long
def test_memory_does_not_grow_with_the_rows_and_no_file_can_be_seen(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", GROWTH, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "SQLITE_TMPDIR": str(tmp_path)},
    )
    repeated, line, earlier, growth, files, hidden = map(int, done.stdout.split())
    assert (repeated, line, earlier) == (100_000, 1_400_000, 0)
    assert growth < 48
    assert files == 0
    assert hidden > 0  # they are on the disk all the same
