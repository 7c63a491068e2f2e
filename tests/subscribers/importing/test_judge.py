"""What happens to people while a chunk of a list is under way, on a database that lets others write."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from subscribers import clock, digest_names, directory
from subscribers.importing.judge import ImportChunk
from subscribers.importing.rows import Applicant, ImportOutcome
from subscribers.people import Status
from subscribers.suppression import Reason
from subscribers.tables import subscribers, subscriptions

if TYPE_CHECKING:
    import pytest

    from pipeline.core.database import Database
    from subscribers.people import Person

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


def brought_in(database: Database, *rows: Applicant) -> Person:
    with database.write() as connection:
        chunk = ImportChunk(connection, [ANN.email])
        for row in rows:
            chunk.judge(row)
        chunk.write(wording="on paper", source="import")
        person = directory.person(connection, ANN.email)
    assert person is not None
    return person


def test_a_digest_by_its_former_name_is_the_one_of_today(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digest_names, "former", lambda connection: {"tuesdays": "weekly"})
    ann = brought_in(sqlite_database, ANN._replace(digests=["tuesdays", "weekly"]))
    assert [(one.digest, one.status) for one in ann.subscriptions] == [("weekly", Status.ACTIVE)]


def test_a_pause_is_kept_for_each_digest_that_begins_with_it(sqlite_database: Database) -> None:
    until = [date(2027, 1, 1), date(2027, 2, 1)]
    ann = brought_in(
        sqlite_database,
        ANN._replace(paused_until=until[0]),
        ANN._replace(digests=["monthly"], paused_until=until[1]),
        ANN._replace(digests=["daily"]),
    )
    paused = {one.digest: one.paused_until for one in ann.subscriptions}
    assert paused == {"weekly": until[0], "monthly": until[1], "daily": None}


def test_that_an_address_must_get_no_mail_is_put_down_of_whoever_is_on_the_list(
    sqlite_database: Database,
) -> None:
    bounced = ANN._replace(left=True, reason=Reason.BOUNCED)
    ann = brought_in(sqlite_database, ANN, bounced)
    assert [one.action for one in ann.consent][:2] == ["imported", "suppressed"]
    assert ann.suppression == Reason.BOUNCED
    with sqlite_database.write() as connection:
        chunk = ImportChunk(connection, ["ben@example.org"])
        ben = bounced._replace(email="ben@example.org", left=False)
        assert chunk.judge(ben) == (ImportOutcome.CHANGED, "")
        assert chunk.judge(ben) == (ImportOutcome.UNCHANGED, "")
        chunk.write(wording="on paper", source="import")
        found = directory.person(connection, "ben@example.org")
    assert found is not None
    assert (found.id, found.suppression) == (None, Reason.BOUNCED)


def test_what_each_person_did_is_told_in_their_own_order(sqlite_database: Database) -> None:
    ben = ANN._replace(email="ben@example.org", name="Ben")
    rows = [one._replace(digests=[digest]) for one, digest in ((ANN, "weekly"), (ANN, "monthly"))]
    rows += [one._replace(digests=[digest]) for one, digest in ((ben, "monthly"), (ben, "weekly"))]
    with sqlite_database.write() as connection:
        chunk = ImportChunk(connection, [ANN.email, ben.email])
        for row in rows:
            chunk.judge(row)
        chunk.write(wording="on paper", source="import")
        found = [directory.person(connection, email) for email in (ANN.email, ben.email)]
    told = [[record.digest for record in person.consent] for person in found if person is not None]
    assert told == [["weekly", "monthly"], ["monthly", "weekly"]]
