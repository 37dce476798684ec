"""Keys and rows are in no record, span or metric, whatever goes wrong."""

from __future__ import annotations

import logging

import pytest

from gameball_async.api.kinds import KINDS
from tests import sampling
from tests.observe.observe_desk import Kept, Telemetered, extras, kept
from tests.steps import nothing_left
from tests.test_secrets import ANSWERS, CANARIES, FAULTS, judge, virtual

__all__ = ["virtual"]  # a fixture, used by its name


def leaks(records: Kept, to: Telemetered, hooked: list[object]) -> list[str]:
    found = []
    formatter = logging.Formatter()
    for record in records.records:
        text = formatter.format(record) + repr(extras(record)) + repr(vars(record))
        found += [f"{canary} in {record.name}" for canary in CANARIES if canary in text]
    exported = to.everything() + repr(hooked)
    return found + [f"{canary} in a span or a metric" for canary in CANARIES if canary in exported]


@pytest.mark.usefixtures("virtual")
@pytest.mark.parametrize("fault", [*FAULTS, *ANSWERS, "none"])
def test_no_canary_is_in_any_record_span_or_metric(fault: str) -> None:
    to, hooked = Telemetered(), list[object]()

    async def on_request(what: object) -> None:
        hooked.append(what)

    def script(sandbox: object) -> None:
        faults = getattr(sandbox, "faults")  # noqa: B009
        if fault in FAULTS:
            getattr(faults, fault)(**{"on": "any", "times": 40, **FAULTS[fault]})
        elif fault in ANSWERS:
            faults.answer(*ANSWERS[fault], on="any", times=None)

    options = {"telemetry": to.telemetry, "on_request": on_request, "on_transition": hooked.append}
    with nothing_left(), kept() as records:
        # Orders have the loop in debug mode, which is slow; half of test_secrets.py has it, too.
        for kind in KINDS if fault == "none" else (sampling.of("orders", "cashback"),):
            judge(kind, script, **options)
    assert len(records.records) > 10
    assert len(to.spans()) > 5
    assert not leaks(records, to, hooked)
