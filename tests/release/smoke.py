"""Uses one extra of an installed package against its sandbox: ``python smoke.py EXTRA``. Needs nothing else."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
import zipfile
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

from gameball_async import GameballClient
from gameball_async.files import open_rows, query_rows
from gameball_async.sandbox import Sandbox

ROWS = [{"customerId": f"c{n}", "email": f"c{n}@example.com"} for n in range(1200)]
CSV = "customerId,email\n" + "".join(f"{row['customerId']},{row['email']}\n" for row in ROWS)
JOURNALS = (f"{n}.gbjournal" for n in count())
SHEET = """<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>"""
CELL = '<c t="inlineStr"><is><t>{}</t></is></c>'
BOOK = {
    "[Content_Types].xml": """<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
        <Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
        <Default Extension="xml" ContentType="application/xml"/>
        <Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
        <Override PartName="/xl/worksheets/s1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>""",
    "_rels/.rels": """<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1"
        Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>""",
    "xl/workbook.xml": """<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>""",
    "xl/_rels/workbook.xml.rels": """<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1"
        Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/s1.xml"/></Relationships>""",
}


async def moved(rows: Any, **options: Any) -> None:
    """Send rows to a sandbox; all of them succeed."""
    async with (
        Sandbox(limits=None) as sandbox,
        GameballClient(
            sandbox.api_key, sandbox.secret_key, base_url=sandbox.url, **options
        ) as client,
        client.bulk("customers", rows, journal=next(JOURNALS)) as run,
    ):
        report = await run.finish()
        assert report.succeeded == sandbox.ledger.applied["customers"] == len(ROWS), report


def from_file(name: str) -> None:
    """The rows of a file of any form."""
    with open_rows(name, "customers") as rows:
        asyncio.run(moved(rows))


def command(*arguments: str, code: int = 0) -> str:
    """The command line, as the script that was installed."""
    script = str(Path(sys.executable).with_name("gameball-async"))
    done = subprocess.run([script, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{arguments} ended with {done.returncode}: {done.stderr}"
    return done.stdout + done.stderr


def plain() -> None:
    """Without any extra."""
    asyncio.run(moved(ROWS))
    said = command("--version", code=2)
    assert "needs click and rich" in said and "pip install 'gameball_async[cli]'" in said, said


def cli() -> None:
    """Commands, also those that are rarely used."""
    assert command("--version").strip().endswith(version("gameball_async"))
    Path("customers.csv").write_text(CSV, encoding="utf-8")
    told = json.loads(command("import", "customers", "customers.csv", "--sandbox", "--json"))
    assert told["succeeded"] == len(ROWS), told
    assert "customers.csv" in command("import", "customers", "customers.csv", "--sandbox")
    command("examples", "shop")
    assert Path("shop/fastapi_app.py").is_file() and Path("shop/page.html").is_file()


def arrow() -> None:
    """A table, and a Parquet file."""
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.Table.from_pylist(ROWS)
    asyncio.run(moved(table))
    pyarrow.parquet.write_table(table, "customers.parquet")
    from_file("customers.parquet")


def excel() -> None:
    """A workbook, written by hand: what writes them is in no extra."""
    lines = [CELL.format("customerId") + CELL.format("email")]
    lines += [CELL.format(row["customerId"]) + CELL.format(row["email"]) for row in ROWS]
    sheet = SHEET.format("".join(f"<row>{line}</row>" for line in lines))
    with zipfile.ZipFile("customers.xlsx", "w") as book:
        for name, text in (BOOK | {"xl/worksheets/s1.xml": sheet}).items():
            book.writestr(name, text)
    from_file("customers.xlsx")


def sql() -> None:
    """A query."""
    import sqlalchemy

    engine = sqlalchemy.create_engine("sqlite:///shop.db")
    with engine.begin() as shop:
        shop.execute(sqlalchemy.text("CREATE TABLE c (id TEXT, email TEXT)"))
        shop.execute(sqlalchemy.text("INSERT INTO c VALUES (:customerId, :email)"), ROWS)
    engine.dispose()
    query = 'SELECT id AS "customerId", email FROM c ORDER BY id'
    with query_rows("sqlite:///shop.db", query, "customers") as rows:
        asyncio.run(moved(rows))


def zstd() -> None:
    """A packed file."""
    import zstandard

    Path("customers.csv.zst").write_bytes(zstandard.ZstdCompressor().compress(CSV.encode()))
    from_file("customers.csv.zst")


def redis() -> None:
    """A quota shared through a Redis of our own; where there is no server, it is imported and made."""
    from gameball_async.redis import RedisQuota

    if shutil.which("redis-server") is None:
        RedisQuota("redis://127.0.0.1:1/0")
        return
    # By a socket: no port is taken.
    options = ("--port", "0", "--unixsocket", "redis.sock", "--save", "", "--logfile", "redis.log")
    with subprocess.Popen(["redis-server", *options]) as server:  # noqa: S607
        try:
            while not Path("redis.sock").exists():
                time.sleep(0.02)
                assert server.poll() is None
            path = Path("redis.sock").resolve()
            asyncio.run(moved(ROWS, shared_quota=RedisQuota(f"unix://{path}")))
        finally:
            server.terminate()


def otel() -> None:
    """Spans and metrics that nobody records."""
    from gameball_async.otel import OpenTelemetry

    asyncio.run(moved(ROWS, telemetry=OpenTelemetry()))


def report() -> None:
    """A page about a run of enough jobs to be drawn."""
    rows = "".join(f"c{n},c{n}@example.com\n" for n in range(12_000))
    Path("customers.csv").write_text(f"customerId,email\n{rows}", encoding="utf-8")
    command("import", "customers", "customers.csv", "--sandbox", "--journal", "run.gbjournal")
    command("report", "run.gbjournal", "--html", "page.html")
    assert "<svg" in Path("page.html").read_text(encoding="utf-8")


def dlt() -> None:
    """A pipeline into a sandbox, and its outcomes."""
    import os

    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    import dlt

    from gameball_async.integrations.dlt import gameball, outcomes
    from gameball_async.sandbox import SandboxThread

    with SandboxThread(limits=None) as sandbox:
        target = gameball(
            api_key=sandbox.api_key, secret_key=sandbox.secret_key, base_url=sandbox.url
        )
        pipeline = dlt.pipeline("shop", destination=target, pipelines_dir="pipelines")
        info = pipeline.run(ROWS, table_name="customers", write_disposition="append")
        told = list(outcomes(pipeline, info.loads_ids))
    assert [row["outcome"] for row in told] == ["succeeded"] * len(ROWS)


USES = {
    use.__name__: use for use in (plain, cli, arrow, excel, sql, zstd, redis, otel, report, dlt)
}
SHOWN = {
    "plain": ("aiohttp", "anyio", "attrs", "cattrs", "orjson"), "cli": ("click", "rich"),
    "arrow": ("pyarrow",), "excel": ("python-calamine",), "sql": ("sqlalchemy",),
    "zstd": ("zstandard",), "otel": ("opentelemetry-api",), "report": ("jinja2", "matplotlib"),
}  # fmt: skip

if __name__ == "__main__":
    USES[sys.argv[1]]()
    names = SHOWN.get(sys.argv[1], (sys.argv[1],))
    print(", ".join(f"{name} {version(name)}" for name in names))
