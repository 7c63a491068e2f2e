"""Puts a fault into a module that is imported already; done in a child process, which then ends.

The changed module is run once more in its own namespace. Whoever imported a function or a constant of it by
name holds the old one: functions get the new code, constants are replaced by name. Classes stay the old ones,
as values of them exist already; their methods, plain attributes and the defaults of their fields are changed.
"""

from __future__ import annotations

import ast
import gc
import sys
import types
from enum import EnumType
from pathlib import Path
from typing import Any, NamedTuple

_Key = tuple[str, int]


def functions_of(module: types.ModuleType) -> list[types.FunctionType]:
    """Every function that a module made and somebody holds, however it was decorated."""
    gc.unfreeze()  # what is frozen, as all that pytest collected, is not among the collector's objects
    # Each function refers to the names of its module; to look at every object takes ten times as long.
    return [
        found
        for found in gc.get_referrers(vars(module))
        if isinstance(found, types.FunctionType) and found.__globals__ is vars(module)
    ]


class Dependant(NamedTuple):
    """A module that, while it was imported, made values of another one's, such as a table of its words."""

    module: types.ModuleType
    functions: list[types.FunctionType]
    tree: ast.Module


def dependants(module: types.ModuleType) -> list[Dependant]:
    """The loaded modules of the same package that import of ``module``, the nearest first. They are run again
    after it: what they made of its values would else be made of the old ones."""
    package = module.__name__.rpartition(".")[0]
    trees = {
        name: ast.parse(Path(loaded.__file__ or "").read_text())
        for name, loaded in sys.modules.items()
        if name.rpartition(".")[0] == package and loaded is not module and loaded.__file__
    }
    sources = {
        name: {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
        for name, tree in trees.items()
    }
    found, near = [], {module.__name__}
    while further := {name for name, of in sources.items() if of & near and name not in near}:
        # First those that wait for no other of these.
        ready = sorted(name for name in further if not sources[name] & further) or sorted(further)
        found += [
            Dependant(sys.modules[name], functions_of(sys.modules[name]), trees[name]) for name in ready
        ]
        near.update(ready)
    return found


def plant(module: types.ModuleType, functions: list[types.FunctionType], tree: ast.Module) -> None:
    """Have ``module`` behave as ``tree`` says, for everybody who imported of it."""
    code = compile(tree, module.__file__ or "", "exec", dont_inherit=True)
    old = dict(vars(module))
    exec(code, vars(module))
    new = dict(vars(module))
    made = {_key(found): found for found in new.values() if isinstance(found, types.FunctionType)}
    codes = _codes(code)
    for function in functions:
        if (key := _key(function)) in codes:
            function.__code__ = codes[key]
        if key in made:
            function.__defaults__ = made[key].__defaults__
            function.__kwdefaults__ = made[key].__kwdefaults__
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, EnumType) and isinstance(before, EnumType):
            # Members cannot be changed and are compared by identity: a new class only where it differs.
            if _members(before) == _members(value):
                setattr(module, name, before)
            else:
                _everywhere(name, before, value)
        elif isinstance(value, type) and isinstance(before, type) and value.__module__ == module.__name__:
            _class(before, value)
            setattr(module, name, before)
        elif isinstance(value, types.FunctionType) and isinstance(before, types.FunctionType):
            if value.__module__ == module.__name__:
                setattr(module, name, before)
        elif name in old and value is not before and not name.startswith("__"):
            _everywhere(name, before, value)


def _members(listed: EnumType) -> dict[str, Any]:
    return {name: member.value for name, member in listed.__members__.items()}


def _key(function: types.FunctionType) -> _Key:
    return function.__code__.co_qualname, function.__code__.co_firstlineno


def _codes(code: types.CodeType) -> dict[_Key, types.CodeType]:
    found = {}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found[constant.co_qualname, constant.co_firstlineno] = constant
            found |= _codes(constant)
    return found


def _class(before: type, after: type) -> None:
    for name, value in vars(after).items():
        if isinstance(value, (str, int, float, tuple, frozenset, dict)) and not name.startswith("__"):
            setattr(before, name, value)
        old, new = _bare(vars(before).get(name)), _bare(value)
        if isinstance(old, types.FunctionType) and isinstance(new, types.FunctionType):
            old.__defaults__, old.__kwdefaults__ = new.__defaults__, new.__kwdefaults__


def _bare(value: object) -> object:
    """The function within: the `__new__` of a NamedTuple, which holds its defaults, is a static method."""
    return value.__func__ if isinstance(value, staticmethod) else value


def _everywhere(name: str, before: Any, value: Any) -> None:
    for module in list(sys.modules.values()):
        if getattr(module, "__dict__", {}).get(name) is before and before is not None:
            setattr(module, name, value)
