"""Doubt settled by what the provider tells, and by its silence; only ever forward."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import insert, select, update

from pipeline.core.sections.delivery import Delivery
from pipeline.core.tables.installation import marks
from pipeline.core.tables.ledger import batches, events
from pipeline.delivery.events import take
from pipeline.editions import find
from pipeline.editions.ledger import claims, doubt, outcomes, queue
from pipeline.providers.events import Kind
from pipeline.schedule.maintenance import maintain
from tests.installations import installation
from tests.ledgers import AT, Left, attempt, event, handed_over, state_of

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.database import Database

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

LATER = AT + doubt.SILENCE


@pytest.mark.databases("sqlite", "postgresql")
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


@pytest.mark.databases("sqlite", "postgresql")
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


def test_what_another_edition_tells_is_no_word_of_this_one(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        handed_over(connection, 1, [Left("uncertain"), Left("uncertain")])
        person, *_ = handed_over(connection, 2, [Left("sent"), Left("uncertain")])
        take(connection, [event(Kind.DELIVERED, person, batch=attempt(2, 0))], "SendGrid", Delivery())
        assert doubt.again(connection, 1, LATER) == 0
        assert doubt.again(connection, 2, LATER) == 1
        states_now = [state_of(connection, edition, n) for edition in (1, 2) for n in (0, 1)]
    assert states_now == ["uncertain", "uncertain", "sent", "waiting"]


def test_events_that_told_of_a_batch_before_it_was_in_doubt_speak_for_it(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        person, *_ = handed_over(connection, lots=[Left("sent"), Left("sent")])
        told = [event(Kind.DELIVERED, person, batch=attempt(1, number)) for number in (0, 1)]
        take(connection, told, "SendGrid", Delivery())
        connection.execute(update(batches).where(batches.c.number == 1).values(state="uncertain"))
        assert doubt.again(connection, 1, LATER) == 0


def test_what_was_never_attempted_is_not_attempted_again(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        person, *_ = handed_over(connection, lots=[Left("sent"), Left("uncertain")])
        take(connection, [event(Kind.DELIVERED, person, batch=attempt(1, 0))], "SendGrid", Delivery())
        connection.execute(update(batches).where(batches.c.number == 1).values(attempt=None))
        assert doubt.again(connection, 1, LATER) == 0


def test_a_welcome_is_never_sent_again(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        person, *_ = handed_over(connection, lots=[Left("sent"), Left("uncertain")])
        take(connection, [event(Kind.DELIVERED, person, batch=attempt(1, 0))], "SendGrid", Delivery())
        connection.execute(update(batches).where(batches.c.number == 1).values(welcome=True))
        assert doubt.again(connection, 1, LATER) == 0


@pytest.mark.parametrize(
    ("name", "restored", "state"),
    [
        ("restored", AT, "uncertain"),
        ("restored", AT + timedelta(hours=1), "uncertain"),
        ("restored", AT - timedelta(seconds=1), "waiting"),
        ("moved", AT + timedelta(hours=1), "waiting"),
    ],
    ids=["at that moment", "after it", "before it", "only moved"],
)
def test_what_was_handed_over_before_a_restore_is_not_sent_again_by_silence(
    sqlite_database: Database, name: str, restored: datetime, state: str
) -> None:
    with sqlite_database.write() as connection:
        connection.execute(insert(marks).values(name=name, value="then", at=restored))
    assert again(sqlite_database, LATER, attempt(1, 0)) == ["sent", state]


def test_what_waits_again_is_nobodys_and_waits_for_no_hour(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        person, *_ = handed_over(connection, lots=[Left("sent"), Left("uncertain")])
        connection.execute(update(batches).values(owner="gone", next_try=LATER + timedelta(hours=3)))
        take(connection, [event(Kind.DELIVERED, person, batch=attempt(1, 0))], "SendGrid", Delivery())
        doubt.again(connection, 1, LATER)
        row = connection.execute(select(batches).where(batches.c.number == 1)).one()
    assert (row.owner, row.next_try, row.attempt) == (None, None, attempt(1, 1))
    assert row.reason == "no answer and no event: to be sent again"


@pytest.mark.parametrize("silent", [True, False])
def test_the_fleet_is_called_where_something_is_to_be_sent_again(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, silent: bool
) -> None:
    called: list[int] = []
    monkeypatch.setattr(queue, "call", lambda connection, edition: called.append(edition))
    again(sqlite_database, LATER, *[attempt(1, 0)] * silent)
    assert called == [1] * silent


def test_what_an_event_settles_was_sent_when_it_was_told(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        handed_over(connection, lots=[Left("uncertain", reason="no answer"), Left("failed")])
        connection.execute(update(batches).values(next_try=LATER))
        assert doubt.proven(connection, [attempt(1, 0), attempt(1, 1)], LATER) == {1}
        settled, other = connection.execute(select(batches).order_by(batches.c.number)).all()
    assert (settled.state, settled.at, settled.reason, settled.next_try) == ("sent", LATER, None, None)
    assert other.state == "failed"


def test_given_up_is_one_edition_that_is_sent_and_of_it_what_waits(sqlite_database: Database) -> None:
    lots = [Left("sent"), Left("waiting"), Left("sending")]
    with sqlite_database.write() as connection:
        handed_over(connection, 1, lots)
        handed_over(connection, 2, lots)
        handed_over(connection, 3, lots, status="sending")
        connection.execute(update(batches).values(next_try=LATER))
        for edition in (1, 3):
            doubt.give_up(connection, edition, "the key was refused")
        rows = connection.execute(select(batches).order_by(batches.c.edition_id, batches.c.number)).all()
    assert [row.state for row in rows] == [
        "sent", "uncertain", "sending", "sent", "waiting", "sending", "sent", "waiting", "sending",
    ]  # fmt: skip
    assert (rows[1].reason, rows[1].next_try) == ("the key was refused", None)


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


def test_maintenance_sees_to_it(sqlite_database: Database, tmp_path: Path) -> None:
    with sqlite_database.write() as connection:
        handed_over(connection, lots=[Left("waiting")])
    maintain(installation(sqlite_database, tmp_path, "https://example.org/feed"))
    with sqlite_database.read() as connection:
        assert state_of(connection, 1, 0) == "uncertain"


def test_of_a_letter_that_is_sent_what_waits_is_given_out_again(database: Database) -> None:
    with database.write() as connection:
        handed_over(connection, lots=[Left("waiting", reason="to be sent again"), Left("sent")])
        assert claims.waits(connection, 1, AT)
        claim = claims.claim(connection, find.by_id(connection, 1), AT.date(), AT)
        assert claim is not None
        assert claim.number == 0
        row = connection.execute(select(batches).where(batches.c.number == 0)).one()
    assert (row.state, row.reason) == ("sending", None), "why it had to wait is over"


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


@pytest.mark.parametrize(
    ("welcome", "state", "doubtful"),
    [
        (True, "sending", True),
        (True, "sent", False),
        (True, "uncertain", False),
        (True, "waiting", False),
        (False, "sending", False),
    ],
)
def test_a_welcome_has_no_outcome_while_it_is_being_handed_over(
    sqlite_database: Database, welcome: bool, state: str, doubtful: bool
) -> None:
    with sqlite_database.write() as connection:
        handed_over(connection, lots=[Left("sent"), Left(state)])
        connection.execute(update(batches).where(batches.c.number == 1).values(welcome=welcome))
        assert doubt.any_welcome(connection) is doubtful
