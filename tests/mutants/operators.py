"""The small faults that can be planted in a module, each a changed copy of its syntax tree."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPARED = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_COMPUTED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
_SWAPPED = {"min": "max", "max": "min", "any": "all", "all": "any", "and_": "or_", "or_": "and_"}
_NARROWING = {"where", "and_", "or_", "values"}
"""Calls of which every argument is a rule: each is left out once."""
_LINKS = {"order_by", "distinct", "desc", "lower", "upper", "casefold", "strip", "removeprefix"}
"""Methods that give back their own kind: each is left out of its chain once."""
_UNSEEN = {"with_for_update", "limit", "dataclass", "execution_options", "TypeVar"}
"""Calls whose arguments are about speed, about races of PostgreSQL, or for the reader."""
_PRECAUTIONS = {"strict", "index", "flush"}
"""Keywords of the same kind."""


_Path = tuple[tuple[str, int | None], ...]
"""From the module down to a node: each step a field's name, and the place in it if it is a list."""


@dataclass(frozen=True)
class Mutant:
    """One fault. ``name`` says where and what, and outlives a change of lines; ``inside``: in a function."""

    name: str
    lines: range
    inside: bool
    source: str = field(repr=False)
    path: _Path
    node: ast.AST

    def tree(self) -> ast.Module:
        """The module with the fault in it."""
        return _replaced(ast.parse(self.source), self.path, self.node)


def mutants(source: str) -> list[Mutant]:
    """All faults of a module, from its top down."""
    tree = ast.parse(source)
    seen: Counter[str] = Counter()
    found = []
    for path, place in _places(tree):
        for node, told in _changes(place.node, place.parent):
            name = f"{place.scope}: {told or f'{_told(place.node)} → {_told(node)}'}"
            seen[name] += 1
            if seen[name] > 1:
                name += f" #{seen[name]}"
            found.append(Mutant(name, place.lines, place.inside, source, path, node))
    return found


@dataclass(frozen=True)
class _Place:
    node: ast.AST
    parent: ast.AST
    scope: str
    inside: bool
    lines: range


def _places(tree: ast.Module) -> Iterator[tuple[_Path, _Place]]:
    yield from _within(tree, (), ast.Module([], []), "module", False, range(0))


def _within(
    node: ast.AST, path: _Path, parent: ast.AST, scope: str, inside: bool, lines: range
) -> Iterator[tuple[_Path, _Place]]:
    if isinstance(node, ast.stmt):
        last = (
            node.body[0].lineno - 1 if isinstance(body := getattr(node, "body", None), list) and body else 0
        )
        lines = range(node.lineno, max(node.lineno, last or node.end_lineno or 0) + 1)
    if isinstance(node, (ast.expr, ast.stmt)):
        yield path, _Place(node, parent, scope, inside, lines)
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns") or _idle(node):
            continue
        if isinstance(node, ast.Call) and _called(node) in _UNSEEN and name in ("args", "keywords"):
            continue
        named, within = scope, inside
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and name == "body":
            named = node.name if scope == "module" else f"{scope}.{node.name}"
            within = inside or not isinstance(node, ast.ClassDef)
        if isinstance(node, ast.Lambda) and name == "body":
            within = True
        if isinstance(value, ast.AST):
            yield from _within(value, (*path, (name, None)), node, named, within, lines)
        elif isinstance(value, list):
            for index, child in enumerate(value):
                if isinstance(child, ast.AST):
                    yield from _within(child, (*path, (name, index)), node, named, within, lines)


def _idle(node: ast.AST) -> bool:
    """What only type checkers and readers see, and what would not start at all."""
    checking = (
        isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    )
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    precaution = isinstance(node, ast.keyword) and node.arg in _PRECAUTIONS
    return (
        checking or docstring or precaution or isinstance(node, (ast.Import, ast.ImportFrom, ast.JoinedStr))
    )


def _called(node: ast.Call) -> str:
    function = node.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _changes(node: ast.AST, parent: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """What may stand in a node's place, each with a name where its text does not tell enough."""
    match node:
        case ast.Compare(left, [operator], right) if type(operator) in _COMPARED:
            yield ast.Compare(left, [_COMPARED[type(operator)]()], right), ""
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values), ""
        case ast.UnaryOp(ast.Not() | ast.Invert(), operand):
            yield operand, ""
        case ast.BinOp(left, operator, right) if type(operator) in _COMPUTED:
            yield ast.BinOp(left, _COMPUTED[type(operator)](), right), ""
        case ast.Constant(bool() as value):
            yield ast.Constant(not value), ""
        case ast.Constant(int() | float() as value):
            yield ast.Constant(value + 1), ""
        case ast.Constant(str() as value) if value and not any(map(str.isspace, value)):
            if not isinstance(parent, (ast.Expr, ast.Compare)):  # a comparison has its own fault
                yield ast.Constant(f"{value}~"), ""
        case ast.Return(ast.expr() as value) if not isinstance(value, ast.Constant):  # those have their own
            yield ast.Return(ast.Constant(None)), ""
        case ast.Expr(ast.Call() | ast.Await() | ast.Yield()) | ast.AugAssign() | ast.Raise() | ast.Delete():
            yield ast.Pass(), ""
        case ast.Continue():
            yield ast.Break(), ""
        case ast.Break():
            yield ast.Continue(), ""
        case ast.Call():
            yield from _calls(node)
    yield from _negated(node, parent)


def _calls(node: ast.Call) -> Iterator[tuple[ast.AST, str]]:
    function, called = node.func, _called(node)
    if isinstance(function, ast.Name) and called in _SWAPPED:
        yield ast.Call(ast.Name(_SWAPPED[called], ast.Load()), node.args, node.keywords), ""
    if called in _NARROWING:
        for index, argument in enumerate(node.args):
            fewer = node.args[:index] + node.args[index + 1 :]
            yield ast.Call(function, fewer, node.keywords), f"without {_told(argument)}"
        for index, keyword in enumerate(node.keywords):
            less = node.keywords[:index] + node.keywords[index + 1 :]
            yield ast.Call(function, node.args, less), f"without {_told(keyword)}"
    if isinstance(function, ast.Attribute) and called in _LINKS:
        yield function.value, f"without .{called} of {_told(node)}"


def _negated(node: ast.AST, parent: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """A condition turned round, where no other fault does that."""
    tested = isinstance(parent, (ast.If, ast.While, ast.IfExp)) and parent.test is node
    filtered = isinstance(parent, ast.comprehension) and node in parent.ifs
    plain = isinstance(node, (ast.Name, ast.Attribute, ast.Call, ast.NamedExpr, ast.Subscript))
    if isinstance(node, ast.expr) and plain and (tested or filtered or isinstance(parent, ast.BoolOp)):
        yield ast.UnaryOp(ast.Not(), node), ""


def _replaced(tree: ast.Module, path: _Path, node: ast.AST) -> ast.Module:
    target: ast.AST = tree
    for name, index in path[:-1]:
        value = getattr(target, name)
        target = value if index is None else value[index]
    name, index = path[-1]
    old = getattr(target, name) if index is None else getattr(target, name)[index]
    new = ast.copy_location(copy.deepcopy(node), old)
    ast.fix_missing_locations(new)
    if index is None:
        setattr(target, name, new)
    else:
        getattr(target, name)[index] = new
    return tree


def _told(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 100 else f"{text[:60]} … {text[-36:]}"
