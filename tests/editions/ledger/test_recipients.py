"""Who an edition is for: taken in pages, of one state of the list, once."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from pipeline.core.database import Session
from pipeline.core.tables.editions import editions as table
from pipeline.core.tables.ledger import batches
from pipeline.editions import course, find, states
from pipeline.editions.ledger import outcomes, recipients
from subscribers import directory
from subscribers.tables import subscribers
from tests.editions.ledger.moves import AT, TODAY, counted, taken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipients, "PAGE", 2)


def after_the_first_page(monkeypatch: pytest.MonkeyPatch, what: Callable[[], None]) -> None:
    """Do something between the transactions of the first page and the second."""
    real, pages = Session.write, 0

    @contextmanager
    def watched(session: Session) -> Iterator[Connection]:
        nonlocal pages
        pages += 1
        if pages == 3:  # the mark, the first page
            monkeypatch.setattr(Session, "write", real)
            what()
        with real(session) as connection:
            yield connection

    monkeypatch.setattr(Session, "write", watched)


def status(database: Database, edition: Edition) -> str:
    with database.read() as connection:
        return str(find.by_id(connection, edition.id).status)


def addresses(database: Database, edition: Edition) -> list[str]:
    with database.read() as connection:
        return [person["email"] for person in outcomes.people(connection, edition.id)]


def test_pages_make_batches_of_the_asked_size_one_behind_the_other(
    database: Database, edition: Edition
) -> None:
    assert taken(database, edition)
    assert status(database, edition) == "sending"
    with database.read() as connection:
        query = select(batches.c.number, batches.c.first, batches.c.last, batches.c.size)
        query = query.where(batches.c.edition_id == edition.id).order_by(batches.c.number)
        made = [tuple(row) for row in connection.execute(query)]
    assert made == [(0, 1, 2, 2), (1, 3, 4, 2), (2, 5, 5, 1)]


def test_a_batch_may_be_larger_than_a_page(database: Database, edition: Edition) -> None:
    assert taken(database, edition, size=5) is True
    assert counted(database, edition) == {"total": 5, "waiting": 5}


def test_an_edition_for_nobody_is_sending_at_once(database: Database, edition: Edition) -> None:
    with database.write() as connection:
        for reader in range(1, 6):
            directory.unsubscribe(connection, f"reader{reader}@example.net", source="test")
    assert taken(database, edition)
    assert (status(database, edition), counted(database, edition)) == ("sending", {})


def test_what_a_process_that_died_left_behind_is_thrown_away(
    database: Database, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die() -> None:
        raise InterruptedError

    with monkeypatch.context() as patch:
        after_the_first_page(patch, die)
        with pytest.raises(InterruptedError):
            taken(database, edition)
    assert (status(database, edition), counted(database, edition)["total"]) == ("approved", 2)
    with database.write() as connection:
        directory.unsubscribe(connection, "reader1@example.net", source="test")
    assert taken(database, edition)
    assert counted(database, edition) == {"total": 4, "waiting": 4}


def test_held_and_approved_anew_midway_it_is_taken_from_the_beginning(
    database: Database, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hold_and_approve() -> None:
        with database.write() as connection:
            states.hold(connection, "weekly-1")
            states.approve(connection, "weekly-1")

    with monkeypatch.context() as patch:
        after_the_first_page(patch, hold_and_approve)
        assert not taken(database, edition)
    assert (status(database, edition), counted(database, edition)) == ("approved", {})
    assert taken(database, edition)
    assert counted(database, edition) == {"total": 5, "waiting": 5}


def test_an_address_that_changes_hands_meanwhile_is_in_it_once(
    database: Database, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swap() -> None:
        with database.write() as connection:
            for reader, address in ((1, "elsewhere@example.net"), (5, "reader1@example.net")):
                row = subscribers.c.email == f"reader{reader}@example.net"
                connection.execute(update(subscribers).where(row).values(email=address))

    after_the_first_page(monkeypatch, swap)
    assert taken(database, edition)
    assert addresses(database, edition) == [f"reader{n}@example.net" for n in range(1, 6)]


def test_an_edition_that_others_have_taken_already_is_not_taken_again(
    database: Database, edition: Edition
) -> None:
    called: list[int] = []
    assert taken(database, edition)
    again = recipients.take(
        database, edition, TODAY, 2, AT, begin=lambda connection, edition: called.append(edition)
    )
    assert (again, called) == (False, [])


def test_of_two_who_take_it_the_one_who_came_last_owns_it(
    database: Database, edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    def take(at: datetime, name: str) -> bool:
        def begin(connection: Connection, edition: int) -> None:
            course.begin_sending(connection, edition)
            ended.append(name)

        return recipients.take(database, edition, TODAY, 2, at, begin=begin)

    def another_comes() -> None:
        assert take(AT + timedelta(seconds=1), "the other") is True

    after_the_first_page(monkeypatch, another_comes)
    assert take(AT, "the first") is False
    assert ended == ["the other"]
    assert counted(database, edition) == {"total": 5, "waiting": 5}


def test_what_is_discarded_is_one_edition_that_may_then_be_taken_anew(
    database: Database, edition: Edition
) -> None:
    taken(database, edition)
    with database.write() as connection:
        recipients.discard(connection, edition.id)
        connection.execute(update(table).where(table.c.id == edition.id).values(status="approved"))
        assert find.by_id(connection, edition.id).snapshot_at is None
    assert counted(database, edition) == {}
    assert taken(database, edition, size=1)
    assert counted(database, edition) == {"total": 5, "waiting": 5}
