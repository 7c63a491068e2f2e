"""What staff decided about an edition last, as the log of staff has it."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from pipeline.editions.decided import Stand, stand
from pipeline.editions.edit import APPROVAL_WITHDRAWN
from pipeline.editions.edition import Edition, EditionStatus
from subscribers import staff_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from pipeline.core.database import Database

AT, MINUTE = datetime(2026, 11, 26, 14, tzinfo=UTC), timedelta(minutes=1)
ANNE, BEN, CLEO = "anne@example.org", "ben@example.org", "cleo@example.org"


@pytest.fixture
def connection(sqlite_database: Database) -> Iterator[Connection]:
    with sqlite_database.engine.connect() as connection:
        yield connection
        connection.rollback()


def logged(connection: Connection, *entries: tuple[str, str] | tuple[str, str, str]) -> None:
    """Action, who, and a detail; a minute from each to the next."""
    for minutes, (action, actor, *detail) in enumerate(entries):
        with time_machine.travel(AT + minutes * MINUTE, tick=False):
            staff_log.record(connection, action, "weekly-1", detail=" ".join(detail), actor=actor)


def standing(connection: Connection, status: str) -> Stand | None:
    known = dict.fromkeys(field.name for field in fields(Edition))
    return stand(connection, Edition(**known | {"slug": "weekly-1", "status": EditionStatus(status)}))


def test_the_last_decision_counts_and_what_is_none_does_not(connection: Connection) -> None:
    staff_log.record(connection, "skip", "weekly-2", actor=CLEO)
    logged(connection, ("edit", ANNE, "subject"))
    assert standing(connection, "draft") is None
    logged(connection, ("hold", ANNE), ("approve", BEN), ("announce", CLEO))
    assert standing(connection, "sent") == Stand("approve", BEN, AT + MINUTE, False, "")


@pytest.mark.parametrize(
    ("since", "by"),
    [
        ([], ""),
        ([("edit", CLEO, f"subject, {APPROVAL_WITHDRAWN}"), ("edit", ANNE, "intro")], CLEO),
        ([("edit", ANNE, "intro")], ""),
    ],
    ids=["Rapport composed it anew", "one of staff changed it", "changed after Rapport did"],
)
def test_a_draft_that_was_approved_has_changed_since_and_it_is_known_by_whom(
    connection: Connection, since: list[tuple[str, str, str]], by: str
) -> None:
    logged(connection, ("edit", CLEO, APPROVAL_WITHDRAWN), ("approve", BEN), *since)
    assert standing(connection, "draft") == Stand("approve", BEN, AT + MINUTE, True, by)
    assert standing(connection, "approved") == Stand("approve", BEN, AT + MINUTE, False, "")


def test_a_draft_that_was_held_and_resumed_was_changed_by_nobody(connection: Connection) -> None:
    logged(connection, ("approve", BEN), ("resume", ANNE))
    assert standing(connection, "draft") == Stand("resume", ANNE, AT + MINUTE, False, "")
