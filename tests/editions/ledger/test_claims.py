"""What may become of a batch: forward only, by attempt, and put off one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, update

from pipeline.core.tables.editions import editions
from pipeline.core.tables.ledger import batches as batch_rows
from pipeline.core.tables.ledger import events
from pipeline.editions.ledger import batches, claims, outcomes
from pipeline.editions.ledger.reasons import reasons
from subscribers import directory
from tests.editions.ledger.moves import AT, TODAY, claimed, counted, taken
from tests.ledgers import Left, handed_over

if TYPE_CHECKING:
    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition


def heard(database: Database, attempt: str) -> None:
    with database.write() as connection:
        connection.execute(insert(events).values(id="e", at=AT, kind="processed", batch=attempt))


def people(database: Database, edition: Edition, state: str) -> list[dict[str, Any]]:
    with database.read() as connection:
        return list(outcomes.people(connection, edition.id, state))


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
        connection.execute(update(editions).where(editions.c.id == edition.id).values(status="paused"))
        assert not claims.waits(connection, edition.id, AT)
    assert claimed(database, edition) is None


@pytest.mark.parametrize(("tries", "minutes"), list(enumerate((1, 5, 15, 60, 240))))
def test_who_is_put_off_again_and_again_is_left_alone_for_longer_each_time(
    sqlite_database: Database, tries: int, minutes: int
) -> None:
    with sqlite_database.write() as connection:
        person, _ = handed_over(connection, lots=[Left("sending")], status="sending")
        (claim,) = claims.under_way(connection, 1)
        batches.put_off(connection, replace(claim, tries=tries), {person: "greylisted"}, AT)
        assert claims.next_try(connection, 1) == AT + timedelta(minutes=minutes)


def test_batches_are_claimed_in_their_order_each_at_its_moment_by_its_owner(
    database: Database, edition: Edition
) -> None:
    taken(database, edition)
    moments = [AT + timedelta(minutes=minute) for minute in range(3)]
    made = [ours(claimed(database, edition, moment)) for moment in moments]
    assert [claim.number for claim in made] == [0, 1, 2]
    assert [(claim.owner, claim.tries) for claim in made] == [("a lock", 0)] * 3
    with database.read() as connection:
        told = [one["at"] for one in outcomes.people(connection, edition.id)]
    assert told == [moments[n // 2].isoformat() for n in range(5)]


def test_an_outcome_bears_the_moment_it_was_known(database: Database, edition: Edition) -> None:
    taken(database, edition, size=5)
    claim, later = ours(claimed(database, edition)), AT + timedelta(minutes=3)
    with database.write() as connection:
        claims.sent(connection, claim, later)
        claims.set_aside(connection, claim, {2: "550 no"}, later + timedelta(minutes=1))
        told = [one["at"] for one in outcomes.people(connection, edition.id)]
    assert told == [(later + timedelta(minutes=n == 1)).isoformat() for n in range(5)]


def test_who_leaves_is_withheld_when_their_own_batch_is_claimed_and_not_before(
    database: Database, edition: Edition
) -> None:
    taken(database, edition)
    with database.write() as connection:
        directory.unsubscribe(connection, "reader5@example.net", source="test")
    ours(claimed(database, edition))
    assert counted(database, edition) == {"total": 5, "uncertain": 2, "waiting": 3}
    for _ in range(2):
        ours(claimed(database, edition))
    assert counted(database, edition) == {"total": 5, "uncertain": 4, "withheld": 1}


def test_who_left_another_digest_is_mailed_this_one(database: Database, edition: Edition) -> None:
    taken(database, edition, size=5)
    with database.write() as connection:
        email = "reader2@example.net"
        directory.add(connection, email, digests=["monthly"], wording="W", source="test")
        directory.unsubscribe(connection, email, digests=["monthly"], source="test")
    assert [person for person, _ in ours(claimed(database, edition)).members] == [1, 2, 3, 4, 5]


def test_nobody_is_to_be_tried_again_where_nothing_was_put_off_or_nothing_is_being_sent(
    database: Database, edition: Edition
) -> None:
    taken(database, edition, size=5)
    with database.read() as connection:
        assert claims.next_try(connection, edition.id) is None
    claim = ours(claimed(database, edition))
    with database.write() as connection:
        claims.sent(connection, claim, AT)
        batches.put_off(connection, claim, {2: "greylisted"}, AT)
    due = AT + claims.LATER[0]
    with database.write() as connection:
        assert claims.next_try(connection, edition.id) == due
        connection.execute(update(editions).where(editions.c.id == edition.id).values(status="paused"))
        assert claims.next_try(connection, edition.id) is None
        connection.execute(update(editions).where(editions.c.id == edition.id).values(status="sending"))
    ours(claimed(database, edition, due))
    with database.read() as connection:
        assert claims.next_try(connection, edition.id) is None, "it is on its way"


def test_what_is_on_its_way_is_told_with_its_owner_and_with_who_is_in_it(
    database: Database, edition: Edition
) -> None:
    taken(database, edition)
    made = [ours(claimed(database, edition)) for _ in range(3)]
    with database.write() as connection:
        claims.sent(connection, made[1], AT)
        claims.set_aside(connection, made[0], {2: "550 no"}, AT)
        assert claims.owners(connection, edition.id) == ["a lock"]
        left = claims.under_way(connection, edition.id)
    assert left == [replace(made[0], members=[(1, "reader1@example.net")]), made[2]]


def test_a_batch_that_nobody_put_their_name_to_has_an_owner_without_a_name(
    sqlite_database: Database,
) -> None:
    with sqlite_database.write() as connection:
        first, _ = handed_over(connection, lots=[Left("sending")], status="sending")
        outcomes.forget(connection, first)
        assert claims.owners(connection, 1) == [""]
        (claim,) = claims.under_way(connection, 1)
    assert (claim.owner, claim.members[0]) == ("", (first, ""))


def test_each_who_was_put_off_keeps_what_was_said_of_them(database: Database, edition: Edition) -> None:
    taken(database, edition, size=5)
    claim = ours(claimed(database, edition))
    said = {1: "mailbox full", 2: "greylisted", 3: "greylisted"}
    with database.write() as connection:
        claims.sent(connection, claim, AT)
        batches.put_off(connection, claim, said, AT)
        told = {
            one["subscriber"]: one["reason"] for one in outcomes.people(connection, edition.id, "waiting")
        }
        assert told == said
        assert reasons(connection, edition.id) == {"waiting": {"greylisted": 2, "mailbox full": 1}}
        batches.put_off(connection, claim, {}, AT)
        batches.put_back(connection, claim, {}, AT)
        batches.put_aside(connection, claim, {}, AT)
    assert counted(database, edition) == {"total": 5, "sent": 2, "waiting": 3}


def test_what_was_said_of_somebody_is_no_news_once_their_batch_was_tried_again(
    database: Database, edition: Edition
) -> None:
    taken(database, edition, size=5)
    claim = ours(claimed(database, edition))
    later = AT + claims.LATER[0]
    with database.write() as connection:
        claims.sent(connection, claim, AT)
        batches.put_off(connection, claim, {1: "mailbox full", 2: "greylisted"}, AT)
    again = ours(claimed(database, edition, later))
    assert {one["reason"] for one in people(database, edition, "uncertain")} == {None}
    with database.write() as connection:
        claims.refused(connection, again, later, "busy")
        assert reasons(connection, edition.id) == {"waiting": {"busy": 2}}
    told = [(one["reason"], one["at"]) for one in people(database, edition, "waiting")]
    assert told == [("busy", later.isoformat(timespec="seconds"))] * 2
    again = ours(claimed(database, edition, later))
    with database.write() as connection:
        claims.sent(connection, again, later)
    assert {one["reason"] for one in people(database, edition, "sent")} == {None}


def test_for_whom_the_server_refuses_us_waits_behind_all_others_and_is_known_until_it_is_handed_over(
    database: Database, edition: Edition
) -> None:
    taken(database, edition, size=3)
    claim = ours(claimed(database, edition))
    with database.write() as connection:
        claims.sent(connection, claim, AT)
        batches.put_aside(connection, claim, {1: "relay not permitted", 3: "no login"}, AT)
        assert outcomes.refused_us(connection, edition.id) == {1, 3}
        told = [one["reason"] for one in outcomes.people(connection, edition.id, "waiting")][:2]
        assert told == [f"{outcomes.REFUSED_US}: relay not permitted", f"{outcomes.REFUSED_US}: no login"]
        assert claims.next_try(connection, edition.id) == AT, "behind all others, and not a moment longer"
    assert [who for who, _ in ours(claimed(database, edition)).members] == [4, 5]
    again = ours(claimed(database, edition))
    assert [who for who, _ in again.members] == [1, 3]
    with database.write() as connection:
        claims.refused(connection, again, AT, "busy")
        batches.put_back(connection, again, {3: "too late"}, AT)
        assert outcomes.refused_us(connection, edition.id) == {1, 3}, "their turn never came"
        claims.sent(connection, ours(claims.claim(connection, edition, TODAY, AT, "a lock")), AT)
        assert outcomes.refused_us(connection, edition.id) == {3}


def test_of_reasons_said_equally_often_the_batch_bears_the_same_one_each_time(
    database: Database, edition: Edition
) -> None:
    taken(database, edition, size=5)
    claim = ours(claimed(database, edition))
    with database.write() as connection:
        claims.sent(connection, claim, AT)
        batches.put_off(connection, claim, {1: "c", 2: "a", 3: "b"}, AT)
        of_batch = connection.scalars(
            select(batch_rows.c.reason).where(batch_rows.c.edition_id == edition.id)
        )
        assert [reason for reason in of_batch if reason] == ["a"]


def test_who_is_put_off_out_of_two_batches_waits_in_two_behind_all_others(
    database: Database, edition: Edition
) -> None:
    taken(database, edition)
    made = [ours(claimed(database, edition)) for _ in range(3)]
    with database.write() as connection:
        for claim in made[:2]:
            claims.sent(connection, claim, AT)
            batches.put_back(connection, claim, {claim.members[0][0]: "too late"}, AT)
    again = [ours(claimed(database, edition, AT + claims.LATER[0])) for _ in range(2)]
    assert [(claim.number, [who for who, _ in claim.members]) for claim in again] == [(3, [1]), (4, [3])]
    assert counted(database, edition) == {"total": 5, "sent": 2, "uncertain": 3}


def test_the_longest_rest_is_kept_and_a_longer_one_was_written_by_a_clock_that_was_ahead(
    sqlite_database: Database,
) -> None:
    longest = AT + timedelta(minutes=240)
    with sqlite_database.write() as connection:
        handed_over(connection, lots=[Left("waiting")], status="sending")
        for next_try, waits in ((longest, False), (longest + timedelta(seconds=1), True)):
            connection.execute(update(batch_rows).values(next_try=next_try))
            assert claims.waits(connection, 1, AT) is waits


def test_owners_are_told_of_what_is_on_its_way_and_of_nothing_else(
    database: Database, edition: Edition
) -> None:
    taken(database, edition)
    with database.write() as connection:
        made = [
            ours(claims.claim(connection, edition, TODAY, AT, owner)) for owner in ("one", "two", "three")
        ]
        claims.sent(connection, made[1], AT)
        assert sorted(claims.owners(connection, edition.id)) == ["one", "three"]


def test_what_is_in_doubt_is_on_its_way_no_more_whatever_is_told_of_others(
    database: Database, edition: Edition
) -> None:
    taken(database, edition)
    one, two = ours(claimed(database, edition)), ours(claimed(database, edition))
    heard(database, two.attempt)
    with database.write() as connection:
        claims.uncertain(connection, one, AT, "no answer")
        assert [claim.number for claim in claims.under_way(connection, edition.id)] == [1]
        told = [(person["state"], person["reason"]) for person in outcomes.people(connection, edition.id)]
    assert told[:2] == [("uncertain", "no answer")] * 2
