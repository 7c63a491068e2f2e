"""The breaker: what trips it, what it stops, and that staff can let things go on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import event as sql
from sqlalchemy import insert, select

from pipeline.core.sections.delivery import Delivery
from pipeline.core.tables.editions import digests
from pipeline.core.tables.editions import editions as table
from pipeline.delivery import breaker
from pipeline.delivery.breaker import Tally, Tripped
from pipeline.delivery.events import take
from pipeline.editions import find, states, store
from pipeline.providers.events import Kind
from subscribers import clock
from tests.ledgers import AT, Left, event, handed_over

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection

    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

NOON = AT + timedelta(hours=2)
PAST = {Kind.DELIVERED: 189, Kind.BOUNCE: 11}  # of 200, and the limit is one in twenty


@pytest.fixture(autouse=True)
def travel() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def told(
    connection: Connection,
    people: list[int],
    kinds: Mapping[Kind, int],
    slug: str = "weekly-1",
    at: datetime = NOON,
    limits: Delivery | None = None,
) -> None:
    """Take events of these kinds, each about another person."""
    everyone = iter(people)
    made = [
        event(kind, next(everyone), edition=slug, at=at)
        for kind, number in kinds.items()
        for _ in range(number)
    ]
    take(connection, made, "SendGrid", limits or Delivery())


def edition_of(connection: Connection, slug: str = "weekly-1") -> Edition:
    return find.by_slug(connection, slug)


def next_one(connection: Connection, status: str, **values: Any) -> None:
    """The digest's open edition, weekly-2, not handed over."""
    fixed = {"id": 2, "digest": "weekly", "number": 2, "slug": "weekly-2", "due": "2", "due_at": AT}
    connection.execute(insert(table).values(fixed | {"status": status, "posts": [], "left_out": []} | values))


@pytest.mark.parametrize(
    ("outcomes", "bounces", "complaints", "trips"),
    [
        (199, 199, 0, False),
        (200, 10, 0, False),
        (200, 11, 0, True),
        (200, 0, 2, False),
        (200, 0, 3, True),
        (1000, 0, 3, False),
        (1000, 0, 4, True),
        (100_000, 5_000, 300, False),
    ],
)
def test_it_judges_from_200_outcomes_and_3_complaints_on(
    outcomes: int, bounces: int, complaints: int, trips: bool
) -> None:
    assert bool(Tally(outcomes, bounces, complaints).verdict(Delivery())) is trips


def test_a_limit_of_nothing_lets_none_pass_and_one_of_everything_all() -> None:
    assert Tally(200, 1, 0).verdict(Delivery(bounce_limit=0))
    assert Tally(200, 0, 3).verdict(Delivery(complaint_limit=0))
    assert not Tally(200, 0, 2).verdict(Delivery(complaint_limit=0))
    assert not Tally(200, 200, 200).verdict(Delivery(bounce_limit=1, complaint_limit=1))


def test_an_edition_on_its_way_is_paused_with_the_figures(database: Database) -> None:
    with database.write() as connection:
        people = handed_over(connection, lots=[Left(people=200)], status="sending", finished_at=None)
        told(connection, people, {Kind.DELIVERED: 189, Kind.BOUNCE: 10})
        assert edition_of(connection).status == "sending"
        told(connection, people[199:], {Kind.BOUNCE: 1})
        row = edition_of(connection)
    assert (row.status, row.tripped_at) == ("paused", NOON)
    assert "11 of the 200 readers" in row.reason
    assert "5.50%, the limit is 5.00%" in row.reason


def test_it_does_not_matter_that_the_bounces_came_before_the_deliveries(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        people = handed_over(connection, lots=[Left(people=250)], status="sending", finished_at=None)
        told(connection, people, {Kind.BOUNCE: 20})
        told(connection, people[20:], {Kind.DELIVERED: 179})
        assert edition_of(connection).status == "sending", "too few to judge by"
        told(connection, people[199:], {Kind.DELIVERED: 1})
        assert edition_of(connection).status == "paused"


def test_people_are_counted_and_not_events(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        people = handed_over(connection, lots=[Left(people=200)])
        for _ in range(3):  # each delivered, then bounced, then bounced again
            told(connection, people, {Kind.DELIVERED: 200})
            told(connection, people, {Kind.BOUNCE: 10})
        told(connection, people, dict.fromkeys((Kind.SOFT_BOUNCE, Kind.BLOCKED, Kind.DROPPED), 20))
        copies = [event(Kind.BOUNCE, 0) for _ in range(50)]
        take(connection, copies, "SendGrid", Delivery())
        assert edition_of(connection).tripped_at is None


def test_of_complaints_it_says_that_gmail_tells_of_none(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        people = handed_over(connection, lots=[Left(people=200)])
        told(connection, people, {Kind.DELIVERED: 197, Kind.SPAMREPORT: 3})
        assert "3 of the 200 readers" in edition_of(connection).reason
        assert "Gmail" in edition_of(connection).reason


@pytest.mark.parametrize("status", ["draft", "approved"])
def test_one_that_is_sent_already_holds_the_next(database: Database, status: str) -> None:
    with database.write() as connection:
        people = handed_over(connection, lots=[Left(people=200)])
        next_one(connection, status)
        told(connection, people, PAST)
        tripped, held = edition_of(connection), edition_of(connection, "weekly-2")
    assert (tripped.status, tripped.tripped_at) == ("sent", NOON)
    assert held.status == "held"
    assert held.reason.startswith("weekly-1: 11 of the 200")


def test_what_staff_hold_or_another_digest_has_is_left_alone(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        people = handed_over(connection, lots=[Left(people=200)])
        next_one(connection, "held", reason="too sad")
        told(connection, people, PAST)
        assert edition_of(connection, "weekly-2").reason == "too sad"


def test_the_next_one_waits_until_staff_have_answered(
    database: Database, travel: time_machine.Traveller
) -> None:
    with database.write() as connection:
        people = handed_over(connection, lots=[Left(people=200)])
        told(connection, people, PAST)
        next_one(connection, "draft", approved_at=AT)
        assert "weekly-1" in (breaker.unanswered(connection, "weekly", None) or "")
        assert breaker.unanswered(connection, "weekly", edition_of(connection, "weekly-2"))
        store.change(connection, 2, approved_at=edition_of(connection).tripped_at)
        assert breaker.unanswered(connection, "weekly", edition_of(connection, "weekly-2"))
        states.hold(connection, "weekly-2")
        travel.shift(timedelta(minutes=1))
        answered = states.resume(connection, "weekly-2")
        assert breaker.unanswered(connection, "weekly", answered) is None
        store.change(connection, 2, judged_from=None, approved_at=clock.now())
        assert breaker.unanswered(connection, "weekly", edition_of(connection, "weekly-2")) is None
        store.change(connection, 2, status="sent", snapshot_at=clock.now())
        assert breaker.unanswered(connection, "weekly", None) is None, "a later one went: all is answered"


@pytest.mark.databases("sqlite", "postgresql")
def test_let_go_on_it_is_judged_by_what_happens_after(
    database: Database, travel: time_machine.Traveller
) -> None:
    with database.write() as connection:
        people = handed_over(connection, lots=[Left(people=600)], status="sending", finished_at=None)
        told(connection, people, PAST)
        travel.shift(timedelta(hours=1))
        assert states.resume(connection, "weekly-1").status == "sending"
        told(connection, people[200:], {Kind.BOUNCE: 5}, at=clock.now())  # of before, told late
        told(connection, people[205:], {Kind.DELIVERED: 180}, at=clock.now() + timedelta(minutes=1))
        told(connection, people[385:], {Kind.BOUNCE: 20}, at=clock.now() + timedelta(minutes=1))
        row = edition_of(connection)
    assert row.status == "paused"
    assert "20 of the 200 readers" in row.reason


@pytest.mark.parametrize(("age", "judged"), [(timedelta(days=30), False), (timedelta(days=29.9), True)])
def test_an_edition_is_judged_for_thirty_days(
    sqlite_database: Database, age: timedelta, judged: bool
) -> None:
    with sqlite_database.write() as connection:
        people = handed_over(connection, lots=[Left(people=200)], snapshot_at=NOON - age)
        told(connection, people, PAST)
        assert (edition_of(connection).tripped_at is not None) is judged


@pytest.mark.parametrize(
    ("known", "fresh", "looks"),
    [(999, 1, True), (1000, 1, False), (1500, 1, False), (1500, 200, True), (1700, 200, True)],
)
def test_from_a_thousand_bounces_on_it_looks_at_each_tenth_part_more(
    sqlite_database: Database, known: int, fresh: int, looks: bool
) -> None:
    asked: list[Any] = []
    limits = Delivery(bounce_limit=1)
    with sqlite_database.write() as connection:
        people = handed_over(connection, lots=[Left(people=known + fresh)])
        told(connection, people, {Kind.BOUNCE: known}, limits=limits)
        sql.listen(connection, "before_cursor_execute", lambda *call: asked.append(call[3]))
        told(connection, people[known:], {Kind.BOUNCE: fresh}, limits=limits)
    counts = [
        given for given in asked if isinstance(given, tuple) and {Kind.BLOCKED, Kind.DROPPED} < {*given}
    ]
    assert bool(counts) is looks


def test_another_editions_bounces_do_not_keep_it_from_looking(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        people = handed_over(connection, lots=[Left(people=1500)])
        handed_over(connection, 2, lots=[Left(people=200)])
        told(connection, people, {Kind.BOUNCE: 1500}, limits=Delivery(bounce_limit=1))
        told(connection, people, PAST, "weekly-2")
        assert edition_of(connection, "weekly-2").tripped_at == NOON


def test_of_a_large_edition_outcomes_are_counted_as_far_as_the_share_needs(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        people = handed_over(connection, lots=[Left(people=400)])
        told(connection, people, {Kind.DELIVERED: 385, Kind.BOUNCE: 15})
        assert edition_of(connection).tripped_at is None, "15 of 400, though it would be too many of 200"


def test_nor_do_its_own_good_news(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        people = handed_over(connection, lots=[Left(people=1501)])
        told(connection, people, {Kind.DELIVERED: 1500})
        told(connection, people[1500:], {Kind.BOUNCE: 1}, limits=Delivery(bounce_limit=0))
        assert edition_of(connection).tripped_at == NOON


def test_an_edition_is_judged_by_its_own_events(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        people = handed_over(connection, lots=[Left(people=200)])
        handed_over(connection, 2, lots=[Left(people=200)])
        told(connection, people, PAST, limits=Delivery(bounce_limit=1))
        told(connection, people, {Kind.DELIVERED: 199, Kind.BOUNCE: 1}, "weekly-2")
        assert edition_of(connection, "weekly-2").tripped_at is None


def test_good_news_of_a_large_edition_is_not_counted_through(sqlite_database: Database) -> None:
    asked: list[Any] = []
    with sqlite_database.write() as connection:
        people = handed_over(connection, lots=[Left(people=700)])
        told(connection, people, {Kind.DELIVERED: 500})
        sql.listen(connection, "before_cursor_execute", lambda *call: asked.append(call[3]))
        told(connection, people[500:], {Kind.DELIVERED: 200})
    (counted,) = [
        given for given in asked if isinstance(given, tuple) and {Kind.BLOCKED, Kind.DROPPED} < {*given}
    ]
    assert 400 in counted, "200 and what is new; it looks no further"


# SMTP, where the ledger is all that is known


def judged(
    connection: Connection, failed: int, reason: str = "550 no such user", **values: Any
) -> list[Tripped]:
    apart: dict[int, tuple[str, str | None]] = dict.fromkeys(range(failed), ("failed", reason))
    handed_over(connection, lots=[Left("sent", 200, apart=apart), Left("waiting", 50)], **values)
    return breaker.judge_ledger(connection, Delivery(provider="smtp"), NOON)


def test_by_smtp_the_refused_are_the_bounces(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        (tripped,) = judged(connection, 11, status="sending", finished_at=None)
        assert "11 of the 200" in tripped.reason
        assert edition_of(connection).status == "paused"
        assert breaker.judge_ledger(connection, Delivery(), NOON) == []


def test_by_smtp_few_refusals_stop_nothing(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        assert judged(connection, 10) == []
        assert connection.scalar(select(table.c.tripped_at)) is None


@pytest.mark.databases("sqlite", "postgresql")
def test_who_was_given_up_after_a_full_mailbox_did_not_bounce(database: Database) -> None:
    with database.write() as connection:
        assert judged(connection, 100, "put off 5 times, last: 452 mailbox full") == []


# At the edges


def test_what_is_said_of_bounces_and_of_complaints_differs() -> None:
    bounced = Tally(200, 11, 9).verdict(Delivery())
    assert bounced.startswith("11 of the 200 readers of whom it is known how it ended bounced: 5.50%")
    assert "spam" not in bounced
    complained = Tally(1000, 0, 4).verdict(Delivery())
    assert "4 of the 1,000 readers of whom it is known how it ended reported it as spam: 0.40%" in complained
    assert Tally(199, 199, 199).verdict(Delivery()) == ""
    assert Tally(1000, 0, 3).verdict(Delivery()) == ""


def test_events_of_no_edition_and_of_no_end_judge_nothing(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        people = handed_over(connection, lots=[Left(people=200)])
        told(connection, people, PAST, limits=Delivery(bounce_limit=1))
        assert breaker.judge(connection, Delivery(), [event(Kind.PROCESSED, people[0])], NOON) == []
        nobodys = event(Kind.BOUNCE, people[0], edition="")
        assert breaker.judge(connection, Delivery(), [nobodys], NOON) == []
        assert len(breaker.judge(connection, Delivery(), [event(Kind.BOUNCE, people[0])], NOON)) == 1


def test_of_one_that_tripped_nothing_is_judged_until_staff_let_it_go_on(sqlite_database: Database) -> None:
    fresh = [event(Kind.BOUNCE, 1)]
    with sqlite_database.write() as connection:
        people = handed_over(connection, lots=[Left(people=200)])
        told(connection, people, PAST, at=NOON + timedelta(minutes=1))
        assert breaker.judge(connection, Delivery(), fresh, NOON) == []
        store.change(connection, 1, judged_from=NOON)  # at that very moment it is not after it
        assert breaker.judge(connection, Delivery(), fresh, NOON) == []
        assert "weekly-1" in (breaker.unanswered(connection, "weekly", None) or "")
        store.change(connection, 1, judged_from=NOON + timedelta(seconds=1))
        assert breaker.unanswered(connection, "weekly", None) is None


@pytest.mark.parametrize(
    ("finished", "tripped", "judged_again"),
    [
        (None, None, True),
        (timedelta(hours=23), None, True),
        (timedelta(days=1), None, False),
        (None, NOON, False),
    ],
    ids=["on its way", "ended today", "ended a day ago", "tripped already"],
)
def test_by_smtp_a_ledger_is_judged_while_it_may_change(
    sqlite_database: Database, finished: timedelta | None, tripped: datetime | None, judged_again: bool
) -> None:
    values = {"finished_at": finished and NOON - finished, "tripped_at": tripped, "judged_from": None}
    with sqlite_database.write() as connection:
        assert bool(judged(connection, 11, status="sent", **values)) is judged_again


def test_by_smtp_one_that_staff_let_go_on_is_not_stopped_again(sqlite_database: Database) -> None:
    after = {"tripped_at": NOON, "judged_from": NOON + timedelta(minutes=1)}
    with sqlite_database.write() as connection:
        assert judged(connection, 11, status="sending", finished_at=None, **after) == []


@pytest.mark.parametrize(
    ("provider", "batches", "trips"),
    [
        ("smtp", [(199, 11), (1, 0)], True),
        ("smtp", [(199, 11)], False),
        ("smtp", [(200, 0), (100, 11)], False),
        ("smtp", [(200, 0), (199, 11)], False),
        ("smtp", [(200, 1)], True),
        ("sendgrid", [(200, 11)], False),
    ],
    ids=[
        "from 200 on",
        "too few yet",
        "counted anew after each look",
        "from none on",
        "with a single bounce",
        "events tell",
    ],
)
def test_while_it_is_handed_over_the_ledger_is_looked_at_every_two_hundred(
    sqlite_database: Database, provider: str, batches: list[tuple[int, int]], trips: bool
) -> None:
    apart: dict[int, tuple[str, str | None]] = dict.fromkeys(range(11), ("failed", "550 no such user"))
    tally = breaker.RunningTally(Delivery(provider=provider))  # type: ignore[arg-type]
    with sqlite_database.write() as connection:
        lots = [Left("sent", 200, apart=apart), Left("waiting", 50)]
        handed_over(connection, lots=lots, status="sending", finished_at=None)
        for outcomes, bounces in batches:
            tally.add(connection, outcomes, bounces, NOON)
        assert (edition_of(connection).tripped_at is not None) is trips


def letter_of(connection: Connection, digest: str) -> None:
    """Another digest's letter, edition 2, that went out."""
    connection.execute(insert(digests).values(name=digest, first_seen=AT))
    handed_over(connection, 2)
    store.change(connection, 2, digest=digest)


def test_another_digests_trouble_keeps_no_letter_back(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        people = handed_over(connection, lots=[Left(people=200)])
        told(connection, people, PAST)
        letter_of(connection, "monthly")
        assert breaker.unanswered(connection, "monthly", None) is None
        store.change(connection, 2, snapshot_at=NOON + timedelta(hours=1))
        assert breaker.unanswered(connection, "weekly", None), "nor does its next letter answer ours"


def test_who_bounced_again_and_again_is_one_reader(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        people = handed_over(connection, lots=[Left(people=200)])
        told(connection, people[10:], {Kind.DELIVERED: 190})
        for _ in range(3):
            told(connection, people, {Kind.BOUNCE: 10})
        assert edition_of(connection).tripped_at is None, "10 of 200, though 30 of 220 events"


def test_a_letter_handed_over_at_that_very_moment_answers_it(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        handed_over(connection, tripped_at=AT - timedelta(seconds=1), snapshot_at=AT - timedelta(hours=1))
        assert breaker.unanswered(connection, "weekly", None)
        handed_over(connection, 2, snapshot_at=AT - timedelta(seconds=1))
        assert breaker.unanswered(connection, "weekly", None) is None


def test_those_that_trip_together_are_told_in_their_order(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    slugs = ["weekly-2", "weekly-10"]
    with sqlite_database.write() as connection:
        for number in (2, 10):
            people = handed_over(connection, number, lots=[Left(people=200)])
            told(connection, people, PAST, f"weekly-{number}", limits=Delivery(bounce_limit=1))
        fresh = [event(Kind.BOUNCE, people[0], edition=slug) for slug in slugs]
        with caplog.at_level("WARNING"):
            tripped = breaker.judge(connection, Delivery(), fresh, NOON)
    assert [one.slug for one in tripped] == slugs
    assert [message.partition(":")[0] for message in caplog.messages] == [
        f"{slug} tripped the breaker" for slug in slugs
    ]


def test_of_two_that_tripped_the_latest_is_named(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        for number, hours in ((1, 2), (2, 3), (3, 1)):
            handed_over(connection, number, tripped_at=AT + timedelta(hours=hours))
        assert (breaker.unanswered(connection, "weekly", None) or "").startswith("weekly-2 had too many")
