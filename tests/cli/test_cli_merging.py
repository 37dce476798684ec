"""Accounts that merge customers, on the command line."""

from __future__ import annotations

import json
from pathlib import Path

from gameball_async.sandbox import Constant
from tests.cli.cli_desk import Run, Serve


def test_a_person_with_two_ids_is_kept_in_order_also_by_resume(
    run: Run, serve: Serve, tmp_path: Path
) -> None:
    sandbox = serve(
        merge_by="email", strict_customers=True, codes="field", service_time=Constant(0.3)
    )
    path = tmp_path / "customers.csv"
    lines = [f"c{n},p{n // 4}@{'EXAMPLE' if n % 2 else 'example'}.com" for n in range(40)]
    path.write_text("\n".join(["customerId,email", *lines]) + "\n")
    cut = run("import", "customers", path, "--merge-by", "email", "--deadline", "0.5")
    assert cut.exit_code == 3
    result = run("resume", f"{path}.gbjournal", "--json")
    assert result.exit_code == 0, result.stdout
    assert json.loads(result.stdout)["succeeded"] == 40
    ids = [int(entry.item["customerId"][1:]) for entry in sandbox.ledger.entries("customers")]
    assert sorted(ids, key=lambda n: n // 4) == list(range(40))
    assert sandbox.counts["submit"] >= 4


def test_it_is_refused_where_rows_are_left_out(run: Run, serve: Serve, tmp_path: Path) -> None:
    serve()
    path = tmp_path / "customers.csv"
    path.write_text("customerId,email\nc1,a@example.com\n")
    result = run("import", "customers", path, "--merge-by", "email", "--since-file", path)
    assert result.exit_code == 2
    other = tmp_path / "last.csv"
    other.write_text(path.read_text())
    result = run("import", "customers", path, "--merge-by", "email", "--since-file", other)
    assert result.exit_code == 2
    assert "cannot be used with --changed-against" in result.stderr
    assert not Path(f"{path}.gbjournal").exists()
