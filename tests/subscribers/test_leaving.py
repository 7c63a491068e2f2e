"""Leaving: at once, repeatable, and undone only by the person, soon after."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from subscribers import directory, leaving, signup, suppression
from subscribers.audience import mailable
from subscribers.suppression import Reason
from subscribers.tables import subscriptions

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.core.database import Database

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = "ann@example.org"


def start(connection: Connection) -> int:
    person = directory.add(connection, ANN, digests=["weekly", "monthly"], wording="On paper", source="staff")
    assert person.id is not None
    return person.id


def statuses(connection: Connection) -> dict[str, str]:
    person = directory.person(connection, ANN)
    return {one.digest: one.status for one in person.subscriptions} if person else {}


def actions(connection: Connection) -> list[tuple[str, str | None, str]]:
    person = directory.person(connection, ANN)
    return [(c.action, c.digest, c.wording) for c in person.consent if c.action != "added"] if person else []


def test_leaving_one_digest_leaves_the_other_and_is_written_down_once(database: Database) -> None:
    with database.write() as connection:
        ann = start(connection)
        assert leaving.leave(connection, ann, digest="weekly", source="one-click")
        assert not leaving.leave(connection, ann, digest="weekly", source="one-click")
        assert statuses(connection) == {"monthly": "active", "weekly": "unsubscribed"}
        assert actions(connection) == [("unsubscribed", "weekly", "")]


@pytest.mark.databases("sqlite", "postgresql")
def test_leaving_everything_shuts_the_address_off(database: Database) -> None:
    with database.write() as connection:
        ann = start(connection)
        assert leaving.leave(connection, ann, digest=None, source="page")
        assert not leaving.leave(connection, ann, digest=None, source="page")
        assert statuses(connection) == {"monthly": "unsubscribed", "weekly": "unsubscribed"}
        assert suppression.reason_for(connection, ANN) == Reason.UNSUBSCRIBED


def test_of_many_reasons_a_few_are_kept_each_once_and_no_longer_than_a_paragraph(database: Database) -> None:
    with database.write() as connection:
        ann = start(connection)
    reasons = ["Too many", "Too many", "x" * 5000, "x" * 6000, *(f"Reason {n}" for n in range(150))]
    for digest in ("weekly", None):
        for reason in reasons:
            with database.write() as connection:
                leaving.leave(connection, ann, digest=digest, source="page", reason=reason)
    with database.read() as connection:
        person = directory.person(connection, ANN)
    assert person is not None
    said = [one.wording for one in person.consent if one.action == "unsubscribed"]
    assert [wording for wording in said if wording] == [
        "Too many",
        "x" * 1000,
        "Reason 0",
        "Reason 1",
        "Reason 2",
    ]
    assert len(said) == 7  # beside them: that they left the other digest, and all mail


def test_a_reason_given_afterwards_is_kept(database: Database) -> None:
    with database.write() as connection:
        ann = start(connection)
        leaving.leave(connection, ann, digest="weekly", source="page")
        assert not leaving.leave(connection, ann, digest="weekly", source="page", reason="Too many mails")
        assert actions(connection)[-1] == ("unsubscribed", "weekly", "Too many mails")


def test_an_id_nobody_has_leaves_nothing_behind(database: Database) -> None:
    with database.write() as connection:
        assert not leaving.leave(connection, 4711, digest="weekly", source="one-click", reason="why")
        assert not leaving.leave(connection, 4711, digest=None, source="one-click")
        assert not directory.stats(connection, []).digests


@pytest.mark.databases("sqlite", "postgresql")
def test_undo_brings_back_what_was_just_ended_and_nothing_older(database: Database) -> None:
    with database.write() as connection, time_machine.travel(NOON, tick=False) as now:
        ann = start(connection)
        leaving.leave(connection, ann, digest="monthly", source="page")
        now.shift(timedelta(days=2))
        pressed = datetime.now(UTC)
        leaving.leave(connection, ann, digest="weekly", source="page")
        assert leaving.undo(connection, ann, presses=[pressed], source="page") == ["weekly"]
        assert leaving.undo(connection, ann, presses=[pressed], source="page") == []
        assert statuses(connection) == {"monthly": "unsubscribed", "weekly": "active"}
        assert actions(connection)[-1] == ("resubscribed", "weekly", "")


def test_undo_opens_what_leaving_everything_shut_but_no_other_suppression(database: Database) -> None:
    with database.write() as connection, time_machine.travel(NOON, tick=False):
        ann = start(connection)
        suppression.suppress(connection, ANN, Reason.COMPLAINED, "event")
        leaving.leave(connection, ann, digest=None, source="page")
        assert leaving.undo(connection, ann, presses=[NOON], source="page") == ["monthly", "weekly"]
        assert suppression.reasons(connection, ANN) == {Reason.COMPLAINED}


def test_undo_does_not_confirm_in_somebodys_stead(database: Database) -> None:
    with database.write() as connection, time_machine.travel(NOON, tick=False):
        ann = start(connection)
        signup.ask(connection, ANN, digests=["quarterly"], wording="I ask for it", source="form")
        leaving.leave(connection, ann, digest="yearly", source="page")
        leaving.leave(connection, ann, digest=None, source="page")
        assert leaving.undo(connection, ann, presses=[NOON], source="page") == ["monthly", "weekly"]
        ended = {name for name, status in statuses(connection).items() if status == "unsubscribed"}
        assert ended == {"quarterly", "yearly"}


def test_undo_brings_a_pause_back_too(database: Database) -> None:
    with database.write() as connection, time_machine.travel(NOON, tick=False):
        ann = start(connection)
        connection.execute(subscriptions.update().values(paused_until=date(2026, 6, 1)))
        leaving.leave(connection, ann, digest="weekly", source="one-click")
        leaving.undo(connection, ann, presses=[NOON], source="page")
        assert connection.execute(mailable("weekly", NOON.date())).all() == []


@pytest.mark.databases("sqlite", "postgresql")
@pytest.mark.parametrize(
    ("ends", "presses", "undone"),
    [
        # Seconds from noon: when somebody left, which presses of the button they undo at 120.
        (0, [0], True),
        (0, [5], True),  # the answer took its time, or the button was pressed twice
        (0, [60], False),  # they had left before it was pressed, by whoever has the letter, too
        (60, [0], False),  # and after
        (0, [-1000], False),
        (0, [180], False),  # signed for another time than that of a press
        (0, [], False),
        (60, [0, 60], True),
    ],
)
def test_undo_takes_back_what_its_own_press_ended_and_nobody_elses_no(
    database: Database, ends: int, presses: list[int], undone: bool
) -> None:
    with database.write() as connection, time_machine.travel(NOON, tick=False) as now:
        ann = start(connection)
        now.shift(ends)
        leaving.leave(connection, ann, digest="weekly", source="page")
        now.shift(120 - ends)
        moments = [NOON + timedelta(seconds=press) for press in presses]
        found = leaving.undo(connection, ann, presses=moments, source="page")
        assert found == (["weekly"] if undone else [])


def test_undo_is_over_after_ten_minutes(database: Database) -> None:
    with database.write() as connection, time_machine.travel(NOON, tick=False) as now:
        ann = start(connection)
        leaving.leave(connection, ann, digest="weekly", source="page")
        now.shift(601)
        assert leaving.undo(connection, ann, presses=[NOON], source="page") == []
        now.shift(-1)
        assert leaving.undo(connection, ann, presses=[NOON], source="page") == ["weekly"]


def test_undo_of_one_digest_opens_nothing_once_all_mail_was_stopped(database: Database) -> None:
    """Somebody with a forwarded letter has left, and undoes that after the reader's own no."""
    with database.write() as connection, time_machine.travel(NOON, tick=False) as now:
        ann = start(connection)
        leaving.leave(connection, ann, digest="weekly", source="page")
        now.shift(60)
        leaving.leave(connection, ann, digest=None, source="page")
        assert leaving.undo(connection, ann, presses=[NOON], source="page") == []
        assert set(statuses(connection).values()) == {"unsubscribed"}
        assert suppression.reasons(connection, ANN) == {Reason.UNSUBSCRIBED}


@pytest.mark.databases("sqlite", "postgresql")
def test_who_ends_and_undoes_all_the_time_undoes_once_a_month(database: Database) -> None:
    """Else the reader's own no would fall into one of those minutes, change nothing, and be undone."""
    with database.write() as connection, time_machine.travel(NOON, tick=False) as now:
        ann = start(connection)

        def ended_and_undone() -> list[str]:
            pressed = datetime.now(UTC)
            leaving.leave(connection, ann, digest="weekly", source="page")
            now.shift(60)
            leaving.leave(connection, ann, digest="weekly", source="page")  # the reader
            return leaving.undo(connection, ann, presses=[pressed], source="page")

        assert ended_and_undone() == ["weekly"]
        assert ended_and_undone() == []
        assert statuses(connection)["weekly"] == "unsubscribed"
        now.shift(timedelta(days=30))
        question = signup.ask(connection, ANN, digests=["weekly"], wording="I ask for it", source="form")
        assert question
        assert signup.confirm(connection, question, source="page")
        assert ended_and_undone() == ["weekly"]
