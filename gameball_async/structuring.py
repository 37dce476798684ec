"""What cattrs says of a declared file (a mapping, findings) that it cannot use, in our words."""

from __future__ import annotations

from typing import Any

from cattrs import BaseValidationError, transform_error

UNUSABLE = (BaseValidationError, TypeError, ValueError)
"""What structuring a file may raise."""


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

    return "; ".join(transform_error(error, path=path, format_exception=said))


def exactly(words: str, *kinds: type) -> Any:
    """A hook that takes values of some types as they are, and refuses all others: they must be *words*."""

    def structure(value: Any, _: object) -> Any:
        if type(value) not in kinds:
            raise TypeError(f"must be {words}")
        return value

    return structure
