"""
Fields that Gameball does not know: it takes them without a word, and ignores them.

They are named once in a run, with the name that was probably meant and the number of rows that have
them; or refused, or sent among the account's own fields, as the caller says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Literal, get_args

from attrs import define, field, frozen

from ..api.fields import AnyClass, FieldType, specs_of
from ..api.kinds import Kind, item_class
from ..errors import ConfigurationError, Fault
from ..faults import Faulty, Refusal

Unknown = Literal["warn", "error", "custom", "send"]
"""What becomes of fields that Gameball does not know: sent and named, refused, sent as custom, sent."""

NAMED = 200
"""Different fields that are told apart; the rest is counted under one name."""
OTHERS = "(others)"
_MAX_NAME = 60
Path = tuple[str, ...]

OWN_PLACE: Mapping[str, Path] = {
    "Customer": ("customerAttributes", "custom"),
    "CustomerAttributes": ("custom",),
    "Order": ("extra",),
    "LineItem": ("extra",),
}
"""Where an item keeps fields of the account's own, by the name of its class."""


def letters(name: str) -> str:
    """A name without case, blanks and signs, dots apart: what near misses have in common."""
    return "".join(each for each in name if each.isalnum() or each == ".").casefold()


def shown(name: str) -> str:
    """A field's name, fit for a message: cut, with control characters escaped."""
    cut = name if len(name) <= _MAX_NAME else name[: _MAX_NAME - 1] + "…"
    return cut if cut.isprintable() else ascii(cut)[1:-1]


@frozen
class UnknownField:
    """
    A field that Gameball does not know.

    Attributes:
        name: as it stands in the rows.
        meant: the field of Gameball's that was probably meant; None for nothing near.
        rows: how many rows have it.
        sent: whether it is sent all the same.
    """

    name: str
    meant: str | None
    rows: int
    sent: bool = True

    def __str__(self) -> str:
        return self.name if self.meant is None else f"{self.name} (did you mean {self.meant}?)"


@define(eq=False)
class UnknownFields:
    """
    The unknown fields of one run or call.

    Attributes:
        kind: the batch kind.
        policy: what becomes of them.
        first: called when one is met for the first time, with its name and the one that was meant.
        row: those of the row that is being looked at, in their order.
    """

    kind: Kind
    policy: Unknown = "warn"
    first: Callable[[str, str | None], None] = lambda name, meant: None
    row: dict[str, None] = field(factory=dict, init=False)
    _rows: Counter[str] = field(factory=Counter, init=False)

    def __attrs_post_init__(self) -> None:
        if self.policy not in get_args(Unknown):
            words = ", ".join(get_args(Unknown))
            raise ConfigurationError(f"unknown={self.policy!r} is not one of: {words}")
        if self.policy == "custom" and not self.kind.own_fields:
            raise ConfigurationError(
                f"{self.kind.name} have no custom fields: do not use --unknown custom "
                "(unknown='custom')"
            )

    def met(self, path: str) -> None:
        """
        The row has this field. It may be told of it more than once.

        Raises:
            Refusal: such fields are refused.
        """
        self.refuse(path)
        if self.policy != "send":
            self.row[path] = None

    def end_row(self) -> None:
        """The row was looked at: count it for each of its fields, once."""
        counted = set[str]()
        for path in self.row:
            name = self._name(path)
            self._rows[name] += name not in counted
            counted.add(name)
        self.row.clear()

    def _name(self, path: str) -> str:
        """The name under which a field is counted, which is told where it is new."""
        name = shown(path)
        if name in self._rows:
            return name
        if len(self._rows) >= NAMED:
            return OTHERS
        self.first(name, meant_by(self.kind, path))
        return name

    def refuse(self, path: str) -> None:
        """Refuse a field where the policy says so, without counting it."""
        if self.policy == "error":
            meant = meant_by(self.kind, path)
            near = "" if meant is None else f": did you mean {meant}?"
            raise Refusal(f"is not a field that Gameball knows{near}")

    def found(self) -> tuple[UnknownField, ...]:
        """The fields so far, those of most rows first."""
        return tuple(
            UnknownField(name, meant_by(self.kind, name), rows)
            for name, rows in self._rows.most_common()
        )


@cache
def _known(kind: str) -> Mapping[str, str]:
    """The fields of a kind, by their letters; those of objects within under their path."""
    cls = item_class(kind)
    return {} if cls is None else {letters(path): path for path in _paths(cls, "")}


def _paths(cls: AnyClass, before: str) -> Iterable[str]:
    for spec in specs_of(cls).values():
        yield before + spec.wire
        if spec.type is FieldType.NESTED and spec.nested is not None:
            yield from _paths(spec.nested, f"{before}{spec.wire}.")


def meant_by(kind: Kind, path: str) -> str | None:
    """The field that a name probably means: by case and signs, its last part, or one slip of the pen."""
    known = _known(kind.name)
    wanted = letters(path)
    if wanted in known:
        return known[wanted]
    last = wanted.rpartition(".")[2]
    for name, each in known.items():
        if name.rpartition(".")[2] == last:
            return each
    for name, each in known.items():
        if _one_slip(name.rpartition(".")[2], last):
            return each
    return None


def _one_slip(right: str, written: str) -> bool:
    """Whether two words differ in one letter that is more, less, other, or swapped with the next."""
    if len(right) < 4 or abs(len(right) - len(written)) > 1:
        return False
    start = next(
        (n for n, (a, b) in enumerate(zip(right, written, strict=False)) if a != b),
        min(len(right), len(written)),
    )
    a, b = right[start:], written[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


def dotted_path(name: str, cls: AnyClass) -> Path | None:
    """The path that a dotted name means in an item of *cls*; None for a name that means none."""
    parent, dot, rest = name.partition(".")
    spec = specs_of(cls).get(parent)
    if not dot or not rest or spec is None:
        return None
    if spec.type in (FieldType.OBJECT, FieldType.EVENTS):
        return parent, rest
    if spec.type is not FieldType.NESTED or spec.nested is None:
        return None
    return parent, *(dotted_path(rest, spec.nested) or (rest,))


def expanded(item: Mapping[str, Any], paths: Mapping[str, Path]) -> dict[str, Any]:
    """
    An item whose fields of these names are within its objects instead.

    Raises:
        Faulty: a field is there in both forms, or what should be an object is none.
    """
    made = {name: value for name, value in item.items() if name not in paths}
    faults: list[Fault] = []
    for name, (*parents, last) in paths.items():
        node = made
        for parent in parents:
            inner = node.get(parent)
            if inner is not None and not isinstance(inner, Mapping):
                faults.append(
                    Fault(
                        f".{shown(name)}",
                        f"cannot be used together with {parent}, which is not an object",
                    )
                )
                break
            node[parent] = node = dict(inner or {})
        else:
            if last in node:
                both = ".".join((*parents, shown(last)))
                faults.append(
                    Fault(
                        f".{shown(name)}",
                        f"is given twice, here and as {both} inside its object: keep one",
                    )
                )
            node.setdefault(last, item[name])
    if faults:
        raise Faulty(faults)
    return made
