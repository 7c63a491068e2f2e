"""`rapport posts`: what became of each, and what staff decide."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from pipeline.feeds.parsing import sandbox
from subscribers import times
from tests.doubles.blog import Item
from tests.feeds.parsing import small_limits

if TYPE_CHECKING:
    from tests.doubles.blog import Blog
    from tests.end_to_end.conftest import Project

NOW = datetime.now(UTC)


def day(ago: float) -> datetime:
    return NOW - timedelta(days=ago)


def states(project: Project) -> dict[str, str]:
    return {post["title"]: post["state"] for post in project.json("posts")["posts"]}


@pytest.fixture
def written(project: Project, blog: Blog) -> Project:
    """One post of each kind that a first pull can bring."""
    blog.items = [
        Item("A calm morning", day(1)),
        Item("Only here", day(2), categories=("No-Letter",)),
        Item("An old story", day(400)),
    ]
    project.subscribe(1)
    project.rapport("pull")
    return project


def test_each_post_is_listed_newest_first_with_what_became_of_it(written: Project, blog: Blog) -> None:
    listed = written.json("posts")["posts"]
    assert [(post["title"], post["state"]) for post in listed] == [
        ("A calm morning", "new"),
        ("Only here", "kept_out"),
        ("An old story", "archive"),
    ]
    first: dict[str, Any] = listed[0]
    assert set(first) == {"id", "title", "url", "published", "first_seen", "state", "edition", "reason"}
    assert first["url"] == f"{blog.site}/blog/a-calm-morning"
    assert datetime.fromisoformat(first["published"]) == day(1).replace(microsecond=0)
    assert datetime.fromisoformat(first["first_seen"]).tzinfo is not None
    assert first["edition"] is None
    assert "exclude_categories" in listed[1]["reason"]
    assert "backlog of 7 days" in listed[2]["reason"]


def test_a_post_says_which_edition_it_is_in(written: Project) -> None:
    written.rapport("compose", "weekly")
    (first, *_) = written.json("posts")["posts"]
    assert (first["state"], first["edition"], first["reason"]) == (
        "new",
        "weekly-1",
        "in weekly-1, which is draft",
    )
    written.rapport("run", "--now")
    (first, *_) = written.json("posts")["posts"]
    assert (first["state"], first["edition"]) == ("mailed", "weekly-1")


def test_for_people_it_is_a_table(written: Project) -> None:
    lines = written.rapport("posts").splitlines()
    assert len(lines) == 3
    assert re.split(r"  +", lines[0].strip())[1:] == [
        times.day(day(1), ZoneInfo("America/New_York")),
        "new",
        "A calm morning",
    ]
    assert "(filed under No-Letter" in lines[1]


def test_what_staff_keep_out_is_in_no_letter_until_they_let_it_in(written: Project) -> None:
    kept = written.json("posts", "keep-out", "A calm morning")["post"]
    assert (kept["state"], kept["reason"]) == ("kept_out", "kept out by staff")
    assert written.json("run", "--now")["digests"][0]["outcome"] == "skipped"
    assert written.json("posts", "let-in", str(kept["id"]))["post"]["state"] == "new"
    assert written.json("run", "--now")["digests"][0]["outcome"] == "sent"


def test_staff_let_in_what_a_rule_keeps_out(written: Project) -> None:
    written.rapport("posts", "let-in", "an old")
    written.rapport("posts", "let-in", "only here")
    ran = written.json("run", "--now")["digests"][0]
    assert [post["title"] for post in ran["edition"]["posts"]] == [
        "A calm morning",
        "Only here",
        "An old story",
    ]


def test_a_draft_that_was_composed_with_it_loses_it(written: Project) -> None:
    written.rapport("posts", "let-in", "only here")
    written.rapport("compose", "weekly")
    written.rapport("posts", "keep-out", "a calm morning")
    edition = written.json("compose", "weekly")["edition"]
    assert [post["title"] for post in edition["posts"]] == ["Only here"]
    assert {post["title"]: post["reason"] for post in edition["left_out"]}[
        "A calm morning"
    ] == "kept out by staff"


def test_an_edition_that_was_approved_with_it_is_held(written: Project) -> None:
    written.rapport("compose", "weekly")
    written.rapport("editions", "approve", "weekly-1")
    written.rapport("posts", "keep-out", "a calm morning")
    out = written.rapport("send", "weekly-1", status=1)
    assert "“A calm morning” was kept out by staff" in out
    assert written.outbox() == []


def test_staff_cannot_pick_what_is_kept_out(written: Project) -> None:
    written.rapport("posts", "let-in", "an old")
    written.rapport("compose", "weekly")
    shown = written.json("editions", "show", "weekly-1")["edition"]
    titles = [post["title"] for post in (*shown["posts"], *shown["left_out"])]
    picked = f"1,{titles.index('Only here') + 1}"
    error = written.json("editions", "edit", "weekly-1", "--posts", picked, status=1)["error"]
    assert "“Only here” cannot be in weekly-1" in error["message"]
    assert "exclude_categories" in error["message"]
    after = written.json("editions", "show", "weekly-1")["edition"]
    assert "Only here" not in [post["title"] for post in after["posts"]]


def test_what_readers_had_is_not_let_in_again(written: Project) -> None:
    written.rapport("run", "--now")
    error = written.json("posts", "let-in", "a calm morning", status=1)["error"]
    assert "went out with weekly-1" in error["message"]


def test_what_one_digest_mailed_can_be_kept_out_of_another(project: Project, blog: Blog) -> None:
    project.configure(blog.url, more='[[digests]]\nname = "monthly"')
    blog.items = [Item("A calm morning", day(1)), Item("An evening", day(2))]
    project.subscribe(1)
    project.rapport("run", "weekly", "--now")
    assert written_to(project, "weekly") == ["A calm morning", "An evening"]
    project.rapport("posts", "keep-out", "a calm morning")
    assert written_to(project, "monthly") == ["An evening"]
    assert states(project)["A calm morning"] == "mailed"


def written_to(project: Project, digest: str) -> list[str]:
    """The posts of a digest's newest edition, which is composed if there is none."""
    project.rapport("compose", digest)
    edition = project.json("editions", "show", f"{digest}-1")["edition"]
    return [post["title"] for post in edition["posts"]]


def test_a_withdrawn_post_comes_back_by_the_blog_alone(written: Project, blog: Blog) -> None:
    del blog.items[0]
    written.rapport("pull")
    assert states(written)["A calm morning"] == "withdrawn"
    error = written.json("posts", "let-in", "a calm morning", status=1)["error"]
    assert "lists it again" in error["remedy"]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("a clam morning", "“A calm morning”"),
        ("99", "“A calm morning”"),
        ("nothing like it whatever", "lists all"),
        ("", "lists all"),
    ],
)
def test_an_unknown_post_names_those_that_are_near(written: Project, name: str, near: str) -> None:
    error = written.json("posts", "let-in", name, status=1)["error"]
    assert f"There is no post {name!r}" in error["message"]
    assert near in error["remedy"]


def test_a_name_that_several_have_is_asked_back(written: Project) -> None:
    error = written.json("posts", "keep-out", "o", status=1)["error"]
    assert "Several posts are called" in error["message"]
    assert "“Only here”" in error["remedy"]
    assert "new" in states(written).values(), "nothing was changed"


def test_a_post_has_its_address_for_a_name_too(written: Project, blog: Blog) -> None:
    url = f"{blog.site}/blog/a-calm-morning/?utm_source=rss"
    assert written.json("posts", "keep-out", url)["post"]["title"] == "A calm morning"


def test_what_nobody_can_tell_waits_for_staff(written: Project, blog: Blog) -> None:
    written.rapport("run", "--now")
    blog.items = [
        Item("Whatever this was", day(1.01), guid="unknown-1", link="https://new.invalid/1"),
        Item("Whatever that was", day(30), guid="unknown-2", link="https://new.invalid/2"),
    ]
    pulled = written.json("pull")["feeds"][0]
    assert (pulled["new"], pulled["unsure"]) == (0, 1)
    assert written.json("run", "--now")["digests"][0]["outcome"] == "skipped"
    waiting = {post["title"]: post for post in written.json("posts")["posts"]}["Whatever this was"]
    assert waiting["state"] == "unsure"
    assert "nobody can tell" in waiting["reason"]
    written.rapport("posts", "let-in", str(waiting["id"]))
    ran = written.json("run", "--now")["digests"][0]
    assert [post["title"] for post in ran["edition"]["posts"]] == ["Whatever this was"]


def test_a_gap_is_told_by_pull_and_doctor(written: Project, blog: Blog) -> None:
    blog.items = [Item(f"New {n}", NOW + timedelta(minutes=n), guid=f"new-{n}") for n in range(2)]
    feed = written.json("pull")["feeds"][0]
    assert feed["overlaps"] is False
    assert "WordPress" in written.rapport("doctor")


def test_a_post_that_passes_the_limits_is_told_by_pull_and_doctor(
    written: Project, blog: Blog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "CHILD", small_limits.__name__)
    monkeypatch.setattr(sandbox, "_children", sandbox.Children())
    whole = blog.feed()
    blog.body = whole.replace(b"<item>", small_limits.LONG.encode() + b"<item>", 1)
    feed = written.json("pull")["feeds"][0]
    assert (feed["outcome"], feed["unread"], feed["unchanged"], feed["withdrawn"]) == ("fetched", 1, 3, 0)
    assert "1 post could not be read within the limits" in written.rapport("pull")
    (finding,) = [one for one in written.json("doctor")["checks"] if one["name"] == "feeds.unread"]
    assert (finding["level"], "1 of the posts of" in finding["message"]) == ("warning", True)
    assert "missing from `rapport posts`" in finding["remedy"]
    blog.body = whole
    assert written.json("pull")["feeds"][0]["unread"] == 0
    sandbox.close()


def test_its_help_says_what_the_states_mean(project: Project) -> None:
    said = project.rapport("posts", "--help")
    for state in ("new", "mailed", "archive", "kept_out", "withdrawn", "unsure"):
        assert f"\n  {state} " in said
    assert "let-in" in said
    assert "keep-out" in said
