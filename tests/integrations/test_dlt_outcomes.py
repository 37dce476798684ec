"""What became of each row, loaded into a table of another pipeline."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gameball_async.cli.main import cli
from gameball_async.sandbox import Sandbox

pytestmark = pytest.mark.filterwarnings("ignore:The 'warn' method:DeprecationWarning:dlt")

Make = Callable[..., Any]


def cashback(number: int) -> dict[str, Any]:
    """A row in the names of a database."""
    return {
        "customer_id": f"c{number}",
        "transaction_id": f"t{number}",
        "transaction_time": "2024-10-16T08:13:29Z",
        "amount": 1.0,
    }


@pytest.fixture
def warehouse(tmp_path: Path) -> Any:
    """A pipeline into a DuckDB file."""
    import dlt

    target = dlt.destinations.duckdb(str(tmp_path / "warehouse.duckdb"))
    folder = str(tmp_path / "pipelines")
    return dlt.pipeline("told", destination=target, dataset_name="gameball", pipelines_dir=folder)


def select(warehouse: Any, what: str) -> list[tuple[Any, ...]]:
    """Rows of the table of outcomes."""
    with warehouse.sql_client() as client:
        found: list[tuple[Any, ...]] = client.execute_sql(f"SELECT {what}")
    return found


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_each_row_is_found_in_the_table_and_what_did_not_succeed_with_the_row_itself(
    sandbox: Sandbox, pipeline: Make, warehouse: Any, form: Any
) -> None:
    from gameball_async.integrations.dlt import outcomes

    rows = [cashback(n) for n in range(6)]
    del rows[5]["amount"]
    loads = pipeline()
    info = loads.run(rows, table_name="cashback", loader_file_format=form)
    assert not loads.has_pending_data
    warehouse.run(outcomes(loads, info.loads_ids))
    assert select(
        warehouse,
        "table_name, kind, outcome, count(*) FROM gameball_outcomes GROUP BY ALL ORDER BY 3",
    ) == [("cashback", "cashback", "rejected", 1), ("cashback", "cashback", "succeeded", 5)]
    ((line, field, reason, record),) = select(
        warehouse, "line, field, reason, record FROM gameball_outcomes WHERE outcome <> 'succeeded'"
    )
    assert (line, field, reason) == (6, "amount", "is missing")
    assert '"c5"' in record
    assert '"_dlt' not in record


@pytest.mark.parametrize("disposition", ["append", "merge"])
def test_rows_that_gameball_refuses_do_not_stop_the_load_and_are_told(
    sandbox: Sandbox,
    pipeline: Make,
    warehouse: Any,
    caplog: pytest.LogCaptureFixture,
    disposition: Any,
) -> None:
    from gameball_async.integrations.dlt import outcomes

    rows = [cashback(1)]
    loads = pipeline(journals="elsewhere")
    with caplog.at_level(logging.WARNING, "gameball_async.dlt"):
        for _ in range(2):
            loads.run(rows, table_name="cashback", write_disposition=disposition)
    assert "1 of 1 rows of table cashback were not applied" in caplog.text
    warehouse.run(outcomes(loads))
    assert select(warehouse, "outcome, code, record FROM gameball_outcomes ORDER BY load_id") == [
        ("succeeded", None, None),
        ("failed", 9004, select(warehouse, _RECORD)[0][0]),
    ]


_RECORD = "record FROM gameball_outcomes WHERE record IS NOT NULL"


def test_loading_outcomes_again_brings_the_table_up_to_date(
    sandbox: Sandbox, pipeline: Make, warehouse: Any, tmp_path: Path
) -> None:
    from gameball_async.integrations.dlt import outcomes

    sandbox.faults.reset_after_commit(on="submit", times=1)
    loads = pipeline()
    rows = [{"customer_id": f"c{n}", "amount": 1} for n in range(3)]
    with pytest.raises(Exception, match="may or may not have been applied"):
        loads.run(rows, table_name="balance_adjustments")
    count = "outcome, count(*) FROM gameball_outcomes GROUP BY ALL"
    warehouse.run(outcomes(loads))
    assert select(warehouse, count) == [("indeterminate", 3)]
    (journal,) = tmp_path.rglob("*.gbjournal")
    applied = tmp_path / "applied.txt"
    applied.write_text("1\n2\n3\n")
    assert (
        not CliRunner().invoke(cli, ["settle", str(journal), "--applied", str(applied)]).exit_code
    )
    loads.run()
    warehouse.run(outcomes(loads))
    assert select(warehouse, count) == [("succeeded", 3)]


def test_rows_that_were_sent_again_by_hand_are_told_as_they_ended(
    sandbox: Sandbox, pipeline: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gameball_async.integrations.dlt import outcomes

    sandbox.faults.error_before(status=400, code=1000, on="submit", times=1)
    loads = pipeline()
    loads.run([{"customer_id": "c1", "amount": 1}], table_name="balance_adjustments")
    assert [row["outcome"] for row in outcomes(loads)] == ["rejected"]
    (journal,) = tmp_path.rglob("*.gbjournal")
    for name, value in (
        ("GAMEBALL_API_KEY", sandbox.api_key),
        ("GAMEBALL_SECRET_KEY", sandbox.secret_key),
        ("GAMEBALL_BASE_URL", sandbox.url),
    ):
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(cli, ["retry", str(journal), "--only", "failed"])
    assert done.exit_code == 0, done.output
    assert [row["outcome"] for row in outcomes(loads)] == ["succeeded"]
    assert sandbox.ledger.applied == Counter({"balance-adjustments": 1})


def test_the_rows_of_a_load_that_all_succeeded_are_not_kept(
    sandbox: Sandbox, pipeline: Make, tmp_path: Path
) -> None:
    loads = pipeline()
    loads.run([{"customer_id": "c1"}], table_name="customers")
    names = [path.name for path in (tmp_path / "pipelines" / "shop" / "gameball").glob("*/*")]
    assert [name.rpartition(".")[2] for name in names] == ["gbjournal"]


def test_a_load_is_not_gone_on_with_by_the_command_line_which_does_not_know_its_names(
    sandbox: Sandbox, pipeline: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.faults.error_before(status=401, code=1001, on="submit", after=1, times=1)
    rows = [{"customer_id": f"c{n}", "amount": 1} for n in range(5000)]
    loads = pipeline()
    with pytest.raises(Exception, match="keys"):
        loads.run(rows, table_name="balance_adjustments")
    (journal,) = tmp_path.rglob("*.gbjournal")
    monkeypatch.setenv("GAMEBALL_API_KEY", sandbox.api_key)
    monkeypatch.setenv("GAMEBALL_BASE_URL", sandbox.url)
    before = sandbox.counts["submit"]
    refused = CliRunner().invoke(cli, ["resume", str(journal)])
    assert refused.exit_code == 2
    assert "rows came from a program" in refused.output
    assert sandbox.counts["submit"] == before
