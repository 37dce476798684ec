"""What puts the values of columns together to items, written out and compiled once for each header."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

Path: TypeAlias = tuple[str, ...]
Make: TypeAlias = Callable[[Sequence[Sequence[object]], object], list[dict[str, Any]]]
"""Makes the items out of their columns; an object that stands where a value is missing comes last."""


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
