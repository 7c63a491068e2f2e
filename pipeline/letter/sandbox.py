"""Where templates run: they read what they are given, call little, and come to an end.

A template is a program, and a restored archive may bring a stranger's. Jinja's sandbox keeps it from the
insides of Python (jinja.palletsprojects.com/sandbox), but lets it call every method of every object that it
is given, and compute without end. Here it calls macros, methods of plain values, and what was handed over by
name. What it may cost stands in budget.py.
"""

from __future__ import annotations

from datetime import date, time, timedelta
from types import BuiltinMethodType, MethodType
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateSyntaxError, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.runtime import BlockReference, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Joiner, Namespace

from pipeline.letter.budget import Turns, afford, pay, paying, refuse_wide, weigh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, MutableMapping

    from jinja2 import Template
from jinja2.runtime import Context

_PLAIN = (str, bytes, int, float, list, tuple, dict, set, frozenset, range, date, time, timedelta)
_RUNTIME = (Macro, BlockReference, LoopContext, Cycler, Joiner)
_OF_A_LOOP = ("cycle", "changed", "next")

_CALL, _TEMPLATE = 200, 1_000
"""What it costs to call a macro or method, and to include or import a template."""

_LONG = 100
"""How much a power costs for each factor: numbers of many digits take long."""

# No template can name these: a name has no space.
_TURNS, _WEIGHED = "turns of", "weight of"


@pass_context  # so that Jinja does not try them while it compiles
def _turns(_context: Context, through: Iterable[Any]) -> Turns:
    iter(through)  # what is none is told in Python's words, at its line
    return Turns(through)


@pass_context
def _weighed(_context: Context, value: Any) -> Any:
    weigh(value)
    return value


class _Namespace(Namespace):
    """What `namespace()` makes. Jinja's own shows all that is in it: one that holds another twice, and so on,
    would be a text without end, which nobody weighs, because what a namespace holds can change."""

    def __repr__(self) -> str:
        return "<namespace>"


_FILTERS = {name: paying(name, made) for name, made in FILTERS.items()}


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of every template that an operator can change. It renders within `budget.bounded`."""

    intercepted_binops = frozenset(["+", "*", "**", "%"])

    def __init__(self, *arguments: Any, filters: dict[str, Callable[..., Any]], **named: Any) -> None:
        super().__init__(*arguments, **named)
        own = {name: paying(name, made) for name, made in filters.items()}
        self.filters = {**_FILTERS, **own, _TURNS: _turns, _WEIGHED: _weighed}
        self.globals["namespace"] = _Namespace
        del self.globals["lipsum"]

    def is_safe_callable(self, obj: Any) -> bool:
        obj = getattr(obj, "__wrapped__", obj)  # Jinja's own form of str.format
        if isinstance(obj, MethodType | BuiltinMethodType):
            owner, name = obj.__self__, obj.__name__
            if isinstance(owner, _RUNTIME):
                return name in _OF_A_LOOP
            return isinstance(owner, _PLAIN) and not name.startswith("_")
        ours = (self.globals[name] for name in ("range", "dict", "namespace", "cycler", "joiner"))
        return isinstance(obj, _RUNTIME) or any(obj is one for one in ours)

    def call(__self, __context: Context, __obj: Any, *arguments: Any, **named: Any) -> Any:
        """Call what a template may call. Raises SecurityError."""
        handed_over = any(__obj == one for one in __context.parent.values() if callable(one))
        if not (handed_over or __self.is_safe_callable(__obj)):
            raise SecurityError(f"{_named(__obj)} may not be called by a template")
        pay(_CALL)
        called = getattr(__obj, "__wrapped__", __obj)
        afford(
            getattr(called, "__name__", ""), getattr(called, "__self__", ""), [*arguments, *named.values()]
        )
        return __context.call(__obj, *arguments, **named)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        size = weigh(left) + weigh(right)
        if operator == "*":
            times = [one for one in (left, right) if isinstance(one, int)]
            if len(times) == 1:
                pay(size * max(0, *times))
        elif operator == "**":
            pay(size * abs(right) * _LONG if isinstance(right, int) else 0)
        elif operator == "%":
            refuse_wide(left)
        return super().call_binop(context, operator, left, right)

    def concat(self, parts: Iterable[str]) -> str:
        """Put together what a template, a block or a macro wrote."""
        written = []
        for part in parts:
            pay(len(part))
            written.append(part)
        return "".join(written)

    def _load_template(self, name: str, globals: MutableMapping[str, Any] | None) -> Template:
        pay(_TEMPLATE)
        return super()._load_template(name, globals)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        try:
            tree = super()._parse(source, name, filename)
        except TemplateSyntaxError as error:
            # Where a remark has no end, Jinja takes the file for the name.
            error.name, error.filename, error.source = name, filename, source
            raise
        for loop in tree.find_all(nodes.For):
            if loop.recursive:
                raise TemplateSyntaxError("a loop may not be recursive", loop.lineno, name, filename)
            loop.iter = self._through(_TURNS, loop.iter)
        for text in tree.find_all(nodes.Concat):
            text.nodes = [self._through(_WEIGHED, part) for part in text.nodes]
        for row in tree.find_all((nodes.List, nodes.Tuple)):
            if isinstance(row, nodes.List) or (isinstance(row, nodes.Tuple) and row.ctx == "load"):
                row.items = [self._through(_WEIGHED, part) for part in row.items]
        for pair in tree.find_all(nodes.Pair):
            pair.value = self._through(_WEIGHED, pair.value)
        return tree

    def _through(self, name: str, value: Any) -> Any:
        if isinstance(value, nodes.Const):
            return value
        return nodes.Filter(value, name, [], [], None, None, lineno=value.lineno, environment=self)


def _named(obj: Any) -> str:
    return repr(getattr(obj, "__name__", type(obj).__name__))
