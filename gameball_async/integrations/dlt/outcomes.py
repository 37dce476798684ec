"""What became of the rows that a pipeline has loaded, as rows for a table of dlt's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import dlt

from .journals import Loads
from .loading import GameballConfiguration

__all__ = ["outcomes"]

_TEXTS = ("load_id", "file", "table_name", "kind", "key", "outcome", "field", "reason")
_NUMBERS = ("line", "code", "job", "chunk")


def outcomes(pipeline: dlt.Pipeline, loads: Iterable[str] | None = None) -> Any:
    """
    What became of each row that a pipeline has loaded into Gameball, as a resource for another pipeline.

    Its table, ``gameball_outcomes``, has a line for each row: ``load_id``, ``file``, ``line`` in that file (its
    key, so that loading it again with ``merge`` brings it up to date), ``table_name``, ``kind``, ``key`` (the
    customer's or order's id), ``outcome``, ``code``, ``field``, ``reason``, ``job``, ``chunk``, and ``record``: the
    row itself, where it did not succeed.

    Args:
        pipeline: whose destination is `gameball`.
        loads: ids of loads, such as ``load_info.loads_ids``; None for all whose journals are there.

    Raises:
        JournalError: a journal cannot be read. Raised when the resource is extracted.
    """
    config: Any = pipeline.destination.configuration(GameballConfiguration(), accept_partial=True)
    known = Loads.of(pipeline.working_dir, config.journals)
    types = {**dict.fromkeys(_TEXTS, "text"), **dict.fromkeys(_NUMBERS, "bigint"), "record": "json"}
    columns: Any = {name: {"data_type": type} for name, type in types.items()}

    def rows() -> Iterator[dict[str, Any]]:
        for load_id in known.ids() if loads is None else loads:
            for file in known.files(load_id):
                yield from file.outcomes()

    return dlt.resource(
        rows,
        name="gameball_outcomes",
        write_disposition="merge",
        primary_key=("load_id", "file", "line"),
        columns=columns,
    )
