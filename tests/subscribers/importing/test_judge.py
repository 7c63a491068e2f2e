"""What happens to people while a chunk of a list is under way, on a database that lets others write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from subscribers import clock, directory
from subscribers.importing.judge import ImportChunk
from subscribers.importing.rows import Applicant, ImportOutcome
from subscribers.people import Status
from subscribers.tables import subscribers, subscriptions

if TYPE_CHECKING:
    from pipeline.core.database import Database

ANN = Applicant("ann@example.org", "Ann", ["weekly"])


def pending(database: Database) -> None:
    with database.write() as connection:
        directory.add(connection, ANN.email, digests=["weekly"], wording="on paper", source="cli")
        connection.execute(subscriptions.update().values(status=Status.PENDING.value))


def test_who_unsubscribes_at_this_very_moment_stays_so(postgresql_database: Database) -> None:
    pending(postgresql_database)
    with postgresql_database.write() as connection:
        chunk = ImportChunk(connection, [ANN.email])
        with postgresql_database.write() as other:
            directory.unsubscribe(other, ANN.email, digests=["weekly"], source="link")
        chunk.judge(ANN)
        chunk.write(wording="on paper", source="import")
    with postgresql_database.read() as connection:
        ann = directory.person(connection, ANN.email)
    assert ann is not None
    assert ann.subscriptions[0].status == Status.UNSUBSCRIBED
    # And nothing says that they agreed after they had left.
    assert [one.action for one in ann.consent] == ["added", "unsubscribed"]


def test_who_signs_up_at_this_very_moment_is_one_person(postgresql_database: Database) -> None:
    with postgresql_database.write() as connection:
        chunk = ImportChunk(connection, [ANN.email])
        pending(postgresql_database)
        assert chunk.judge(ANN) == (ImportOutcome.ADDED, "")
        chunk.write(wording="on paper", source="import")
    with postgresql_database.read() as connection:
        ann = directory.person(connection, ANN.email)
    assert ann is not None
    # Theirs to confirm; the next import of the list finds them.
    assert [(one.digest, one.status) for one in ann.subscriptions] == [("weekly", Status.PENDING)]
    assert ann.name == "Ann"


def test_who_is_erased_at_this_very_moment_does_not_come_back(postgresql_database: Database) -> None:
    with postgresql_database.write() as connection:
        connection.execute(subscribers.insert().values(email=ANN.email, name="", created_at=clock.now()))
    with postgresql_database.write() as connection:
        chunk = ImportChunk(connection, [ANN.email])
        with postgresql_database.write() as other:
            other.execute(subscribers.delete())
        chunk.judge(ANN)
        chunk.write(wording="on paper", source="import")
    with postgresql_database.read() as connection:
        assert directory.person(connection, ANN.email) is None
