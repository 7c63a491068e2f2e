"""The steps back that are kept of an edition: what is one step, how many there are, and whose they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from pipeline.core.tables.editions import edit_steps
from pipeline.editions import find, undo
from pipeline.editions.edition import EditionStatus
from pipeline.editions.undo import Step
from tests.ledgers import handed_over

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition

NOW, MOMENT = datetime(2026, 11, 26, 14, tzinfo=UTC), timedelta(microseconds=1)
ANNE, BEN = "anne@example.org", "ben@example.org"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def connection(sqlite_database: Database, clock: time_machine.Traveller) -> Iterator[Connection]:
    with sqlite_database.engine.connect() as connection:
        yield connection
        connection.rollback()


def draft(connection: Connection, number: int = 1, status: str = "draft") -> Edition:
    handed_over(connection, number, status=status, intro="Hello.", posts=[{"id": 7}, {"id": 5}])
    return replace(find.by_id(connection, number), edits={"subject": "Before"})


def steps(connection: Connection, edition: int = 1) -> list[str]:
    query = edit_steps.select().where(edit_steps.c.edition_id == edition).order_by(edit_steps.c.id)
    return [row.what for row in connection.execute(query)]


def test_a_step_says_what_stood_there_before(connection: Connection) -> None:
    edition, other = draft(connection), draft(connection, 2, "sent")
    assert undo.last(connection, 1) is None
    assert undo.keep(connection, edition, "posts", ANNE)
    assert undo.keep(connection, replace(edition, edits={}, intro="", posts=[]), "intro", BEN)
    undo.keep(connection, other, "subject", ANNE)
    newest = undo.last(connection, 1)
    assert newest == Step(2, BEN, "intro", {}, "", [])
    undo.taken_back(connection, newest)
    assert undo.last(connection, 1) == Step(1, ANNE, "posts", {"subject": "Before"}, "Hello.", [7, 5])
    undo.forget(connection, 1)
    assert undo.last(connection, 1) is None
    assert undo.last(connection, 2) is not None


@pytest.mark.parametrize(
    ("what", "actor", "status", "pause", "goes_on"),
    [
        *((what, ANNE, "draft", 20, True) for what in ("subject", "preheader", "intro", "offer")),
        ("subject", ANNE, "held", 20, True),
        ("subject", ANNE, "draft", 20.000001, False),
        ("subject", BEN, "draft", 1, False),
        ("subject", ANNE, "approved", 1, False),
        ("posts", ANNE, "draft", 1, False),
        ("several", ANNE, "draft", 1, False),
    ],
)
def test_what_one_goes_on_typing_in_one_place_is_one_step(
    connection: Connection,
    clock: time_machine.Traveller,
    what: str,
    actor: str,
    status: str,
    pause: float,
    goes_on: bool,
) -> None:
    edition = replace(draft(connection), status=EditionStatus(status))
    undo.keep(connection, replace(edition, status=EditionStatus.DRAFT), what, ANNE)
    for _ in range(2):
        clock.shift(timedelta(seconds=pause) - MOMENT)
        assert undo.keep(connection, edition, what, actor) is not goes_on
        actor = ANNE if actor == BEN else actor
    assert len(steps(connection)) == (1 if goes_on else 3)


def test_another_place_is_another_step_and_back_again_one_more(connection: Connection) -> None:
    edition = draft(connection)
    for what in ("subject", "intro", "subject", "subject"):
        undo.keep(connection, edition, what, ANNE)
    assert steps(connection) == ["subject", "intro", "subject"]


def test_going_on_moves_no_other_step(connection: Connection, clock: time_machine.Traveller) -> None:
    edition, other = draft(connection), draft(connection, 2, "sent")
    undo.keep(connection, other, "subject", ANNE)
    for what in ("posts", "subject", "subject"):
        undo.keep(connection, edition, what, ANNE)
        clock.shift(1)
    moments = connection.execute(edit_steps.select().order_by(edit_steps.c.id)).all()
    assert [(row.at - NOW).total_seconds() for row in moments] == [0, 0, 2]


def test_steps_of_another_edition_take_no_room(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "MOST", 2)
    edition, other = draft(connection), draft(connection, 2, "sent")
    for one in (edition, edition, other, other, edition):
        undo.keep(connection, one, "posts", ANNE)
    assert [len(steps(connection, number)) for number in (1, 2)] == [2, 2]


def test_a_hundred_steps_are_kept_of_each_edition_the_newest(connection: Connection) -> None:
    edition, other = draft(connection), draft(connection, 2, "sent")
    undo.keep(connection, other, "posts", ANNE)
    undo.keep(connection, edition, "intro", ANNE)
    for _ in range(undo.MOST):
        undo.keep(connection, edition, "posts", ANNE)
    assert undo.MOST == 100
    assert steps(connection) == ["posts"] * 100
    assert steps(connection, 2) == ["posts"]
