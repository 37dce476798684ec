"""What is wrong with a value, and what errors carry: a fault of an item, and Gameball's own error object."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen


@frozen
class Fault:
    """
    One thing that is wrong with one item.

    Attributes:
        field: path of the field in the API's names, such as ``customerAttributes.joinDate``;
            empty where the item as a whole is at fault.
        reason: what is wrong and what would be right, without the value.
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
        code: Gameball's code, such as 2001; None where the body had none.
        type: Gameball's word for it.
        message: Gameball's text, cut and with control characters escaped.
        request_id: what the vendor's support asks for.
        retry_after: seconds to wait as the answer asked for; None where it did not.
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
