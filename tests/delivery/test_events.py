"""What follows from a provider's events: the same, in whatever order and however often they come."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from pipeline.core.sections.delivery import Delivery
from pipeline.core.tables.editions import digests, editions
from pipeline.core.tables.ledger import batches, events, recipients
from pipeline.delivery import events as module
from pipeline.providers.events import Event, Kind
from subscribers import consent, directory, suppression
from subscribers.consent import Action
from subscribers.people import Status
from subscribers.suppression import OWN, Reason
from subscribers.tables import merged, suppressions

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection

    from pipeline.core.database import Database

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

START = datetime(2026, 11, 2, 15, tzinfo=UTC)
ANN = "ann@example.net"
MEANS = {
    Kind.BOUNCE: Reason.BOUNCED,
    Kind.SPAMREPORT: Reason.COMPLAINED,
    Kind.UNSUBSCRIBE: Reason.UNSUBSCRIBED,
}
_ids = itertools.count(1)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def take(connection: Connection, told: Sequence[Event], source: str) -> int:
    return module.take(connection, told, source, Delivery())


def on_list(connection: Connection, address: str = ANN) -> int:
    person = directory.add(
        connection, address, digests=["weekly", "monthly"], wording="Signed up", source="test"
    )
    assert person.id is not None
    return person.id


def event(kind: Kind, person: int | None, day: int = 0, **more: Any) -> Event:
    """An event of a day after START; an edition's slug as `edition=`."""
    given = {"id": f"e{next(_ids)}", "means": MEANS.get(kind), "subscriber": person} | more
    return Event(at=START + timedelta(days=day), kind=kind, **given)


def deliver(connection: Connection, people: Sequence[int], number: int, state: str = "sent") -> None:
    """An edition weekly-NUMBER that was handed over to these people."""
    if number == 1:
        connection.execute(insert(digests).values(name="weekly", first_seen=START))
    connection.execute(
        insert(editions).values(
            id=number, digest="weekly", number=number, slug=f"weekly-{number}", status="sent",
            due=f"{number}", due_at=START, posts=[], left_out=[], pictures=[],
        )
    )  # fmt: skip
    connection.execute(
        insert(batches).values(
            edition_id=number,
            number=0,
            state=state,
            first=min(people),
            last=max(people),
            size=len(people),
            attempt=f"b{number}",
        )
    )
    rows = [
        {"edition_id": number, "subscriber_id": person, "email": f"r{person}@example.net", "batch": 0}
        for person in people
    ]
    connection.execute(insert(recipients), rows)


def standing(database: Database, address: str = ANN) -> frozenset[Reason]:
    with database.read() as connection:
        return suppression.reasons(connection, address)


def soft(person: int, *numbers: int) -> list[Event]:
    return [event(Kind.SOFT_BOUNCE, person, number, edition=f"weekly-{number}") for number in numbers]


@pytest.mark.parametrize(
    ("kind", "reasons"),
    [
        (Kind.BOUNCE, {Reason.BOUNCED}),
        (Kind.SPAMREPORT, {Reason.COMPLAINED, Reason.UNSUBSCRIBED}),
        (Kind.UNSUBSCRIBE, {Reason.UNSUBSCRIBED}),
        (Kind.BLOCKED, set()),
        (Kind.SOFT_BOUNCE, set()),
        (Kind.DEFERRED, set()),
        (Kind.GROUP_RESUBSCRIBE, set()),
    ],
)
def test_each_kind_suppresses_as_it_must_and_the_proof_is_kept(
    sqlite_database: Database, kind: Kind, reasons: set[Reason]
) -> None:
    with sqlite_database.write() as connection:
        person = on_list(connection)
        assert take(connection, [event(kind, person, address=ANN, reason="550 no")], "SendGrid") == 1
        known = directory.person(connection, ANN)
    assert known is not None
    assert standing(sqlite_database) == reasons
    left = {one.status for one in known.subscriptions} == {Status.UNSUBSCRIBED}
    assert left is (Reason.UNSUBSCRIBED in reasons)
    told = {one.wording for one in known.consent if one.action is Action.SUPPRESSED}
    assert told == {f"{reason}: 550 no" for reason in reasons - {Reason.UNSUBSCRIBED}}
    assert {one.source for one in known.consent if one.action is not Action.ADDED} <= {"SendGrid"}


@pytest.mark.databases("sqlite", "postgresql")
def test_an_event_that_comes_again_is_kept_once_and_does_nothing_again(database: Database) -> None:
    with database.write() as connection:
        person = on_list(connection)
        bounced = event(Kind.BOUNCE, person)
        assert take(connection, [bounced, bounced], "SendGrid") == 1
        suppression.lift(connection, ANN, [Reason.BOUNCED])
        assert take(connection, [bounced], "SendGrid") == 0
        assert len(connection.execute(select(events)).all()) == 1
    assert standing(database) == set()


@pytest.mark.databases("sqlite", "postgresql")
def test_thousands_of_events_are_taken_together(database: Database) -> None:
    with database.write() as connection:
        person = on_list(connection)
        many = [event(Kind.DELIVERED, person, edition="weekly-1", batch="b1") for _ in range(2500)]
        assert take(connection, many, "SendGrid") == 2500
        row = connection.execute(select(events).where(events.c.id == many[-1].id)).one()
    assert (row.subscriber_id, row.edition, row.batch, row.kind, row.at) == (
        person, "weekly-1", "b1", "delivered", START,
    )  # fmt: skip


@pytest.mark.databases("sqlite", "postgresql")
def test_without_an_id_the_address_names_the_person_and_off_the_list_it_is_suppressed(
    database: Database,
) -> None:
    with database.write() as connection:
        person = on_list(connection)
        bounced = event(Kind.BOUNCE, None, address="Ann@Example.net")
        left = event(Kind.UNSUBSCRIBE, None, address="stranger@example.net")
        take(connection, [bounced, left, event(Kind.BOUNCE, None, address="no address")], "SendGrid")
        rows = connection.execute(select(events.c.id, events.c.subscriber_id))
        kept = {row.id: row.subscriber_id for row in rows}
    assert (kept[bounced.id], kept[left.id]) == (person, None)
    assert standing(database) == {Reason.BOUNCED}
    assert standing(database, "stranger@example.net") == {Reason.UNSUBSCRIBED}


def test_of_who_is_not_known_any_more_nothing_is_kept_but_that_something_came(database: Database) -> None:
    with database.write() as connection:
        gone = event(Kind.BOUNCE, 4711, address=ANN, reason="of a widow", edition="weekly-1", batch="b")
        take(connection, [gone], "SendGrid")
        row = connection.execute(select(events)).one()
        assert connection.execute(select(suppressions)).all() == []
    assert (row.subscriber_id, row.reason, row.edition, row.batch) == (None, None, "weekly-1", "b")


def test_what_befalls_a_confirmation_concerns_the_mailbox_it_went_to(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        person, there = on_list(connection), "ben@example.net"
        on_list(connection, there)
        asked = event(Kind.BOUNCE, person, edition="confirmation-7", address=there)
        take(connection, [asked], "SendGrid")
        proofs = [directory.person(connection, address) for address in (ANN, there)]
    assert [standing(sqlite_database), standing(sqlite_database, there)] == [set(), {Reason.BOUNCED}]
    told = [{one.action for one in known.consent} for known in proofs if known]
    assert told == [{Action.ADDED}, {Action.ADDED, Action.SUPPRESSED}]


def test_of_who_is_known_the_servers_words_are_kept(sqlite_database: Database) -> None:
    words = {"reason": "452 the mailbox is full", "detail": {"response": "452"}}
    with sqlite_database.write() as connection:
        person = on_list(connection)
        known = event(Kind.SOFT_BOUNCE, person, **words)
        take(connection, [known, event(Kind.SOFT_BOUNCE, 4711, **words)], "SendGrid")
        rows = connection.execute(select(events.c.id, events.c.reason, events.c.detail))
        kept = {row.id: (row.reason, row.detail) for row in rows}
    assert kept.pop(known.id) == (words["reason"], words["detail"])
    assert list(kept.values()) == [(None, None)], "of a stranger they are not"


def test_a_bounce_without_a_servers_words_is_told_by_its_kind(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        take(connection, [event(Kind.BOUNCE, on_list(connection))], "SendGrid")
        known = directory.person(connection, ANN)
    assert known is not None
    assert known.consent[-1].wording == "bounced: bounce"


@pytest.mark.parametrize(("batch", "state"), [("b1", "sent"), (None, "uncertain"), ("b7", "uncertain")])
def test_a_batch_in_doubt_is_settled_by_an_event_that_names_it(
    sqlite_database: Database, batch: str | None, state: str
) -> None:
    with sqlite_database.write() as connection:
        person = on_list(connection)
        deliver(connection, [person], 1, state="uncertain")
        take(connection, [event(Kind.DELIVERED, person, edition="weekly-1", batch=batch)], "SendGrid")
        assert connection.scalar(select(batches.c.state)) == state


def test_a_forgotten_address_stays_a_hash(database: Database) -> None:
    with database.write() as connection:
        suppression.forget(connection, ANN)
        take(connection, [event(Kind.SPAMREPORT, None, address=ANN)], "SendGrid")
        assert connection.execute(select(suppressions)).all() == []
    assert standing(database) == {Reason.FORGOTTEN, Reason.COMPLAINED}


def test_who_moved_to_an_address_on_the_list_is_found_under_its_id(database: Database) -> None:
    with database.write() as connection:
        person = on_list(connection)
        connection.execute(insert(merged).values(old_id=4711, new_id=person))
        old = "old@example.net"
        take(connection, [event(Kind.BOUNCE, 4711, address=old)], "SendGrid")
        assert suppression.reasons(connection, ANN) == set(), "it was the address they left"
        take(connection, [event(Kind.UNSUBSCRIBE, 4711, address=old)], "SendGrid")
        assert set(connection.scalars(select(events.c.subscriber_id))) == {person}
    assert standing(database) == {Reason.UNSUBSCRIBED}


@pytest.mark.parametrize(
    ("kind", "action", "after"),
    [
        (Kind.UNSUBSCRIBE, Action.CONFIRMED, set()),
        (Kind.UNSUBSCRIBE, Action.RESUBSCRIBED, set()),
        (Kind.UNSUBSCRIBE, Action.LIFTED, {Reason.UNSUBSCRIBED}),
        (Kind.BOUNCE, Action.LIFTED, set()),
        (Kind.BOUNCE, Action.CONFIRMED, {Reason.BOUNCED}),
        (Kind.SPAMREPORT, Action.LIFTED, {Reason.UNSUBSCRIBED}),
        (Kind.SPAMREPORT, Action.CONFIRMED, {Reason.COMPLAINED}),
    ],
)
def test_what_was_taken_back_since_is_not_done_again_by_an_event_that_comes_late(
    sqlite_database: Database, clock: time_machine.Traveller, kind: Kind, action: Action, after: set[Reason]
) -> None:
    with sqlite_database.write() as connection:
        person = on_list(connection)
        clock.move_to(START + timedelta(days=5))
        consent.record(connection, person, action, source="test")
        take(connection, [event(kind, person, 4)], "SendGrid")
        assert suppression.reasons(connection, ANN) == after
        take(connection, [event(kind, person, 6)], "SendGrid")
    assert standing(sqlite_database) >= after | {MEANS[kind]}, "what happens after it counts"


# Soft bounces


@pytest.mark.databases("sqlite", "postgresql")
def test_three_editions_in_a_row_that_bounce_softly_suppress(database: Database) -> None:
    with database.write() as connection:
        person, other = on_list(connection), on_list(connection, "ben@example.net")
        for number in (1, 2, 3):
            deliver(connection, [person, other], number)
            assert suppression.reasons(connection, ANN) == set()
            take(connection, soft(person, number), "SendGrid")
    assert standing(database) == {Reason.BOUNCED}
    assert standing(database, "ben@example.net") == set()


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3])))
def test_it_does_not_matter_in_which_order_they_are_told(
    sqlite_database: Database, order: tuple[int, ...]
) -> None:
    with sqlite_database.write() as connection:
        person = on_list(connection)
        for number in (1, 2, 3):
            deliver(connection, [person], number)
        for number in order:
            take(connection, soft(person, number), "SendGrid")
    assert standing(sqlite_database) == {Reason.BOUNCED}


def test_an_edition_that_arrived_between_them_breaks_the_row(database: Database) -> None:
    with database.write() as connection:
        person = on_list(connection)
        for number in range(1, 6):
            deliver(connection, [person], number)
        arrived = event(Kind.DELIVERED, person, 3, edition="weekly-3")
        take(connection, [*soft(person, 1, 2, 4, 5), arrived], "SendGrid")
        assert suppression.reasons(connection, ANN) == set()
        deliver(connection, [person], 6)
        take(connection, soft(person, 6), "SendGrid")
    assert standing(database) == {Reason.BOUNCED}


def test_an_edition_that_was_not_for_them_does_not(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        person, other = on_list(connection), on_list(connection, "ben@example.net")
        deliver(connection, [person], 1)
        deliver(connection, [other], 2)
        deliver(connection, [person], 3, state="uncertain")
        deliver(connection, [person], 4)
        take(connection, soft(person, 1, 3, 4), "SendGrid")
    assert standing(sqlite_database) == {Reason.BOUNCED}


def test_several_bounces_of_one_edition_are_one(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        person = on_list(connection)
        deliver(connection, [person], 1)
        take(connection, soft(person, 1, 1, 1), "SendGrid")
    assert standing(sqlite_database) == set()


@pytest.mark.parametrize("later", [timedelta(hours=1), timedelta()], ids=["later", "at that very moment"])
@pytest.mark.parametrize("action", [Action.LIFTED, Action.MOVED])
def test_the_row_begins_anew_once_staff_lifted_it_or_the_address_changed(
    sqlite_database: Database, clock: time_machine.Traveller, action: Action, later: timedelta
) -> None:
    with sqlite_database.write() as connection:
        person = on_list(connection)
        for number in (1, 2, 3, 4):
            deliver(connection, [person], number)
        take(connection, soft(person, 1, 2), "SendGrid")
        clock.move_to(START + timedelta(days=2) + later)
        consent.record(connection, person, action, source="test")
        take(connection, soft(person, 3, 4), "SendGrid")
        assert suppression.reasons(connection, ANN) == set()
        deliver(connection, [person], 5)
        take(connection, soft(person, 5), "SendGrid")
    assert standing(sqlite_database) == {Reason.BOUNCED}


def test_of_a_mailbox_known_by_its_address_alone_they_count_as_well(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        person = on_list(connection)
        for number in (1, 2, 3):
            deliver(connection, [person], number)
        nameless = [
            event(Kind.SOFT_BOUNCE, None, number, address=ANN, edition=f"weekly-{number}")
            for number in (1, 2, 3)
        ]
        take(connection, nameless, "SendGrid")
    assert standing(sqlite_database) == {Reason.BOUNCED}


def test_one_of_no_edition_is_none_of_the_three(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        person = on_list(connection)
        for number in (1, 2):
            deliver(connection, [person], number)
        take(connection, [*soft(person, 1, 2), event(Kind.SOFT_BOUNCE, person, 3)], "SendGrid")
    assert standing(sqlite_database) == set()


# Any order

KINDS = (
    Kind.DELIVERED,
    *[Kind.SOFT_BOUNCE] * 4,
    Kind.BOUNCE,
    Kind.BLOCKED,
    Kind.SPAMREPORT,
    Kind.UNSUBSCRIBE,
)
TOLD = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 2), st.integers(1, 5)), min_size=1, max_size=12
)
SINCE = st.lists(
    st.tuples(
        st.sampled_from([Action.CONFIRMED, Action.RESUBSCRIBED, Action.LIFTED, Action.MOVED]),
        st.integers(0, 2),
        st.integers(1, 5),
    ),
    max_size=3,
)


@given(told=TOLD, since=SINCE, chance=st.randoms(use_true_random=False))
@settings(max_examples=15)
def test_any_order_and_any_repetition_of_the_same_events_suppress_the_same(
    sqlite_database: Database,
    told: list[tuple[Kind, int, int]],
    since: list[tuple[Action, int, int]],
    chance: random.Random,
) -> None:
    every = list(range(len(told)))
    shuffled = [*every, *chance.choices(every, k=4)]
    chance.shuffle(shuffled)
    cut = chance.randint(0, len(shuffled))
    orders = [[[n] for n in every], [every], [shuffled[:cut], shuffled[cut:], every]]
    with sqlite_database.write() as connection:
        outcomes = [_outcome(connection, told, since, order) for order in orders]
    assert outcomes == outcomes[:1] * 3


def _outcome(
    connection: Connection,
    told: list[tuple[Kind, int, int]],
    since: list[tuple[Action, int, int]],
    order: list[list[int]],
) -> list[frozenset[Reason]]:
    """Who ends up suppressed when these events come in posts of this order; nothing of it stays."""
    addresses = ["ann@example.net", "ben@example.net", "cat@example.net"]
    with connection.begin_nested() as attempt:
        people = [on_list(connection, address) for address in addresses]
        for number in range(1, 6):
            deliver(connection, people, number)
        for action, who, day in since:
            with time_machine.travel(START + timedelta(days=day, hours=12), tick=False):
                consent.record(connection, people[who], action, source="test")
        made = [
            event(kind, people[who], day, edition=f"weekly-{day}", id=f"{n}")
            for n, (kind, who, day) in enumerate(told)
        ]
        for post in order:
            take(connection, [made[n] for n in post], "SendGrid")
        found = [suppression.reasons(connection, address) for address in addresses]
        attempt.rollback()
    return found


def test_what_a_person_did_and_what_befell_them_are_different_things() -> None:
    assert Reason.UNSUBSCRIBED in OWN
    assert not OWN & {Reason.BOUNCED, Reason.COMPLAINED}
