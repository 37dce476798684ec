"""Which rows the entries of an answer name: the usual answers quickly, and odd ones entry by entry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from gameball_async.api.jobs import JobResults
from gameball_async.api.kinds import KINDS
from gameball_async.bulk.matching import (
    Group,
    Said,
    all_succeeded,
    id_text,
    listen,
    rows_by_key,
    rows_of_failures,
)

CUSTOMERS, CASHBACK, ORDERS = KINDS["customers"], KINDS["cashback"], KINDS["orders"]
INQUIRY = KINDS["order-transactions"]
Entries = list[Any]


def named(*names: Any, **more: Any) -> Entries:
    return [{"customerId": name, **more} for name in names]


def results(good: Sequence[Any] = (), bad: Sequence[Any] = ()) -> JobResults:
    return JobResults(list(good), list(bad))


def heard(keys: str, answer: JobResults, items: str | None = None, kind: str = "cashback") -> Said:
    ids = None if items is None else items.split()
    return listen(KINDS[kind], rows_by_key(keys.split()), ids, answer)


# -- the usual answers


def test_rows_are_found_by_their_key_in_order() -> None:
    assert {key: list(rows) for key, rows in rows_by_key(["a", "b"]).items()} == {
        "a": [0],
        "b": [1],
    }
    shared = rows_by_key(["a", "b", "a", "a"])
    assert {key: list(rows) for key, rows in shared.items()} == {"a": [0, 2, 3], "b": [1]}
    assert rows_by_key([]) == {}


@pytest.mark.parametrize(
    ("good", "bad", "all_"),
    [
        (named("b", "a"), [], True),
        (named("b", "a"), named("a"), False),
        (named("a"), [], False),
        (named("a", "a"), [], False),
        (named("a", "c"), [], False),
        ([{"customerId": "a"}, {}], [], False),
        (named("a", ["b"]), [], False),
    ],
)
def test_an_answer_that_lists_each_customer_once_as_successful_is_known_at_once(
    good: Entries, bad: Entries, all_: bool
) -> None:
    assert all_succeeded(CUSTOMERS, ["a", "b"], None, results(good, bad)) == all_
    assert all_succeeded(CASHBACK, ["a", "b"], ["x", "y"], results(good, bad)) == all_


def test_customers_with_several_rows_are_not_known_at_once_without_item_ids() -> None:
    assert not all_succeeded(CUSTOMERS, ["a", "a"], None, results(named("a", "a")))


@pytest.mark.parametrize("items", ["xy", "yx", "xz", "x"])
def test_where_entries_name_items_those_count(items: str) -> None:
    good = [{"customerId": "a", "transactionId": item} for item in items]
    if len(good) == 1:
        good += named("a")
    known = all_succeeded(CASHBACK, ["a", "a"], ["x", "y"], results(good))
    assert known == (set(items) == set("xy"))
    assert not all_succeeded(CASHBACK, ["a", "a"], ["x", "x"], results(good))


def test_a_success_of_order_transactions_is_named_by_its_order() -> None:
    assert all_succeeded(INQUIRY, ["o1"], None, results([{"orderId": "o1"}]))
    assert not all_succeeded(INQUIRY, ["o1"], None, results(named("o1")))


def test_the_rows_of_failures_are_known_at_once_where_each_row_is_named_once() -> None:
    keys = ["a", "b", "c"]
    answer = results(named("b"), named("c", "a"))
    assert rows_of_failures(CUSTOMERS, keys, None, answer) == [2, 0]
    assert rows_of_failures(CASHBACK, keys, ["x", "y", "z"], answer) == [2, 0]
    assert rows_of_failures(CUSTOMERS, keys, None, results([], named(*keys))) == [0, 1, 2]


@pytest.mark.parametrize(
    "answer",
    [
        results(named("b"), named("c")),
        results(named("b", "b"), named("c")),
        results(named("b"), named("c", "d")),
        results(named("b"), named("c", ["a"])),
        results(named("b"), [*named("c"), {}]),
        results([{}], named("c", "a")),
        results(named("b", "a"), named("c", "a")),
        results(named("b"), named("c", "a", transactionId="x")),
    ],
)
def test_else_the_answer_is_read_entry_by_entry(answer: JobResults) -> None:
    assert rows_of_failures(CASHBACK, ["a", "b", "c"], ["x", "y", "z"], answer) is None


def test_rows_that_share_a_customer_are_read_entry_by_entry() -> None:
    answer = results(named("a"), named("b", "b"))
    assert rows_of_failures(CUSTOMERS, ["a", "b", "b"], None, answer) is None
    assert rows_of_failures(INQUIRY, ["a"], None, results([], named("a"))) is None


# -- entry by entry


def test_entries_are_sorted_by_the_customer_that_they_name() -> None:
    said = heard("a b", results(named("a", "z"), named("b", "a", "y")))
    assert said.lists == {"a": (named("a"), named("a")), "b": ([], named("b"))}
    assert said.foreign == 2
    assert said.item_key is None


@pytest.mark.parametrize(
    ("keys", "name", "found"),
    [
        ("7", 7, "7"),
        ("7", 7.0, "7"),
        ("7", True, None),
        ("True", True, None),
        ("Ab", " aB ", "Ab"),
        ("Ab aB", "AB", None),
        ("Ab aB", "aB", "aB"),
        ("straße", "STRASSE", "straße"),
        ("a b ab", "AB", "ab"),
        ("007", 7, None),
        ("a", None, None),
        ("a", ["a"], None),
    ],
)
def test_a_customer_is_found_as_sent_or_by_its_one_likeness(
    keys: str, name: Any, found: str | None
) -> None:
    said = heard(keys, results(named(name)))
    assert list(said.lists) == ([] if found is None else [found])
    assert said.foreign == (found is None)


def test_the_field_of_the_customer_may_be_in_other_letter_case_unless_there_are_too_many() -> None:
    said = heard("a b", results([{"x": 1, "CUSTOMERID": "a"}]))
    assert list(said.lists) == ["a"]
    among_likes = heard("Ab aB", results([{"CUSTOMERID": "aB"}]))
    assert list(among_likes.lists) == ["aB"]
    exact = heard("a b", results([{"CUSTOMERID": "a", "customerId": "b"}]))
    assert list(exact.lists) == ["b"]
    for fields, found in ((98, ["a"]), (99, ["a"]), (100, [])):
        entry: Any = {f"f{n}": n for n in range(fields)}
        assert list(heard("a", results([{**entry, "CustomerId": "a"}])).lists) == found


def test_an_entry_without_a_customer_is_found_by_its_item_if_one_customer_has_it() -> None:
    entries: Entries = [{"transactionId": item} for item in ("x", 7, "shared", "none", None)]
    said = heard("a b c", results(entries), "x 7 shared")
    assert {key: len(lists[0]) for key, lists in said.lists.items()} == {"a": 1, "b": 1, "c": 1}
    assert said.foreign == 2
    assert heard("a b", results(entries), "shared shared").foreign == 5
    assert heard("a b", results(entries)).foreign == 5


def test_an_item_field_counts_once_it_held_an_item_of_that_customer() -> None:
    entry = {"customerId": "a", "transactionId": "x"}
    assert heard("a b", results([entry]), "x y").item_key == "transactionId"
    assert heard("a b", results([entry]), "X y").item_key == "transactionId"
    assert heard("a b", results([entry]), "z x").item_key is None
    assert heard("a b", results(named("a")), "x y").item_key is None
    assert heard("a", results([entry])).item_key is None
    later = heard("a b", results([{**entry, "transactionId": "q"}, entry]), "x y")
    assert later.item_key == "transactionId"


def test_failures_of_order_transactions_are_named_by_either_field_the_orders_first() -> None:
    bad = [{"customerId": "o2"}, {"orderId": "o1", "customerId": "o2"}, {"customerId": "zz"}]
    said = heard("o1 o2", results([{"orderId": "o2"}], bad), kind="order-transactions")
    assert said.lists == {"o2": ([{"orderId": "o2"}], [bad[0]]), "o1": ([], [bad[1]])}
    assert said.foreign == 1


# -- rows that share a customer


def groups(said: Said, rows: list[int], items: list[str | None] | None) -> list[Group]:
    return list(said.split("a", rows, items))


def item_entry(item: Any) -> Any:
    return {"customerId": "a", "transactionId": item}


def split(good: Entries, bad: Entries, *items: str | None) -> tuple[list[Group], Said]:
    said = Said({"a": (good, bad)}, item_key="transactionId")
    return groups(said, list(range(len(items))), list(items)), said


def test_without_item_ids_all_rows_of_a_customer_are_one_group() -> None:
    good, bad = named("a"), named("a", "a")
    assert groups(Said(), [0, 1], None) == [Group([0, 1], [], [])]
    assert groups(Said({"a": (good, bad)}), [0, 1], ["x", "y"]) == [Group([0, 1], good, bad)]
    said = Said({"a": (good, bad)}, item_key="transactionId")
    assert groups(said, [0, 1], None) == [Group([0, 1], good, bad)]


def test_rows_that_are_named_by_their_item_are_groups_of_their_own() -> None:
    x, y = item_entry("x"), item_entry("y")
    found, said = split([x], [y], "x", "y")
    assert found == [Group([0], [x], []), Group([1], [], [y])]
    assert said.foreign == 0


def test_entries_without_an_item_are_about_the_rows_that_no_other_names() -> None:
    x, plain = item_entry("x"), named("a")[0]
    found, _ = split([plain, x], [plain], "x", "y", None)
    assert found == [Group([1, 2], [plain], [plain]), Group([0], [x], [])]


def test_items_of_that_customer_that_are_not_of_the_chunk_are_foreign() -> None:
    found, said = split([item_entry("q"), item_entry("r"), item_entry("x")], [], "x", "y")
    assert said.foreign == 2
    assert found == [Group([1], [], []), Group([0], [item_entry("x")], [])]


def test_rows_with_one_item_id_are_one_group() -> None:
    x = item_entry("x")
    found, _ = split([x], [x], "x", "x")
    assert found == [Group([0, 1], [x], [x])]


@pytest.mark.parametrize(
    ("good", "bad", "confused"),
    [
        ([], [], False),
        (["plain"], [], True),
        ([], ["plain"], True),
    ],
)
def test_an_entry_more_that_contradicts_one_of_those_named_confuses_them(
    good: Entries, bad: Entries, confused: bool
) -> None:
    plain = named("a")[0]
    x, y = item_entry("x"), item_entry("y")
    found, _ = split([x, *([plain] * len(good))], [y, *([plain] * len(bad))], "x", "y")
    assert [group.confused for group in found] == [confused] * 2
    same, _ = split([x, y, *([plain] * len(good))], [*([plain] * len(bad))], "x", "y")
    assert [group.confused for group in same] == [bool(bad)] * 2
    worse, _ = split([*([plain] * len(good))], [x, y, *([plain] * len(bad))], "x", "y")
    assert [group.confused for group in worse] == [bool(good)] * 2


def test_a_row_alone_takes_its_own_entries_and_those_without_an_item() -> None:
    x, plain = item_entry("x"), named("a")[0]
    found, said = split([plain, x, item_entry("q")], [plain], "x")
    assert found == [Group([0], [x, plain], [plain])]
    assert said.foreign == 1
    without, _ = split([plain], [], None)
    assert without == [Group([0], [plain], [])]


# -- what an earlier answer adds


def taken(now: Said, earlier: Said, keys: str = "aab") -> bool:
    return now.add_missing(earlier, rows_by_key(list(keys)))


def test_an_earlier_answer_fills_in_customers_that_this_one_does_not_name() -> None:
    now, earlier = Said({"b": (named("b"), [])}), Said({"a": (named("a", "a"), [])})
    assert taken(now, earlier) is True
    assert now.lists == {"b": (named("b"), []), "a": (named("a", "a"), [])}


def test_an_earlier_answer_adds_nothing_where_as_many_entries_are_there_as_rows() -> None:
    own = (named("a"), named("a"))
    now = Said({"a": own})
    assert taken(now, Said({"a": (named("a", "a"), []), "b": ([], [])})) is False
    assert now.lists == {"a": own}
    assert taken(now, Said({"a": (named("a", "a"), []), "b": ([], named("b"))})) is True
    assert now.lists == {"a": own, "b": ([], named("b"))}


@pytest.mark.parametrize("side", [0, 1])
def test_of_each_side_the_longer_list_is_kept(side: int) -> None:
    def lists(count: int, mark: str) -> tuple[Entries, Entries]:
        one = named(*["a"] * count, mark=mark)
        return ([], one) if side else (one, [])

    now = Said({"a": lists(1, "now")})
    assert taken(now, Said({"a": lists(1, "before")})) is False
    assert now.lists == {"a": lists(1, "now")}
    assert taken(now, Said({"a": lists(2, "before")})) is True
    assert now.lists == {"a": lists(2, "before")}


def test_a_side_that_is_longer_now_stays_when_the_other_is_filled_in() -> None:
    now = Said({"a": (named("a", "a", mark=1), [])})
    assert taken(now, Said({"a": (named("a", mark=0), named("a", mark=0))}), "aaa") is True
    assert now.lists == {"a": (named("a", "a", mark=1), named("a", mark=0))}
    now = Said({"a": ([], named("a", "a", mark=1))})
    assert taken(now, Said({"a": (named("a", mark=0), named("a", mark=0))}), "aaa") is True
    assert now.lists == {"a": (named("a", mark=0), named("a", "a", mark=1))}


@pytest.mark.parametrize(
    ("now", "before", "kept"),
    [(None, None, None), ("t", None, "t"), (None, "t", "t"), ("t", "u", "t")],
)
def test_the_field_of_items_is_known_from_either_answer(
    now: str | None, before: str | None, kept: str | None
) -> None:
    said = Said(item_key=now)
    taken(said, Said(item_key=before))
    assert said.item_key == kept


def test_an_id_is_text_as_it_is() -> None:
    assert id_text(" 7 ") == " 7 "
