"""Who must get nothing, and why."""

from __future__ import annotations

import hashlib
import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from sqlalchemy import insert, select, update

from subscribers import suppression
from subscribers.suppression import OWN, Reason
from subscribers.tables import forgotten, keys, suppressions

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.core.database import Database

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

ANN = "ann@example.org"
STANDING = [reason for reason in Reason if reason is not Reason.FORGOTTEN]


def apply(connection: Connection, email: str, reason: Reason) -> None:
    if reason is Reason.FORGOTTEN:
        suppression.forget(connection, email)
    else:
        suppression.suppress(connection, email, reason, "test")


def test_of_several_reasons_the_weightiest_is_told_in_whatever_order_they_came(database: Database) -> None:
    order = list(Reason)
    assert order == ["bounced", "unsubscribed", "manual", "complained", "forgotten"]
    with database.write() as connection:
        for first, second in itertools.product(order, repeat=2):
            address = f"{first}.{second}@example.org"
            apply(connection, address, first)
            apply(connection, address, second)
            # Their own no is part of being forgotten.
            both = {first, second}
            stands = both - {Reason.UNSUBSCRIBED} if Reason.FORGOTTEN in both else both
            assert suppression.reasons(connection, address) == stands
            weightiest = max(first, second, key=order.index)
            assert suppression.reason_for(connection, address) == weightiest
            assert suppression.strongest(connection, [address, ANN]) == {address: weightiest}


@pytest.mark.parametrize("other", STANDING)
def test_lifting_one_reason_leaves_the_others_standing(database: Database, other: Reason) -> None:
    with database.write() as connection:
        for reason in STANDING:
            suppression.suppress(connection, ANN, reason, "test")
        assert suppression.lift(connection, ANN, [other]) == [other]
        assert suppression.reasons(connection, ANN) == set(STANDING) - {other}


def test_what_a_person_may_undo_is_what_they_did_themselves() -> None:
    assert {Reason.UNSUBSCRIBED, Reason.FORGOTTEN} == OWN


def test_the_same_reason_again_keeps_the_first_date(database: Database) -> None:
    with database.write() as connection:
        suppression.suppress(connection, ANN, Reason.BOUNCED, "first")
        before = suppression.find(connection, ANN)
        assert not suppression.suppress(connection, ANN, Reason.BOUNCED, "second")
        assert suppression.find(connection, ANN) == before


@pytest.mark.databases("sqlite", "postgresql")
@pytest.mark.parametrize("spelling", ["ANN@example.org", " ann@EXAMPLE.org "])
def test_it_holds_for_every_spelling_of_an_address(database: Database, spelling: str) -> None:
    with database.write() as connection:
        suppression.suppress(connection, spelling, Reason.MANUAL, "staff")
        assert suppression.reason_for(connection, ANN) == Reason.MANUAL
        assert suppression.reason_for(connection, "someone.else@example.org") is None


@pytest.mark.databases("sqlite", "postgresql")
def test_of_a_forgotten_address_nothing_is_kept_but_hashes_that_still_say_why(database: Database) -> None:
    with database.write() as connection:
        suppression.suppress(connection, ANN, Reason.COMPLAINED, "event")
        assert suppression.forget(connection, ANN)
        assert not suppression.forget(connection, ANN)
        # A report that comes late is not a reason to know the address again.
        assert suppression.suppress(connection, ANN, Reason.BOUNCED, "event")
        assert connection.execute(select(suppressions)).all() == []
        kept = connection.execute(select(forgotten)).all()
        assert {row.reason for row in kept} == {"complained", "bounced", "forgotten"}
        assert all("ann" not in str(row) for row in kept)
        assert suppression.lift(connection, ANN, OWN) == [Reason.FORGOTTEN]
        assert suppression.reasons(connection, ANN) == {Reason.COMPLAINED, Reason.BOUNCED}


def test_an_address_is_forgotten_by_forgetting_it_and_not_by_a_reason(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        with pytest.raises(ValueError, match="forgotten by forget"):
            suppression.suppress(connection, ANN, Reason.FORGOTTEN, "test")
        assert suppression.reason_for(connection, ANN) is None


@pytest.mark.databases("sqlite", "postgresql")
def test_many_are_suppressed_at_once_and_who_was_before_keeps_the_first_date(database: Database) -> None:
    with database.write() as connection:
        suppression.suppress(connection, ANN, Reason.BOUNCED, "first")
        before = suppression.find(connection, ANN)
        suppression.suppress_many(connection, [ANN, "ben@example.org"], Reason.BOUNCED, "a list")
        assert suppression.find(connection, ANN) == before
        ben = suppression.find(connection, "ben@example.org")
        assert ben is not None
        assert (ben.reason, ben.source, ben.at.tzinfo) == (Reason.BOUNCED, "a list", UTC)
        suppression.suppress_many(connection, [ANN], Reason.MANUAL, "a list")
        assert suppression.reasons(connection, ANN) == {Reason.BOUNCED, Reason.MANUAL}


@pytest.mark.databases("sqlite", "postgresql")
def test_of_many_everything_that_stands_is_told_also_of_the_erased(database: Database) -> None:
    with database.write() as connection:
        suppression.suppress(connection, ANN, Reason.BOUNCED, "event")
        suppression.suppress(connection, ANN, Reason.MANUAL, "staff")
        suppression.forget(connection, "cat@example.org")
        asked = [ANN, "ben@example.org", "cat@example.org"]
        both = {Reason.BOUNCED, Reason.MANUAL}
        assert suppression.reasons_of(connection, asked) == {
            ANN: both, "cat@example.org": {Reason.FORGOTTEN},
        }  # fmt: skip


@pytest.mark.parametrize("erased", [False, True])
def test_since_when_is_told_of_each_reason_alone(database: Database, erased: bool) -> None:
    began = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with database.write() as connection:
        for number, reason in enumerate((Reason.BOUNCED, Reason.MANUAL)):
            with time_machine.travel(began + timedelta(days=number), tick=False):
                suppression.suppress(connection, ANN, reason, "test")
                if erased and number == 0:
                    suppression.forget(connection, ANN)
        told = [suppression.since(connection, ANN, reason) for reason in Reason]
        by_reason = dict(zip(Reason, told, strict=True))
        assert by_reason.pop(Reason.FORGOTTEN) == (began if erased else None)
        assert by_reason == {
            Reason.BOUNCED: began,
            Reason.UNSUBSCRIBED: None,
            Reason.MANUAL: began + timedelta(days=1),
            Reason.COMPLAINED: None,
        }


BEN = "ben@example.org"


@pytest.mark.databases("sqlite", "postgresql")
def test_what_is_said_of_one_is_never_taken_for_another(database: Database) -> None:
    with database.write() as connection:
        for address in (ANN, BEN):
            suppression.suppress(connection, address, Reason.BOUNCED, "event")
        assert suppression.lift(connection, ANN, [Reason.BOUNCED]) == [Reason.BOUNCED]
        assert suppression.since(connection, ANN, Reason.BOUNCED) is None
        assert suppression.reason_for(connection, BEN) is Reason.BOUNCED
        for address in (ANN, BEN):
            suppression.suppress(connection, address, Reason.COMPLAINED, "event")
            suppression.forget(connection, address)
        assert suppression.since(connection, "cat@example.org", Reason.FORGOTTEN) is None
        assert suppression.lift(connection, ANN, [Reason.COMPLAINED]) == [Reason.COMPLAINED]
        assert suppression.reasons(connection, ANN) == {Reason.FORGOTTEN}
        assert suppression.reasons(connection, BEN) == {Reason.FORGOTTEN, Reason.BOUNCED, Reason.COMPLAINED}


def test_who_is_forgotten_no_more_keeps_their_other_reasons_by_the_address_and_nobody_elses(
    database: Database,
) -> None:
    with database.write() as connection:
        for address, reason in ((ANN, Reason.BOUNCED), (BEN, Reason.COMPLAINED)):
            suppression.suppress(connection, address, reason, "event")
            suppression.forget(connection, address)
        found = suppression.find(connection, ANN)
        assert found is not None
        assert (found.reason, found.source) == (Reason.FORGOTTEN, "erased")
        assert suppression.lift(connection, ANN, [Reason.FORGOTTEN]) == [Reason.FORGOTTEN]
        kept = connection.execute(select(suppressions.c.email, suppressions.c.reason)).all()
        assert [tuple(row) for row in kept] == [(ANN, "bounced")]
        assert suppression.reasons(connection, BEN) == {Reason.FORGOTTEN, Reason.COMPLAINED}


def test_of_who_is_forgotten_a_no_of_their_own_is_nothing_new(database: Database) -> None:
    with database.write() as connection:
        suppression.forget(connection, ANN)
        assert suppression.suppress(connection, ANN, Reason.UNSUBSCRIBED, "link") is False
        assert suppression.suppress(connection, ANN, Reason.COMPLAINED, "event") is True


def test_the_hash_of_an_erased_address_stays_the_same_over_versions_of_this_program(
    database: Database,
) -> None:
    with database.write() as connection:
        connection.execute(update(keys).values(value="0f" * 32))
        connection.execute(insert(keys).values(name="another", value="ff" * 32))
        suppression.forget(connection, ANN)
        (code,) = connection.scalars(select(forgotten.c.hash))
    assert code == hashlib.blake2b(ANN.encode(), key=b"\x0f" * 32, digest_size=32).hexdigest()


def test_every_reason_is_counted_also_at_none(database: Database) -> None:
    with database.write() as connection:
        suppression.suppress(connection, ANN, Reason.BOUNCED, "event")
        suppression.suppress(connection, "ben@example.org", Reason.BOUNCED, "event")
        suppression.forget(connection, "cat@example.org")
        assert suppression.counts(connection) == {
            "bounced": 2, "unsubscribed": 0, "manual": 0, "complained": 0, "forgotten": 1,
        }  # fmt: skip
