"""
What it costs to make items of rows: checked and encoded, one by one and many at once, beside the encoder alone.

    python benchmarks/bench_rows.py [--items 1000] [--rounds 100] [--rows 100000]

The customers have 20 values each on average: 4 at the top, 14 to 17 attributes, 2 custom ones.
Times are the least of all rounds, taken in turns, so that a busy machine spoils ratios less.
"""

from __future__ import annotations

import argparse
import csv
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from gameball_async import Customer, CustomerAttributes
from gameball_async.api.fields import specs_of
from gameball_async.api.kinds import KINDS
from gameball_async.audit.check import check_rows
from gameball_async.rows.check import preparer
from gameball_async.rows.check_many import AT_ONCE
from gameball_async.rows.files import open_rows
from gameball_async.rows.row import BadRow, Prepared

WORDS = ("amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath")


def customer(number: int) -> dict[str, Any]:
    chance = random.Random(number)
    day = f"{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
    attributes = {
        "displayName": f"{chance.choice(WORDS)} {chance.choice(WORDS)}",
        "firstName": chance.choice(WORDS),
        "lastName": chance.choice(WORDS),
        "email": f"customer{number}@mail.example",
        "gender": chance.choice("FM"),
        "mobile": f"+1202555{number % 10000:04d}",
        "dateOfBirth": f"19{chance.randint(50, 99)}-{day}",
        "joinDate": f"20{chance.randint(10, 24)}-{day}",
        "country": "US",
        "city": chance.choice(WORDS),
        "zip": f"{chance.randint(0, 99999):05d}",
        "preferredLanguage": "en",
        "source": "web",
        "paymentMethods": ["card", "wallet"],
        "totalSpent": round(chance.random() * 1000, 2),
        "totalOrders": chance.randint(0, 50),
        "avgOrderAmount": round(chance.random() * 100, 2),
    }
    for name in chance.sample(sorted(attributes), chance.randint(0, 3)):
        del attributes[name]
    attributes["custom"] = {"colour": chance.choice(WORDS), "points": chance.randint(0, 2000)}
    return {
        "customerId": f"{number:07d}",
        "email": f"customer{number}@mail.example",
        "mobile": f"+1202555{number % 10000:04d}",
        "guest": False,
        "customerAttributes": attributes,
    }


def model(mapping: dict[str, Any]) -> Customer:
    attributes = {**mapping["customerAttributes"]}
    return Customer(
        customer_id=mapping["customerId"],
        email=mapping["email"],
        mobile=mapping["mobile"],
        guest=mapping["guest"],
        customer_attributes=CustomerAttributes(
            **{
                spec.name: attributes[name]
                for name, spec in specs_of(CustomerAttributes).items()
                if name in attributes
            }
        ),
    )


def least_times(cases: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds of each case, the least of *rounds*, the cases taken in turns."""
    best = dict.fromkeys(cases, float("inf"))
    kept: object = None
    for _ in range(rounds):
        for name, run in cases.items():
            start = time.perf_counter()
            result = run()
            best[name] = min(best[name], time.perf_counter() - start)
            # What was made before lives until here: a heap that shrinks and grows again would
            # be timed otherwise.
            kept = result
    del kept
    return best


def encoding(count: int, rounds: int) -> None:
    mappings = [customer(number) for number in range(count)]
    models = [model(each) for each in mappings]
    prepare = preparer(KINDS["customers"])

    def prepared(values: list[Any]) -> list[Prepared | BadRow]:
        return list(map(prepare.one, range(len(values)), values))

    def together(values: list[Any]) -> list[Prepared | BadRow]:
        starts = range(0, len(values), AT_ONCE)
        blocks = [values[start : start + AT_ONCE] for start in starts]
        return [row for block in blocks for row in prepare.many(range(len(block)), block)]

    for made in (prepared(mappings), prepared(models), together(mappings), together(models)):
        assert all(isinstance(each, Prepared) for each in made)
    best = least_times(
        {
            "orjson.dumps of the list": lambda: orjson.dumps(mappings),
            "orjson.dumps of each": lambda: [orjson.dumps(each) for each in mappings],
            "mappings, one by one": lambda: prepared(mappings),
            "mappings, many at once": lambda: together(mappings),
            "models, one by one": lambda: prepared(models),
            "models, many at once": lambda: together(models),
        },
        rounds,
    )
    base = best["orjson.dumps of the list"]
    print(f"{count:,} customers, {len(orjson.dumps(mappings)):,} bytes")
    for name, seconds in best.items():
        print(f"  {name:<32}{seconds * 1e3:8.2f} ms  {seconds / base:6.1f} x")


def validating(rows: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        for suffix, write in (("csv", write_csv), ("jsonl", write_jsonl)):
            path = Path(directory) / f"customers.{suffix}"
            write(path, rows)
            start = time.perf_counter()
            with open_rows(path, "customers") as source:
                bad = check_rows(source).faulty
            seconds = time.perf_counter() - start
            print(
                f"validate {rows:,} rows of {suffix}, {path.stat().st_size / 1e6:.0f} MB: "
                f"{seconds:.1f} s, {rows / seconds:,.0f} rows/s, {bad} bad"
            )


def write_csv(path: Path, rows: int) -> None:
    names = ["joinDate", "totalSpent", "totalOrders", "avgOrderAmount", "displayName", "city"]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customerId", "email", *names, "custom.points:number"])
        for number in range(rows):
            item = customer(number)
            attributes = item["customerAttributes"]
            cells = [attributes.get(name, "") for name in names]
            writer.writerow(
                [item["customerId"], item["email"], *cells, attributes["custom"]["points"]]
            )


def write_jsonl(path: Path, rows: int) -> None:
    with path.open("wb") as file:
        for number in range(rows):
            file.write(orjson.dumps(customer(number)) + b"\n")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("--items", type=int, default=1000)
    arguments.add_argument("--rounds", type=int, default=100)
    arguments.add_argument("--rows", type=int, default=100_000)
    given = arguments.parse_args()
    encoding(given.items, given.rounds)
    validating(given.rows)
