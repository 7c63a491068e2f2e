"""Adding, unsubscribing and looking up people."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy import update

from subscribers import directory, suppression, times
from subscribers.directory import DigestCount
from subscribers.errors import SubscriberError
from subscribers.people import Status, Subscription
from subscribers.suppression import Reason
from subscribers.tables import subscriptions

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.core.database import Database
    from subscribers.people import Person

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

ANN = "ann@example.org"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def add(connection: Connection, email: str = ANN, name: str = "", *digests: str) -> Person:
    return directory.add(
        connection, email, name=name, digests=digests or ("weekly",), wording="asked by phone", source="cli"
    )


def statuses(person: Person | None) -> dict[str, str]:
    assert person is not None
    return {subscription.digest: subscription.status for subscription in person.subscriptions}


@pytest.mark.databases("sqlite", "postgresql")
def test_who_is_added_is_active_at_once_with_the_evidence(database: Database) -> None:
    with database.write() as connection, time_machine.travel(NOON, tick=False):
        ann = add(connection, " Ann@Example.org", "Ann\nSmith", "weekly", "monthly")
    assert (ann.email, ann.name, ann.suppression) == (ANN, "Ann Smith", None)
    assert ann.subscriptions == (
        Subscription("monthly", Status.ACTIVE, NOON, None),
        Subscription("weekly", Status.ACTIVE, NOON, None),
    )
    assert [(c.action, c.digest, c.wording) for c in ann.consent] == [
        ("added", "weekly", "asked by phone"),
        ("added", "monthly", "asked by phone"),
    ]


@pytest.mark.databases("sqlite", "postgresql")
def test_adding_again_fills_in_a_missing_name_and_adds_evidence_and_nothing_else(database: Database) -> None:
    with database.write() as connection:
        first = add(connection)
        second = add(connection, "ANN@example.org", "Ann")
        third = add(connection, ANN, "Another")
    assert first.id == second.id == third.id
    assert (first.name, second.name, third.name) == ("", "Ann", "Ann")
    assert first.subscriptions == third.subscriptions
    assert len(third.consent) == 3


def test_evidence_makes_a_pending_subscription_active(database: Database) -> None:
    with database.write() as connection:
        add(connection)
        connection.execute(update(subscriptions).values(status="pending"))
        assert statuses(add(connection)) == {"weekly": "active"}


@pytest.mark.parametrize("reason", Reason)
def test_a_suppressed_address_is_not_added(database: Database, reason: Reason) -> None:
    with database.write() as connection, time_machine.travel(NOON):
        if reason is Reason.FORGOTTEN:
            suppression.forget(connection, ANN)
        else:
            suppression.suppress(connection, ANN, reason, "event")
        with pytest.raises(
            SubscriberError, match=f"no mail since {times.day(date(2026, 3, 1))}: {reason}"
        ) as refused:
            add(connection)
        assert refused.value.code == "suppressed"
        assert refused.value.remedy == directory.REMEDIES[reason]
        assert "ann" not in refused.value.message


def test_staff_cannot_add_back_who_unsubscribed_from_a_digest(database: Database) -> None:
    with database.write() as connection, time_machine.travel(NOON):
        add(connection)
        directory.unsubscribe(connection, ANN, digests=["weekly"], source="link")
        with pytest.raises(
            SubscriberError, match=f"unsubscribed from weekly on {times.day(date(2026, 3, 1))}"
        ) as refused:
            add(connection, ANN, "Ann", "monthly", "weekly")
        assert "sign up again themselves" in refused.value.remedy
        person = directory.person(connection, ANN)
        assert person is not None
        assert person.name == ""
        assert statuses(person) == {"weekly": "unsubscribed"}
        assert statuses(add(connection, ANN, "", "monthly")) == {
            "monthly": "active",
            "weekly": "unsubscribed",
        }


def test_unsubscribing_from_one_digest_leaves_the_others(database: Database) -> None:
    with database.write() as connection:
        ann = add(connection, ANN, "", "weekly", "monthly")
        assert ann.id is not None
        after = directory.unsubscribe(connection, ann.id, digests=["weekly"], source="link")
        assert after is not None
        assert statuses(after) == {"monthly": "active", "weekly": "unsubscribed"}
        assert after.suppression is None
        assert (after.consent[-1].action, after.consent[-1].digest) == ("unsubscribed", "weekly")
        assert directory.unsubscribe(connection, ann.id, digests=["weekly"], source="link") == after


def test_a_no_to_a_digest_never_had_is_kept(database: Database) -> None:
    with database.write() as connection:
        add(connection)
        directory.unsubscribe(connection, ANN, digests=["monthly"], source="link")
        with pytest.raises(SubscriberError):
            add(connection, ANN, "", "monthly")


@pytest.mark.databases("sqlite", "postgresql")
def test_unsubscribing_from_everything_suppresses_the_address(database: Database) -> None:
    with database.write() as connection:
        add(connection, ANN, "", "weekly", "monthly")
        after = directory.unsubscribe(connection, "Ann@example.org", source="staff")
        assert after is not None
        assert statuses(after) == {"monthly": "unsubscribed", "weekly": "unsubscribed"}
        assert after.suppression == Reason.UNSUBSCRIBED
        assert [c.digest for c in after.consent if c.action == "unsubscribed"] == ["monthly", "weekly", None]
        assert directory.unsubscribe(connection, ANN, source="staff") == after


def test_unsubscribing_does_not_cover_up_a_complaint(database: Database) -> None:
    with database.write() as connection:
        add(connection)
        suppression.suppress(connection, ANN, Reason.COMPLAINED, "event")
        after = directory.unsubscribe(connection, ANN, source="link")
        assert after is not None
        assert after.suppression == Reason.COMPLAINED
        assert statuses(after) == {"weekly": "unsubscribed"}


@pytest.mark.parametrize("digests", [None, ["weekly"]])
def test_an_address_that_is_not_on_the_list_is_only_suppressed(
    database: Database, digests: list[str] | None
) -> None:
    with database.write() as connection:
        after = directory.unsubscribe(connection, ANN, digests=digests, source="staff")
        assert after is not None
        assert (after.id, after.suppression, after.subscriptions) == (None, Reason.UNSUBSCRIBED, ())
        assert directory.person(connection, ANN) == after


def test_an_unknown_id_has_nothing_to_end(database: Database) -> None:
    with database.write() as connection:
        assert directory.unsubscribe(connection, 4711, source="link") is None


def test_of_an_address_never_heard_of_nothing_is_known(database: Database) -> None:
    with database.read() as connection:
        assert directory.person(connection, ANN) is None


@pytest.mark.databases("sqlite", "postgresql")
def test_the_counts_name_every_digest_and_reason(database: Database) -> None:
    with database.write() as connection:
        for name in ("ann", "ben", "eve"):
            add(connection, f"{name}@example.org")
        add(connection, ANN, "", "retired")
        directory.unsubscribe(connection, "eve@example.org", source="link")
        found = directory.stats(connection, ["weekly", "monthly"])
    assert found.digests == (
        DigestCount("weekly", active=2, pending=0, unsubscribed=1),
        DigestCount("monthly", active=0, pending=0, unsubscribed=0),
        DigestCount("retired", active=1, pending=0, unsubscribed=0),
    )
    assert found.suppressed[Reason.UNSUBSCRIBED] == 1
    assert found.suppressed[Reason.BOUNCED] == 0
