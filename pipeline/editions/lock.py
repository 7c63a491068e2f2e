"""A digest's lock: whoever composes, edits, sends or moves holds it, so that one of them works at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pipeline.core.database import Database


def lock(database: Database, digest: str) -> AbstractContextManager[None]:
    """Hold the digest's lock. Raises BusyError when another process holds it."""
    return database.lock(f"digest-{digest}")
