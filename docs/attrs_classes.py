"""Gives classes of attrs the constructor that attrs writes for them, so that the reference shows their arguments."""

from __future__ import annotations

from typing import Any

from griffe import Class, Expr, ExprCall, ExprKeyword, Extension, Function, Parameter, Parameters
from griffe import ParameterKind as Kind

__all__ = ["AttrsClasses"]

_MAKERS = {"attrs.frozen", "attrs.define"}


class AttrsClasses(Extension):
    """Reads the fields of each class that ``frozen`` or ``define`` decorates."""

    def on_class_members(self, *, cls: Class, **_: Any) -> None:
        """Adds ``__init__`` where the class has none of its own."""
        made = [each for each in cls.decorators if each.callable_path in _MAKERS]
        if not made or "__init__" in cls.members:
            return
        options = _options(made[0].value)
        if options.get("init") == "False":
            return
        keywords_only = options.get("kw_only") == "True"
        parameters = [Parameter("self", kind=Kind.positional_or_keyword)]
        for each in cls.attributes.values():
            if "instance-attribute" not in each.labels or each.annotation is None:
                continue
            field = _options(each.value)
            if field.get("init") == "False":
                continue
            is_field = isinstance(each.value, ExprCall) and str(each.value.function) == "field"
            default = (
                field.get("default", field.get("factory")) if is_field else _default(each.value)
            )
            only = keywords_only or field.get("kw_only") == "True"
            parameters.append(
                Parameter(
                    each.name.lstrip("_"),
                    annotation=each.annotation,
                    kind=Kind.keyword_only if only else Kind.positional_or_keyword,
                    default=default
                    if default is None or isinstance(default, str)
                    else str(default),
                )
            )
        made_init = Function("__init__", parameters=Parameters(*parameters), returns="None")
        made_init.labels |= {"attrs"}
        cls.set_member("__init__", made_init)


def _default(value: str | Expr | None) -> str | Expr | None:
    """What a default is: a call that makes a field of an item stands for its own."""
    maker = str(value.function) if isinstance(value, ExprCall) else None
    return {"optional": "UNSET", "unknown_fields": "NOTHING_ELSE"}.get(maker or "", value)


def _options(call: str | Expr | None) -> dict[str, str]:
    """The keyword arguments of a call, as they are written; none where it is no call."""
    if not isinstance(call, ExprCall):
        return {}
    return {each.name: str(each.value) for each in call.arguments if isinstance(each, ExprKeyword)}
