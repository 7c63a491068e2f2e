"""What a template may cost: each step pays before it is taken, so that no loop and no step goes on and on.

The cost is counted, so that a template is refused for what it does and not for a slow machine. Time is only
looked at for a cost that nobody foresaw.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

from jinja2.exceptions import SecurityError

MOST = 5_000_000
"""Of one letter, mail or page: characters handled, and twenty more for each step. Ours take 100,000."""

SECONDS = 10.0

WIDEST = 10_000
"""The largest number that a filter or method may be called with: such numbers are widths and counts."""

_STEP = 20
_SLOW = {"urlize": 20_000, "striptags": 20_000}
"""Filters that look through a text again and again, and for how many characters that is quick."""

_VALUES = {"abs", "d", "default", "filesizeformat", "float", "format", "format_map", "int", "string"}
"""Filters and methods whose numbers are values and no widths."""

# A width of five digits or more, one that is itself a value (`%*d`, `{:{}}`).
_WIDE = re.compile(r"%[^%a-zA-Z]{0,40}(?:\d{5}|\*)|\{[^{}]{0,99}(?:\d{5}|\{)")


class _Budget:
    def __init__(self) -> None:
        self.left = MOST
        self._until = time.monotonic() + SECONDS

    def pay(self, cost: int) -> None:
        self.left -= cost + _STEP
        if self.left < 0 or time.monotonic() > self._until:
            raise SecurityError("a template may not loop or write that much")


_budget: ContextVar[_Budget | None] = ContextVar("budget", default=None)


@contextmanager
def bounded() -> Iterator[None]:
    """Give what is compiled and rendered meanwhile one budget; within an outer call, that one's."""
    if _budget.get() is not None:
        yield
        return
    before = _budget.set(_Budget())
    try:
        yield
    finally:
        _budget.reset(before)


def pay(cost: int = 0) -> None:
    """Pay for a step that handles ``cost`` characters. Raises SecurityError when the budget is spent."""
    (_budget.get() or _Budget()).pay(cost)


def weigh(value: Any) -> int:
    """Pay for all that is in a value; how many characters it takes as a text, about.

    Whatever builds a list or a text weighs its parts first. So none holds so many references to so few things
    that its text would be without end.
    """
    if isinstance(value, str | bytes | range):
        weight = len(value)
    elif isinstance(value, int):
        weight = _digits(value)
    elif isinstance(value, Mapping):
        weight = sum(weigh(key) + weigh(inner) for key, inner in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        weight = sum(map(weigh, value))
    else:
        weight = 0
    pay(weight)
    return weight + 2


def _digits(value: int) -> int:
    if value.bit_length() > WIDEST:
        raise SecurityError("a template may not reckon with numbers of that length")
    return value.bit_length() // 3


class Turns:
    """What a loop goes through, each turn paid for."""

    def __init__(self, through: Iterable[Any]) -> None:
        self._through = through

    def __iter__(self) -> Iterator[Any]:
        for one in self._through:
            pay()
            yield one

    def __len__(self) -> int:
        if isinstance(self._through, Sized):
            return len(self._through)
        raise TypeError("its length is not known before its end")


def afford(name: str, value: Any, arguments: Iterable[Any]) -> None:
    """Pay for the filter or method ``name`` of a value, and for what it makes of it."""
    given = list(arguments)
    own, others = weigh(value), sum(map(weigh, given))
    if own > _SLOW.get(name, MOST):
        raise SecurityError(f"that is too much text for {name}")
    if name in ("format", "format_map"):
        refuse_wide(value)
    if name not in _VALUES and any(isinstance(one, int) and abs(one) > WIDEST for one in given):
        raise SecurityError(f"{name.removeprefix('safe_')} takes no number above {WIDEST:,} here")
    if name in _MAKES:
        pay(_MAKES[name](value, given, own, others))


def refuse_wide(pattern: Any) -> None:
    """Raise SecurityError for a format whose fields would be filled up to any width."""
    if isinstance(pattern, str) and _WIDE.search(pattern):
        raise SecurityError(f"no field of a format may be wider than {WIDEST:,} or as a value says")


def paying(name: str, made: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, paid for each time."""
    first = 1 if hasattr(made, "jinja_pass_arg") else 0  # before the value comes what Jinja passes

    @wraps(made)
    def called(*arguments: Any, **named: Any) -> Any:
        passed, value, others = arguments[:first], arguments[first], arguments[first + 1 :]
        if isinstance(value, Iterator):
            value = list(Turns(value))
        afford(name, value, [*others, *named.values()])
        return made(*passed, value, *others, **named)

    return called


def _joined(value: Any, given: list[Any], own: int, others: int) -> int:
    # As a filter the separator stands behind what is joined, as a method before it.
    if isinstance(value, str) and given and isinstance(given[0], Sized):
        return own * len(given[0])
    return others * len(value) if isinstance(value, Sized) else 0


def _replaced(value: Any, given: list[Any], own: int, others: int) -> int:
    old = str(given[0]) if given else ""
    return (str(value).count(old) if old else own) * others


def _each_line(value: Any, given: list[Any], own: int, others: int) -> int:
    width = max((one for one in given if isinstance(one, int)), default=4)
    return len(str(value).splitlines()) * (width + others)


_MAKES: Mapping[str, Callable[[Any, list[Any], int, int], int]] = {
    "join": _joined,
    "replace": _replaced,
    "indent": _each_line,
    "wordwrap": lambda value, given, own, others: own * others,
    "expandtabs": lambda value, given, own, others: str(value).count("\t") * max([8, *given]),
    "translate": lambda value, given, own, others: own * others,
    "sum": lambda value, given, own, others: own * len(value) if isinstance(value, Sized) else own,
    "batch": lambda value, given, own, others: max([0, *(one for one in given if isinstance(one, int))]),
    "slice": lambda value, given, own, others: max([0, *(one for one in given if isinstance(one, int))]),
}
"""What these make of their ``value``, of weight ``own``, and of what is ``given``, of weight ``others``."""
