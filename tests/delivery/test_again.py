"""Who was refused gets an edition once the reason is mended, and who joined since: nobody twice, and nobody
who left."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import insert, select, update

from pipeline.core.errors import RapportError
from pipeline.core.tables.editions import editions
from pipeline.core.tables.installation import marks
from pipeline.core.tables.ledger import events, recipients
from pipeline.delivery.again import OLD, failed_again, joined_again
from pipeline.editions import course, find, states
from pipeline.editions.ledger import claims, outcomes
from pipeline.providers.events import Kind
from subscribers import directory, staff_log, suppression
from subscribers.suppression import Reason
from subscribers.tables import merged, subscriptions
from tests.editions.ledger.moves import AT, TODAY, counted
from tests.installations import installation, subscribe
from tests.ledgers import Left, event, handed_over

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

NO = ("failed", "relay not permitted")
REFUSED = [
    Left(people=3, apart={0: NO, 2: NO}),
    Left(people=3, apart={0: ("withheld", "left"), 1: NO, 2: ("uncertain", "no answer")}),
    Left("uncertain", people=1),
]
"""In an edition for seven readers 1, 3 and 5 were refused, 2 has it, 4 had left, 6 and 7 are in doubt."""


@pytest.fixture(autouse=True)
def travel() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(AT + timedelta(days=1), tick=False) as traveller:
        yield traveller


@pytest.fixture
def installed(database: Database, tmp_path: Path) -> Installation:
    with time_machine.travel(AT - timedelta(days=1), tick=False):
        subscribe(database, 7)
    return installation(database, tmp_path, "http://127.0.0.1:1/feed", delivery={"batch_size": 2})


def sent(installed: Installation, lots: Any = REFUSED, **values: Any) -> Edition:
    with installed.database.write() as connection:
        handed_over(connection, 1, lots, **values)
        return find.by_id(connection, 1)


def find_edition(installed: Installation, number: int) -> Edition:
    with installed.database.read() as connection:
        return find.by_id(connection, number)


def heard(connection: Connection, person: int) -> None:
    told = event(Kind.DELIVERED, person)
    connection.execute(
        insert(events).values(
            id=told.id, at=AT, kind=told.kind.value, subscriber_id=person, edition="weekly-1", batch="x"
        )
    )


def refuse_all(connection: Connection) -> None:
    connection.execute(update(recipients).values(state="failed", reason="no", at=AT))


def claimed(installed: Installation, edition: Edition) -> list[list[int]]:
    """Who is handed over from now on, a batch each."""
    handed = []
    with installed.database.write() as connection:
        while (claim := claims.claim(connection, edition, TODAY, AT, "a lock")) is not None:
            claims.sent(connection, claim, AT)
            handed.append([who for who, _ in claim.members])
    return [batch for batch in handed if batch]


@pytest.mark.databases("sqlite", "postgresql")
def test_those_who_were_refused_wait_once_more_and_nobody_else(installed: Installation) -> None:
    edition = sent(installed)
    again = failed_again(installed, "weekly-1")
    assert (again.edition.status, again.people) == ("sending", 3)
    others = {"sent": 1, "uncertain": 2, "withheld": 1}
    assert counted(installed.database, edition) == {"total": 7, "waiting": 3, **others}
    assert claimed(installed, edition) == [[1, 3], [5]], "in batches of the size that is set"
    with installed.database.write() as connection:
        assert course.finish(connection, 1).status == "sent"
    assert counted(installed.database, edition) == {"total": 7, "sent": 4, "uncertain": 2, "withheld": 1}
    assert failed_again(installed, "weekly-1").people == 0
    assert claimed(installed, edition) == []


def test_it_is_on_record_as_what_staff_did_unless_there_was_nothing_to_do(installed: Installation) -> None:
    sent(installed)
    for _ in range(2):
        failed_again(installed, "weekly-1")
        claimed(installed, find_edition(installed, 1))
    with installed.database.read() as connection:
        done = [(one.action, one.about, one.detail) for one in staff_log.entries(connection)]
    assert [one for one in done if one[0] != "add"] == [("again", "weekly-1", "3 who were refused")]


def test_those_who_wait_again_are_told_why_and_only_of_that_edition(installed: Installation) -> None:
    with installed.database.write() as connection:
        handed_over(connection, 2, REFUSED)
        handed_over(connection, 1, REFUSED)
        connection.execute(update(recipients).where(recipients.c.state == "failed").values(at=AT))
        connection.execute(insert(marks).values(name="moving", value="", at=AT))
        # Heard of 3 in another edition.
        heard(connection, 3)
        connection.execute(update(events).values(edition="weekly-2"))
    again = failed_again(installed, "weekly-1").edition
    with installed.database.read() as connection:
        told = {
            one["subscriber"]: (one["state"], one["at"], one["reason"])
            for one in outcomes.people(connection, 1)
        }
        rows = connection.execute(
            select(recipients.c.subscriber_id, recipients.c.batch, recipients.c.state, recipients.c.at)
            .where(recipients.c.edition_id == 1, recipients.c.subscriber_id.in_([1, 3, 5]))
            .order_by(recipients.c.subscriber_id)
        ).all()
    waits = ("waiting", None, "refused before; to be handed over again")
    assert {who: told[who] for who in (1, 3, 5)} == {1: waits, 3: waits, 5: waits}
    assert [tuple(row) for row in rows] == [(1, 3, None, None), (3, 3, None, None), (5, 4, None, None)]
    assert (told[4][0], told[6][0]) == ("withheld", "uncertain")
    other = find_edition(installed, 2)
    assert counted(installed.database, other) == {
        "total": 7,
        "failed": 3,
        "sent": 1,
        "withheld": 1,
        "uncertain": 2,
    }
    assert again.id == 1


def test_what_went_to_the_outbox_is_not_mailed_in_part(installed: Installation, tmp_path: Path) -> None:
    sent(installed, provider="outbox")
    by_smtp = installation(installed.database, tmp_path, "http://127.0.0.1:1/", delivery={"provider": "smtp"})
    with pytest.raises(RapportError, match="a part of it is written to outbox"):
        failed_again(by_smtp, "weekly-1")


@pytest.mark.parametrize(
    ("fixed", "due", "old"),
    [(timedelta(0), OLD, False), (OLD, timedelta(0), True), (None, OLD, True), (None, timedelta(0), False)],
)
def test_how_old_an_edition_is_counts_from_when_its_readers_were_fixed_else_from_its_due_time(
    installed: Installation, fixed: timedelta | None, due: timedelta, old: bool
) -> None:
    sent(installed, snapshot_at=None if fixed is None else AT - fixed, due_at=AT - due)
    if not old:
        assert failed_again(installed, "weekly-1").people == 3
        return
    with pytest.raises(RapportError, match=r"went out on Tue 27 Oct, more than 30 days ago"):
        failed_again(installed, "weekly-1")


def test_who_left_or_must_get_no_mail_does_not_get_it(installed: Installation) -> None:
    edition = sent(installed)
    with installed.database.write() as connection:
        directory.unsubscribe(connection, 1, source="test")
        suppression.suppress(connection, "reader3@example.net", Reason.MANUAL, "test")
    failed_again(installed, "weekly-1")
    assert claimed(installed, edition) == [[5]]
    assert counted(installed.database, edition)["withheld"] == 3


def test_who_was_heard_of_or_may_have_it_from_a_lost_database_stays_as_they_are(
    installed: Installation,
) -> None:
    edition = sent(installed)
    with installed.database.write() as connection:
        connection.execute(update(recipients).values(at=AT))
        connection.execute(insert(marks).values(name="restored", value="", at=AT))
    assert failed_again(installed, "weekly-1").people == 0
    with installed.database.write() as connection:
        connection.execute(update(marks).values(at=AT - timedelta(days=1)))
        heard(connection, 3)
    assert failed_again(installed, "weekly-1").people == 2
    assert claimed(installed, edition) == [[1, 5]]


def test_it_is_refused_while_the_digest_has_another_open_edition(installed: Installation) -> None:
    sent(installed)
    with installed.database.write() as connection:
        handed_over(connection, 2, [Left("waiting")], status="draft")
    with pytest.raises(RapportError, match="weekly-2 is draft, and a digest has one open edition") as refused:
        failed_again(installed, "weekly-1")
    assert "weekly-2" in refused.value.remedy


@pytest.mark.parametrize("status", ["draft", "approved", "held", "skipped", "cancelled"])
def test_what_was_not_sent_or_is_given_up_goes_to_nobody_again(installed: Installation, status: str) -> None:
    sent(installed, status=status)
    with pytest.raises(RapportError, match=f"weekly-1 is {status}: one can send again"):
        failed_again(installed, "weekly-1")


def test_old_news_goes_out_only_when_that_is_said(
    installed: Installation, travel: time_machine.Traveller
) -> None:
    sent(installed)
    travel.move_to(AT + OLD)
    assert failed_again(installed, "weekly-1").people == 3
    with installed.database.write() as connection:
        states.cancel(connection, "weekly-1")
        connection.execute(update(editions).values(status="sent"))
        refuse_all(connection)
    travel.shift(timedelta(seconds=1))
    with pytest.raises(RapportError, match="more than 30 days ago") as refused:
        failed_again(installed, "weekly-1")
    assert "--even-old" in refused.value.remedy
    assert failed_again(installed, "weekly-1", even_old=True).people > 0


@pytest.mark.parametrize(
    ("status", "reason", "then"),
    [
        ("sending", None, "sending"),
        ("paused", None, "paused"),
        ("paused", "relay not permitted", "paused"),
        ("paused", "nobody was handed it: 3 of 7 were refused", "sending"),
    ],
)
def test_one_that_staff_or_the_server_stopped_stays_stopped(
    installed: Installation, status: str, reason: str | None, then: str
) -> None:
    edition = sent(installed, [*REFUSED, Left("waiting", 1)], status=status, reason=reason)
    again = failed_again(installed, "weekly-1")
    assert (again.edition.status, again.people) == (then, 3)
    assert counted(installed.database, edition)["waiting"] == 4


def test_a_missing_key_changes_nothing(
    installed: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SENDGRID_API_KEY", raising=False)
    edition = sent(installed)
    by_sendgrid = {"provider": "sendgrid"}
    keyless = installation(installed.database, tmp_path, "http://127.0.0.1:1/", delivery=by_sendgrid)
    with pytest.raises(RapportError, match="no SendGrid key"):
        failed_again(keyless, "weekly-1")
    assert counted(installed.database, edition)["failed"] == 3


NEW = "reader{}@example.net"


def join(connection: Connection, *people: int, at: datetime = AT + timedelta(hours=1)) -> list[int]:
    """Let readers join who were not on the list when the edition's readers were fixed; their ids."""
    ids = []
    for person in people:
        email = NEW.format(person)
        added = directory.add(connection, email, digests=["weekly"], wording="yes", source="test")
        ids.append(added.id or 0)
    connection.execute(
        update(subscriptions)
        .where(subscriptions.c.subscriber_id.in_(ids))
        .values(since=at, status="active", paused_until=None)
    )
    return ids


@pytest.mark.databases("sqlite", "postgresql")
def test_those_who_joined_since_get_it_once_in_a_batch_of_their_own(installed: Installation) -> None:
    edition = sent(installed)
    with installed.database.write() as connection:
        join(connection, 8, 9, 10)
    again = joined_again(installed, "weekly-1")
    assert (again.edition.status, again.people) == ("sending", 3)
    assert joined_again(installed, "weekly-1").people == 0, "they wait already"
    assert claimed(installed, edition) == [[8, 9], [10]]
    with installed.database.write() as connection:
        assert course.finish(connection, 1).status == "sent"
    assert joined_again(installed, "weekly-1").people == 0
    assert counted(installed.database, edition) == {
        "total": 10, "sent": 4, "failed": 3, "uncertain": 2, "withheld": 1,
    }  # fmt: skip


def test_who_joined_and_left_is_paused_or_suppressed_is_not_among_them(installed: Installation) -> None:
    edition = sent(installed)
    with installed.database.write() as connection:
        join(connection, 8, 9, 10, 11)
        directory.unsubscribe(connection, NEW.format(8), source="test")
        suppression.suppress(connection, NEW.format(9), Reason.MANUAL, "test")
        connection.execute(
            update(subscriptions)
            .where(subscriptions.c.subscriber_id == 10)
            .values(paused_until=TODAY + timedelta(days=9))
        )
    assert joined_again(installed, "weekly-1").people == 1
    assert claimed(installed, edition) == [[11]]


@pytest.mark.databases("sqlite", "postgresql")
def test_who_was_withheld_for_leaving_and_came_back_is_among_them(installed: Installation) -> None:
    edition = sent(installed)
    with installed.database.write() as connection:
        join(connection, 4)
    assert joined_again(installed, "weekly-1").people == 1
    assert claimed(installed, edition) == [[4]]
    assert counted(installed.database, edition) == {"total": 7, "sent": 2, "failed": 3, "uncertain": 2}


@pytest.mark.databases("sqlite", "postgresql")
def test_nobody_is_handed_it_at_an_address_or_under_an_id_that_had_it(installed: Installation) -> None:
    edition = sent(installed)
    with installed.database.write() as connection:
        join(connection, 8, 9, 10)
        # 2, who has it, moved; then somebody joined at the address that it went to.
        connection.execute(
            update(recipients).where(recipients.c.subscriber_id == 2).values(email=NEW.format(8))
        )
        # 6, who may have it, joined their row to that of 9.
        connection.execute(insert(merged).values(old_id=6, new_id=9))
    assert joined_again(installed, "weekly-1").people == 1
    assert claimed(installed, edition) == [[10]]


def test_who_may_have_it_from_a_lost_database_is_not_among_those_who_joined(installed: Installation) -> None:
    edition = sent(installed)
    with installed.database.write() as connection:
        join(connection, 8, 9, 10)
        connection.execute(insert(marks).values(name="restored", value="", at=AT + timedelta(hours=2)))
        join(connection, 10, at=AT + timedelta(hours=3))
        (told_of,) = join(connection, 11, at=AT + timedelta(hours=3))
        heard(connection, told_of)
    assert joined_again(installed, "weekly-1").people == 1
    assert claimed(installed, edition) == [[10]]


def test_who_joins_while_it_is_being_sent_can_be_let_in(installed: Installation) -> None:
    edition = sent(installed, [Left(people=3), Left("waiting", 4)], status="sending")
    with installed.database.write() as connection:
        join(connection, 8)
    again = joined_again(installed, "weekly-1")
    assert (again.edition.status, again.people) == ("sending", 1)
    assert claimed(installed, edition) == [[4, 5, 6, 7], [8]]


def test_old_news_goes_to_new_readers_only_when_that_is_said(
    installed: Installation, travel: time_machine.Traveller
) -> None:
    sent(installed)
    with installed.database.write() as connection:
        join(connection, 8)
    travel.move_to(AT + OLD + timedelta(seconds=1))
    with pytest.raises(RapportError, match="more than 30 days ago"):
        joined_again(installed, "weekly-1")
    assert joined_again(installed, "weekly-1", even_old=True).people == 1
