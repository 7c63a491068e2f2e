"""What people settle themselves."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from subscribers import directory, leaving, preferences, signup, suppression
from subscribers.audience import mailable
from subscribers.consent import BY_MAIL
from subscribers.suppression import Reason

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.core.database import Database

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

ANN = "ann@example.org"
TODAY, LATER = date(2026, 3, 1), date(2026, 4, 1)


def start(connection: Connection) -> None:
    directory.add(connection, ANN, name="Ann", digests=["weekly"], wording="On paper", source="staff")


def change(connection: Connection, *digests: str, **more: Any) -> preferences.Settled:
    said = {"offered": ["weekly", "monthly"], "paused_until": None} | more
    settled = preferences.change(connection, 1, digests=digests, source="page", **said)
    assert settled is not None
    return settled


def join(connection: Connection, *digests: str) -> int:
    question = preferences.ask_to_join(connection, 1, digests, wording="I want it", source="page")
    assert question
    return question


def mailed(connection: Connection, digest: str, today: date = TODAY) -> bool:
    return connection.execute(mailable(digest, today)).first() is not None


def records(connection: Connection) -> list[tuple[str, str | None, str]]:
    person = directory.person(connection, ANN)
    return [(c.action, c.digest, c.wording) for c in person.consent[1:]] if person else []


def test_saving_without_a_change_writes_nothing_down(database: Database) -> None:
    with database.write() as connection:
        start(connection)
        assert change(connection, "weekly").preferences.active == {"weekly"}
        assert records(connection) == []


@pytest.mark.databases("sqlite", "postgresql")
def test_a_digest_is_left_at_once_and_joined_once_the_mailbox_says_yes(database: Database) -> None:
    with database.write() as connection:
        start(connection)
        settled = change(connection, "monthly")
        assert (settled.preferences.active, settled.to_ask) == (frozenset(), ("monthly",))
        question = join(connection, "monthly")
        assert not mailed(connection, "monthly")
        assert change(connection, "monthly").to_ask == ("monthly",)  # asked for is not agreed to
        assert signup.confirm(connection, question, source=BY_MAIL)
        assert mailed(connection, "monthly")
        assert change(connection, "monthly").to_ask == ()
        assert records(connection) == [
            ("unsubscribed", "weekly", ""),
            ("requested", "monthly", "I want it"),
            ("confirmed", "monthly", "I want it"),
        ]


def test_a_digest_that_was_not_offered_is_left_alone(database: Database) -> None:
    with database.write() as connection:
        start(connection)
        assert change(connection, offered=["monthly"]).preferences.active == {"weekly"}


@pytest.mark.databases("sqlite", "postgresql")
def test_a_pause_holds_for_every_digest_and_ends_by_itself(database: Database) -> None:
    with database.write() as connection:
        start(connection)
        signup.confirm(connection, join(connection, "monthly"), source=BY_MAIL)
        assert change(connection, "weekly", "monthly", paused_until=LATER).preferences.paused_until == LATER
        assert not mailed(connection, "weekly")
        assert not mailed(connection, "monthly")
        assert mailed(connection, "weekly", LATER)
        change(connection, "weekly", "monthly")
        assert mailed(connection, "monthly")
        assert [r for r in records(connection) if r[0] in ("paused", "resumed")] == [
            ("paused", None, "until 2026-04-01"), ("resumed", None, ""),
        ]  # fmt: skip


def test_a_pause_by_one_press_is_never_shorter_than_the_one_there_is(database: Database) -> None:
    later, latest = date(2026, 5, 1), date(2026, 6, 1)
    with database.write() as connection:
        start(connection)
        assert preferences.pause(connection, 1, later, source="page") == later
        assert preferences.pause(connection, 1, LATER, source="page") == later
        assert preferences.pause(connection, 1, later, source="page") == later
        assert records(connection) == [("paused", None, "until 2026-05-01")]  # once: nothing changed after
        assert preferences.pause(connection, 1, latest, source="page") == latest
        assert not mailed(connection, "weekly", later)
        assert mailed(connection, "weekly", latest)


def test_who_gets_no_letter_has_nothing_to_pause(database: Database) -> None:
    with database.write() as connection:
        assert preferences.pause(connection, 1, LATER, source="page") is None
        start(connection)
        change(connection)
        before = records(connection)
        assert preferences.pause(connection, 1, LATER, source="page") is None
        assert records(connection) == before


def test_who_left_everything_sees_so_and_no_link_of_a_letter_brings_them_back(database: Database) -> None:
    with database.write() as connection:
        start(connection)
        leaving.leave(connection, 1, digest=None, source="page")
        now = preferences.preferences(connection, 1)
        assert now is not None
        assert now.active == frozenset()
        settled = change(connection, "weekly", "monthly", paused_until=LATER)
        assert (settled.preferences.active, settled.to_ask) == (frozenset(), ("weekly", "monthly"))
        question = join(connection, "weekly")
        assert suppression.reason_for(connection, ANN) is Reason.UNSUBSCRIBED
        assert not mailed(connection, "weekly")
        assert signup.confirm(connection, question, source=BY_MAIL)
        assert mailed(connection, "weekly")
        assert not mailed(connection, "monthly")


def test_who_complained_does_not_come_back_even_by_mail(database: Database) -> None:
    with database.write() as connection:
        start(connection)
        suppression.suppress(connection, ANN, Reason.COMPLAINED, "event")
        assert signup.confirm(connection, join(connection, "monthly"), source=BY_MAIL) is None
        assert not mailed(connection, "monthly")


def test_the_present_mailbox_is_asked_and_as_often_as_anybody_may(database: Database) -> None:
    with database.write() as connection:
        start(connection)
        for _ in range(3):
            join(connection, "monthly")
        said = {"wording": "I want it", "source": "page"}
        assert preferences.ask_to_join(connection, 1, ["monthly"], **said) is None


def test_an_erased_person_has_no_preferences(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        assert preferences.preferences(connection, 1) is None
        said = {"digests": ["weekly"], "offered": ["weekly"], "paused_until": None}
        assert preferences.change(connection, 1, source="page", **said) is None  # type: ignore[arg-type]
        assert preferences.ask_to_join(connection, 1, ["weekly"], wording="x", source="page") is None
