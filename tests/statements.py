"""Statements are compiled once a process, as in a program that runs for long.

SQLAlchemy keeps what it compiled with the engine, and every test has engines of its own: a fifth of the
processor's time went into compiling the same statements again.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache


def compile_once() -> None:
    """Give all engines of this process one store, in which dialects of one kind are one and the same."""
    compiled: LRUCache[Any, Any] = LRUCache(3_000)
    store = property(lambda _: compiled, lambda _, own: None)
    Engine._compiled_cache = store  # type: ignore[assignment]
    DefaultDialect.__eq__ = lambda one, other: type(one) is type(other)  # type: ignore[method-assign]
    DefaultDialect.__hash__ = lambda dialect: hash(type(dialect))  # type: ignore[method-assign]
