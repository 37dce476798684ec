"""
Makes properties of a module visible to mutmut, which passes over every function with a decorator, and
hides protocols from it, whose methods are never called.
"""

from __future__ import annotations

import libcst as cst
import libcst.matchers as m

__all__ = ["GETTER", "without_properties"]

GETTER = "get__"

_PROPERTY = m.FunctionDef(decorators=[m.Decorator(m.Name("property"))])


_PROTOCOL = m.ClassDef(
    bases=[m.ZeroOrMore(), m.Arg(m.Name("Protocol")), m.ZeroOrMore()], body=m.IndentedBlock()
)
_PASS_OVER = cst.TrailingWhitespace(
    cst.SimpleWhitespace(" "), cst.Comment("# pragma: no mutate block")
)


class _Split(cst.CSTTransformer):
    def leave_ClassDef(
        self, original_node: cst.ClassDef, updated_node: cst.ClassDef
    ) -> cst.ClassDef:
        if not m.matches(original_node, _PROTOCOL):
            return updated_node
        return updated_node.with_deep_changes(updated_node.body, header=_PASS_OVER)

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef | cst.FlattenSentinel[cst.BaseStatement]:
        if not m.matches(updated_node, _PROPERTY):
            return updated_node
        name = updated_node.name.value
        getter = updated_node.with_changes(decorators=[], name=cst.Name(GETTER + name))
        assignment = cst.parse_statement(f"{name} = property({GETTER}{name})")
        return cst.FlattenSentinel([getter, assignment])


def without_properties(source: str) -> str:
    """The same module, in which each property is a plain method and an assignment."""
    return cst.parse_module(source).visit(_Split()).code
