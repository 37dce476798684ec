"""A scenario file sets up a sandbox, and what is wrong in one is named with its place and a cure."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from gameball_async import GameballClient
from gameball_async.sandbox import (
    Constant,
    Faults,
    LogNormal,
    Options,
    Reason,
    Sandbox,
    Scenario,
    ScenarioError,
    Workers,
)  # fmt: skip
from gameball_async.sandbox.faults import FAULTS
from gameball_async.sandbox.scenario import FAULT_TABLES, File

FILE = """
seed = 7
latency = [0.0, 0.001]

[account]
api_key = "mine"
dialect = "both"

[quota]
limits = [[5, 1], [50, 30.0]]
retry_after = true

[jobs]
model = "workers"
seconds = 0.02
workers = 2
queue = 0.01
progress = false

[items]
codes = "field"

[[items.fail]]
kind = "customers"
field = "customerAttributes.city"
matches = "^Z"
code = 3003
reason = "No such city"

[[items.fail]]
field = "customerId"
equals = "c7"

[[faults]]
fault = "error_before"
on = "upsert"
times = 2
status = 500

[[faults]]
fault = "delay"
on = "poll"
times = "always"
seconds = 0.001
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "scenario.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_a_file_becomes_options_latency_and_faults(file: Path) -> None:
    scenario = Scenario.load(file)
    fail_if: Any = scenario.options["fail_if"]
    assert {name: scenario.options[name] for name in scenario.options if name != "fail_if"} == {
        "seed": 7,
        "api_key": "mine",
        "dialect": "both",
        "limits": ((5, 1.0), (50, 30.0)),
        "retry_after": True,
        "service_time": Workers(2, 0.02, 0.01),
        "progress": False,
        "codes": "field",
    }
    assert scenario.latency == (0.0, 0.001)
    assert [line["fault"] for line in scenario.faults] == ["error_before", "delay"]
    assert scenario.faults[1]["times"] is None
    city = {"customerId": "c1", "customerAttributes": {"city": "Zurich"}}
    assert fail_if("customers", city) == Reason(3003, "No such city")
    assert fail_if("orders", city) is None
    assert fail_if("orders", {"customerId": "c7"}) == Reason(None, "Something went wrong")
    assert fail_if("order-transactions", "o1") is None


def test_json_and_mappings_say_the_same(file: Path, tmp_path: Path) -> None:
    import tomllib

    value = tomllib.loads(FILE)
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    for other in (Scenario.load(path), Scenario.of(value)):
        mine, its = dict(Scenario.load(file).options), dict(other.options)
        assert mine.pop("fail_if") is not its.pop("fail_if")
        assert mine == its
        assert other.faults == Scenario.load(file).faults


@pytest.mark.anyio
async def test_a_sandbox_plays_the_file_and_what_is_given_as_well_goes_before_it(
    file: Path,
) -> None:
    async with Sandbox(scenario=file, api_key="yours") as sandbox:
        assert (sandbox.options.seed, sandbox.api_key) == (7, "yours")
        async with GameballClient("yours", sandbox.secret_key, base_url=sandbox.url) as client:
            await client.upsert_customer({"customerId": "c0"})
            rows = [{"customerId": f"c{n}"} for n in range(9)]
            final = await client.wait(await client.submit("customers", rows))
    assert sandbox.counts["upsert"] == 3
    assert final.results is not None
    assert [entry["customerId"] for entry in final.results.failed] == ["c7"]
    assert Sandbox(3, scenario={"seed": 4}).options.seed == 3
    assert Sandbox(scenario={"seed": 4}).options.seed == 4
    assert Sandbox().options.seed == 0


def test_durations_have_three_models() -> None:
    def jobs(**keys: Any) -> object:
        return Scenario.of({"jobs": keys}).options["service_time"]

    assert jobs(seconds=2) == Constant(2.0, queue=0.05)
    assert jobs(model="log-normal", seconds=2, sigma=0.5) == LogNormal(2.0, 0.5, 0.05)
    assert jobs(model="workers", seconds=2, workers=4, queue=0) == Workers(4, 2.0, 0.0)
    assert Scenario.of({"jobs": {"progress": False}}).options == {"progress": False}


WRONG: dict[str, tuple[Any, str]] = {
    "a key": ({"sede": 1}, "no key 'sede': do you mean `seed`?"),
    "a key of a section": (
        {"jobs": {"secnds": 1}},
        "no key 'secnds' in jobs: do you mean `seconds`?",
    ),
    "a strange key": (
        {"jobs": {"zzz": 1}},
        "no key 'zzz' in jobs: use one of progress, partial_lists",
    ),
    "versions": (
        {"account": {"versions": ["v3"]}},
        'account.versions is ["v3"], but must be a list',
    ),
    "a worth": ({"account": {"point_value": 0}}, "point_value is 0, but must be a number, more"),
    "a section": ({"jobs": 3}, "jobs must be a table"),
    "a number": ({"jobs": {"seconds": -1}}, "jobs.seconds is -1, but must be a number, at least 0"),
    "a truth": ({"quota": {"retry_after": 1}}, "quota.retry_after is 1, but must be true or false"),
    "a word": ({"account": {"dialect": "x"}}, 'account.dialect is "x", but must be one of: tutori'),
    "limits": ({"quota": {"limits": [30, 1]}}, "quota.limits is [30, 1], but must be pairs"),
    "latency": ({"latency": [2, 1]}, "latency is [2, 1], but must be two numbers"),
    "a part": ({"items": {"fail_rate": 2}}, "items.fail_rate is 2, but must be a number from 0"),
    "sigma": ({"jobs": {"sigma": 1}}, 'jobs.sigma is for model = "log-normal" only'),
    "workers": ({"jobs": {"workers": 1}}, 'jobs.workers is for model = "workers" only'),
    "nothing at all": (
        {"jobs": {"model": "log-normal", "seconds": 0}},
        "jobs.seconds must be a number, more than 0",
    ),
    "a fail": ({"items": {"fail": [{"field": "a"}]}}, "items.fail number 1 must have `field`"),
    "no list": ({"items": {"fail": {}}}, "items.fail must be a list of tables: write [[items.fai"),
    "a pattern": (
        {"items": {"fail": [{"field": "a", "matches": "("}]}},
        "items.fail number 1.matches",
    ),
    "a fault": (
        {"faults": [{"fault": "delai"}]},
        "faults number 1 has no fault named 'delai': d",
    ),
    "no fault": ({"faults": [{}]}, "faults number 1 has no fault named None"),
    "a list for a fault": ({"faults": [{"fault": []}]}, "faults number 1 has no fault named"),
    "a fault's word": (
        {"faults": [{"fault": "hang_up"}, {"fault": "delay", "second": 1}]},
        "no key 'second' in faults number 2, delay: do you mean `seconds`?",
    ),
    "what a fault needs": ({"faults": [{"fault": "delay"}]}, "delay must have `seconds`"),
    "where": (
        {"faults": [{"fault": "hang_up", "on": "polls"}]},
        'hang_up.on is "polls", but must be one of: submit, poll',
    ),
    "how often": ({"faults": [{"fault": "hang_up", "times": -1}]}, 'or "always"'),
    "no table": ([1], "the top level must be a table"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_named_with_its_place_and_a_cure(what: str) -> None:
    value, words = WRONG[what]
    with pytest.raises(ScenarioError) as caught:
        Scenario.of(value, "s.toml")
    assert str(caught.value).startswith("the scenario s.toml: ")
    assert words in str(caught.value)


def test_a_file_that_cannot_be_read_is_named_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text("seed = 1\njobs = = 2\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"s\.toml is not TOML.*line 2, column 8"):
        Scenario.load(path)
    other = tmp_path / "s.json"
    other.write_text('{"seed": 1,\n oops}', encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"s\.json is not JSON.*line 2 column 2"):
        Scenario.load(other)
    with pytest.raises(ScenarioError, match=r"none\.toml cannot be read: No such file"):
        Sandbox(scenario=tmp_path / "none.toml")
    path.write_bytes(b"\xff")
    with pytest.raises(ScenarioError, match="it is not UTF-8"):
        Scenario.load(path)


def test_a_scenario_can_name_every_fault_and_option_there_is() -> None:
    """What needs a function of Python's is left out; nothing else."""
    faults = {
        name
        for name, method in vars(Faults).items()
        if inspect.isfunction(method) and "when" in inspect.signature(method).parameters
    }
    assert faults - {"edit"} == set(FAULTS) == set(FAULT_TABLES)
    for name, table in FAULT_TABLES.items():
        words = set(inspect.signature(getattr(Faults, name)).parameters) - {"self", "when"}
        assert words <= set(attrs.fields_dict(table)), name
    options = {each.name for each in attrs.fields(Options)} - {"seed", "fail_if", "service_time"}
    durations = {"model", "seconds", "sigma", "workers", "queue"}
    tables = (attrs.fields_dict(File)[part].type for part in ("account", "quota", "items", "jobs"))
    assert options == {key for table in tables for key in keys(table)} - durations - {"fail"}


def keys(table: Any) -> list[str]:
    return [each.name for each in attrs.fields(table)]


def test_everything_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(ScenarioError) as caught:
        Scenario.of(
            {"sede": 1, "jobs": {"seconds": "x", "queue": -1}, "faults": [{"fault": "dela"}]}
        )
    for words in ("'sede'", "jobs.seconds is", "jobs.queue is", "do you mean `delay`?"):
        assert words in str(caught.value)
