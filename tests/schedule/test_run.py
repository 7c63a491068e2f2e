"""When the job does what: due times, outages, approval, holds; with the clock moved and real databases.

What is reckoned in Python, from the due times alone, is held to on SQLite; what the job writes and reads to
know where it stands, on both databases.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from pipeline.core.errors import RapportError
from pipeline.editions import after_restore, find, states
from pipeline.editions.approval import approve
from pipeline.editions.compose import compose
from pipeline.editions.lock import lock
from pipeline.editions.plan import Plan, Step
from pipeline.feeds.pull import pull
from pipeline.schedule.foresee import foresee
from pipeline.schedule.steps import STEPS
from tests.doubles.blog import Blog, Item
from tests.installations import installation, run_all, run_one, subscribe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

pytestmark = pytest.mark.databases("sqlite")  # on both where the database has a part in it

NEW_YORK = ZoneInfo("America/New_York")

# A Monday; Thursday the 26th at nine in New York is 14:00 UTC.
MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
DUE = datetime(2026, 11, 26, 14, tzinfo=UTC)


@pytest.fixture
def blog() -> Iterator[Blog]:
    with Blog(
        [Item("A calm morning", MONDAY - timedelta(days=1), guid="the-guid-of-a-calm-morning")]
    ) as served:
        yield served


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


def made(database: Database, folder: Path, blog: Blog, **digest: Any) -> Installation:
    subscribe(database, 2)
    installed = installation(database, folder, blog.url, digests=[{"name": "weekly"} | digest])
    assert run_one(installed).outcome in ("not_due", "awaiting_approval")  # Rapport sees the digest first
    return installed


def outbox(folder: Path) -> int:
    return len(list((folder / "outbox").glob("*.eml")))


def decide(installed: Installation, slug: str, verb: str) -> None:
    with installed.database.write() as connection:
        getattr(states, verb)(connection, slug)


@pytest.mark.databases("sqlite", "postgresql")
def test_it_sends_when_due_and_only_then(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(database, tmp_path, blog)
    clock.move_to(DUE - timedelta(minutes=1))
    early = run_one(installed)
    assert (early.outcome, early.next_due) == ("not_due", "2026-11-26T09:00:00-05:00")
    clock.move_to(DUE)
    ran = run_one(installed)
    assert (ran.outcome, ran.next_due) == ("sent", "2026-12-03T09:00:00-05:00")
    assert run_one(installed).outcome == "not_due"
    assert outbox(tmp_path) == 2


def test_a_due_time_before_rapport_knew_the_digest_is_not_made_up_for(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    clock.move_to(DUE + timedelta(minutes=5))
    made(sqlite_database, tmp_path, blog)
    assert outbox(tmp_path) == 0


def test_downtime_over_a_due_time_is_caught_up_once_within_a_day(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(sqlite_database, tmp_path, blog)
    clock.move_to(DUE + timedelta(hours=23))
    ran = run_one(installed)
    assert ran.outcome == "sent"
    assert ran.edition is not None
    assert ran.edition.due == "2026-11-26T09:00"
    assert run_one(installed).outcome == "not_due"


def test_after_more_than_a_day_the_due_time_is_given_up_and_said_so(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(sqlite_database, tmp_path, blog)
    clock.move_to(DUE + timedelta(hours=25))
    ran = run_one(installed)
    assert (ran.outcome, outbox(tmp_path)) == ("skipped", 0)
    assert "missed by more than a day" in ran.reason
    assert run_one(installed).outcome == "not_due"
    clock.move_to(DUE + timedelta(days=7))
    assert run_one(installed).outcome == "sent"  # its posts have waited


def test_three_due_times_missed_make_one_letter(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(sqlite_database, tmp_path, blog)
    clock.move_to(DUE + timedelta(days=14, hours=2))
    ran = run_one(installed)
    assert ran.outcome == "sent"
    assert ran.edition is not None
    assert (ran.edition.due, ran.edition.slug) == ("2026-12-10T09:00", "weekly-1")


@pytest.mark.parametrize(
    ("schedule", "seen", "days"),
    [
        ("30 1 * * *", datetime(2026, 10, 31, 12, tzinfo=UTC), 2),
        ("30 2 * * *", datetime(2026, 3, 7, 12, tzinfo=UTC), 2),
    ],
    ids=["autumn", "spring"],
)
def test_a_daylight_saving_sunday_neither_doubles_nor_skips(
    sqlite_database: Database,
    tmp_path: Path,
    blog: Blog,
    clock: time_machine.Traveller,
    schedule: str,
    seen: datetime,
    days: int,
) -> None:
    clock.move_to(seen)
    blog.items = []
    subscribe(sqlite_database, 1)
    installed = installation(
        sqlite_database, tmp_path, blog.url, digests=[{"name": "weekly", "schedule": schedule}]
    )
    run_one(installed)
    sent = []
    for quarter in range(days * 24 * 4):
        now = seen + timedelta(minutes=15 * quarter)
        if quarter % 24 and now.astimezone(NEW_YORK).hour not in (1, 2, 3):
            continue  # now and then is enough but for the hours that come twice, or not at all
        clock.move_to(now)
        blog.items = [Item(f"Post {quarter}", now, guid=f"post-number-{quarter}")]
        ran = run_one(installed)
        if ran.outcome == "sent" and ran.edition is not None:
            sent.append(ran.edition.due)
    assert len(sent) == len({due[:10] for due in sent}) == days


def test_too_few_posts_give_the_due_time_up_and_keep_the_posts(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(sqlite_database, tmp_path, blog, min_posts=2)
    clock.move_to(DUE)
    ran = run_one(installed)
    assert ran.outcome == "skipped"
    assert ran.edition is not None
    assert ran.edition.status == "skipped"
    blog.items.append(Item("The other one", DUE, guid="post-2"))
    clock.move_to(DUE + timedelta(days=7))
    ran = run_one(installed)
    assert ran.edition is not None
    assert [post["title"] for post in ran.edition.posts] == ["The other one", "A calm morning"]


def test_a_broken_feed_with_nothing_to_send_keeps_the_due_time_open(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    blog.status = 404
    installed = made(sqlite_database, tmp_path, blog)
    clock.move_to(DUE)
    failed = run_one(installed)
    assert failed.outcome == "failed"
    assert "404" in failed.reason
    blog.status = 200
    clock.move_to(DUE + timedelta(hours=1))
    assert run_one(installed).outcome == "sent"


def test_a_draft_that_must_be_approved_is_put_up_a_day_before(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(sqlite_database, tmp_path, blog, approval="required")
    clock.move_to(DUE - timedelta(hours=25))
    assert run_one(installed).outcome == "not_due"
    clock.move_to(DUE - timedelta(hours=24))
    assert run_one(installed).outcome == "awaiting_approval"
    decide(installed, "weekly-1", "approve")
    assert run_one(installed).outcome == "not_due"
    clock.move_to(DUE)
    assert run_one(installed).outcome == "sent"


def test_a_late_approval_sends_at_once(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(sqlite_database, tmp_path, blog, approval="required")
    clock.move_to(DUE)
    assert run_one(installed).outcome == "awaiting_approval"
    clock.move_to(DUE + timedelta(days=3))
    assert run_one(installed).outcome == "awaiting_approval"
    decide(installed, "weekly-1", "approve")
    assert run_one(installed).outcome == "sent"


@pytest.mark.parametrize("left", [timedelta(hours=5, minutes=17), timedelta(hours=2), timedelta(minutes=1)])
def test_a_first_run_inside_the_hold_window_keeps_the_hour_of_the_schedule(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller, left: timedelta
) -> None:
    installed = made(sqlite_database, tmp_path, blog, hold_window="6h")
    clock.move_to(DUE - left)
    waiting = run_one(installed)
    assert (waiting.outcome, waiting.next_due) == ("not_due", "2026-11-26T09:00:00-05:00")
    assert waiting.reason == "goes out Thu 26 Nov, 9:00 New York unless staff hold it"
    clock.move_to(DUE)
    assert run_one(installed).outcome == "sent"


def test_after_an_outage_over_the_due_time_staff_have_the_hold_window_in_full(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(sqlite_database, tmp_path, blog, hold_window="6h")
    clock.move_to(DUE + timedelta(hours=1))
    waiting = run_one(installed)
    assert (waiting.outcome, waiting.next_due) == ("not_due", "2026-11-26T16:00:00-05:00")
    clock.move_to(DUE + timedelta(hours=7))
    assert run_one(installed).outcome == "sent"


@pytest.mark.parametrize(
    "digest", [{"hold_window": "6h"}, {"approval": "required"}], ids=["hold window", "approval"]
)
def test_once_a_draft_is_there_run_and_dry_run_name_when_it_goes_out(
    sqlite_database: Database,
    tmp_path: Path,
    blog: Blog,
    clock: time_machine.Traveller,
    digest: dict[str, str],
) -> None:
    installed = made(sqlite_database, tmp_path, blog, **digest)
    this, following = "2026-11-26T09:00:00-05:00", "2026-12-03T09:00:00-05:00"

    def named() -> set[str]:
        (would,) = foresee(installed, installed.config.digests, at=datetime.now(UTC))
        return {run_one(installed).next_due, would.next_due}

    clock.move_to(DUE - timedelta(hours=5))
    assert named() == {this}
    decide(installed, "weekly-1", "approve")
    assert named() == {this}
    clock.move_to(DUE)
    assert run_one(installed).next_due == following


def test_a_draft_that_would_be_sent_by_hand_leaves_its_due_time_to_the_next(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(sqlite_database, tmp_path, blog)
    compose(installed, installed.config.digests[0])
    (would,) = foresee(installed, installed.config.digests, at=MONDAY, at_once=True)
    ran = run_one(installed, at_once=True)
    assert (would.outcome, would.next_due) == (ran.outcome, ran.next_due)
    assert ran.next_due == "2026-11-26T09:00:00-05:00"


def test_what_staff_could_see_in_the_hold_window_is_what_goes_out(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(database, tmp_path, blog, hold_window="6h")
    clock.move_to(DUE - timedelta(hours=6))
    seen = run_one(installed).edition
    blog.items.insert(0, Item("Too late for this one", DUE - timedelta(hours=1), guid="post-2"))
    clock.move_to(DUE)
    sent = run_one(installed).edition
    assert seen is not None
    assert sent is not None
    assert (sent.status, sent.html, sent.text) == ("sent", seen.html, seen.text)


def test_a_held_edition_stays_until_staff_decide(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(database, tmp_path, blog, hold_window="6h")
    clock.move_to(DUE - timedelta(hours=6))
    run_one(installed)
    decide(installed, "weekly-1", "hold")
    clock.move_to(DUE)
    assert run_one(installed).outcome == "held"
    decide(installed, "weekly-1", "approve")
    assert run_one(installed).outcome == "sent"


def test_skipping_frees_the_posts_and_keeps_the_due_time(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(database, tmp_path, blog, hold_window="6h")
    clock.move_to(DUE - timedelta(hours=6))
    run_one(installed)
    decide(installed, "weekly-1", "skip")
    clock.move_to(DUE)
    assert run_one(installed).outcome == "not_due"
    clock.move_to(DUE + timedelta(days=7))
    ran = run_one(installed)
    assert ran.edition is not None
    assert (ran.edition.slug, [post["title"] for post in ran.edition.posts]) == (
        "weekly-2",
        ["A calm morning"],
    )


@pytest.mark.parametrize(("verb", "needs"), [("pause", "sending"), ("approve", "draft or held")])
def test_a_move_its_status_does_not_allow_is_refused(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller, verb: str, needs: str
) -> None:
    installed = made(database, tmp_path, blog)
    clock.move_to(DUE)
    run_one(installed)
    with pytest.raises(RapportError, match=f"weekly-1 is sent: one can {verb} an edition that is {needs}"):
        decide(installed, "weekly-1", verb)


@pytest.mark.databases("sqlite", "postgresql")
def test_one_digest_that_fails_does_not_keep_the_other_back(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    subscribe(database, 1, ("weekly", "monthly"))
    digests = [{"name": "weekly", "subject": "{{ nonsense }}"}, {"name": "monthly"}]
    installed = installation(database, tmp_path, blog.url, digests=digests)
    first, second = run_all(installed, at_once=True)
    assert (first.outcome, second.outcome) == ("failed", "sent")
    assert 'there is no "nonsense" here' in first.reason


@pytest.mark.databases("sqlite", "postgresql")
def test_a_letter_sent_by_hand_leaves_the_next_due_time_standing(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(database, tmp_path, blog)
    by_hand = run_one(installed, at_once=True)
    assert (by_hand.outcome, by_hand.next_due) == ("sent", "2026-11-26T09:00:00-05:00")
    blog.items.insert(0, Item("The second post", DUE - timedelta(days=1), guid="post-2"))
    clock.move_to(DUE)
    assert run_one(installed).outcome == "sent"


def test_a_skipped_due_time_is_not_announced_as_the_next(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(sqlite_database, tmp_path, blog, hold_window="6h")
    clock.move_to(DUE - timedelta(hours=6))
    run_one(installed)
    decide(installed, "weekly-1", "skip")
    assert run_one(installed).next_due == "2026-12-03T09:00:00-05:00"


def test_a_feed_that_moved_repeats_no_post_and_misses_none(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(database, tmp_path, blog)
    clock.move_to(DUE)
    run_one(installed)
    # The old address stood empty for weeks; the new one has what was written meanwhile, and an old archive.
    with Blog(
        [
            *blog.items,
            Item("Written meanwhile", DUE + timedelta(days=1)),
            Item("Long ago", DUE - timedelta(days=900)),
        ]
    ) as moved:
        clock.move_to(DUE + timedelta(days=21))
        again = installation(database, tmp_path, moved.url)
        ran = run_one(again)
    assert ran.edition is not None
    assert [post["title"] for post in ran.edition.posts] == ["Written meanwhile"]


def test_a_letter_with_an_error_goes_out_by_no_door(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    subscribe(database, 1)
    newsletter = {"name": "Letter", "from_email": "letter@example.org", "postal_address": ""}
    for approval in ("auto", "required"):
        digests = [{"name": "weekly", "approval": approval}]
        broken = installation(database, tmp_path, blog.url, digests=digests, newsletter=newsletter)
        ran = run_one(broken, at_once=True)
        assert (ran.outcome, "postal address" in ran.reason) == ("failed", True)
    with pytest.raises(RapportError, match="cannot go out"):
        approve(broken, "weekly-1")
    mended = installation(database, tmp_path, blog.url)
    assert run_one(mended, at_once=True).outcome == "sent"


@pytest.mark.parametrize("approval", ["auto", "required"])
def test_a_letter_with_an_error_is_put_up_no_longer(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller, approval: str
) -> None:
    blog.items.insert(0, Item("A second post", MONDAY - timedelta(hours=2), guid="the-guid-of-the-second"))
    digest = {"name": "weekly", "approval": approval, "hold_window": "6h"}
    installed = made(sqlite_database, tmp_path, blog, **digest)
    clock.move_to(DUE - timedelta(hours=6))
    put_up = run_one(installed).edition
    assert put_up is not None
    assert put_up.announced_at is not None
    # A post is taken back, so it is composed anew; and by now something is missing that the law wants.
    del blog.items[0]
    newsletter = {"name": "Letter", "from_email": "letter@example.org", "postal_address": ""}
    broken = installation(sqlite_database, tmp_path, blog.url, digests=[digest], newsletter=newsletter)
    pull(sqlite_database, installed.config)
    clock.move_to(DUE - timedelta(hours=4))
    assert run_one(broken, at_once=True).outcome == "failed"
    with sqlite_database.read() as connection:
        assert find.by_slug(connection, "weekly-1").announced_at is None
    # Mended, it is put up anew, and staff have their time in full.
    clock.move_to(DUE - timedelta(hours=1))
    again = run_one(installed).edition
    assert again is not None
    assert again.announced_at == DUE - timedelta(hours=1)


@pytest.mark.databases("sqlite", "postgresql")
def test_staff_who_hold_while_it_pulls_are_heeded(
    database: Database,
    tmp_path: Path,
    blog: Blog,
    clock: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed = made(database, tmp_path, blog)
    with lock(database, "weekly"):
        from pipeline.editions.compose import compose
        from pipeline.feeds import pull as module

        module.pull(database, installed.config)
        compose(installed, installed.config.digests[0])
    real = module.pull

    def and_then_staff_hold(*arguments: Any) -> Any:
        pulled = real(*arguments)
        decide(installed, "weekly-1", "hold")
        return pulled

    monkeypatch.setattr(module, "pull", and_then_staff_hold)
    clock.move_to(DUE)
    assert run_one(installed).outcome == "held"
    assert outbox(tmp_path) == 0


@pytest.mark.databases("sqlite", "postgresql")
def test_approved_but_missed_it_goes_out_with_the_next_due_time_and_only_once(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(database, tmp_path, blog, approval="required")
    clock.move_to(DUE - timedelta(hours=24))
    run_one(installed)
    decide(installed, "weekly-1", "approve")
    clock.move_to(DUE + timedelta(days=2))
    assert run_one(installed).outcome == "not_due"
    clock.move_to(DUE + timedelta(days=7))
    assert run_one(installed).outcome == "sent"
    assert run_one(installed).outcome == "not_due"


def test_a_draft_whose_hold_window_ended_days_ago_is_not_sent_late(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(sqlite_database, tmp_path, blog, hold_window="6h")
    clock.move_to(DUE - timedelta(hours=6))
    run_one(installed)
    clock.move_to(DUE + timedelta(days=4))
    ran = run_one(installed)
    assert (ran.outcome, "missed" in ran.reason) == ("not_due", True)
    clock.move_to(DUE + timedelta(days=7))
    assert run_one(installed).outcome == "not_due"  # put up again: staff have their window
    clock.move_to(DUE + timedelta(days=7, hours=6))
    assert run_one(installed).outcome == "sent"


def test_by_hand_after_the_due_time_it_is_that_due_times_edition(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(sqlite_database, tmp_path, blog, max_posts=1)
    blog.items.append(Item("The second post", MONDAY - timedelta(days=2), guid="the-guid-of-the-second"))
    clock.move_to(DUE + timedelta(minutes=5))
    assert run_one(installed, at_once=True).outcome == "sent"
    clock.move_to(DUE + timedelta(minutes=10))
    assert run_one(installed).outcome == "not_due"


def test_a_schedule_moved_to_earlier_the_same_day_makes_no_second_letter(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(sqlite_database, tmp_path, blog)
    clock.move_to(DUE)
    run_one(installed)
    blog.items.insert(0, Item("The second post", DUE, guid="the-guid-of-the-second"))
    earlier = installation(
        sqlite_database, tmp_path, blog.url, digests=[{"name": "weekly", "schedule": "0 8 * * thu"}]
    )
    clock.move_to(DUE + timedelta(hours=1))
    assert run_one(earlier).outcome == "not_due"


def test_with_nobody_subscribed_the_posts_wait(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = installation(database, tmp_path, blog.url)
    ran = run_one(installed, at_once=True)
    assert (ran.outcome, "nobody is subscribed" in ran.reason) == ("skipped", True)
    subscribe(database, 1)
    clock.shift(timedelta(minutes=1))
    assert run_one(installed, at_once=True).outcome == "sent"


# What would happen


def foreseen(installed: Installation, at: datetime, **how: Any) -> tuple[str, str]:
    (found,) = foresee(installed, installed.config.digests, at=at, **how)
    return found.outcome, found.reason


def test_a_dry_run_tells_the_outcome_and_changes_nothing(
    database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(database, tmp_path, blog)
    from pipeline.feeds.pull import pull

    pull(database, installed.config)
    assert foreseen(installed, DUE - timedelta(hours=1)) == ("not_due", "")
    assert foreseen(installed, DUE - timedelta(hours=1), at_once=True) == ("sent", "")
    assert foreseen(installed, DUE) == ("sent", "")
    skipped = ("skipped", "missed by more than a day; to send it all the same: `rapport run --now`")
    assert foreseen(installed, DUE + timedelta(days=2)) == skipped
    with database.read() as connection:
        assert find.newest_first(connection) == []
    assert outbox(tmp_path) == 0


@pytest.mark.parametrize(
    ("digest", "at", "wanted"),
    [
        ({"approval": "required"}, DUE, ("awaiting_approval", "staff must approve it")),
        (
            {"hold_window": "6h"},
            DUE - timedelta(hours=2),
            ("not_due", "goes out Thu 26 Nov, 9:00 New York unless staff hold it"),
        ),
        ({"min_posts": 2}, DUE, ("skipped", "1 new post, fewer than min_posts = 2: waiting so far")),
        (
            {"min_posts": 2, "hold_window": "6h"},
            DUE - timedelta(hours=6),
            ("not_due", "1 new post, fewer than min_posts = 2: waiting so far"),
        ),
    ],
    ids=["approval", "hold window", "too few posts when it is due", "too few posts before"],
)
def test_it_foresees_the_draft_that_would_be_composed(
    sqlite_database: Database,
    tmp_path: Path,
    blog: Blog,
    clock: time_machine.Traveller,
    digest: dict[str, Any],
    at: datetime,
    wanted: tuple[str, str],
) -> None:
    installed = made(sqlite_database, tmp_path, blog, **digest)
    from pipeline.feeds.pull import pull

    pull(sqlite_database, installed.config)
    assert foreseen(installed, at) == wanted


def test_it_foresees_what_becomes_of_an_edition_that_is_there(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    installed = made(sqlite_database, tmp_path, blog, hold_window="6h")
    clock.move_to(DUE - timedelta(hours=6))
    run_one(installed)
    waits = ("not_due", "goes out Thu 26 Nov, 9:00 New York unless staff hold it")
    assert foreseen(installed, DUE - timedelta(hours=1)) == waits
    assert foreseen(installed, DUE) == ("sent", "")
    (found,) = foresee(installed, installed.config.digests, at=DUE)
    assert found.edition is not None
    assert (found.edition.slug, found.edition.status) == ("weekly-1", "draft")
    decide(installed, "weekly-1", "hold")
    assert foreseen(installed, DUE) == ("held", "staff have held it")
    decide(installed, "weekly-1", "approve")
    assert foreseen(installed, DUE) == ("sent", "")


def test_it_foresees_that_staff_must_look_first_but_not_without_any_post(
    sqlite_database: Database, tmp_path: Path, blog: Blog, clock: time_machine.Traveller
) -> None:
    posts = blog.items[:]
    blog.items.clear()
    installed = made(sqlite_database, tmp_path, blog)
    with sqlite_database.write() as connection:
        after_restore.doubt(connection, MONDAY, MONDAY)
    assert foreseen(installed, DUE) == ("skipped", "there are no new posts so far")
    blog.items.extend(posts)
    from pipeline.feeds.pull import pull

    pull(sqlite_database, installed.config)
    outcome, reason = foreseen(installed, DUE)
    assert (outcome, reason[:22]) == ("held", "restored from a backup")
    clock.move_to(DUE)
    assert (run_one(installed).outcome, run_one(installed).reason) == ("held", reason)


def test_every_step_but_waiting_can_be_done_and_foreseen() -> None:
    assert {*STEPS, Step.WAIT} == {*Step}


def test_a_run_that_comes_to_no_end_is_stopped_and_says_so(
    sqlite_database: Database,
    tmp_path: Path,
    blog: Blog,
    clock: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[Step] = []

    def nothing(turn: Any, situation: Any, planned: Plan) -> None:
        done.append(planned.step)

    installed = made(sqlite_database, tmp_path, blog)
    monkeypatch.setitem(STEPS, Step.COMPOSE, STEPS[Step.COMPOSE]._replace(do=nothing))
    clock.move_to(DUE)
    ran = run_one(installed)
    assert (ran.outcome, ran.went_wrong) == ("failed", True)
    assert ran.reason == "it came to no end within 10 steps; the next run goes on"
    assert done == [Step.COMPOSE] * 10
    monkeypatch.undo()
    assert run_one(installed).outcome == "sent"
