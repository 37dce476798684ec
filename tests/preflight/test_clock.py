"""The clock's offset, from dates that are cut to the second and trips of any length."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from gameball_async.preflight.learned import Offset, Sample, offset_of

MOMENTS = st.floats(1.7e9, 1.9e9)
TRIPS = st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 3.0))


@given(
    offset=st.floats(-1e5, 1e5),
    answers=st.lists(st.tuples(MOMENTS, TRIPS), min_size=1, max_size=20),
)
def test_the_truth_is_within_what_is_told_however_the_trips_are_split(
    offset: float, answers: list[tuple[float, tuple[float, float]]]
) -> None:
    samples = [
        Sample(sent, sent + there + back, math.floor(sent + there + offset))
        for sent, (there, back) in answers
    ]
    found = offset_of(samples)
    assert found is not None
    assert abs(found.seconds - offset) <= found.within + 0.002
    widest = min(there + back for _, (there, back) in answers) + 1
    assert found.within <= widest / 2 + 0.002


def test_more_answers_narrow_it_down() -> None:
    one = offset_of([Sample(100.0, 100.1, 100)])
    more = offset_of([Sample(100.0 + n / 10, 100.1 + n / 10, 100 + n // 10) for n in range(20)])
    assert one is not None and more is not None
    assert more.within < one.within / 4


def test_where_answers_contradict_each_other_the_soonest_counts() -> None:
    assert offset_of([Sample(100, 103, 900), Sample(200, 200.2, 200)]) == Offset(0.4, 0.6)


def test_without_a_date_nothing_is_known() -> None:
    assert offset_of([]) is None
