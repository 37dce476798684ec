"""Partial lists of open jobs: the latest of each, within a budget of bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gameball_async.jobs.partial import Partial


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40), st.booleans()), max_size=40),
    st.integers(0, 60),
)
def test_the_latest_answers_that_fit_are_kept_and_no_more(
    moves: list[tuple[int, int, bool]], size: int
) -> None:
    partial, model = Partial(size), dict[int, bytes]()
    for job, length, ends in moves:
        if ends:
            assert partial.pop(job) == model.pop(job, None)
            continue
        model.pop(job, None)
        model[job] = bytes(length)
        partial.keep(job, model[job])
        while sum(map(len, model.values())) > size:
            del model[next(iter(model))]
    assert {job: partial.pop(job) for job in range(6)} == {job: model.get(job) for job in range(6)}
