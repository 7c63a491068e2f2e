"""What may become of a batch: forward only, by attempt, and put off one by one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import insert, update

from pipeline.core.tables import editions, events
from pipeline.editions.ledger import batches, claims, outcomes
from tests.editions.ledger.moves import AT, claimed, counted, taken

if TYPE_CHECKING:
    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition


def heard(database: Database, attempt: str) -> None:
    with database.write() as connection:
        connection.execute(insert(events).values(id="e", at=AT, kind="processed", batch=attempt))


def ours(claim: claims.Claim | None) -> claims.Claim:
    assert claim is not None
    return claim


def test_an_answer_that_came_after_all_settles_what_was_in_doubt(
    database: Database, edition: Edition
) -> None:
    taken(database, edition, size=5)
    claim = ours(claimed(database, edition))
    with database.write() as connection:
        claims.uncertain(connection, claim, AT, "no answer")
    assert counted(database, edition) == {"total": 5, "uncertain": 5}
    with database.write() as connection:
        assert claims.sent(connection, claim, AT)
    assert counted(database, edition) == {"total": 5, "sent": 5}


def test_no_answer_is_no_doubt_where_events_came_first(database: Database, edition: Edition) -> None:
    taken(database, edition, size=5)
    claim = ours(claimed(database, edition))
    heard(database, claim.attempt)
    with database.write() as connection:
        claims.uncertain(connection, claim, AT, "no answer")
    assert counted(database, edition) == {"total": 5, "sent": 5}


def test_what_was_sent_stays_so_whatever_comes_later(database: Database, edition: Edition) -> None:
    taken(database, edition, size=5)
    claim = ours(claimed(database, edition))
    with database.write() as connection:
        claims.sent(connection, claim, AT)
        assert not claims.refused(connection, claim, AT, "busy")
        claims.uncertain(connection, claim, AT, "no answer")
    assert counted(database, edition) == {"total": 5, "sent": 5}
    assert claimed(database, edition) is None


def test_who_was_put_off_waits_in_a_batch_of_their_own_until_their_time(
    database: Database, edition: Edition
) -> None:
    taken(database, edition, size=5)
    claim = ours(claimed(database, edition))
    with database.write() as connection:
        claims.sent(connection, claim, AT)
        batches.put_off(connection, claim, {2: "greylisted", 4: "greylisted"}, AT)
        assert claims.next_try(connection, edition.id) == AT + claims.LATER[0]
        assert not claims.waits(connection, edition.id, AT)
    assert counted(database, edition) == {"total": 5, "sent": 3, "waiting": 2}
    assert claimed(database, edition) is None
    again = ours(claimed(database, edition, AT + claims.LATER[0]))
    assert [person for person, _ in again.members] == [2, 4]


def test_whose_turn_never_came_waits_again_however_often(database: Database, edition: Edition) -> None:
    taken(database, edition, size=5)
    at, members = AT, [1, 2, 3, 4, 5]
    for _ in range(len(claims.LATER) + 2):
        claim = ours(claimed(database, edition, at))
        assert [person for person, _ in claim.members] == members
        members = [2, 4]
        with database.write() as connection:
            claims.sent(connection, claim, at)
            batches.put_back(connection, claim, dict.fromkeys(members, "too late"), at)
        assert claimed(database, edition, at) is None
        at += claims.LATER[0]
    assert counted(database, edition) == {"total": 5, "sent": 3, "waiting": 2}


def test_who_was_put_off_while_the_clock_was_ahead_does_not_wait_for_it(
    database: Database, edition: Edition
) -> None:
    taken(database, edition, size=5)
    ahead = AT + timedelta(days=365)
    claim = ours(claimed(database, edition, ahead))
    with database.write() as connection:
        claims.sent(connection, claim, ahead)
        batches.put_off(connection, claim, {2: "greylisted"}, ahead)
        assert claims.waits(connection, edition.id, AT)
    assert [person for person, _ in ours(claimed(database, edition)).members] == [2]


def test_who_was_put_off_too_often_is_given_up_with_the_last_reason(
    database: Database, edition: Edition
) -> None:
    taken(database, edition, size=5)
    at = AT
    for _ in range(len(claims.LATER) + 1):
        claim = ours(claimed(database, edition, at))
        with database.write() as connection:
            claims.sent(connection, claim, at)
            batches.put_off(connection, claim, {3: "mailbox full"}, at)
        at += timedelta(days=1)
    assert counted(database, edition) == {"total": 5, "sent": 4, "failed": 1}
    with database.read() as connection:
        (failed,) = outcomes.people(connection, edition.id, "failed")
    assert failed["reason"] == f"put off {len(claims.LATER)} times, last: mailbox full"


def test_nothing_waits_in_an_edition_that_is_paused(database: Database, edition: Edition) -> None:
    taken(database, edition)
    with database.write() as connection:
        assert claims.waits(connection, edition.id, AT)
        connection.execute(update(editions).values(status="paused"))
        assert not claims.waits(connection, edition.id, AT)
