"""What is wrong with a value, an item or a declared file, and Gameball's own error object, which errors carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import field, frozen


@frozen
class Fault:
    """
    One thing that is wrong with one item.

    Attributes:
        field: path of the field in the API's names, such as ``customerAttributes.joinDate``;
            empty if the item as a whole is at fault.
        reason: what is wrong and how to correct it, without the value.
    """

    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}" if self.field else self.reason


class Refusal(Exception):
    """A value is no good; the text says why, and what would be right."""


class Faulty(Exception):
    """An object, a list or a row has faults, each with its path below it: ``.city``, ``[0].sku``."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__()
        self.faults = faults


@frozen
class ErrorObject:
    """
    Gameball's own error object, as far as it could be read.

    Attributes:
        status: the HTTP status.
        code: Gameball's code, such as 2001; None if the body had none.
        type: Gameball's name for the type of error.
        message: Gameball's message, shortened and with control characters escaped.
        request_id: the id that Gameball's support asks for.
        retry_after: seconds that the answer asked to wait; None if it did not.
    """

    status: int
    code: int | None = None
    type: str | None = None
    message: str | None = None
    request_id: str | None = None
    retry_after: float | None = field(default=None, kw_only=True)

    def __str__(self) -> str:
        parts = [f"HTTP {self.status}"]
        if self.code is not None:
            parts.append(f"code {self.code}")
        if self.message:
            parts.append(self.message)
        if self.request_id:
            parts.append(f"request id {self.request_id}")
        if self.retry_after:
            parts.append(f"it asks to wait for {self.retry_after:,.0f} s")
        return ", ".join(parts)


UNUSABLE = (ExceptionGroup, TypeError, ValueError)
"""What cattrs may raise of a declared file (a mapping, findings) that it cannot use."""


def why_unusable(error: Exception, *, path: str, otherwise: str) -> str:
    """
    All that is wrong with a file, each with its place.

    Args:
        error: what structuring it has raised, one of `UNUSABLE`.
        path: what the file is called at the beginning of a place.
        otherwise: what to say of a value that has the right type and is no good.
    """

    def said(error: BaseException, _: type | None) -> str:
        extra = getattr(error, "extra_fields", None)
        if extra:
            return f"unknown key {', '.join(sorted(extra))}"
        if isinstance(error, KeyError):
            return f"{error.args[0]} is missing"
        return str(error) if isinstance(error, TypeError) else otherwise

    from cattrs import transform_error

    return "; ".join(transform_error(error, path=path, format_exception=said))


def exactly(words: str, *kinds: type) -> Any:
    """A hook that takes values of some types as they are, and refuses all others: they must be *words*."""

    def structure(value: Any, _: object) -> Any:
        if type(value) not in kinds:
            raise TypeError(f"must be {words}")
        return value

    return structure
