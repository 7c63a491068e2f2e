"""The installation itself: how runs ended, what staff were told, what happened to the database."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text

from subscribers.tables import Moment, metadata

notices = Table(
    "notices",
    metadata,
    # What staff were told, by kind and subject, so that they are not told the same again and again.
    Column("kind", String(32), primary_key=True),
    Column("about", String(80), primary_key=True),
    # Staff are told of one kind and digest once an hour at most. Empty: it concerns no single digest.
    Column("digest", String(64), nullable=False, server_default=""),
    Column("at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

runs = Table(
    "runs",
    metadata,
    # How the last run of each digest ended, when one last went well, and since when they fail.
    Column("digest", String(64), primary_key=True),
    Column("run", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("good_at", Moment),
    Column("failing_since", Moment),
    sqlite_with_rowid=False,
)

marks = Table(
    "marks",
    metadata,
    # What happened to this database as a whole: `restored` (from a backup made at `value`), `numbers` (those
    # of editions may have been given up to `value` after that backup), `moving` and `moved` (to `value`),
    # `arrived` (from `value`, by a move begun at `at`), `resting` (a run found nothing to do at `at`),
    # `mailing` (letters go to readers since `at`, first by `value`; none while they go to the outbox).
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", Moment, nullable=False),
    sqlite_with_rowid=False,
)
