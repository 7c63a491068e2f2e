"""What people settle themselves."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from subscribers import directory, leaving, preferences, suppression
from subscribers.audience import mailable
from subscribers.suppression import Reason

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.core.database import Database

ANN = "ann@example.org"
TODAY, LATER = date(2026, 3, 1), date(2026, 4, 1)


def start(connection: Connection) -> None:
    directory.add(connection, ANN, name="Ann", digests=["weekly"], wording="On paper", source="staff")


def change(connection: Connection, *digests: str, **more: Any) -> preferences.Preferences:
    said = {"name": "Ann", "offered": ["weekly", "monthly"], "paused_until": None} | more
    settled = preferences.change(connection, 1, digests=digests, wording="I want it", source="page", **said)
    assert settled is not None
    return settled


def mailed(connection: Connection, digest: str, today: date = TODAY) -> bool:
    return connection.execute(mailable(digest, today)).first() is not None


def records(connection: Connection) -> list[tuple[str, str | None, str]]:
    person = directory.person(connection, ANN)
    return [(c.action, c.digest, c.wording) for c in person.consent[1:]] if person else []


def test_saving_without_a_change_writes_nothing_down(database: Database) -> None:
    with database.write() as connection:
        start(connection)
        assert change(connection, "weekly").active == {"weekly"}
        assert records(connection) == []


def test_choosing_and_leaving_digests_is_written_down_with_what_was_agreed_to(database: Database) -> None:
    with database.write() as connection:
        start(connection)
        assert change(connection, "monthly").active == {"monthly"}
        assert sorted(records(connection)) == [
            ("confirmed", "monthly", "I want it"), ("unsubscribed", "weekly", ""),
        ]  # fmt: skip


def test_a_digest_that_was_not_offered_is_left_alone(database: Database) -> None:
    with database.write() as connection:
        start(connection)
        assert change(connection, offered=["monthly"]).active == {"weekly"}


def test_a_pause_holds_for_every_digest_also_one_chosen_later_and_ends_by_itself(database: Database) -> None:
    with database.write() as connection:
        start(connection)
        assert change(connection, "weekly", paused_until=LATER).paused_until == LATER
        change(connection, "weekly", "monthly", paused_until=LATER)
        assert not mailed(connection, "weekly")
        assert not mailed(connection, "monthly")
        assert mailed(connection, "weekly", LATER)
        change(connection, "weekly", "monthly")
        assert mailed(connection, "monthly")
        assert [r for r in records(connection) if r[0] in ("paused", "resumed")] == [
            ("paused", None, "until 2026-04-01"), ("resumed", None, ""),
        ]  # fmt: skip


def test_who_left_everything_sees_so_and_comes_back_by_choosing(database: Database) -> None:
    with database.write() as connection:
        start(connection)
        leaving.leave(connection, 1, digest=None, source="page")
        now = preferences.preferences(connection, 1)
        assert now is not None
        assert now.active == frozenset()
        assert change(connection, "weekly").active == {"weekly"}
        assert mailed(connection, "weekly")


def test_choosing_lifts_no_bounce(database: Database) -> None:
    with database.write() as connection:
        start(connection)
        suppression.suppress(connection, ANN, Reason.BOUNCED, "event")
        change(connection, "weekly", "monthly")
        assert not mailed(connection, "monthly")


def test_a_name_is_cleaned_and_its_change_noted_without_it(database: Database) -> None:
    with database.write() as connection:
        start(connection)
        assert change(connection, "weekly", name="Ann\r\nBcc: x").name == "Ann Bcc: x"
        assert records(connection) == [("renamed", None, "")]


def test_an_erased_person_has_no_preferences(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        assert preferences.preferences(connection, 1) is None
        said = {"name": "", "digests": ["weekly"], "offered": ["weekly"], "paused_until": None}
        assert preferences.change(connection, 1, wording="x", source="page", **said) is None  # type: ignore[arg-type]
