"""The ledger: one row a person and edition, one claim a batch, and honest counts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, insert, select, update
from sqlalchemy.exc import IntegrityError

from pipeline.core.tables.editions import editions
from pipeline.core.tables.ledger import batches as batch_rows
from pipeline.core.tables.ledger import recipients
from pipeline.editions.ledger import batches, claims, outcomes, readers
from pipeline.editions.ledger.reasons import reasons
from subscribers import directory
from subscribers.tables import welcomes
from tests.editions.ledger.moves import AT, claimed, counted, taken
from tests.ledgers import Left, handed_over

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition


def test_the_snapshot_fixes_who_it_is_for(database: Database, edition: Edition) -> None:
    assert taken(database, edition)
    with database.write() as connection:
        directory.add(connection, "late@example.net", digests=["weekly"], wording="Late", source="test")
    assert counted(database, edition) == {"total": 5, "waiting": 5}


def test_the_snapshot_is_taken_once(database: Database, edition: Edition) -> None:
    taken(database, edition)
    assert not taken(database, edition)
    assert counted(database, edition) == {"total": 5, "waiting": 5}


def test_each_batch_is_claimed_once_and_holds_other_people(database: Database, edition: Edition) -> None:
    taken(database, edition)
    made = [claimed(database, edition) for _ in range(4)]
    assert made[3] is None
    people = [person for claim in made if claim for person, _ in claim.members]
    assert len(people) == len(set(people)) == 5
    assert counted(database, edition) == {"total": 5, "uncertain": 5}  # handed over, no answer yet


def test_nobody_is_in_an_edition_twice(database: Database, edition: Edition) -> None:
    taken(database, edition)
    again = {"edition_id": edition.id, "subscriber_id": 1, "email": "other@example.net", "batch": 0}
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(recipients).values(again))


def test_who_left_after_the_snapshot_is_withheld_with_the_reason(
    database: Database, edition: Edition
) -> None:
    taken(database, edition)
    with database.write() as connection:
        directory.unsubscribe(connection, "reader2@example.net", source="test")
    claim = claimed(database, edition)
    assert claim is not None
    assert [email for _, email in claim.members] == ["reader1@example.net"]
    with database.read() as connection:
        (withheld,) = outcomes.people(connection, edition.id, "withheld")
    assert (withheld["email"], withheld["reason"]) == ("reader2@example.net", "unsubscribed")


def test_a_refused_batch_is_claimed_again_as_a_new_attempt(database: Database, edition: Edition) -> None:
    taken(database, edition)
    first = claimed(database, edition)
    assert first is not None
    with database.write() as connection:
        claims.refused(connection, first, AT, "busy")
    second = claimed(database, edition)
    assert second is not None
    assert (second.number, second.members) == (first.number, first.members)
    assert second.attempt != first.attempt


def test_an_answer_that_comes_too_late_changes_nothing(database: Database, edition: Edition) -> None:
    taken(database, edition)
    old = claimed(database, edition)
    assert old is not None
    with database.write() as connection:
        claims.refused(connection, old, AT, "busy")
    assert claimed(database, edition) is not None
    with database.write() as connection:
        claims.sent(connection, old, AT)
    assert counted(database, edition) == {"total": 5, "uncertain": 2, "waiting": 3}


def test_a_batch_of_two_can_be_halved_and_one_of_one_cannot(database: Database, edition: Edition) -> None:
    taken(database, edition)
    two = claimed(database, edition)
    assert two is not None
    with database.write() as connection:
        claims.refused(connection, two, AT, "too large")
        assert batches.halve(connection, two) is True
    one = claimed(database, edition)
    assert one is not None
    assert [person for person, _ in one.members] == [1]
    with database.write() as connection:
        assert batches.halve(connection, one) is False
        told = list(outcomes.people(connection, edition.id))
    assert told[1]["reason"] == "too large for one request: halved"


def test_a_batch_that_is_too_large_waits_as_two_halves(database: Database, edition: Edition) -> None:
    taken(database, edition, size=5)
    claim = claimed(database, edition)
    assert claim is not None
    with database.write() as connection:
        assert claims.refused(connection, claim, AT, "too large")
        assert batches.halve(connection, claim)
    sizes = sorted(len(c.members) for c in (claimed(database, edition), claimed(database, edition)) if c)
    assert sizes == [2, 3]
    assert claimed(database, edition) is None


def test_an_edition_that_is_no_longer_being_sent_gives_out_no_batch(
    database: Database, edition: Edition
) -> None:
    taken(database, edition)
    with database.write() as connection:
        connection.execute(update(editions).where(editions.c.id == edition.id).values(status="paused"))
    assert claimed(database, edition) is None


def test_people_set_aside_keep_their_reason_when_the_rest_is_sent(
    database: Database, edition: Edition
) -> None:
    taken(database, edition)
    claim = claimed(database, edition)
    assert claim is not None
    (aside, _), (rest, _) = claim.members
    with database.write() as connection:
        claims.set_aside(connection, claim, {aside: "not an address"}, AT)
        claims.refused(connection, claim, AT, "busy")
    again = claimed(database, edition)
    assert again is not None
    assert [person for person, _ in again.members] == [rest]
    with database.write() as connection:
        claims.sent(connection, again, AT)
    assert counted(database, edition) == {"total": 5, "failed": 1, "sent": 1, "waiting": 3}


def test_who_was_found_sent_has_no_part_in_what_kept_the_rest(database: Database, edition: Edition) -> None:
    taken(database, edition)
    claim = claimed(database, edition)
    assert claim is not None
    with database.write() as connection:
        claims.refused(connection, claim, AT, "the outbox cannot be written")
        claims.found_sent(connection, claim, {claim.members[0][0]}, AT)
        found, kept, *_ = outcomes.people(connection, edition.id)
    assert (found["state"], found["reason"]) == ("sent", None)
    assert (kept["state"], kept["reason"]) == ("waiting", "the outbox cannot be written")


@pytest.mark.parametrize(
    ("status", "under_way"),
    [
        ("sending", True),
        ("paused", True),
        ("cancelled", True),
        ("sent", True),  # a batch of it may be on its way again
        ("draft", False),
        ("approved", False),
        ("held", False),
        ("skipped", False),
    ],
)
def test_a_batch_is_in_flight_in_every_edition_that_may_have_one(
    database: Database, status: str, under_way: bool
) -> None:
    with database.write() as connection:
        first, *_ = handed_over(connection, lots=[Left("sending")], status=status)
        assert outcomes.in_flight(connection, first, AT) is under_way


@pytest.mark.parametrize("state", ["waiting", "sent", "uncertain"])
def test_a_batch_with_an_outcome_is_not_in_flight(sqlite_database: Database, state: str) -> None:
    with sqlite_database.write() as connection:
        first, _, other, _ = handed_over(connection, lots=[Left(state), Left("sending")], status="sending")
        assert not outcomes.in_flight(connection, first, AT)
        assert outcomes.in_flight(connection, other, AT)


def test_nobody_waits_for_a_batch_claimed_long_ago_or_one_that_withheld_them(
    sqlite_database: Database,
) -> None:
    apart: dict[int, tuple[str, str | None]] = {1: ("withheld", "unsubscribed")}
    with sqlite_database.write() as connection:
        first, withheld = handed_over(connection, lots=[Left("sending", apart=apart)], status="sending")
        assert not outcomes.in_flight(connection, withheld, AT)
        just = timedelta(minutes=2) - timedelta(seconds=1)
        assert outcomes.in_flight(connection, first, AT + just)
        assert not outcomes.in_flight(connection, first, AT + timedelta(minutes=2))


def test_in_a_letter_sent_long_ago_nothing_is_in_flight(sqlite_database: Database) -> None:
    long_ago = AT - outcomes.RESENT_WITHIN - outcomes.IN_FLIGHT
    with sqlite_database.write() as connection:
        first, *_ = handed_over(connection, 1, lots=[Left("sending")], finished_at=long_ago)
        assert not outcomes.in_flight(connection, first, AT)
        handed_over(connection, 2, lots=[Left("sending")], finished_at=long_ago + timedelta(seconds=1))
        assert outcomes.in_flight(connection, first, AT)


def test_in_a_letter_sent_long_ago_a_welcome_is_in_flight_to_its_reader(sqlite_database: Database) -> None:
    long_ago = AT - outcomes.RESENT_WITHIN - outcomes.IN_FLIGHT
    with sqlite_database.write() as connection:
        handed_over(connection, 1, lots=[Left("sent")])
        first, other = handed_over(connection, 2, lots=[Left("sending")], finished_at=long_ago)
        welcome = {"subscriber_id": first, "digest": "weekly", "at": AT, "state": "handed"}
        connection.execute(insert(welcomes).values(welcome | {"edition_id": 2}))
        assert outcomes.in_flight(connection, first, AT)
        assert not outcomes.in_flight(connection, other, AT)


def test_what_was_said_of_somebody_is_told_only_while_their_batch_waits(sqlite_database: Database) -> None:
    apart: dict[int, tuple[Any, str | None]] = {0: (None, "mailbox full")}
    lots = [Left(state, reason="busy", apart=apart) for state in ("waiting", "sent", "uncertain")]
    with sqlite_database.write() as connection:
        handed_over(connection, lots=lots)
        connection.execute(update(recipients).values(at=AT))
        told = [one["reason"] for one in outcomes.people(connection, 1)]
        assert told == ["mailbox full", "busy", "busy", "busy", "busy", "busy"]


def test_who_failed_in_a_batch_that_waits_is_not_counted_among_those_who_wait(
    sqlite_database: Database,
) -> None:
    apart: dict[int, tuple[Any, str | None]] = {0: (None, "mailbox full"), 1: ("failed", "550 no such user")}
    with sqlite_database.write() as connection:
        handed_over(connection, lots=[Left("waiting", 3, reason="busy", apart=apart)])
        connection.execute(update(recipients).values(at=AT))
        connection.execute(update(batch_rows).values(attempt=None))
        assert reasons(connection, 1) == {
            "waiting": {"busy": 1, "mailbox full": 1},
            "failed": {"550 no such user": 1},
        }


def test_the_server_refused_us_for_those_who_wait_in_this_edition_and_no_other(
    sqlite_database: Database,
) -> None:
    said = f"{outcomes.REFUSED_US}: no login"
    apart: dict[int, tuple[Any, str | None]] = dict.fromkeys(range(3), (None, said))
    with sqlite_database.write() as connection:
        handed_over(connection, 1, lots=[Left("waiting", 5, apart={4: (None, said)})])
        lots = [Left("waiting", 4, apart=apart | {3: ("failed", said)}), Left("sent", 2, apart=apart)]
        first, second, third, *_ = handed_over(connection, 2, lots=lots)
        # Handed over since, in the other batch, whose people stand among those of the first.
        connection.execute(update(recipients).where(recipients.c.subscriber_id == second).values(batch=1))
        assert outcomes.refused_us(connection, 2) == {first, third}


def test_a_welcome_is_told_as_one_and_leaves_its_edition_finished(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        handed_over(connection, lots=[Left("sent", 1), Left("sending", 1)])
        assert outcomes.unfinished(connection, 1)
        connection.execute(update(batch_rows).where(batch_rows.c.number == 1).values(welcome=True))
        assert not outcomes.unfinished(connection, 1)
        assert [one.get("welcome") for one in outcomes.people(connection, 1)] == [None, True]


def test_what_a_person_got_is_told(database: Database, edition: Edition) -> None:
    taken(database, edition)
    claim = claimed(database, edition)
    assert claim is not None
    with database.write() as connection:
        claims.sent(connection, claim, AT)
        assert readers.of_subscriber(connection, 1) == [
            {"slug": "monthly-1", "state": "uncertain", "at": AT.isoformat(), "welcome": False},
            {"slug": "weekly-1", "state": "sent", "at": AT.isoformat(), "welcome": False},
        ]
        assert readers.of_subscriber(connection, 99) == []


def test_of_who_fared_otherwise_than_the_batch_their_own_moment_and_reason_are_told(
    sqlite_database: Database,
) -> None:
    apart: dict[int, tuple[str, str | None]] = {1: ("failed", "550 no"), 2: ("withheld", None)}
    lots = [Left("uncertain", 3, "timed out", apart=apart), Left("sending", 1)]
    with sqlite_database.write() as connection:
        people = handed_over(connection, lots=lots)
        of_one = (recipients.c.edition_id == 1, recipients.c.subscriber_id == people[1])
        connection.execute(update(recipients).where(*of_one).values(at=AT + timedelta(hours=1)))
        told = list(outcomes.people(connection, 1))
        fared = [(one["state"], one["at"], one["reason"], one["batch"]) for one in told]
        later = (AT + timedelta(hours=1)).isoformat()
        assert fared == [
            ("uncertain", AT.isoformat(), "timed out", "attempt-1-0"),
            ("failed", later, "550 no", "attempt-1-0"),
            ("withheld", AT.isoformat(), None, "attempt-1-0"),
            ("uncertain", AT.isoformat(), None, "attempt-1-1"),
        ]
        assert [one["subscriber"] for one in told] == people
        assert [one["email"] for one in told] == [f"reader{person}@example.net" for person in people]
        only = [one["subscriber"] for one in outcomes.people(connection, 1, "uncertain")]
        assert only == [people[0], people[3]]


def test_nobody_is_told_a_moment_before_anything_was_handed_over(
    database: Database, edition: Edition
) -> None:
    taken(database, edition)
    with database.read() as connection:
        first = next(outcomes.people(connection, edition.id))
        assert (first["state"], first["at"], first["batch"]) == ("waiting", None, None)
        (mine,) = [one for one in readers.of_subscriber(connection, 1) if one["slug"] == "weekly-1"]
        assert mine == {"slug": "weekly-1", "state": "waiting", "at": None, "welcome": False}


def test_the_erased_are_counted_and_their_address_stands_in_no_edition(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        gone, kept = handed_over(connection, 1, [Left(people=2)])
        handed_over(connection, 2, [Left(people=2)])
        outcomes.forget(connection, gone)
        left = connection.execute(select(recipients.c.subscriber_id).where(recipients.c.email.is_not(None)))
        assert list(left.scalars()) == [kept, kept]
        assert outcomes.counts(connection, 1)["sent"] == 2


@pytest.mark.parametrize(
    ("state", "attempted", "was"),
    [("waiting", False, False), ("waiting", True, True), ("sending", True, True), ("uncertain", True, True)],
)
def test_an_edition_was_touched_once_a_batch_of_it_was_ever_claimed(
    sqlite_database: Database, state: str, attempted: bool, was: bool
) -> None:
    with sqlite_database.write() as connection:
        handed_over(connection, 1, [Left("sent")])
        handed_over(connection, 2, [Left(state)])
        if not attempted:
            connection.execute(update(batch_rows).where(batch_rows.c.edition_id == 2).values(attempt=None))
        assert outcomes.touched(connection, 2) is was


@pytest.mark.parametrize(
    ("state", "left"),
    [("waiting", True), ("sending", True), ("sent", False), ("uncertain", False)],
)
def test_an_edition_is_unfinished_while_a_batch_of_its_own_waits_or_is_under_way(
    sqlite_database: Database, state: str, left: bool
) -> None:
    with sqlite_database.write() as connection:
        handed_over(connection, 1, [Left("waiting" if not left else "sent")])
        handed_over(connection, 2, [Left("sent"), Left(state)])
        assert outcomes.unfinished(connection, 2) is left


def test_who_was_given_up_after_being_put_off_has_not_bounced(sqlite_database: Database) -> None:
    apart: dict[int, tuple[str, str | None]] = {
        0: ("failed", "550 no such user"),
        1: ("failed", f"{outcomes.GIVEN_UP} 5 times, last: full"),
        2: ("withheld", "unsubscribed"),
        3: ("failed", "551 moved"),
    }
    with sqlite_database.write() as connection:
        handed_over(connection, 1, [Left("sent", 5, apart=apart)])
        handed_over(connection, 2, [Left("sent", 1, apart={0: ("failed", "550 no")})])
        assert outcomes.bounced(connection, 1) == 2


def test_the_editions_that_people_had_are_told_from_the_oldest_that_is_asked_for(
    sqlite_database: Database,
) -> None:
    lots = [
        [Left("sent")],
        [Left("uncertain")],
        [Left("sent", apart={0: ("withheld", "paused")})],
        [Left("sending")],
        [Left("waiting")],
    ]
    with sqlite_database.write() as connection:
        for number, lot in enumerate(lots, 1):
            one, other = handed_over(connection, number, lot)
        had = readers.handed_over(connection, [one], ["weekly-2", "weekly-4"])
        assert had == {one: ["weekly-2", "weekly-4"]}
        both = readers.handed_over(connection, [one, other], ["weekly-1"])
        assert both == {
            one: ["weekly-1", "weekly-2", "weekly-4"],
            other: ["weekly-1", "weekly-2", "weekly-3", "weekly-4"],
        }
        assert readers.handed_over(connection, [one], ["never-1"]) == {}


def test_a_person_can_be_found_without_reading_the_whole_ledger(sqlite_database: Database) -> None:
    with sqlite_database.read() as connection:
        query = select(recipients).where(recipients.c.edition_id == 1, recipients.c.subscriber_id == 1)
        plan = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {query.compile(compile_kwargs={'literal_binds': True})}"
        ).all()
    assert all("SEARCH" in row[3] for row in plan)


def test_a_look_for_a_batch_under_way_does_not_read_the_whole_ledger(sqlite_database: Database) -> None:
    steps = steps_of(sqlite_database, lambda connection: outcomes.in_flight(connection, 1, AT))
    assert "SEARCH recipients USING PRIMARY KEY (edition_id=? AND subscriber_id=?)" in steps
    assert not [step for step in steps if step.startswith(("SCAN recipients", "SCAN batches"))]


@pytest.mark.parametrize("count", [outcomes.counts, reasons])
def test_counting_an_edition_reads_only_those_who_fared_otherwise_than_their_batch(
    sqlite_database: Database, count: Callable[[Connection, int], object]
) -> None:
    steps = steps_of(sqlite_database, lambda connection: count(connection, 1))
    of_people = [step for step in steps if step.startswith(("SEARCH recipients", "SCAN recipients"))]
    assert of_people
    apart = "COVERING INDEX ix_recipients_apart (edition_id=? AND state=?)"
    # Those who were put off: the people of the few batches that were made for them.
    put_off = "PRIMARY KEY (edition_id=? AND subscriber_id>? AND subscriber_id<?)"
    assert all(apart in step or put_off in step for step in of_people)
    assert sum(put_off in step for step in of_people) == (count is reasons)
    assert not [step for step in steps if step.startswith("SCAN")]


def steps_of(database: Database, look: Callable[[Connection], object]) -> list[str]:
    """What SQLite does for each statement of a look, in the words of its EXPLAIN QUERY PLAN."""
    asked: list[tuple[str, Any]] = []
    with database.read() as connection:
        event.listen(connection, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
        look(connection)
    with database.read() as connection:
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}", with_) for said, with_ in asked]
        return [row[3] for plan in plans for row in plan]
