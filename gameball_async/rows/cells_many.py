"""
Cells read many at once, where nothing about them is odd, and items put together from columns of values.

A column of a file looks the same in most rows: it is enough to look at it once. What is odd in any way is
left to the reader of one cell in `cells`, for all of these cells: none of these functions refuses
anything, and what they read is what that would have read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import methodcaller
from typing import Any, TypeAlias

import orjson

from ..api.fields import FieldType
from .cells import EXACT_DIGITS, READERS, WORDS, ReadCell, phone_or_zip

Path: TypeAlias = tuple[str, ...]
Make: TypeAlias = Callable[[Sequence[Sequence[object]], object], list[dict[str, Any]]]
"""Makes the items out of their columns; an object that stands where a value is missing comes last."""
ReadMany: TypeAlias = Callable[[Sequence[str]], Sequence[object] | None]
"""The values of cells that are not empty; None where one of them is odd."""

_NUMERIC = bytes.maketrans(b"0123456789.eE+-", b"0" * 15)
_OPENED, _PARTS = methodcaller("startswith", "["), methodcaller("split", "|")
_LONG = b"0" * (EXACT_DIGITS + 2)


def json_values(texts: Sequence[str]) -> list[Any] | None:
    """
    The values of JSON texts, as `read_json` reads each; None where one is no JSON, or may be such that it matters how.

    That is where a name may come twice in an object, or a number may have more digits than a double.
    """
    try:
        values = list(map(orjson.loads, texts))
        written = orjson.dumps(values)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    whole = "\n".join(texts)
    if "\\" in whole and ("\\u003a" in whole or "\\u003A" in whole):
        return None  # a colon that would not be counted
    if whole.count(":") != written.count(b":"):
        return None  # a name comes twice, and with it the colon behind it
    return None if _LONG in whole.encode().translate(_NUMERIC) else values


def _numbers(cells: Sequence[str]) -> Sequence[object] | None:
    if max(map(len, cells)) > EXACT_DIGITS:
        return None
    try:
        found: list[object] = orjson.loads(f"[{','.join(cells)}]")
    except orjson.JSONDecodeError:
        return None
    return found if len(found) == len(cells) and set(map(type, found)) <= {int, float} else None


def _ids(cells: Sequence[str]) -> Sequence[object] | None:
    together = "|".join(cells)
    return None if any(map(together.__contains__, (".0", "e+", "E+"))) else cells


def _stripped(cells: Sequence[str]) -> Sequence[object]:
    return [cell or None for cell in map(str.strip, cells)]


def _booleans(cells: Sequence[str]) -> Sequence[object] | None:
    return list(map(WORDS.__getitem__, cells)) if WORDS.keys() >= set(cells) else None


def _lists(cells: Sequence[str]) -> Sequence[object] | None:
    """JSON arrays; or parts that are not empty and hold no blanks."""
    if all(map(_OPENED, cells)):
        return json_values(cells)
    together, whole = "\n".join(("", *cells, "")), "".join(cells)
    odd = any(map(together.__contains__, ("[", "||", "\n|", "|\n")))
    return None if odd or whole.split() != [whole] else list(map(_PARTS, cells))


def _texts(cells: Sequence[str]) -> Sequence[object]:
    return cells


READ_MANY: Mapping[ReadCell, ReadMany] = {
    READERS[FieldType.TEXT]: _texts,
    READERS[FieldType.ID]: _ids,
    phone_or_zip: _ids,
    READERS[FieldType.NUMBER]: _numbers,
    READERS[FieldType.BOOLEAN]: _booleans,
    READERS[FieldType.DATE]: _stripped,
    READERS[FieldType.LIST]: _lists,
    READERS[FieldType.OBJECT]: json_values,
}
"""How many cells are read at once, by what reads one."""


@lru_cache(maxsize=64)
def maker(paths: tuple[Path, ...]) -> Make:
    """
    What makes items whose values stand at these paths of names, none of which leads through another.

    A value that is missing is left out, and so is an object of which all values are. For the columns
    ``a`` and ``b.c`` this is compiled::

        def make(columns, hole):
            made = []
            for v0, v1, in zip(*columns):
                o0 = {}
                o1 = None
                if v0 is not hole:
                    o0['a'] = v0
                if v1 is not hole:
                    if o1 is None: o0['b'] = o1 = {}
                    o1['c'] = v1
                made.append(o0)
            return made
    """
    objects: dict[Path, str] = {(): "o0"}
    puts: list[str] = []
    for number, (*parents, name) in enumerate(paths):
        puts.append(f"        if v{number} is not hole:")
        for depth in range(1, len(parents) + 1):
            path = tuple(parents[:depth])
            outer = objects[path[:-1]]
            own = objects.setdefault(path, f"o{len(objects)}")
            puts.append(f"            if {own} is None: {outer}[{path[-1]!r}] = {own} = {{}}")
        puts.append(f"            {objects[tuple(parents)]}[{name!r}] = v{number}")
    values = "".join(f"v{number}, " for number in range(len(paths)))
    source = "\n".join(
        (
            "def make(columns, hole):",
            "    made = []",
            f"    for {values}in zip(*columns):",
            "        o0 = {}",
            *(f"        {each} = None" for each in objects.values() if each != "o0"),
            *puts,
            "        made.append(o0)",
            "    return made",
        )
    )
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102 - of the names it holds nothing but their literals
    made: Make = names["make"]
    return made
