"""Items put together from columns: as if each value were put at its path, one after another."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gameball_async.rows.cells_many import Path, maker

NAMES = st.sampled_from(["a", "b", "class", 'x"]; y', "é", ""])
PATHS = st.lists(
    st.lists(NAMES, min_size=1, max_size=3).map(tuple), min_size=1, max_size=6, unique=True
).filter(lambda paths: not any(path[:n] in paths for path in paths for n in range(1, len(path))))


def put(item: dict[str, Any], path: Path, value: object) -> None:
    *parents, name = path
    for parent in parents:
        item = item.setdefault(parent, {})
    item[name] = value


@given(PATHS, st.sampled_from([None, "hole"]), st.data())
def test_an_item_is_what_its_values_make_in_their_order(
    paths: list[Path], hole: object, data: st.DataObject
) -> None:
    row = st.tuples(*(st.sampled_from([1, 2, None, "hole"]) for _ in paths))
    rows = data.draw(st.lists(row, max_size=4))
    expected = list[dict[str, Any]]()
    for values in rows:
        item: dict[str, Any] = {}
        for path, value in zip(paths, values, strict=True):
            if value is not hole:
                put(item, path, value)
        expected.append(item)
    found = maker(tuple(paths))(
        [list(each) for each in zip(*rows, strict=True)] or [[]] * len(paths), hole
    )
    assert repr(found) == repr(expected)  # the order of members counts
