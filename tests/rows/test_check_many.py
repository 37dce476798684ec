"""
The check of many rows at once gives what the check of one row gives, for all of them.

More rows than the test takes: ``python -m tests.rows.test_check_many 500000``.
"""

from __future__ import annotations

import random
import sys
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest

from gameball_async.api.fields import UNSET, AnyClass, FieldSpec, FieldType, specs_of
from gameball_async.api.kinds import KINDS, item_class
from gameball_async.rows.check import preparer
from gameball_async.rows.check_many import check_of_many
from gameball_async.rows.row import Prepared
from gameball_async.rows.unknown import Unknown, UnknownFields

KINDS_OF_OBJECTS = [name for name in KINDS if item_class(name) is not None]
NAN = float("nan")

Chance = random.Random


class Word(str):
    """Text of a class of its own."""


class Five(str, Enum):  # noqa: UP042 - its value is no text
    """Text by its class, and a number by its value."""

    FIVE = 5


def free(chance: Chance) -> Any:
    """What may stand where no field is described."""
    return chance.choice(
        ["x", "", 1, 1.5, True, None, [1, "a"], {"a": {"b": [1.5]}}, "null", (1, 2), 2**64 - 1]
    )


def sound(spec: FieldSpec, chance: Chance, model: bool) -> Any:
    """A value that stays as it is."""
    match spec.type:
        case FieldType.ID:
            return chance.choice(["7", "c-1 2", "é", "a|b", "007"]) + str(chance.randrange(999))
        case FieldType.TEXT:
            return chance.choice(["Ann", "", " x ", "null", "née\n", "🙂"])
        case FieldType.NUMBER:
            return chance.choice([0, 1, 12.5, 1e300, 99])
        case FieldType.INTEGER:
            return chance.choice([0, 3, 40])
        case FieldType.BOOLEAN:
            return chance.choice([True, False])
        case FieldType.DATE:
            return chance.choice(["2021-02-28", "1999-12-31", "2024-10-16T08:13:29Z"])
        case FieldType.DATETIME:
            return chance.choice(["2024-10-16T08:13:29Z", "2024-10-16T08:13:29.290Z"])
        case FieldType.ENUM:
            return chance.choice(spec.choices)
        case FieldType.LIST if spec.nested is not None:
            return [item(spec.nested, chance, model, 0.0) for _ in range(chance.randrange(4))]
        case FieldType.LIST:
            texts = spec.each is FieldType.TEXT
            return [chance.choice("abc") if texts else free(chance) for _ in range(3)]
        case FieldType.OBJECT:
            values = ["a", 1, 2.5] if spec.each is not None else [free(chance), free(chance)]
            return {f"own{n}": value for n, value in enumerate(values)}
        case FieldType.EVENTS:
            return {"bought": {"item": "x", "price": 2.5}}
    assert spec.nested is not None
    return item(spec.nested, chance, model, 0.0)


def odd(chance: Chance) -> Any:
    """A value that may be wrong, or has to be converted, wherever it stands."""
    return chance.choice(
        [
            None, UNSET, NAN, float("inf"), 1e308, -1, -0.5, 2**63, 2**64, True, 5, 2.5, "", " ", "x ",
            " x", "\ud800", "a\x00", "a\nb", "|", "||", "2021-02-30", "2021-2-3", "20210203", "mobile",
            date(2020, 1, 2), Decimal("1.10"), Decimal("NaN"), Word("w"), b"x", {1: 2}, {"": 1}, {" ": "x"},
            {"a": NAN}, {"a": None}, {"a": {"b": NAN}}, [NAN], [None], [1], ["a"], ("a",), [], {}, [{}], [[NAN]],
            {"a": {"b": 1}}, object(), {"customerId": "x"}, [{"productId": " "}], [{"price": NAN}], {"a": Decimal(1)},
            "2024-10-16T08:13:29+02:00", "2024-10-16", {"a": "null"}, {"a": Word("x")},
            Word("2021-02-28"), Word("mobile"), Word("c-1"), Five.FIVE, {"a": Five.FIVE}, [Five.FIVE], [Word("a")],
            {Word("a"): 1}, {1.5}, b"2021-02-28", bytearray(b"x"),
        ]
    )  # fmt: skip


def item(cls: AnyClass | None, chance: Chance, model: bool, oddness: float) -> Any:
    """An item of a class, as a mapping or a model; rarely with something odd about it."""
    assert cls is not None
    made: dict[str, Any] = {}
    for name, spec in specs_of(cls).items():
        if spec.required or chance.random() < 0.5:
            made[name] = sound(spec, chance, model)
            if not spec.required and chance.random() < 0.05:
                made[name] = None
    while chance.random() < oddness:
        what = chance.randrange(6)
        name = chance.choice([*specs_of(cls)])
        if what == 0:
            made.pop(name, None)
        elif what == 1 and not model:
            made[chance.choice(["colour", "e-mail", "custom.size", "Email", ""])] = free(chance)
        else:
            made[name] = odd(chance)
    if not model:
        return made
    names = {name: spec.name for name, spec in specs_of(cls).items()}
    for name, spec in specs_of(cls).items():
        if spec.required:
            made.setdefault(name, None)
    return cls(**{names[name]: value for name, value in made.items()})


def block(name: str, chance: Chance) -> list[Any]:
    """Rows at hand together: most blocks have nothing odd."""
    cls = item_class(name)
    oddness = chance.choice([0.0, 0.0, 0.0, 0.02, 0.3])
    model = chance.random() < 0.4
    return [item(cls, chance, model, oddness) for _ in range(chance.choice([1, 2, 7, 40]))]


def unknowns(name: str, policy: Unknown | None) -> UnknownFields | None:
    return None if policy is None else UnknownFields(KINDS[name], policy)


def compare(rows: int, seed: int) -> tuple[int, int]:
    """Check so many rows in both ways; gives how many, and how many of them were sound."""
    chance, done, good = Chance(seed), 0, 0
    policies: list[Unknown | None] = [None, "warn", "error", "send"]
    makers: dict[Any, Any] = {}
    for name in KINDS_OF_OBJECTS:
        for policy in policies:
            for ids in (False, True):
                ours = [unknowns(name, policy), unknowns(name, policy)]
                made = [preparer(KINDS[name], ids_from_numbers=ids, unknown=u) for u in ours]
                makers[name, policy, ids] = (*made, *ours)
    while done < rows:
        name = chance.choice(KINDS_OF_OBJECTS)
        key = (name, chance.choice(policies), chance.random() < 0.2)
        by_one, at_once, unknown, unknown_too = makers[key]
        values = block(name, chance)
        shown = repr(values)
        positions = range(done, done + len(values))
        expected = list(map(by_one.one, positions, values))
        found = list(at_once.many(positions, values))
        assert found == expected, values
        assert repr(values) == shown
        if unknown is not None and unknown_too is not None:
            assert unknown.found() == unknown_too.found()
        good += sum(isinstance(row, Prepared) for row in found)
        done += len(values)
    return done, good


@pytest.mark.parametrize("seed", range(8))
def test_many_rows_at_once_are_made_what_each_is_made_by_itself(seed: int) -> None:
    done, good = compare(1_500, seed)
    assert done * 0.5 < good < done * 0.999


@pytest.mark.parametrize("name", KINDS_OF_OBJECTS)
@pytest.mark.parametrize("model", [False, True])
def test_sound_rows_need_no_look_at_each(name: str, model: bool) -> None:
    cls = item_class(name)
    assert cls is not None
    rows = [item(cls, Chance(n), model, 0.0) for n in range(200)]
    found = check_of_many(cls)(rows)
    assert found is not None
    prepare = preparer(KINDS[name])
    assert [prepare(n, each) for n, each in enumerate(found)] == list(
        map(prepare, range(200), rows)
    )


if __name__ == "__main__":
    print(compare(int(sys.argv[1]), random.randrange(2**32)))
