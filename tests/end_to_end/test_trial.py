"""From letters to the outbox to letters to readers: what the trial had is free, and nobody is flooded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from tests.doubles.blog import Item
from tests.doubles.smtp import StrictSmtp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.doubles.blog import Blog
    from tests.end_to_end.conftest import Project

NOW = datetime(2026, 6, 2, 12, tzinfo=UTC)
"""A Tuesday; the digest is due on Thursdays."""


def day(ago: float) -> datetime:
    return NOW - timedelta(days=ago)


@pytest.fixture
def server() -> Iterator[StrictSmtp]:
    with StrictSmtp() as strict:
        yield strict


@pytest.fixture
def practice(project: Project, blog: Blog) -> Iterator[Project]:
    """A practice that tries Rapport out, with two new posts and an archive."""
    blog.items = [Item("Newer", day(1)), Item("Older", day(5)), Item("Of the archive", day(300))]
    project.subscribe(2)
    with time_machine.travel(NOW, tick=True):
        yield project


def mails(project: Project, blog: Blog, server: StrictSmtp) -> None:
    """Set a real provider."""
    more = f'[delivery]\nprovider = "smtp"\nprobe_public_url = false\n[delivery.smtp]\nport = {server.port}\n'
    project.configure(blog.url, more=more)


def later(days: float) -> Any:
    return time_machine.travel(NOW + timedelta(days=days), tick=True)


def ran(project: Project, *more: str) -> tuple[str, list[str]]:
    """The outcome of a run, and the titles of the posts that went out with it."""
    (result,) = project.json("run", *more)["digests"]
    posts = (result["edition"] or {"posts": []})["posts"]
    return result["outcome"], [post["title"] for post in posts]


def states(project: Project) -> dict[str, str]:
    return {post["title"]: post["state"] for post in project.json("posts")["posts"]}


def test_while_it_lasts_its_posts_count_as_mailed(practice: Project) -> None:
    assert ran(practice, "--now") == ("sent", ["Newer", "Older"])
    assert states(practice) == {"Newer": "mailed", "Older": "mailed", "Of the archive": "archive"}
    assert ran(practice, "--now")[0] == "skipped"


def test_the_first_letter_to_readers_has_them_and_says_so_once(
    practice: Project, blog: Blog, server: StrictSmtp, caplog: pytest.LogCaptureFixture
) -> None:
    ran(practice, "--now")
    mails(practice, blog, server)
    assert states(practice) == {"Newer": "new", "Older": "new", "Of the archive": "archive"}
    (post,) = [one for one in practice.json("posts")["posts"] if one["title"] == "Newer"]
    assert post["reason"] == "weekly-1 only went to the outbox, and reached nobody"
    (said,) = [one for one in practice.json("doctor", status=1)["checks"] if one["name"] == "digests.trial"]
    assert said["level"] == "warning"
    assert "“Newer”, “Older”" in said["message"]
    assert "keep-out" in said["remedy"]
    assert practice.json("run", "--dry-run", "--now")["digests"][0]["outcome"] == "sent"
    practice.rapport("posts", "keep-out", "Older")
    assert server.deliveries == []
    caplog.clear()
    assert ran(practice, "--now") == ("sent", ["Newer"])
    assert caplog.text.count("reached nobody") == 1
    assert len(server.deliveries) == 2
    assert states(practice) == {"Newer": "mailed", "Older": "kept_out", "Of the archive": "archive"}
    # Nobody gets it again, and it is not said again.
    assert ran(practice, "--now")[0] == "skipped"
    assert caplog.text.count("reached nobody") == 1
    assert len(server.deliveries) == 2


def test_a_due_time_that_the_trial_used_up_ahead_of_it_is_free_again(
    practice: Project, blog: Blog, server: StrictSmtp
) -> None:
    practice.rapport("pull")
    practice.rapport("compose", "weekly")
    practice.rapport("editions", "approve", "weekly-1")
    practice.rapport("send", "weekly-1")
    mails(practice, blog, server)
    result = practice.json("run")["digests"][0]
    assert (result["outcome"], result["next_due"]) == ("not_due", "2026-06-04T09:00:00-04:00")
    with later(2.1):
        assert ran(practice) == ("sent", ["Newer", "Older"])


def test_a_long_trial_floods_nobody(practice: Project, blog: Blog, server: StrictSmtp) -> None:
    for week in range(5):
        with later(7 * week):
            blog.items.insert(0, Item(f"Of week {week}", day(0.5 - 7 * week)))
            assert ran(practice, "--now")[0] == "sent"
    with later(30):
        # What nobody had when letters began to go to readers, and what waited, is counted alike.
        blog.items[:0] = [
            Item("After it", NOW + timedelta(days=29)),
            Item("Meanwhile", NOW + timedelta(days=20)),
        ]
        mails(practice, blog, server)
        assert ran(practice, "--now") == ("sent", ["After it", "Of week 4"])
        assert states(practice)["Of week 3"] == states(practice)["Meanwhile"] == "archive"
        practice.rapport("posts", "let-in", "Of week 3")
    with later(37):
        assert ran(practice, "--now") == ("sent", ["Of week 3"])
        assert ran(practice, "--now")[0] == "skipped"


def test_what_has_no_place_in_the_first_letter_goes_with_the_next(
    practice: Project, blog: Blog, server: StrictSmtp
) -> None:
    ran(practice, "--now")
    mails(practice, blog, server)
    config = practice.folder / "rapport.toml"
    config.write_text(config.read_text().replace('name = "weekly"', 'name = "weekly"\nmax_posts = 1'))
    assert ran(practice, "--now") == ("sent", ["Newer"])
    with later(14):
        assert ran(practice, "--now") == ("sent", ["Older"])


def test_a_trial_between_letters_to_readers_frees_its_own_posts_alone(
    practice: Project, blog: Blog, server: StrictSmtp
) -> None:
    mails(practice, blog, server)
    assert ran(practice, "--now") == ("sent", ["Newer", "Older"])
    practice.configure(blog.url)
    with later(7):
        blog.items.insert(0, Item("To the outbox", day(-6)))
        assert ran(practice, "--now") == ("sent", ["To the outbox"])
    with later(20):
        blog.items.insert(0, Item("To the outbox, too", day(-19)))
        assert ran(practice, "--now") == ("sent", ["To the outbox, too"])
    mails(practice, blog, server)
    with later(21):
        assert states(practice)["Newer"] == "mailed"
        assert ran(practice, "--now") == ("sent", ["To the outbox, too"])
        assert states(practice)["To the outbox"] == "archive"
        assert len(server.deliveries) == 4


def test_a_draft_of_the_trial_goes_to_readers_once(practice: Project, blog: Blog, server: StrictSmtp) -> None:
    practice.rapport("pull")
    practice.rapport("compose", "weekly")
    practice.rapport("editions", "approve", "weekly-1")
    mails(practice, blog, server)
    practice.rapport("send", "weekly-1")
    assert states(practice)["Newer"] == "mailed"
    assert ran(practice, "--now")[0] == "skipped"
    assert len(server.deliveries) == 2
