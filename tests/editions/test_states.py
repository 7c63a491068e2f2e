"""Which changes of an edition's status are possible, from where, and what comes with them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, insert, select

from pipeline.core.errors import RapportError
from pipeline.core.sections.digest import Digest
from pipeline.core.tables.editions import digests, edition_posts
from pipeline.core.tables.feeds import feeds, posts
from pipeline.core.tables.ledger import recipients
from pipeline.editions import course, find, states, store
from pipeline.editions.edition import EditionStatus
from pipeline.editions.ledger import queue
from tests.ledgers import AT, Left, handed_over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from pipeline.core.database import Database
    from pipeline.editions.edition import Edition

    Change = Callable[[Connection], object]

DRAFT, APPROVED, HELD, SENDING, PAUSED, SKIPPED, SENT, CANCELLED = EditionStatus

STAFF: dict[str, Callable[[Connection, str], Edition]] = {**states.BY_STAFF, "approve": states.approve}
DECISIONS = {
    "approve": {DRAFT: APPROVED, HELD: APPROVED},
    "hold": {DRAFT: HELD, APPROVED: HELD},
    "skip": {DRAFT: SKIPPED, APPROVED: SKIPPED, HELD: SKIPPED},
    "cancel": dict.fromkeys((DRAFT, APPROVED, HELD, SENDING, PAUSED), CANCELLED),
    "pause": {SENDING: PAUSED},
    "resume": {PAUSED: SENDING, HELD: DRAFT},
}


@pytest.fixture
def connection(sqlite_database: Database) -> Iterator[Connection]:
    with sqlite_database.engine.connect() as connection:
        yield connection
        connection.rollback()


def edition(connection: Connection, status: str, lot: str = "waiting", **values: Any) -> Edition:
    """weekly-1 for two readers, as the only one there is."""
    connection.rollback()
    handed_over(connection, 1, [Left(lot)], **{"status": status, "finished_at": None} | values)
    if lot == "waiting":
        connection.exec_driver_sql("UPDATE batches SET attempt = NULL")
    return find.by_id(connection, 1)


def became(connection: Connection, change: Change) -> dict[str, EditionStatus]:
    """What a change makes of an edition in each status, where it makes another one of it."""
    found = {}
    for status in EditionStatus:
        edition(connection, status)
        change(connection)
        if (after := find.by_id(connection, 1).status) != status:
            found[status] = after
    return found


def people(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(recipients)) or 0


@pytest.mark.parametrize("verb", DECISIONS)
def test_staff_decide_where_the_status_allows_it_and_are_told_where_not(
    connection: Connection, verb: str
) -> None:
    for status in EditionStatus:
        before = edition(connection, status)
        if (after := DECISIONS[verb].get(status)) is not None:
            assert STAFF[verb](connection, "weekly-1").status is after
            assert verb in states.possible(before)
            continue
        with pytest.raises(RapportError, match=f"weekly-1 is {status}: one can {verb} an edition that is "):
            STAFF[verb](connection, "weekly-1")
        assert find.by_id(connection, 1) == before
        assert verb not in states.possible(before)


def test_what_was_approved_is_approved_again_when_it_is_resumed(connection: Connection) -> None:
    edition(connection, HELD, approved_at=AT)
    resumed = states.resume(connection, "weekly-1")
    assert (resumed.status, resumed.judged_from is not None) == (APPROVED, True)


def test_a_decision_takes_the_place_of_the_reason_before(connection: Connection) -> None:
    edition(connection, HELD, reason="too many bounced", restored=True)
    resumed = states.resume(connection, "weekly-1")
    assert (resumed.reason, resumed.restored) == (None, False)
    held = states.hold(connection, "weekly-1", reason="restored", after_restore=True)
    assert (held.reason, held.restored) == ("restored", True)


@pytest.mark.parametrize("verb", ["hold", "skip", "cancel"])
def test_what_was_written_down_of_readers_goes_with_the_approval(connection: Connection, verb: str) -> None:
    edition(connection, APPROVED)
    assert STAFF[verb](connection, "weekly-1").snapshot_at is None
    assert people(connection) == 0


@pytest.mark.parametrize(
    ("status", "lot", "verb", "restored", "free"),
    [
        ("draft", "waiting", "skip", False, True),
        ("sending", "waiting", "cancel", False, True),
        ("sending", "sent", "cancel", False, False),
        ("paused", "uncertain", "cancel", False, False),
        ("held", "waiting", "cancel", True, False),
        ("held", "waiting", "skip", True, True),
    ],
)
def test_the_posts_of_what_reached_nobody_are_free_again(
    connection: Connection, status: str, lot: str, verb: str, restored: bool, free: bool
) -> None:
    edition(connection, status, lot, restored=restored)
    connection.execute(insert(feeds).values(id=1, url="https://example.org/feed", first_seen=AT))
    post = {"id": 1, "feed_id": 1, "title": "A post", "first_seen": AT, "initial": False, "position": 0}
    connection.execute(insert(posts).values(post | {"categories": [], "excerpt": "", "words": 1}))
    connection.execute(insert(edition_posts).values(digest="weekly", post_id=1, edition_id=1))
    assert STAFF[verb](connection, "weekly-1").finished_at is not None
    assert (connection.scalar(select(func.count()).select_from(edition_posts)) == 0) is free


def test_what_rapport_does_by_itself_begins_where_it_may(connection: Connection) -> None:
    assert became(connection, lambda c: course.approve_draft(c, 1)) == {DRAFT: APPROVED}
    assert became(connection, lambda c: course.begin_sending(c, 1)) == {APPROVED: SENDING}
    assert became(connection, lambda c: course.pause_sending(c, 1, "no key")) == {SENDING: PAUSED}
    assert became(connection, lambda c: course.finish(c, 1)) == {}, "two wait"
    assert became(connection, lambda c: states.trip(c, 1, "bounces", AT)) == {
        DRAFT: HELD, APPROVED: HELD, SENDING: PAUSED,
    }  # fmt: skip
    restore = {DRAFT: HELD, APPROVED: HELD, SENDING: PAUSED}
    assert became(connection, lambda c: states.hold_after_restore(c, midway="m", unsent="u")) == restore


def test_an_edition_is_sent_once_nothing_waits_or_is_under_way(connection: Connection) -> None:
    for lot in ("waiting", "sending"):
        edition(connection, SENDING, lot)
        assert course.finish(connection, 1).status == SENDING
    for lot in ("sent", "uncertain"):
        edition(connection, SENDING, lot, reason="paused a while")
        ended = course.finish(connection, 1)
        assert (ended.status, ended.reason, ended.finished_at is not None) == (SENT, None, True)


def test_what_says_something_else_is_a_draft_again_and_put_up_anew(connection: Connection) -> None:
    before = edition(connection, APPROVED, announced_at=AT, approved_at=AT, approved="seen")
    after = store.change(connection, 1, text="Something else.")
    rewritten = course.rewritten(connection, before, after)
    assert (rewritten.status, rewritten.approved_at, rewritten.approved) == (DRAFT, None, None)
    assert rewritten.announced_at is not None
    assert rewritten.announced_at > AT
    assert people(connection) == 0


def test_what_says_the_same_stays_approved(connection: Connection) -> None:
    before = edition(connection, APPROVED, announced_at=AT, approved_at=AT, approved="seen")
    after = store.change(connection, 1, composed_at=AT)
    assert course.rewritten(connection, before, after) == after
    assert people(connection) == 2


def test_the_digest_s_next_edition_is_held_when_one_trips(connection: Connection) -> None:
    edition(connection, SENT, "sent", finished_at=AT)
    handed_over(connection, 2, [Left("waiting")], status="approved", finished_at=None)
    connection.execute(insert(digests).values(name="monthly", first_seen=AT))
    other = store.create(connection, Digest(name="monthly"), "2026-12-01T09:00", ZoneInfo("UTC"))
    assert states.trip(connection, 1, "12 bounced", AT) == "weekly-2"
    tripped, held = find.by_id(connection, 1), find.by_id(connection, 2)
    assert (tripped.status, tripped.tripped_at, tripped.reason) == (SENT, AT, "12 bounced")
    assert (held.status, held.reason, held.snapshot_at) == (HELD, "weekly-1: 12 bounced", None)
    assert find.by_id(connection, other.id) == other


@pytest.mark.parametrize(
    ("status", "reason", "slugs"),
    [
        ("sending", "midway", ["weekly-1"]),
        ("paused", "midway", ["weekly-1"]),
        ("approved", "unsent", ["weekly-1"]),
        ("held", "before", []),
        ("sent", "before", []),
    ],
)
def test_a_restore_says_of_each_edition_why_it_waits(
    connection: Connection, status: str, reason: str, slugs: list[str]
) -> None:
    edition(connection, status, reason="before")
    assert states.hold_after_restore(connection, midway="midway", unsent="unsent") == slugs
    stopped = find.by_id(connection, 1)
    assert (stopped.reason, stopped.restored) == (reason, bool(slugs))


def test_a_due_time_that_is_given_up_has_its_edition_all_the_same(connection: Connection) -> None:
    edition(connection, SENT, "sent", finished_at=AT)
    digest, at = Digest(name="weekly"), AT + timedelta(days=9)
    due = "2026-12-03T09:00"
    given_up = states.skip_due(connection, digest, due, ZoneInfo("UTC"), "missed", at)
    assert (given_up.status, given_up.slug, given_up.reason) == (SKIPPED, "weekly-2", "missed")
    assert given_up.finished_at == at
    assert due in find.due_times(connection, "weekly")


def with_a_post(connection: Connection, lot: Left) -> None:
    """weekly-1 is being sent in this batch, with a post that is in no other edition."""
    connection.rollback()
    handed_over(connection, 1, [lot], status="sending", finished_at=None)
    connection.execute(insert(feeds).values(id=1, url="https://example.org/feed", first_seen=AT))
    post = {"id": 1, "feed_id": 1, "title": "A post", "first_seen": AT, "initial": False, "position": 0}
    connection.execute(insert(posts).values(post | {"categories": [], "excerpt": "", "words": 1}))
    connection.execute(insert(edition_posts).values(digest="weekly", post_id=1, edition_id=1))


NO, GONE = ("failed", "no such mailbox"), ("withheld", "left")


@pytest.mark.parametrize(
    ("lot", "status", "reason", "ended", "kept"),
    [
        (Left(people=2), SENT, None, True, True),
        (Left(people=2, apart={0: NO}), SENT, None, True, True),
        (
            Left(people=2, apart={0: NO, 1: GONE}),
            PAUSED,
            "nobody was handed it: 1 of 2 were refused, most of them so: no such mailbox",
            False,
            True,
        ),
        (Left(people=2, apart={0: GONE, 1: GONE}), SKIPPED, "everyone whom it was for has left", True, False),
        (Left("waiting", people=2, apart={0: GONE}), SENDING, None, False, True),
    ],
    ids=["all have it", "one has it", "nobody was taken", "all have left", "one waits"],
)
def test_how_an_edition_ends(
    connection: Connection, lot: Left, status: EditionStatus, reason: str | None, ended: bool, kept: bool
) -> None:
    with_a_post(connection, lot)
    done = course.finish(connection, 1)
    assert (done.status, done.reason, done.finished_at is not None) == (status, reason, ended)
    assert (connection.scalar(select(func.count()).select_from(edition_posts)) == 1) is kept
    assert done == find.by_id(connection, 1)


def test_a_draft_that_is_approved_by_time_is_approved_as_it_stands(connection: Connection) -> None:
    before = edition(connection, DRAFT)
    approved = course.approve_draft(connection, 1)
    assert approved is not None
    assert (approved.status, approved.approved) == (APPROVED, before.fingerprint().hex())
    assert approved.approved_at is not None
    assert approved == find.by_id(connection, 1)
    edition(connection, HELD)
    assert course.approve_draft(connection, 1) is None


def test_a_change_of_a_draft_that_was_not_put_up_puts_nothing_up(connection: Connection) -> None:
    before = edition(connection, DRAFT)
    after = store.change(connection, 1, text="Something else.")
    assert course.rewritten(connection, before, after) == after
    assert people(connection) == 2, "nothing was written down of readers for an approval"


def test_an_edition_that_is_stopped_midway_says_why(connection: Connection) -> None:
    edition(connection, SENDING)
    course.pause_sending(connection, 1, "no key")
    assert find.by_id(connection, 1).reason == "no key"


def test_workers_are_called_to_an_edition_once_it_is_being_sent(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[int] = []
    monkeypatch.setattr(queue, "call", lambda connection, edition: called.append(edition))
    for status, then in ((HELD, []), (APPROVED, [1])):
        edition(connection, status)
        course.begin_sending(connection, 1)
        assert called == then
