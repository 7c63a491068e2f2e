"""What of a chunk is written, row by row, and what is not, where somebody did something since the look-up.

On SQLite nobody can: what others do on PostgreSQL is done here in the same transaction.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import select

from subscribers import directory, suppression
from subscribers.importing.judge import ImportChunk
from subscribers.importing.rows import Applicant
from subscribers.suppression import Reason
from subscribers.tables import consents, subscribers, subscriptions, suppressions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from pipeline.core.database import Database

NOW, BEFORE = datetime(2026, 11, 26, 14, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
ANN, BEN, CLEO = "ann@example.org", "ben@example.org", "cleo@example.org"


@pytest.fixture
def connection(sqlite_database: Database) -> Iterator[Connection]:
    with time_machine.travel(NOW, tick=False), sqlite_database.engine.connect() as connection:
        yield connection
        connection.rollback()


def known_before(connection: Connection, email: str, name: str = "", *digests: str) -> None:
    with time_machine.travel(BEFORE, tick=False):
        directory.add(
            connection, email, name=name, digests=digests or ["weekly"], wording="paper", source="cli"
        )


def row(email: str, name: str = "", *digests: str, **more: Any) -> Applicant:
    return Applicant(email, name, digests or ["weekly"], **more)


def begun(connection: Connection, *rows: Applicant) -> ImportChunk:
    chunk = ImportChunk(connection, [one.email for one in rows])
    for one in rows:
        chunk.judge(one)
    return chunk


def written(connection: Connection, *rows: Applicant) -> None:
    begun(connection, *rows).write(wording="asked", source="import")


def people(connection: Connection) -> dict[str, tuple[str, datetime]]:
    found = connection.execute(select(subscribers).order_by(subscribers.c.id))
    return {one.email: (one.name, one.created_at) for one in found}


def held(connection: Connection) -> list[tuple[str, str, str, datetime, date | None]]:
    query = (
        select(subscribers.c.email, subscriptions)
        .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
        .order_by(subscribers.c.email, subscriptions.c.digest)
    )
    return [
        (one.email, one.digest, one.status, one.since, one.paused_until) for one in connection.execute(query)
    ]


def records(connection: Connection, email: str = ANN) -> list[tuple[str, str | None, str, str]]:
    query = (
        select(consents)
        .join(subscribers, subscribers.c.id == consents.c.subscriber_id)
        .where(subscribers.c.email == email)
        .order_by(consents.c.id)
    )
    return [(one.action, one.digest, one.wording, one.source) for one in connection.execute(query)]


def test_who_is_new_is_written_with_name_digests_and_the_proof_of_each(connection: Connection) -> None:
    written(
        connection,
        row(ANN, "Ann", "weekly", "monthly", proof="(Kit)"),
        row(BEN, paused_until=date(2027, 1, 1)),
        row(CLEO, "Cleo", proof="(Kit: yes)"),
    )
    assert people(connection) == {ANN: ("Ann", NOW), BEN: ("", NOW), CLEO: ("Cleo", NOW)}
    assert held(connection) == [
        (ANN, "monthly", "active", NOW, None),
        (ANN, "weekly", "active", NOW, None),
        (BEN, "weekly", "active", NOW, date(2027, 1, 1)),
        (CLEO, "weekly", "active", NOW, None),
    ]
    assert records(connection) == [
        ("imported", "weekly", "asked", "import (Kit)"), ("imported", "monthly", "asked", "import (Kit)"),
    ]  # fmt: skip
    assert records(connection, BEN) == [("imported", "weekly", "asked", "import")]
    assert records(connection, CLEO) == [("imported", "weekly", "asked", "import (Kit: yes)")]


def test_of_who_is_known_what_differs_is_written_and_nothing_else(connection: Connection) -> None:
    known_before(connection, ANN)
    known_before(connection, BEN, "Ben", "weekly", "monthly")
    written(connection, row(BEN, "Benjamin"), row(ANN, "Ann", "weekly", "monthly"))
    assert people(connection) == {ANN: ("Ann", BEFORE), BEN: ("Ben", BEFORE)}
    assert held(connection) == [
        (ANN, "monthly", "active", NOW, None),
        (ANN, "weekly", "active", BEFORE, None),
        (BEN, "monthly", "active", BEFORE, None),
        (BEN, "weekly", "active", BEFORE, None),
    ]
    assert records(connection)[1:] == [("imported", "monthly", "asked", "import")]
    assert len(records(connection, BEN)) == 2


def test_who_left_by_the_list_leaves_that_digest_alone_and_without_a_pause(connection: Connection) -> None:
    known_before(connection, ANN, "", "weekly", "monthly")
    known_before(connection, BEN)
    connection.execute(subscriptions.update().values(paused_until=date(2027, 1, 1)))
    written(connection, row(ANN, left=True, paused_until=date(2027, 2, 1)), row(CLEO, left=True))
    assert held(connection) == [
        (ANN, "monthly", "active", BEFORE, date(2027, 1, 1)),
        (ANN, "weekly", "unsubscribed", NOW, None),
        (BEN, "weekly", "active", BEFORE, date(2027, 1, 1)),
        (CLEO, "weekly", "unsubscribed", NOW, None),
    ]
    assert records(connection)[2:] == [("unsubscribed", "weekly", "", "import")]


def test_what_happened_to_one_person_is_recorded_in_its_order(connection: Connection) -> None:
    written(connection, row(ANN, "", "weekly", "monthly"), row(ANN, left=True), row(BEN))
    assert [(action, digest) for action, digest, *_ in records(connection)] == [
        ("imported", "weekly"), ("imported", "monthly"), ("unsubscribed", "weekly"),
    ]  # fmt: skip


def test_why_an_address_must_get_no_mail_is_written_once(connection: Connection) -> None:
    suppression.suppress(connection, BEN, Reason.BOUNCED, "event")
    suppression.forget(connection, CLEO)
    written(
        connection,
        row("dora@example.org", left=True),
        row(ANN, reason=Reason.COMPLAINED),
        row(BEN, reason=Reason.BOUNCED),
        row(BEN, reason=Reason.COMPLAINED),
        row(CLEO, reason=Reason.BOUNCED),
    )
    kept = connection.execute(select(suppressions).order_by(suppressions.c.email, suppressions.c.reason))
    assert [(one.email, one.reason, one.source) for one in kept] == [
        (ANN, "complained", "import"), (BEN, "bounced", "event"), (BEN, "complained", "import"),
    ]  # fmt: skip
    assert suppression.reasons(connection, CLEO) == {Reason.FORGOTTEN, Reason.BOUNCED}
    assert [*people(connection)] == ["dora@example.org"]


def test_who_signed_up_since_the_look_up_is_that_person(connection: Connection) -> None:
    chunk = begun(connection, row(ANN, "Ann"), row(BEN, "Ben"))
    known_before(connection, ANN, "Anna")
    known_before(connection, CLEO)
    chunk.write(wording="asked", source="import")
    assert people(connection) == {ANN: ("Anna", BEFORE), CLEO: ("", BEFORE), BEN: ("Ben", NOW)}
    assert [one[:4] for one in held(connection)] == [
        (ANN, "weekly", "active", BEFORE), (BEN, "weekly", "active", NOW), (CLEO, "weekly", "active", BEFORE),
    ]  # fmt: skip
    assert len(records(connection)) == 1, "what was not written is not on record"
    assert len(records(connection, BEN)) == 1


def test_who_signed_up_since_without_a_name_has_that_of_the_list(connection: Connection) -> None:
    chunk = begun(connection, row(ANN, "Ann", "monthly"))
    known_before(connection, ANN)
    chunk.write(wording="asked", source="import")
    assert people(connection) == {ANN: ("Ann", BEFORE)}
    assert records(connection)[1:] == [("imported", "monthly", "asked", "import")]


def test_who_left_since_the_look_up_has_left_and_others_have_not(connection: Connection) -> None:
    known_before(connection, ANN)
    known_before(connection, BEN)
    connection.execute(subscriptions.update().values(status="pending"))
    chunk = begun(connection, row(ANN), row(BEN))
    connection.execute(
        subscriptions.update().where(subscriptions.c.subscriber_id == 1).values(status="unsubscribed")
    )
    chunk.write(wording="asked", source="import")
    assert [one[:4] for one in held(connection)] == [
        (ANN, "weekly", "unsubscribed", BEFORE), (BEN, "weekly", "active", NOW),
    ]  # fmt: skip
    assert (len(records(connection)), len(records(connection, BEN))) == (1, 2)


def test_who_was_erased_since_the_look_up_does_not_come_back(connection: Connection) -> None:
    known_before(connection, ANN)
    chunk = begun(connection, row(ANN, "Ann", "monthly"), row(BEN))
    for table in (consents, subscriptions, subscribers):
        connection.execute(table.delete())
    chunk.write(wording="asked", source="import")
    assert [*people(connection)] == [BEN]
    assert [one[0] for one in held(connection)] == [BEN]


def test_a_name_that_somebody_gave_since_stays(connection: Connection) -> None:
    known_before(connection, ANN)
    known_before(connection, BEN)
    chunk = begun(connection, row(ANN, "Ann"), row(BEN, "Ben"))
    connection.execute(subscribers.update().where(subscribers.c.email == ANN).values(name="Her own"))
    chunk.write(wording="asked", source="import")
    assert people(connection) == {ANN: ("Her own", BEFORE), BEN: ("Ben", BEFORE)}


def test_a_name_that_somebody_took_away_since_does_not_come_back(connection: Connection) -> None:
    known_before(connection, ANN, "Ann")
    chunk = begun(connection, row(ANN, "Ann", "monthly"))
    connection.execute(subscribers.update().values(name=""))
    chunk.write(wording="asked", source="import")
    assert people(connection) == {ANN: ("", BEFORE)}


def test_a_list_that_changes_nothing_writes_nothing(connection: Connection) -> None:
    known_before(connection, ANN, "Ann")
    before = (people(connection), held(connection), records(connection))
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        written(connection, row(ANN, "Ann"))
    assert (people(connection), held(connection), records(connection)) == before
