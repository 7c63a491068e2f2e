"""The whole job by the command line, on the embedded default: a feed in, letters in the outbox."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.doubles.blog import Item
from tests.waiting import LONGEST, until

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

    from tests.doubles.blog import Blog
    from tests.end_to_end.conftest import Project

NOW = datetime.now(UTC)


def day(ago: float) -> datetime:
    return NOW - timedelta(days=ago)


def parsed(file: Path) -> EmailMessage:
    return email.message_from_bytes(file.read_bytes(), policy=email.policy.default)  # type: ignore[return-value]


def bodies(file: Path) -> tuple[str, str]:
    message = parsed(file)
    html, text = message.get_body(("html",)), message.get_body(("plain",))
    assert html is not None
    assert text is not None
    return html.get_content(), text.get_content()


@pytest.mark.installed
def test_a_post_becomes_one_letter_for_each_subscriber(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", day(1)), Item("An old story", day(400))]
    project.subscribe(3)
    ran = project.json("run", "--now")["digests"][0]
    assert ran["outcome"] == "sent"
    assert [post["title"] for post in ran["edition"]["posts"]] == ["A calm morning"]
    assert ran["edition"]["recipients"] == {
        "total": 3,
        "waiting": 0,
        "sent": 3,
        "failed": 0,
        "uncertain": 0,
        "withheld": 0,
    }
    letters = project.outbox()
    assert sorted(parsed(letter)["To"] for letter in letters) == [f"reader{n}@example.net" for n in (1, 2, 3)]


def test_each_letter_has_its_own_links_and_no_placeholder_left(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", day(1))]
    project.subscribe(2)
    project.rapport("run", "--now")
    links = []
    for letter in project.outbox():
        html, text = bodies(letter)
        header = re.fullmatch(
            r"<(https://letter\.example\.org/unsubscribe/[\w-]+)>", parsed(letter)["List-Unsubscribe"]
        )
        assert header
        assert parsed(letter)["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert header[1] in html
        assert header[1] in text
        assert "%%" not in html + text
        links.append(header[1])
    assert len(set(links)) == 2


def test_the_letter_is_valid_mail(project: Project, blog: Blog) -> None:
    blog.items = [Item("Café “calm” — 心 😀", day(1), body="<p>Ça va? Très bien. 心が静か。</p>")]
    project.subscribe(1)
    project.rapport("run", "--now")
    raw = project.outbox()[0].read_bytes()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    message = parsed(project.outbox()[0])
    assert message["Subject"] == "Café “calm” — 心 😀"
    assert message["Reply-To"] == "answers@example.org"
    assert message["Message-ID"].endswith("@example.org>")
    assert not message.defects
    html, text = bodies(project.outbox()[0])
    assert html.isascii()
    assert "心が静か。" in text


def test_running_twice_sends_once(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", day(1))]
    project.subscribe(2)
    assert project.json("run", "--now")["digests"][0]["outcome"] == "sent"
    again = project.json("run", "--now")["digests"][0]
    assert again["outcome"] == "skipped"
    assert again["edition"] is None
    assert len(project.outbox()) == 2


def test_sending_a_sent_edition_again_changes_nothing(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", day(1))]
    project.subscribe(2)
    project.rapport("run", "--now")
    before = {file: file.read_bytes() for file in project.outbox()}
    assert project.json("send", "weekly-1")["edition"]["status"] == "sent"
    assert {file: file.read_bytes() for file in project.outbox()} == before


def test_a_post_edited_between_two_editions_is_not_mailed_again(project: Project, blog: Blog) -> None:
    first = Item("A calm morning", day(1), guid="post-1")
    blog.items = [first]
    project.subscribe(1)
    project.rapport("run", "--now")
    first.title, first.body = "A calmer morning", "<p>It says something else now.</p>"
    blog.items = [Item("The second post", day(0.5), guid="post-2"), first]
    ran = project.json("run", "--now")["digests"][0]
    assert [post["title"] for post in ran["edition"]["posts"]] == ["The second post"]


def test_a_post_that_appears_late_with_an_old_date_is_not_missed(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", day(1))]
    project.subscribe(1)
    project.rapport("run", "--now")
    blog.items.append(Item("Written long ago, published today", day(90)))
    ran = project.json("run", "--now")["digests"][0]
    assert [post["title"] for post in ran["edition"]["posts"]] == ["Written long ago, published today"]


def test_what_does_not_fit_goes_into_the_next_edition(project: Project, blog: Blog) -> None:
    project.configure(blog.url, digest="max_posts = 3")
    blog.items = [Item(f"Post number {n}", day(n / 10)) for n in range(1, 6)]
    project.subscribe(1)
    first = project.json("run", "--now")["digests"][0]["edition"]
    second = project.json("run", "--now")["digests"][0]["edition"]
    assert [post["title"] for post in first["posts"]] == [f"Post number {n}" for n in (1, 2, 3)]
    assert [left["title"] for left in first["left_out"]] == [f"Post number {n}" for n in (4, 5)]
    assert [post["title"] for post in second["posts"]] == [f"Post number {n}" for n in (4, 5)]


def test_too_few_posts_wait_for_the_next_time(project: Project, blog: Blog) -> None:
    project.configure(blog.url, digest="min_posts = 2")
    blog.items = [Item("The first one", day(2))]
    project.subscribe(1)
    assert project.json("run", "--now")["digests"][0]["outcome"] == "skipped"
    blog.items.append(Item("The other one", day(1)))
    ran = project.json("run", "--now")["digests"][0]
    assert [post["title"] for post in ran["edition"]["posts"]] == ["The other one", "The first one"]


def test_who_unsubscribed_gets_no_further_letter(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", day(1))]
    project.subscribe(2)
    project.rapport("subscribers", "unsubscribe", "READER1@example.net")
    project.rapport("run", "--now")
    assert [parsed(letter)["To"] for letter in project.outbox()] == ["reader2@example.net"]


def test_who_leaves_between_snapshot_and_batch_is_withheld(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", day(1))]
    project.subscribe(30)
    project.rapport("pull")
    project.rapport("compose", "weekly")
    project.rapport("editions", "approve", "weekly-1")
    # A folder that cannot be written stops the first batch after the snapshot.
    (project.folder / "outbox").write_text("in the way")
    project.rapport("send", "weekly-1", status=1)
    assert project.json("editions", "show", "weekly-1")["edition"]["status"] in (
        "approved",
        "sending",
        "paused",
    )
    (project.folder / "outbox").unlink()
    project.rapport("subscribers", "unsubscribe", "reader7@example.net")
    edition = project.json("send", "weekly-1")["edition"]
    assert edition["status"] == "sent"
    assert edition["recipients"]["sent"] == 29


def test_what_staff_saw_is_what_goes_out(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", day(1)), Item("Another one", day(2))]
    project.subscribe(1)
    project.rapport("preview", "--out", "seen")
    project.rapport("editions", "approve", "weekly-1")
    blog.items[0].title = "Something else entirely"
    project.rapport("pull")
    project.rapport("compose", "weekly")
    project.rapport("send", "weekly-1")
    seen = (
        (project.folder / "seen" / "edition.html").read_text(),
        (project.folder / "seen" / "edition.txt").read_text(),
    )
    sent = bodies(project.outbox()[0])
    for before, after in zip(seen, sent, strict=True):
        assert _impersonal(after) == _impersonal(before)


def _impersonal(body: str) -> str:
    return re.sub(r"/(unsubscribe|preferences)/[\w-]+", r"/\1/…", body).replace("\r\n", "\n").rstrip("\n")


def test_a_test_copy_is_marked_and_counts_for_nobody(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", day(1))]
    project.subscribe(2)
    project.rapport("compose", "weekly", status=0)
    project.rapport("pull")
    project.rapport("compose", "weekly")
    project.rapport("send", "weekly-1", "--test", "editor@example.org")
    assert [parsed(file)["Subject"] for file in project.outbox()] == ["[Test] A calm morning"]
    assert parsed(project.outbox()[0])["To"] == "editor@example.org"
    assert project.json("editions", "show", "weekly-1")["edition"]["recipients"]["total"] == 0


def test_a_broken_feed_blocks_neither_the_others_nor_the_letter(project: Project, blog: Blog) -> None:
    project.configure(
        blog.url,
        more=f'[[feeds]]\nurl = "{blog.site}/elsewhere:80:bad"\n[[feeds]]\nurl = "http://127.0.0.1:9/feed"',
    )
    blog.items = [Item("A calm morning", day(1))]
    project.subscribe(1)
    outcomes = {feed["url"]: feed["outcome"] for feed in project.json("pull")["feeds"]}
    assert outcomes[blog.url] == "fetched"
    assert outcomes["http://127.0.0.1:9/feed"] == "failed"
    assert project.json("run", "--now")["digests"][0]["outcome"] == "sent"


def test_a_letter_with_an_error_does_not_go_out(project: Project, blog: Blog) -> None:
    config = project.folder / "rapport.toml"
    config.write_text(
        config.read_text().replace('postal_address = "1 Willow Street, Springfield"', 'postal_address = ""')
    )
    blog.items = [Item("A calm morning", day(1))]
    project.subscribe(1)
    checked = project.json("check", status=1)
    assert [finding["rule"] for finding in checked["findings"]] == ["postal-address"]
    ran = project.json("run", "--now", status=1)["digests"][0]
    assert ran["outcome"] == "failed"
    assert "postal" in ran["reason"]
    assert project.outbox() == []


def test_approval_required_waits_for_staff_and_then_goes_at_once(project: Project, blog: Blog) -> None:
    project.configure(blog.url, digest='approval = "required"')
    blog.items = [Item("A calm morning", day(1))]
    project.subscribe(1)
    assert project.json("run", "--now")["digests"][0]["outcome"] == "awaiting_approval"
    assert project.outbox() == []
    project.rapport("editions", "approve", "weekly-1")
    assert project.json("run")["digests"][0]["outcome"] == "sent"


def test_two_digests_each_get_the_post(project: Project, blog: Blog) -> None:
    project.configure(blog.url, more='[[digests]]\nname = "monthly"\nschedule = "0 9 1 * *"')
    blog.items = [Item("A calm morning", day(1))]
    project.subscribe(1)
    ran = project.json("run", "--now")["digests"]
    assert [(one["digest"], one["outcome"]) for one in ran] == [("weekly", "sent"), ("monthly", "sent")]
    assert len(project.outbox()) == 2


def test_two_runs_at_once_make_one_edition(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", day(1))]
    project.subscribe(40)
    processes = [project.start("run", "--now", "--json") for _ in range(4)]
    outcomes = sorted(_outcome(process.communicate(timeout=LONGEST)[0]) for process in processes)
    assert outcomes.count("sent") == 1
    assert set(outcomes) <= {"sent", "busy", "skipped"}
    assert len(project.outbox()) == 40


def _outcome(out: str) -> str:
    import json

    return str(json.loads(out)["digests"][0]["outcome"])


def test_a_killed_run_is_finished_by_the_next(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", day(1))]
    project.subscribe(120)
    project.real = True
    project.environment["RAPPORT_DELIVERY__RATE"] = "15"  # eight seconds for all of them: time to kill it
    process = project.start("run", "--now")
    until(lambda: len(project.outbox()) >= 10)
    process.kill()
    process.communicate()
    del project.environment["RAPPORT_DELIVERY__RATE"]
    assert 10 <= len(project.outbox()) < 120
    ran = project.json("run")["digests"][0]
    assert ran["outcome"] == "sent"
    assert ran["edition"]["recipients"]["sent"] == 120
    assert len({parsed(file)["To"] for file in project.outbox()}) == len(project.outbox()) == 120


def test_before_it_is_due_it_says_when_it_will_be(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", day(1))]
    ran = project.json("run")["digests"][0]
    assert ran["outcome"] == "not_due"
    due = datetime.fromisoformat(ran["next_due"])
    assert (due.weekday(), due.hour) == (3, 9)
    project.json("run")
    assert blog.requests == 1, "the feed is read, due or not, and not at each run"


def test_a_dry_run_says_what_would_happen_and_does_nothing(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", day(1))]
    project.subscribe(1)
    project.rapport("pull")
    due = project.json("run")["digests"][0]["next_due"]
    later = (datetime.fromisoformat(due) + timedelta(minutes=5)).isoformat()
    assert project.json("run", "--dry-run")["digests"][0]["outcome"] == "not_due"
    assert project.json("run", "--dry-run", "--now")["digests"][0]["outcome"] == "sent"
    assert project.json("run", "--dry-run", "--at", later)["digests"][0]["outcome"] == "sent"
    assert project.json("editions")["editions"] == []
    assert project.outbox() == []


def test_a_leftover_of_another_database_is_not_taken_for_this_edition(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", day(1))]
    project.subscribe(1)
    project.rapport("run", "--now")
    for file in project.folder.glob("rapport.db*"):
        file.unlink()
    blog.items = [Item("A new beginning", day(1))]
    project.subscribe(1)
    project.rapport("run", "--now")
    assert sorted(parsed(file)["Subject"] for file in project.outbox()) == [
        "A calm morning",
        "A new beginning",
    ]
