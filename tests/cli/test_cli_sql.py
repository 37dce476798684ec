"""Imports of a query's rows: stopped, gone on with, and what is refused."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from tests.cli.cli_desk import Run, Serve
from tests.postgres_server import postgres

QUERY = 'SELECT id AS "customerId", joined AS "joinDate" FROM people ORDER BY id\n'


@pytest.fixture
def shop(tmp_path: Path) -> tuple[Path, str]:
    """A query's file, and the URL of a database with 2,500 people, one of them with a broken day."""
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        database.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, joined TEXT)")
        rows = ((n, "never" if n == 2_500 else "2024-01-02") for n in range(1, 2_501))
        database.executemany("INSERT INTO people VALUES (?, ?)", rows)
        database.commit()
    query = tmp_path / "people.sql"
    query.write_text(QUERY)
    return query, f"sqlite:///{tmp_path}/shop.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def people(request: pytest.FixtureRequest, shop: tuple[Path, str]) -> Iterator[tuple[Path, str]]:
    """The same in both databases."""
    query, url = shop
    if request.param == "sqlite":
        yield query, url
        return
    with postgres() as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "CREATE TABLE people AS SELECT n AS id, CASE WHEN n = 2500 THEN 'never' ELSE "
                "'2024-01-02' END AS joined FROM generate_series(1, 2500) n"
            )
        engine.dispose()
        yield query, url


def test_a_querys_run_is_stopped_and_gone_on_with_and_its_rejects_feed_back_in(
    run: Run, serve: Serve, tmp_path: Path, people: tuple[Path, str]
) -> None:
    (query, url), sandbox = people, serve()
    options = ("--sql", query, "--database", url)
    rejects = tmp_path / "rejects.csv"
    resume = ("resume", f"{query}.gbjournal", "--database", url)
    for command in (("import", "customers", *options), resume):
        sandbox.faults.answer(401, "{}", on="submit", times=1, after=1, commit=False)
        assert run(*command, "--concurrency=1").exit_code == 3
    result = run(*resume, "--rejects", rejects, "--json")
    found = json.loads(result.stdout)
    assert (found["rows"], found["succeeded"], found["rejected"]) == (2_500, 2_499, 1)
    applied = [entry.item["customerId"] for entry in sandbox.ledger.entries("customers")]
    assert sorted(map(int, applied)) == list(range(1, 2_500))
    rejects.write_text(rejects.read_text().replace("never", "2024-01-02"))
    assert run("import", "customers", rejects, "--no-journal").exit_code == 0


def test_a_run_that_is_to_be_resumed_needs_an_order(
    run: Run, serve: Serve, shop: tuple[Path, str]
) -> None:
    serve()
    query, url = shop
    query.write_text(QUERY.replace("ORDER BY id", ""))
    options = ("import", "customers", "--sql", query, "--database", url)
    refused = run(*options)
    assert refused.exit_code == 2
    assert "has no ORDER BY" in refused.stderr
    assert "--no-journal" in refused.stderr
    allowed = run(*options, "--no-journal")
    assert allowed.exit_code == 1
    assert "can be resumed only if" in allowed.stderr


def test_the_journal_knows_no_password_and_another_database_is_refused(
    run: Run, serve: Serve, tmp_path: Path, shop: tuple[Path, str]
) -> None:
    serve()
    query, url = shop
    assert run("import", "customers", "--sql", query, "--database", url).exit_code == 1
    journal = f"{query}.gbjournal"
    rejects = ("--rejects", tmp_path / "rejects.csv")
    other = run("resume", journal, *rejects, "--database", "sqlite:///other.db")
    assert other.exit_code == 2
    assert "pass that as --database URL" in other.stderr


def test_a_query_is_validated_with_its_rows(run: Run, shop: tuple[Path, str]) -> None:
    query, url = shop
    result = run("validate", "customers", "--sql", query, "--database", url)
    assert result.exit_code == 1
    assert "row 2500: customerAttributes.joinDate: is not" in result.stdout


def test_a_query_takes_the_place_of_a_file_and_needs_a_database(
    run: Run, shop: tuple[Path, str]
) -> None:
    query, url = shop
    wrong: list[tuple[list[str | Path], str]] = [
        (["--sql", query], "--sql needs a database"),
        (["--sql", query, "--database", url, query], "FILE cannot be used with --sql"),
        ([], "pass FILE, - for standard input, or --sql FILE"),
    ]
    for options, said in wrong:
        result = run("validate", "customers", *options)
        assert result.exit_code == 2
        assert said in result.stderr
