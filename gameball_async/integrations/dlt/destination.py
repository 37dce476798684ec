"""What dlt is given: the destination, and the outcomes of the rows, as rows for another table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import dlt
from dlt.common.destination import Destination, DestinationCapabilitiesContext

from ...client import GameballClient
from ...rows.unknown import Unknown
from .journals import Loads
from .loading import GameballConfiguration, LoadClient


class gameball(Destination[GameballConfiguration, LoadClient]):
    """
    Gameball as a destination: each row of a table becomes an item of the table's kind.

    A table is named after its kind (``orders``, ``balance_adjustments``), or *kind* or *tables* name its kind.
    Load files are sent one after the other, each with a journal, so that a load whose worker died continues
    where it stopped, without sending a row twice. The write dispositions are ``append``, and ``merge`` for
    kinds whose rows may be sent again; ``replace`` is refused. `outcomes` returns the outcome of each row.

    Args:
        kind: of all tables; None if their names say it.
        tables: the kinds of some tables, by their names.
        api_key: of the account; by default GAMEBALL_API_KEY.
        secret_key: of the account; by default GAMEBALL_SECRET_KEY.
        base_url: where requests go; by default GAMEBALL_BASE_URL, or Gameball itself.
        journals: a folder for the journals, which must outlive the worker; by default one within the
            pipeline's working folder, which must outlive it too.
        doubts: what to do about rows that may or may not have been applied: ``raise`` fails the load (after
            all other rows were sent) until `gameball-async settle` has settled them, ``warn`` logs them.
        unknown: what to do with columns that Gameball does not know, as in `GameballClient.bulk`.
        ids_from_numbers: take whole numbers as ids.
        naive_as: the zone of times without one, such as ``Europe/Paris``; they are refused without it.
        client: makes the client of a load file, if it needs more than keys and an address: a shared quota,
            for example. It takes no arguments.
        destination_name: as dlt has it: the section of the configuration.
        environment: as dlt has it.
        kwargs: capabilities of dlt's, such as ``naming_convention``.
    """

    spec = GameballConfiguration

    def __init__(
        self,
        kind: str | None = None,
        *,
        tables: dict[str, str] | None = None,
        api_key: str | None = None,
        secret_key: str | None = None,
        base_url: str | None = None,
        journals: str | None = None,
        doubts: Literal["raise", "warn"] = "raise",
        unknown: Unknown = "warn",
        ids_from_numbers: bool = False,
        naive_as: str = "",
        client: Callable[[], GameballClient] | None = None,
        destination_name: str | None = None,
        environment: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kind=kind,
            tables=tables,
            api_key=api_key,
            secret_key=secret_key,
            base_url=base_url,
            journals=journals,
            doubts=doubts,
            unknown=unknown,
            ids_from_numbers=ids_from_numbers,
            naive_as=naive_as,
            client=client,
            destination_name=destination_name,
            environment=environment,
            **kwargs,
        )

    def __repr__(self) -> str:
        return f"gameball({self.config_params.get('kind') or ''})"

    @property
    def client_class(self) -> type[LoadClient]:
        """What makes the jobs."""
        return LoadClient

    def _raw_capabilities(self) -> DestinationCapabilitiesContext:
        caps = DestinationCapabilitiesContext.generic_capabilities("jsonl")
        caps.supported_loader_file_formats = ["jsonl", "parquet"]
        caps.supported_merge_strategies = ["upsert"]
        caps.supported_replace_strategies = []
        caps.supports_ddl_transactions = False
        caps.supports_transactions = False
        caps.naming_convention = "direct"
        caps.max_table_nesting = 0
        # Two files may hold rows of one customer, and the account's limits are one client's to keep.
        caps.max_parallel_load_jobs = 1
        caps.loader_parallelism_strategy = "sequential"
        return caps


gameball.register()

_TEXTS = ("load_id", "file", "table_name", "kind", "key", "outcome", "field", "reason")
_NUMBERS = ("line", "code", "job", "chunk")


def outcomes(pipeline: dlt.Pipeline, loads: Iterable[str] | None = None) -> Any:
    """
    The outcome of each row that a pipeline has loaded into Gameball, as a resource for another pipeline.

    Its table, ``gameball_outcomes``, has a line for each row: ``load_id``, ``file``, ``line`` in that file (its
    key, so that loading it again with ``merge`` brings it up to date), ``table_name``, ``kind``, ``key`` (the
    customer's or order's id), ``outcome``, ``code``, ``field``, ``reason``, ``job``, ``chunk``, and ``record``: the
    row itself, if it did not succeed.

    Args:
        pipeline: whose destination is `gameball`.
        loads: ids of loads, such as ``load_info.loads_ids``; None for all whose journals exist.

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
