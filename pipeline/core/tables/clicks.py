"""Clicks on the offer: how many, of which edition, link and day. Nothing of who clicked."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Integer, String, Table

from subscribers.tables import Id, metadata

clicks = Table(
    "clicks",
    metadata,
    Column("edition_id", Id, ForeignKey("editions.id"), primary_key=True),
    # The name of one of the edition's `links`.
    Column("link", String(16), primary_key=True),
    # The day where the newsletter is.
    Column("day", Date, primary_key=True),
    Column("counted", Integer, nullable=False),
    # How many of these were taken for programs that look at every link of a mail (editions/clicks.py).
    Column("scanners", Integer, nullable=False),
    sqlite_with_rowid=False,
)
