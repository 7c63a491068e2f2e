"""What a request by mail ends, on both kinds of database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from pipeline.core.tables.editions import digests, editions
from pipeline.subscriptions.unsubscribe import BY_MAIL, LeftByMail, leave_by_mail
from subscribers import directory
from subscribers.consent import Action
from subscribers.mailbox import Request
from subscribers.people import Person, Status
from subscribers.suppression import Reason
from subscribers.tokens import Claim

if TYPE_CHECKING:
    from pipeline.core.database import Database

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

NOW = datetime(2026, 11, 26, 14, tzinfo=UTC)
WEEKLY = 1


@pytest.fixture
def ada(database: Database) -> int:
    """A reader of two digests, one of which has had an edition."""
    with database.write() as connection:
        connection.execute(digests.insert().values(name="weekly", first_seen=NOW))
        connection.execute(
            editions.insert().values(
                id=WEEKLY,
                digest="weekly",
                number=1,
                slug="weekly-1",
                status="sent",
                due="2026-11-26T09:00",
                due_at=NOW,
                posts=[],
                left_out=[],
            )
        )
        person = directory.add(
            connection, "ada@example.org", digests=["weekly", "daily"], wording="Yes", source="test"
        )
    assert person.id is not None
    return person.id


def told(database: Database, who: Claim | str) -> LeftByMail:
    with database.write() as connection:
        return leave_by_mail(connection, Request(who))


def known(database: Database, email: str) -> Person:
    with database.read() as connection:
        person = directory.person(connection, email)
    assert person is not None
    return person


def statuses(person: Person) -> dict[str, Status]:
    return {one.digest: one.status for one in person.subscriptions}


@pytest.mark.databases("sqlite", "postgresql")
def test_a_token_ends_the_digest_of_its_edition_with_evidence(database: Database, ada: int) -> None:
    assert told(database, Claim(ada, WEEKLY)) is LeftByMail.UNSUBSCRIBED
    person = known(database, "ada@example.org")
    assert statuses(person) == {"weekly": Status.UNSUBSCRIBED, "daily": Status.ACTIVE}
    assert person.suppression is None
    last = person.consent[-1]
    assert (last.action, last.digest, last.source) == (Action.UNSUBSCRIBED, "weekly", BY_MAIL)


def test_the_token_of_an_edition_that_is_not_known_ends_all_mail(database: Database, ada: int) -> None:
    assert told(database, Claim(ada, 999)) is LeftByMail.UNSUBSCRIBED
    person = known(database, "ada@example.org")
    assert set(statuses(person).values()) == {Status.UNSUBSCRIBED}
    assert person.suppression is Reason.UNSUBSCRIBED


@pytest.mark.databases("sqlite", "postgresql")
def test_an_address_leaves_everything(database: Database, ada: int) -> None:
    assert told(database, "ada@example.org") is LeftByMail.UNSUBSCRIBED
    person = known(database, "ada@example.org")
    assert set(statuses(person).values()) == {Status.UNSUBSCRIBED}
    assert person.suppression is Reason.UNSUBSCRIBED


@pytest.mark.parametrize("by_token", [True, False])
def test_to_ask_again_changes_nothing(database: Database, ada: int, by_token: bool) -> None:
    who = Claim(ada, WEEKLY) if by_token else "ada@example.org"
    told(database, who)
    before = known(database, "ada@example.org")
    assert told(database, who) is LeftByMail.ALREADY
    assert known(database, "ada@example.org") == before


@pytest.mark.databases("sqlite", "postgresql")
def test_somebody_who_is_gone_from_the_list_is_unknown(database: Database) -> None:
    assert told(database, Claim(4711, 1)) is LeftByMail.UNKNOWN


def test_an_address_not_on_the_list_is_kept_from_later_imports(database: Database) -> None:
    assert told(database, "bob@example.org") is LeftByMail.UNKNOWN
    assert known(database, "bob@example.org").suppression is Reason.UNSUBSCRIBED
