"""The rules of due times and approval, as a table: a situation, and the step that follows from it.

The digest is due on Thursdays at nine in New York. Rapport first saw it on Monday.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipeline.core.sections.digest import Digest
from pipeline.editions.edition import Edition, EditionKind, EditionStatus
from pipeline.editions.plan import Plan, Situation, Step, approval, plan
from pipeline.editions.send_time import by_itself, goes_at, goes_if_put_up, upcoming

ZONE = ZoneInfo("America/New_York")
MONDAY = datetime(2026, 11, 23, 15, tzinfo=UTC)
DUE = datetime(2026, 11, 26, 14, tzinfo=UTC)
THURSDAY, NEXT_THURSDAY = "2026-11-26T09:00", "2026-12-03T09:00"
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
MOMENT = timedelta(microseconds=1)


def situation(now: datetime, edition: Edition | None = None, **more: Any) -> Situation:
    """What is not a field of Situation is a key of the digest. An edition has taken its due time."""
    known: dict[str, Any] = {
        "at_once": False,
        "first_seen": MONDAY,
        "withdrawn": False,
        "taken": frozenset({edition.due}) if edition is not None else frozenset(),
        "must_hold": None,
    }
    known |= {name: more.pop(name) for name in [*known] if name in more}
    return Situation(digest=Digest(name="weekly", **more), zone=ZONE, now=now, edition=edition, **known)


def edition(status: str, **more: Any) -> Edition:
    known: dict[str, Any] = dict.fromkeys(field.name for field in fields(Edition))
    known |= {"slug": "weekly-1", "due": THURSDAY, "due_at": DUE, "status": EditionStatus(status)}
    return Edition(**known | more)


def draft(**more: Any) -> Edition:
    return edition("draft", **more)


def put_up(at: datetime = DUE, **more: Any) -> Edition:
    return edition("draft", announced_at=at, **more)


def approved(at: datetime = DUE - HOUR, **more: Any) -> Edition:
    return edition("approved", approved_at=at, **more)


def not_due(reason: str = "") -> Plan:
    return Plan(Step.WAIT, "not_due", reason)


def compose(due: str) -> Plan:
    return Plan(Step.COMPOSE, due=due)


APPROVE, SEND = Plan(Step.APPROVE), Plan(Step.SEND)
GIVEN_UP = Plan(
    Step.SKIP, reason="missed by more than a day; to send it all the same: `rapport run --now`", due=THURSDAY
)
DRAFT_MISSED = not_due(
    "missed by more than a day: it goes out with the next due time, or with `rapport run --now`"
)
APPROVED_MISSED = not_due("missed by more than a day; send it with `rapport send weekly-1`")
AWAITING = Plan(Step.WAIT, "awaiting_approval", "staff must approve it")
NINE = "Thu 26 Nov, 9:00 New York"
AT_NINE = not_due(f"goes out {NINE} unless staff hold it")

WITHOUT_EDITION = {
    "before its due time it is not due": (situation(DUE - MOMENT), not_due()),
    "at its due time": (situation(DUE), compose(THURSDAY)),
    "a due time when Rapport first saw the digest is the past": (situation(DUE, first_seen=DUE), not_due()),
    "one a moment later is not": (situation(DUE, first_seen=DUE - MOMENT), compose(THURSDAY)),
    "a due time that has its edition is done": (situation(DUE + HOUR, taken={THURSDAY}), not_due()),
    "also if earlier ones have theirs": (
        situation(DUE + HOUR, taken={"2026-11-19T09:00", THURSDAY}),
        not_due(),
    ),
    "so it is at the moment itself": (situation(DUE, taken={THURSDAY}), not_due()),
    "a due time before one that has its edition came by a change of schedule": (
        situation(DUE + HOUR, taken={"2026-11-26T09:30"}),
        not_due(),
    ),
    "an edition for a due time to come does not count": (
        situation(DUE, taken={NEXT_THURSDAY}),
        compose(THURSDAY),
    ),
    "missed by a day it is caught up": (situation(DUE + DAY), compose(THURSDAY)),
    "missed by more it is given up": (situation(DUE + DAY + MOMENT), GIVEN_UP),
    "of several that were missed the newest counts": (situation(DUE + 2 * WEEK), compose("2026-12-10T09:00")),
}

WINDOWS = {
    "before the hold window it is not due": (
        situation(DUE - 6 * HOUR - MOMENT, hold_window="6h"),
        not_due(),
    ),
    "the draft is composed as the hold window opens": (
        situation(DUE - 6 * HOUR, hold_window="6h"),
        compose(THURSDAY),
    ),
    "a draft that staff must approve is composed a day before": (
        situation(DUE - DAY, approval="required"),
        compose(THURSDAY),
    ),
    "and not earlier": (situation(DUE - DAY - MOMENT, approval="required"), not_due()),
    "or when the hold window opens, if there is one": (
        situation(DUE - 6 * HOUR - MOMENT, approval="required", hold_window="6h"),
        not_due(),
    ),
    "a draft that was skipped inside its hold window is not composed again": (
        situation(DUE - HOUR, taken={THURSDAY}, hold_window="6h"),
        not_due("its edition was skipped or cancelled"),
    ),
}

AT_ONCE = {
    "it is an edition off the schedule": (
        situation(MONDAY, at_once=True),
        compose("2026-11-23T10:00:00.000000"),
    ),
    "or that of the due time that waits": (situation(DUE + HOUR, at_once=True), compose(THURSDAY)),
    "however long it was missed": (situation(DUE + 3 * DAY, at_once=True), compose(THURSDAY)),
    "a draft is composed anew": (
        situation(MONDAY, draft(), at_once=True),
        compose("2026-11-23T10:00:00.000000"),
    ),
    "for the due time that waits, if one does": (
        situation(DUE + WEEK, draft(), at_once=True),
        compose(NEXT_THURSDAY),
    ),
    "one that was put up goes before its time": (situation(MONDAY, put_up(), at_once=True), APPROVE),
    "and after it": (situation(DUE + WEEK, put_up(), at_once=True), APPROVE),
    "not with a withdrawn post": (
        situation(MONDAY, put_up(), withdrawn=True, at_once=True),
        compose("2026-11-23T10:00:00.000000"),
    ),
    "nor past staff who must approve it": (
        situation(MONDAY, put_up(), at_once=True, approval="required"),
        AWAITING,
    ),
    "an approved one goes before its time": (situation(MONDAY, approved(), at_once=True), SEND),
    "and long after it, as what it is": (situation(DUE + WEEK, approved(), at_once=True), SEND),
}

DRAFT = {
    "before its time it stays ready": (
        situation(DUE - MOMENT, draft()),
        not_due(f"a draft is ready: it goes out {NINE}"),
    ),
    "when it is due it is composed from the posts of then": (situation(DUE, draft()), compose(THURSDAY)),
    "before its hold window it stays ready": (
        situation(DUE - 6 * HOUR - MOMENT, draft(), hold_window="6h"),
        not_due(f"a draft is ready: it goes out {NINE}"),
    ),
    "as that opens it is composed": (situation(DUE - 6 * HOUR, draft(), hold_window="6h"), compose(THURSDAY)),
    "a day late it is still composed": (situation(DUE + DAY, draft()), compose(THURSDAY)),
    "later it was missed": (situation(DUE + DAY + MOMENT, draft()), DRAFT_MISSED),
    "also if staff would have had to approve it": (
        situation(DUE + DAY + MOMENT, draft(), approval="required"),
        DRAFT_MISSED,
    ),
    "the next due time takes it over": (situation(DUE + WEEK, draft()), compose(NEXT_THURSDAY)),
    "also if staff were mailed it": (situation(DUE + WEEK, put_up()), compose(NEXT_THURSDAY)),
    "of its own due time it stays": (situation(DUE, put_up(), taken=frozenset()), APPROVE),
}

PUT_UP = {
    "it waits for its due time": (situation(DUE - MOMENT, put_up(DUE - HOUR)), AT_NINE),
    "then it goes": (situation(DUE, put_up(DUE - HOUR)), APPROVE),
    "put up late, with less than the hold window left, it keeps its hour": (
        situation(DUE - MOMENT, put_up(DUE - HOUR), hold_window="6h"),
        AT_NINE,
    ),
    "put up when its due time has passed, it waits until the hold window is over": (
        situation(DUE + 5 * HOUR, put_up(DUE), hold_window="6h"),
        not_due("goes out Thu 26 Nov, 15:00 New York unless staff hold it"),
    ),
    "then it goes, too": (situation(DUE + 6 * HOUR, put_up(DUE), hold_window="6h"), APPROVE),
    "a day after that it still goes": (
        situation(DUE + DAY + 6 * HOUR, put_up(DUE), hold_window="6h"),
        APPROVE,
    ),
    "later it was missed": (
        situation(DUE + DAY + 6 * HOUR + MOMENT, put_up(DUE), hold_window="6h"),
        DRAFT_MISSED,
    ),
    "with a withdrawn post it is put up again": (
        situation(DUE, put_up(), withdrawn=True),
        compose(THURSDAY),
    ),
    "also before its hold window": (
        situation(DUE - 8 * HOUR, put_up(DUE - 9 * HOUR), withdrawn=True, hold_window="6h"),
        compose(THURSDAY),
    ),
    "and where staff must approve it": (
        situation(DUE, put_up(), withdrawn=True, approval="required"),
        compose(THURSDAY),
    ),
    "staff who must approve it are told when it would go": (
        situation(DUE - MOMENT, put_up(), approval="required"),
        Plan(Step.WAIT, "awaiting_approval", f"staff must approve it; then it goes out {NINE}"),
    ),
    "staff who must approve it are waited for": (situation(DUE, put_up(), approval="required"), AWAITING),
    "however long they take": (situation(DUE + 3 * DAY, put_up(), approval="required"), AWAITING),
    "it is held where staff must look first": (
        situation(DUE, put_up(), must_hold="weekly-0 tripped"),
        Plan(Step.HOLD, reason="weekly-0 tripped"),
    ),
    "before it is due, too": (
        situation(DUE - HOUR, put_up(DUE - HOUR), must_hold="weekly-0 tripped"),
        Plan(Step.HOLD, reason="weekly-0 tripped"),
    ),
    "and by hand": (
        situation(DUE, put_up(), must_hold="weekly-0 tripped", at_once=True),
        Plan(Step.HOLD, reason="weekly-0 tripped"),
    ),
    "not where they must approve it anyhow": (
        situation(DUE, put_up(), must_hold="weekly-0 tripped", approval="required"),
        AWAITING,
    ),
}

APPROVED = {
    "it waits for its due time": (
        situation(DUE - MOMENT, approved()),
        not_due(f"approved: it goes out {NINE}"),
    ),
    "then it goes": (situation(DUE, approved()), SEND),
    "a day late it still goes": (situation(DUE + DAY, approved()), SEND),
    "later it was missed": (situation(DUE + DAY + MOMENT, approved()), APPROVED_MISSED),
    "approved at its due time it was missed all the same": (
        situation(DUE + DAY + MOMENT, approved(DUE)),
        APPROVED_MISSED,
    ),
    "approved later than that it goes at once": (situation(DUE + 3 * DAY, approved(DUE + MOMENT)), SEND),
    "the next due time takes it over": (
        situation(DUE + WEEK, approved()),
        Plan(Step.SEND, due=NEXT_THURSDAY),
    ),
    "of its own due time it stays": (situation(DUE, approved(), taken=frozenset()), SEND),
}

OTHERS = {
    "one that is being sent goes on": (situation(DUE, edition("sending")), SEND),
    "one that staff hold waits": (
        situation(DUE, edition("held")),
        Plan(Step.WAIT, "held", "staff have held it"),
    ),
    "one that was paused waits, with the reason": (
        situation(DUE, edition("paused", reason="the key was refused")),
        Plan(Step.WAIT, "paused", "the key was refused"),
    ),
    "also by hand": (
        situation(DUE, edition("paused"), at_once=True),
        Plan(Step.WAIT, "paused", "staff have paused it"),
    ),
}

TABLES = {
    "without an edition": WITHOUT_EDITION,
    "hold window": WINDOWS,
    "at once": AT_ONCE,
    "a draft": DRAFT,
    "a draft that was put up": PUT_UP,
    "approved": APPROVED,
    "other editions": OTHERS,
}
CASES = {f"{about}: {what}": case for about, table in TABLES.items() for what, case in table.items()}


@pytest.mark.parametrize(("given", "wanted"), CASES.values(), ids=CASES.keys())
def test_the_step_that_follows(given: Situation, wanted: Plan) -> None:
    assert plan(given) == wanted


def test_a_draft_that_does_not_exist_yet_is_approved_by_the_same_rule() -> None:
    assert approval(situation(DUE - MOMENT), goes=DUE) == AT_NINE
    assert approval(situation(DUE), goes=DUE) == APPROVE
    assert approval(situation(DUE - HOUR, at_once=True), goes=DUE) == APPROVE


def note(status: str = "draft", **more: Any) -> Edition:
    return edition(status, kind=EditionKind.NOTE, due="2026-11-25T09:00", due_at=DUE - DAY, **more)


WAITS = f"the letter due {NINE} waits for this note"
GOES = "goes out Wed 25 Nov, 15:00 New York unless staff hold it"
NOTES: dict[str, tuple[Situation, Plan]] = {
    "approved": (situation(MONDAY, note("approved")), Plan(Step.SEND)),
    "not put up": (situation(DUE, note()), Plan(Step.COMPOSE)),
    "within its hold window": (
        situation(DUE - DAY, note(announced_at=DUE - DAY), hold_window="6h"),
        Plan(Step.WAIT, "not_due", GOES),
    ),
    "after its hold window": (
        situation(DUE - 18 * HOUR, note(announced_at=DUE - DAY), hold_window="6h"),
        Plan(Step.APPROVE),
    ),
    "while a letter is due": (
        situation(DUE, note(announced_at=DUE - HOUR), hold_window="6h", taken=frozenset()),
        Plan(Step.WAIT, "not_due", f"goes out Thu 26 Nov, 14:00 New York unless staff hold it; {WAITS}"),
    ),
    "approved by time while a letter is due": (
        situation(DUE, note(announced_at=DUE - DAY), taken=frozenset()),
        Plan(Step.APPROVE),
    ),
    "held while a letter is due": (
        situation(DUE, note(announced_at=DUE - DAY), taken=frozenset(), must_hold="look"),
        Plan(Step.HOLD, reason="look"),
    ),
    "staff must approve it": (
        situation(DUE, note(announced_at=DUE - DAY), approval="required", taken=frozenset()),
        Plan(Step.WAIT, "awaiting_approval", f"staff must approve it; {WAITS}"),
    ),
    "held by staff": (situation(DUE, note("held")), Plan(Step.WAIT, "held", "staff have held it")),
    "being sent": (situation(DUE, note("sending")), Plan(Step.SEND)),
}


@pytest.mark.parametrize(("now", "then"), NOTES.values(), ids=NOTES.keys())
def test_a_note_goes_as_soon_as_it_may_and_a_letter_that_is_due_waits(now: Situation, then: Plan) -> None:
    assert plan(now) == then


def test_while_the_readers_are_under_another_name_no_due_time_is_used_up() -> None:
    lost = "its readers are perhaps under another name"
    assert plan(replace(situation(DUE), lost=lost)) == Plan(Step.WAIT, "failed", lost)
    assert plan(replace(situation(DUE + 2 * DAY), lost=lost)) == Plan(Step.WAIT, "failed", lost)
    assert plan(replace(situation(DUE - MOMENT), lost=lost)) == not_due(), "it says so when it matters"


def test_a_draft_that_staff_have_not_put_up_yet_says_that_they_must_approve_it() -> None:
    waits = situation(DUE - 2 * DAY, draft(), approval="required")
    assert plan(waits) == not_due(f"a draft is ready; once staff approve it, it goes out {NINE}")


def test_a_draft_put_up_now_goes_at_its_hour_or_after_the_whole_hold_window() -> None:
    digest = Digest(name="weekly", hold_window=6 * HOUR)
    assert goes_if_put_up(digest, DUE, DUE - HOUR) == DUE
    assert goes_if_put_up(digest, DUE, DUE + HOUR) == DUE + 7 * HOUR


@pytest.mark.parametrize("left", [7 * HOUR, 6 * HOUR, 5 * HOUR + MOMENT, 4 * HOUR, MOMENT])
def test_a_draft_goes_at_its_hour_however_late_in_the_hold_window_it_is_put_up(left: timedelta) -> None:
    digest = Digest(name="weekly", hold_window=6 * HOUR)
    assert goes_at(digest, draft()) == DUE
    assert goes_at(digest, put_up(DUE - left)) == DUE


def test_put_up_after_its_due_time_staff_have_the_hold_window_in_full() -> None:
    digest = Digest(name="weekly", hold_window=6 * HOUR)
    assert goes_at(digest, put_up(DUE + HOUR)) == DUE + 7 * HOUR


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (approved(), DUE),
        (put_up(DUE), DUE + 6 * HOUR),
        (draft(), DUE),
        (edition("held"), None),
        (edition("sent"), None),
    ],
    ids=["approved", "a draft that was put up", "a draft", "held", "sent"],
)
def test_what_goes_out_if_nobody_does_anything_more(found: Edition, wanted: datetime | None) -> None:
    assert by_itself(Digest(name="weekly", hold_window="6h"), found) == wanted


def test_a_draft_that_must_be_approved_does_not_go_by_itself_but_an_approved_one_does() -> None:
    digest = Digest(name="weekly", approval="required")
    assert by_itself(digest, put_up()) is None
    assert by_itself(digest, approved()) == DUE


def test_the_next_due_time_is_the_first_that_has_no_edition() -> None:
    digest = Digest(name="weekly")
    assert upcoming(digest, ZONE, DUE - MOMENT, frozenset()) == "2026-11-26T09:00:00-05:00"
    assert upcoming(digest, ZONE, DUE, frozenset()) == "2026-12-03T09:00:00-05:00"
    assert upcoming(digest, ZONE, MONDAY, frozenset({THURSDAY, NEXT_THURSDAY})) == "2026-12-10T09:00:00-05:00"


UPCOMING = {
    "a draft": (draft(), "2026-11-26T09:00:00-05:00"),
    "one that was put up late": (put_up(DUE - HOUR), "2026-11-26T09:00:00-05:00"),
    "one that was approved": (approved(), "2026-11-26T09:00:00-05:00"),
    "one that staff hold": (edition("held"), "2026-11-26T09:00:00-05:00"),
    "one that is being sent before its time": (edition("sending"), "2026-12-03T09:00:00-05:00"),
    "one that is stopped": (edition("paused"), "2026-12-03T09:00:00-05:00"),
    "one that is sent": (edition("sent"), "2026-12-03T09:00:00-05:00"),
}


@pytest.mark.parametrize(("found", "wanted"), UPCOMING.values(), ids=UPCOMING.keys())
def test_the_next_letter_is_the_open_edition_while_its_time_lies_ahead(found: Edition, wanted: str) -> None:
    digest, taken = Digest(name="weekly", hold_window=6 * HOUR), frozenset({THURSDAY})
    assert upcoming(digest, ZONE, DUE - HOUR, taken, found) == wanted
    assert upcoming(digest, ZONE, DUE + 7 * HOUR, taken, found) == "2026-12-03T09:00:00-05:00"


def test_at_its_hour_an_edition_is_the_next_one_no_more() -> None:
    digest, taken = Digest(name="weekly"), frozenset({THURSDAY})
    assert upcoming(digest, ZONE, DUE, taken, approved()) == "2026-12-03T09:00:00-05:00"


def test_it_is_so_where_the_hold_window_ends_after_the_due_time() -> None:
    digest = Digest(name="weekly", hold_window=6 * HOUR)
    late = upcoming(digest, ZONE, DUE + HOUR, frozenset({THURSDAY}), put_up(DUE + HOUR + MOMENT))
    assert late == "2026-11-26T16:00:00-05:00"


def test_the_day_is_that_of_the_newsletters_time_zone() -> None:
    assert situation(datetime(2026, 11, 27, 4, 59, tzinfo=UTC)).today() == date(2026, 11, 26)
    assert situation(datetime(2026, 11, 27, 5, 0, tzinfo=UTC)).today() == date(2026, 11, 27)
