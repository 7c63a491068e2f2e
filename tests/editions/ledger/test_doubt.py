"""Doubt settled by what the provider tells, and by its silence; only ever forward."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import select

from pipeline.core.config import Delivery
from pipeline.core.tables import batches, events
from pipeline.delivery.events import take
from pipeline.editions import find
from pipeline.editions.ledger import claims, doubt, outcomes
from pipeline.providers.events import Kind
from pipeline.schedule.maintenance import upkeep
from tests.installations import installation
from tests.ledgers import AT, Left, attempt, event, handed_over, state_of

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.database import Database

LATER = AT + doubt.SILENCE


@pytest.mark.parametrize("state", ["sending", "uncertain", "waiting"])
def test_an_event_with_the_batchs_id_proves_that_it_was_taken(database: Database, state: str) -> None:
    with database.write() as connection:
        person, *_ = handed_over(connection, lots=[Left(state, reason="no answer"), Left(state)])
        told = event(Kind.PROCESSED, person, batch=attempt(1, 0))
        take(connection, [told], "SendGrid", Delivery())
        settled = connection.execute(select(batches).order_by(batches.c.number)).first()
        assert settled is not None
        assert (settled.state, settled.reason) == ("sent", None)
        assert state_of(connection, 1, 1) == state, "of the other nothing was told"


@pytest.mark.parametrize(
    "kind", [Kind.DELIVERED, Kind.DEFERRED, Kind.DROPPED, Kind.BOUNCE, Kind.UNKNOWN, Kind.OPEN]
)
def test_any_event_does_whatever_it_says(sqlite_database: Database, kind: Kind) -> None:
    with sqlite_database.write() as connection:
        person, *_ = handed_over(connection, lots=[Left("uncertain")])
        take(connection, [event(kind, person, batch=attempt(1, 0))], "SendGrid", Delivery())
        assert state_of(connection, 1, 0) == "sent"


def test_of_an_opened_letter_not_even_the_batch_is_kept(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        handed_over(connection, lots=[Left("uncertain")])
        take(connection, [event(Kind.OPEN, None, batch=attempt(1, 0))], "SendGrid", Delivery())
        row = connection.execute(select(events)).one()
    assert (row.kind, row.batch, row.edition, row.subscriber_id) == ("open", None, None, None)


def test_what_is_sent_already_stays_as_it_is(database: Database) -> None:
    with database.write() as connection:
        handed_over(connection, lots=[Left("sent")])
        assert doubt.proven(connection, {attempt(1, 0), "of nobody"}, LATER) == set()
        assert connection.scalar(select(batches.c.at)) == AT


def test_the_editions_that_it_touched_are_told(database: Database) -> None:
    with database.write() as connection:
        handed_over(connection, 1, [Left("uncertain")])
        handed_over(connection, 2, [Left("uncertain")])
        handed_over(connection, 3, [Left("uncertain")])
        assert doubt.proven(connection, {attempt(1, 0), attempt(3, 0)}, LATER) == {1, 3}
        assert doubt.proven(connection, set(), LATER) == set()


# Silence


def again(database: Database, now: datetime, *heard_of: str) -> list[str]:
    """The states of an edition's batches (sent, uncertain) once these attempts were heard of."""
    with database.write() as connection:
        person, *_ = handed_over(connection, lots=[Left("sent"), Left("uncertain")])
        told = [event(Kind.DELIVERED, person, batch=name) for name in heard_of]
        take(connection, told, "SendGrid", Delivery())
        doubt.again(connection, 1, now)
        return [state_of(connection, 1, number) for number in (0, 1)]


def test_after_a_day_of_silence_in_which_others_were_heard_of_it_waits_again(database: Database) -> None:
    assert again(database, LATER, attempt(1, 0)) == ["sent", "waiting"]


@pytest.mark.parametrize(
    ("now", "heard_of"),
    [
        (LATER - timedelta(seconds=1), [attempt(1, 0)]),
        (LATER, []),
        (LATER, ["a test copy, or another edition"]),
    ],
    ids=["too early", "nobody was heard of", "none of this edition was"],
)
def test_otherwise_silence_proves_nothing(
    sqlite_database: Database, now: datetime, heard_of: list[str]
) -> None:
    assert again(sqlite_database, now, *heard_of) == ["sent", "uncertain"]


def test_what_was_heard_of_is_not_sent_again(sqlite_database: Database) -> None:
    assert again(sqlite_database, LATER, attempt(1, 0), attempt(1, 1)) == ["sent", "sent"]


def test_an_event_that_comes_before_the_next_attempt_still_settles_it(database: Database) -> None:
    assert again(database, LATER, attempt(1, 0)) == ["sent", "waiting"]
    with database.write() as connection, time_machine.travel(LATER, tick=False):
        take(connection, [event(Kind.DELIVERED, batch=attempt(1, 1))], "SendGrid", Delivery())
        assert state_of(connection, 1, 1) == "sent"


@pytest.mark.parametrize(
    ("values", "resends", "state"),
    [
        ({}, True, "waiting"),
        ({}, False, "uncertain"),
        ({"tripped_at": AT}, True, "uncertain"),
        ({"finished_at": AT - outcomes.RESENT_WITHIN}, True, "uncertain"),
        ({"status": "sending", "finished_at": None, "tripped_at": AT}, False, "waiting"),
    ],
    ids=["it may be sent again", "on_uncertain is hold", "it tripped", "a week went by", "not sent yet"],
)
def test_nobody_waits_in_a_letter_that_is_sent_who_is_not_to_be_sent_again(
    database: Database, values: dict[str, Any], resends: bool, state: str
) -> None:
    with database.write() as connection:
        handed_over(connection, lots=[Left("sent"), Left("waiting")], **values)
        doubt.give_up_for_good(connection, AT, resends=resends)
        assert [state_of(connection, 1, number) for number in (0, 1)] == ["sent", state]


def test_upkeep_sees_to_it(sqlite_database: Database, tmp_path: Path) -> None:
    with sqlite_database.write() as connection:
        handed_over(connection, lots=[Left("waiting")])
    upkeep(installation(sqlite_database, tmp_path, "https://example.org/feed"))
    with sqlite_database.read() as connection:
        assert state_of(connection, 1, 0) == "uncertain"


def test_of_a_letter_that_tripped_nothing_is_sent_again(database: Database) -> None:
    with database.write() as connection:
        handed_over(connection, lots=[Left("sent"), Left("waiting")], tripped_at=AT)
        assert not claims.waits(connection, 1, AT)
        assert claims.claim(connection, find.by_id(connection, 1), AT.date(), AT) is None


def test_people_in_doubt_one_by_one_are_never_sent_again(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        lots = [Left("sent", apart={1: ("uncertain", "the connection broke")}), Left("sent")]
        person, *_ = handed_over(connection, lots=lots)
        take(connection, [event(Kind.DELIVERED, person, batch=attempt(1, 1))], "SendGrid", Delivery())
        assert doubt.again(connection, 1, LATER) == 0
