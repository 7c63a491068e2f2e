"""Calling workers to an edition (PostgreSQL)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection


def call(connection: Connection, edition: int) -> None:
    """Ask the fleet to work on an edition, in this transaction."""
