"""
Scenarios: a sandbox's settings and faults as a file, TOML or JSON, or as a mapping.

::

    [jobs]
    seconds = 5.0

    [[faults]]
    fault = "reset_after_commit"
    on = "submit"

The classes below declare the tables of a file. Every error names its place and says what to write.
"""

# No postponed annotations here: cattrs reads the types.
import inspect
import json
import os
import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, get_origin, get_type_hints

import attrs
from attrs import field, frozen
from cattrs import (
    ClassValidationError,
    Converter,
    ForbiddenExtraKeysError,
    IterableValidationError,
)
from cattrs.cols import list_structure_factory
from cattrs.gen import make_dict_structure_fn

from .faults import FAULTS, Faults
from .forms import FORMS
from .jobs import Constant, LogNormal, ServiceTime, Workers
from .messages import Reason
from .options import (
    AccountOptions,
    ItemOptions,
    JobOptions,
    Latency,
    Must,
    Options,
    Positive,
    QuotaOptions,
    Seconds,
    Unfit,
    Whole,
)
from .script import When


class ScenarioError(ValueError):
    """A scenario cannot be used. The message names the file, the place, and what to do."""


_ABSENT = object()


@frozen(kw_only=True)
class FailRule:
    """One ``[[items.fail]]``: items that fail, by the value of a field."""

    field: str
    kind: Annotated[str, Must.one_of(FORMS)] | None = None
    equals: Any = _ABSENT
    matches: Annotated[re.Pattern[str], Must("a regular expression", re.compile)] | None = None
    code: Positive | None = None
    reason: str = "Something went wrong"

    def __attrs_post_init__(self) -> None:
        if (self.equals is _ABSENT) == (self.matches is None):
            raise Unfit("must have `field`, and one of `equals` and `matches`")

    def fits(self, kind: str, item: Any) -> bool:
        """Whether an item of *kind* fails by this rule."""
        for name in self.field.split("."):
            if not isinstance(item, Mapping):  # an order id stands for itself
                break
            item = item.get(name)
        matched = item == self.equals if self.matches is None else self.matches.search(str(item))
        return self.kind in (None, kind) and bool(matched)


@frozen(kw_only=True, slots=False)
class JobTable(JobOptions):
    """``[jobs]``."""

    model: Literal["constant", "log-normal", "workers"] = "constant"
    seconds: Seconds = 0.2
    sigma: Seconds | None = None
    workers: Positive | None = None
    queue: Seconds = 0.05

    def __attrs_post_init__(self) -> None:
        for key, model in (("sigma", "log-normal"), ("workers", "workers")):
            if getattr(self, key) is not None and self.model != model:
                raise Unfit(f'is for model = "{model}" only: set that, or remove this key', key)
        if self.model == "log-normal" and self.seconds <= 0:
            raise Unfit("must be a number, more than 0, with a log-normal model", "seconds")

    @property
    def service_time(self) -> ServiceTime:
        """The model of these durations."""
        if self.model == "log-normal":
            sigma = 1.0 if self.sigma is None else self.sigma
            return LogNormal(self.seconds, sigma, self.queue)
        if self.model == "workers":
            return Workers(self.workers or 1, self.seconds, self.queue)
        return Constant(self.seconds, self.queue)


@frozen(kw_only=True, slots=False)
class ItemTable(ItemOptions):
    """``[items]``."""

    fail: list[FailRule] = field(factory=list)

    def fail_if(self, kind: str, item: Any) -> Reason | None:
        """The reason of the first rule that fits."""
        rule = next((each for each in self.fail if each.fits(kind, item)), None)
        return None if rule is None else Reason(rule.code, rule.reason)


FaultLine = NewType("FaultLine", Mapping[str, Any])
"""One ``[[faults]]``, for `Faults.load`: a method, and its arguments."""


@frozen(kw_only=True)
class File:
    """A whole scenario file."""

    seed: Whole = 0
    latency: Latency = (0.0, 0.0)
    account: AccountOptions = field(factory=AccountOptions)
    quota: QuotaOptions = field(factory=QuotaOptions)
    jobs: JobTable = field(factory=JobTable)
    items: ItemTable = field(factory=ItemTable)
    faults: list[FaultLine] = field(factory=list)


@frozen
class Scenario:
    """
    What a sandbox is to play.

    Attributes:
        options: settings of `Options`, *seed* among them.
        latency: least and most seconds that the simulated network takes, each way.
        faults: lines for `Faults.load`, in their order.
    """

    options: Mapping[str, Any] = field(factory=dict, repr=False)
    latency: tuple[float, float] = (0.0, 0.0)
    faults: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Scenario":
        """
        Reads a file: JSON if its name ends in ``.json``, otherwise TOML.

        Raises:
            ScenarioError: it cannot be read, or something in it is wrong.
        """
        name = os.fspath(path)
        try:
            content = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is not UTF-8"
            raise ScenarioError(f"the scenario {name} cannot be read: {why}") from None
        is_json = name.lower().endswith(".json")
        try:
            value = json.loads(content) if is_json else tomllib.loads(content)
        except ValueError as error:
            form = "JSON" if is_json else "TOML (name it .json if it is JSON)"
            raise ScenarioError(f"the scenario {name} is not {form}: {error}") from None
        return cls.of(value, name)

    @classmethod
    def of(cls, value: Any, name: str = "given") -> "Scenario":
        """
        Reads a mapping of the same form; *name* is for messages.

        Raises:
            ScenarioError: something in it is wrong; the message names everything that is.
        """
        try:
            file = _converter.structure(value, File)
        except (Unfit, ClassValidationError) as error:
            wrong = "; ".join(_sentences(error, ""))
            raise ScenarioError(f"the scenario {name}: {wrong}") from None
        return cls(_options(file, value), file.latency, tuple(file.faults))

    @classmethod
    def given(
        cls, value: "Scenario | Mapping[str, Any] | str | os.PathLike[str] | None"
    ) -> "Scenario":
        """A scenario from whatever can stand for one; None is the one that sets nothing."""
        if value is None or isinstance(value, Scenario):
            return value or cls()
        return cls.of(value) if isinstance(value, Mapping) else cls.load(value)


def _options(file: File, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the file names, and no others: defaults are for `Options`."""
    options: dict[str, Any] = {"seed": file.seed} if "seed" in raw else {}
    declared = attrs.fields_dict(Options).keys()
    for part in ("account", "quota", "jobs", "items"):
        table, names = getattr(file, part), declared & raw.get(part, {}).keys()
        options |= {name: getattr(table, name) for name in names}
    if raw.get("jobs", {}).keys() - declared:
        options["service_time"] = file.jobs.service_time
    if file.items.fail:
        options["fail_if"] = file.items.fail_if
    return options


# How cattrs reads it, and what is said of its errors


def _fault_table(name: str) -> type:
    """The table of one fault: its method's own arguments, and the words of `When`."""
    method = getattr(Faults, name)
    types = get_type_hints(method, include_extras=True)
    own = {
        each.name: field(
            type=types[each.name],
            default=attrs.NOTHING if each.default is each.empty else each.default,
        )
        for each in inspect.signature(method).parameters.values()
        if each.name not in ("self", "when")
    }
    return attrs.make_class(name, own, bases=(When,), kw_only=True, frozen=True, slots=False)


FAULT_TABLES = {name: _fault_table(name) for name in FAULTS}
_TABLE = "must be a table of keys and values"
_converter = Converter(forbid_extra_keys=True, detailed_validation=True)


def _value(value: Any, kind: Any) -> Any:
    must = Must.of(kind)
    return value if must is None else must(value)


_converter.register_structure_hook_func(lambda kind: Must.of(kind) is not None, _value)
for _plain in (bool, int, str):  # cattrs looks these up before it asks the predicate
    _converter.register_structure_hook(_plain, _value)


def _only(wanted: type, words: str, read: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Reads values of one type with *read*, and refuses others with *words*."""

    def structure(value: Any, kind: Any) -> Any:
        if not isinstance(value, wanted):
            raise Unfit(words)
        return read(value, kind)

    return structure


@_converter.register_structure_hook_factory(attrs.has)
def _table(kind: Any) -> Callable[[Any, Any], Any]:
    return _only(Mapping, _TABLE, make_dict_structure_fn(kind, _converter))


@_converter.register_structure_hook_factory(
    lambda kind: get_origin(kind) is list  # type: ignore[comparison-overlap]
)
def _list_of_tables(kind: Any) -> Callable[[Any, Any], Any]:
    words = "must be a list of tables: write [[{place}]] in TOML"
    return _only(list, words, list_structure_factory(kind, _converter))


@_converter.register_structure_hook
def _fault_line(value: Any, _: Any) -> FaultLine:
    if not isinstance(value, Mapping):
        raise Unfit(_TABLE)
    words = dict(value)
    name = words.pop("fault", None)
    if not isinstance(name, str) or name not in FAULT_TABLES:
        raise Unfit(f"has no fault named {name!r}{_cure(str(name), FAULT_TABLES)}")
    table: Any = _converter.structure(words, FAULT_TABLES[name])
    return FaultLine({"fault": name, **{key: getattr(table, key) for key in words}})


def _sentences(error: BaseException, place: str) -> Iterator[str]:
    """What is wrong, each with its place in the file."""
    if isinstance(error, IterableValidationError):
        for each, at in error.group_exceptions()[0]:
            yield from _sentences(each, f"{place} number {int(at.index) + 1}")
    elif isinstance(error, ClassValidationError):
        if issubclass(error.cl, When):
            place += f", {error.cl.__name__}"
        named, others = error.group_exceptions()
        for each, note in named:
            if isinstance(each, KeyError):
                yield f"{place} must have `{note.name}`"
            else:
                yield from _sentences(each, f"{place}.{note.name}".lstrip("."))
        for other in others:
            yield from _sentences(other, place)
    elif isinstance(error, ForbiddenExtraKeysError):
        known = attrs.fields_dict(error.cl)
        for key in sorted(error.extra_fields):
            yield f"there is no key {key!r}{f' in {place}' if place else ''}{_cure(key, known)}"
    else:
        key = getattr(error, "key", "")
        words = str(error).replace("{place}", place)
        yield f"{place or 'the top level'}{f'.{key}' if key else ''} {words}"


def _cure(word: str, known: Collection[str]) -> str:
    close = get_close_matches(word, list(known), 1)
    return f": do you mean `{close[0]}`?" if close else f": use one of {', '.join(known)}"
