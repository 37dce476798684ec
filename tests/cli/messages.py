"""Collects every message of the command line, and of the errors that it prints, from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "gameball_async"
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SAYS = {"say", "remark", "_tell", "Finding"}
ERRORS = {
    "BadParameter", "ClosedError", "ConfigurationError", "InputError", "JournalError", "RowsError",
    "SharedQuotaError", "UsageError", "error", "fail",
}  # fmt: skip
ROOMS = (
    "audit",
    "balances",
    "cli",
    "preflight",
    "journal",
    "mapping",
    "rows",
    "client",
    "limits",
    "jobs",
    "bulk",
    "api",
    "connections.py",
    "session.py",
)


def messages() -> dict[str, str]:
    """Each message, values left out, with the module that says it."""
    found: dict[str, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        module = path.relative_to(PACKAGE).as_posix()
        if module.startswith(ROOMS):
            for text in _of(ast.parse(path.read_text(encoding="utf-8"))):
                found.setdefault(text, module)
    return dict(sorted(found.items(), key=lambda each: (each[1], each[0].casefold())))


def _of(tree: ast.AST) -> Iterator[str]:
    functions = (each for each in ast.walk(tree) if isinstance(each, DEFINITIONS))
    for within in (tree, *functions):
        named = {} if within is tree else _named(within)
        for node in ast.walk(within):
            if isinstance(node, ast.Call) and node.args and _name(node.func) in SAYS | ERRORS:
                first = node.args[0]
                text = _text(named.get(first.id, first) if isinstance(first, ast.Name) else first)
                if text and " " in text.strip("{} "):
                    yield " ".join(text.split())


def _named(function: ast.AST) -> dict[str, ast.expr]:
    """The texts that a function gives a name before it says them."""
    return {
        target.id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _text(node: ast.expr) -> str:
    """The text of a literal, an f-string or a sum of both; ``…`` stands for values."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            _text(each) if isinstance(each, ast.Constant) else "…" for each in node.values
        )
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    if isinstance(node, ast.Call) and _name(node.func) in ("clean", "format"):
        return _text(node.args[0]) if node.args else ""
    return ""
