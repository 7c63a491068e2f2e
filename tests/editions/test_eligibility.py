"""Whether a post may be in an edition: what came of a trial, and the words of what became of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.core.sections.digest import Digest
from pipeline.editions.eligibility import PostState, Reason, why_not
from pipeline.editions.trial import Trial
from tests.editions.test_selection import post

AT = datetime(2026, 11, 26, 14, tzinfo=UTC)
DAY, MOMENT = timedelta(days=1), timedelta(microseconds=1)
TRIAL = Trial(frozenset({3}), AT - DAY, alone=False)


@pytest.mark.parametrize(
    ("trial", "edition", "tried", "until"),
    [
        (None, 3, False, None),
        (TRIAL, 3, True, AT - DAY),
        (TRIAL, 4, False, None),
        (TRIAL, None, False, None),
        (Trial(frozenset({3}), AT, alone=True), None, False, AT),
    ],
)
def test_after_a_trial_the_backlog_of_its_posts_counts_from_its_end(
    trial: Trial | None, edition: int | None, tried: bool, until: datetime | None
) -> None:
    after = post(1).after(trial, edition)
    assert (after.tried, after.trial_until) == (tried, until)


BACKLOG = Digest(name="weekly", backlog=timedelta(days=7))
OLD = Reason(PostState.ARCHIVE, "older than the backlog of 7 days when letters began to go to readers")


@pytest.mark.parametrize(
    ("published", "seen", "why"),
    [
        (AT - 8 * DAY, AT - 8 * DAY, None),
        (AT - 8 * DAY - MOMENT, AT - 9 * DAY, OLD),
        (AT - 8 * DAY - MOMENT, AT - DAY, OLD),
        (AT - 8 * DAY - MOMENT, AT - DAY + MOMENT, None),
    ],
    ids=["of the last week of it", "older", "seen as it ended", "seen since"],
)
def test_what_was_old_when_letters_began_to_go_to_readers_is_the_archive(
    published: datetime, seen: datetime, why: Reason | None
) -> None:
    tried = post(1, published, seen=seen).after(TRIAL, 3)
    assert why_not(tried, BACKLOG, AT - 99 * DAY, AT, None) == why


def test_what_became_of_a_post_is_said_in_these_words() -> None:
    words = ["new", "mailed", "archive", "kept_out", "withdrawn", "unsure"]
    assert [str(state) for state in PostState] == words
