"""A program that loads adjustments, for tests that kill it: ``python dlt_loader.py FOLDER ROWS``."""

from __future__ import annotations

import sys
from typing import Any


def main(folder: str, rows: int) -> None:
    """Load what is left of an earlier run, or all rows."""
    import dlt

    from gameball_async.integrations.dlt import gameball

    destination: Any = gameball()
    pipeline = dlt.pipeline("points", destination=destination, pipelines_dir=folder)
    points = ({"customer_id": f"c{n}", "amount": 1} for n in range(rows))
    pipeline.run(points, table_name="balance_adjustments")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
