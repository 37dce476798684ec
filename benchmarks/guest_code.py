"""The programs that `bench_guest` runs in interpreters of their own."""

from __future__ import annotations

__all__ = ["BASE", "BOMB", "CYCLES", "FIRST_CALLS", "FIRST_CALL_BARE", "IMPORTS"]

BASE = "import aiohttp, cattrs"

IMPORTS = {
    code: code
    for code in (
        "import gameball_async",
        "from gameball_async import GameballClient",
        "from gameball_async import GameballClient, Customer, Order, Outcome, Quota, Settled",
        "from gameball_async import *",
    )
}

FIRST_CALL_BARE = """
import sys, asyncio, json, aiohttp, cattrs
url, api_key, secret_key = sys.argv[1:]
async def main():
    async with aiohttp.ClientSession() as session:
        headers = {"APIKey": api_key, "SecretKey": secret_key}
        path = "/api/v4.0/integrations/customers"
        async with session.post(url + path, json={"customerId": "c1"}, headers=headers) as answer:
            assert (await answer.json())["gameballId"]
asyncio.run(main())
"""

_CALL = """
import sys, asyncio
from gameball_async import GameballClient
url, api_key, secret_key = sys.argv[1:]
async def main():
    async with GameballClient(api_key, secret_key, base_url=url) as client:
        {call}
asyncio.run(main())
"""

FIRST_CALLS = {
    "one `upsert_customer`": _CALL.format(
        call='await client.upsert_customer({"customerId": "c1"})'
    ),
    "one `submit`": _CALL.format(call='await client.submit("customers", [{"customerId": "c1"}])'),
    "one `bulk`, made and not opened": _CALL.format(call='run = client.bulk("customers", [])'),
}

CYCLES = """
import asyncio, gc, json, os, random, sys
from gameball_async import GameballClient, Quota
url, api_key, secret_key, many = *sys.argv[1:4], int(sys.argv[4])
ROWS = [{"customerId": f"c{n}"} for n in range(1100)]
QUOTA = Quota((10**9, 1.0))

async def use(client, how):
    if how == 0:
        await client.upsert_customer({"customerId": "c1"})
    elif how == 1:
        await client.submit("customers", ROWS[:2])
    elif how == 2:
        async for change in client.watch(await client.submit("customers", ROWS[:1])):
            break
    elif how == 3:
        async with client.bulk("customers", iter(ROWS), concurrency=2) as run:
            await anext(run)
    elif how == 4:
        async with client.submit_all("customers", iter(ROWS), concurrency=2) as submissions:
            await anext(submissions)
    else:
        job = await client.submit("customers", ROWS[:1])
        await asyncio.gather(*(client.status(job) for _ in range(2)))

async def cycle(number, chance):
    async with GameballClient(api_key, secret_key, base_url=url, quota=QUOTA) as client:
        task = asyncio.ensure_future(use(client, number % 6))
        if number // 6 % 2:
            await asyncio.sleep(chance.random() * 0.004)
            task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

def descriptors():
    return len(os.listdir("/proc/self/fd"))

def rss():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20

async def main():
    chance, marks = random.Random(7), []
    for number in range(many + 1):
        if number % (many // 10) == 0 and number:
            gc.collect()
            marks.append({"cycle": number, "rss_mib": rss(), "objects": len(gc.get_objects())})
            if len(marks) == 1:
                tasks, open_before = len(asyncio.all_tasks()), descriptors()
        await cycle(number, chance)
    await asyncio.sleep(0.1)
    gc.collect()
    return {
        "cycles": many,
        "tasks": len(asyncio.all_tasks()) - tasks,
        "descriptors": max(0, descriptors() - open_before),
        "growth_mib": max(0.0, max(mark["rss_mib"] for mark in marks) - marks[0]["rss_mib"]),
        "marks": marks,
    }

print(json.dumps(asyncio.run(main())))
"""

BOMB = """
import asyncio, json, sys
from gameball_async import GameballClient, TransportError
from gameball_async.limits.retry import Patience
url, api_key, secret_key = sys.argv[1:]

def peak():
    # Not ru_maxrss: that of a new process begins with what the one that started it had.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))

async def main():
    patience = Patience(unsure=1)
    async with GameballClient(api_key, secret_key, base_url=url, patience=patience) as client:
        await client.upsert_customer({"customerId": "c1"})
        before = peak()
        try:
            await client.upsert_customer({"customerId": "c1"})
            error = "no error"
        except TransportError as caught:
            error = f"{type(caught).__name__}: {caught}"
        return {"error": error, "rss_mib": peak() - before}

print(json.dumps(asyncio.run(main())))
"""
