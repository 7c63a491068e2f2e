"""A digest that gets another name: readers, proof, editions and posts go along, and old links still work."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from pipeline.core.app import Installation
from pipeline.web.app import make_app
from tests.doubles.blog import Item

if TYPE_CHECKING:
    from pathlib import Path

    from tests.doubles.blog import Blog
    from tests.end_to_end.conftest import Project

OTHER = '[[digests]]\nname = "monthly"\nschedule = "0 9 1 * *"\n'
NOBODY = "nobody is subscribed yet"


@pytest.fixture
def sent(project: Project, blog: Blog) -> Project:
    """Two readers got weekly-1."""
    blog.items.append(Item("The first post", datetime.now(UTC)))
    project.configure(blog.url, more=OTHER)
    project.subscribe(2)
    (ran, _) = project.json("run", "--now")["digests"]
    assert (ran["outcome"], ran["edition"]["slug"]) == ("sent", "weekly-1")
    return project


def call(project: Project, name: str, *, before: str = "weekly") -> None:
    """Write the other name in rapport.toml, as an operator does."""
    file = project.folder / "rapport.toml"
    file.write_text(file.read_text().replace(f'name = "{before}"', f'name = "{name}"'))


def link(project: Project, slug: str, to: str, page: str = "unsubscribe") -> str:
    """The path of a link in the letter that somebody got."""
    digest, _, number = slug.rpartition("-")
    mails = [file.read_text() for file in (project.folder / "outbox").glob(f"{digest}-{int(number):06d}-*")]
    (mail,) = [mail for mail in mails if f"To: {to}" in mail]
    found = re.search(rf"/{page}/([A-Za-z0-9_-]{{44}})", mail.replace("=\n", ""))
    assert found
    return f"/{page}/{found[1]}"


def post(project: Project, path: str, **fields: Any) -> str:
    with Installation.open(project.folder / "rapport.toml", {}) as installation:
        client = TestClient(make_app(installation), base_url="https://letter.example.org")
        answer = client.post(path, data=fields)
    assert answer.status_code == 200, answer.text
    return answer.text


def statuses(project: Project, address: str) -> dict[str, str]:
    document = project.json("subscribers", "show", address)["subscriber"]
    return {one["digest"]: one["status"] for one in document["subscriptions"]}


def test_it_is_renamed_with_all_that_is_its_own_and_an_old_link_ends_it(sent: Project, blog: Blog) -> None:
    proof = sent.json("subscribers", "show", "reader1@example.net")["subscriber"]["consent"]
    call(sent, "letter")

    told = sent.json("digests", "rename", "weekly", "letter")
    assert told["renamed"] == {"old": "weekly", "new": "letter"}
    assert (
        told["digest"] | {"digest": "letter", "active": 2, "editions": 1, "former": ["weekly"]}
        == told["digest"]
    )
    assert [one["digest"] for one in sent.json("digests")["digests"]] == ["letter", "monthly"]

    after = sent.json("subscribers", "show", "reader1@example.net")["subscriber"]["consent"]
    assert after[: len(proof)] == proof
    assert [(one["action"], one["digest"]) for one in after[len(proof) :]] == [("digest_renamed", "letter")]

    shown = sent.json("editions", "show", "weekly-1")["edition"]
    assert (shown["digest"], shown["status"], shown["recipients"]["sent"]) == ("letter", "sent", 2)
    (ran, _) = sent.json("run", "--now")["digests"]
    assert (ran["outcome"], ran["edition"]) == ("skipped", None)  # the post was mailed under the old name

    assert "unsubscribed" in post(sent, link(sent, "weekly-1", "reader1@example.net"), do="leave").lower()
    assert statuses(sent, "reader1@example.net") == {"letter": "unsubscribed", "monthly": "active"}

    blog.items.append(Item("The second post", datetime.now(UTC)))
    (ran, _) = sent.json("run", "--now")["digests"]
    assert (ran["outcome"], ran["edition"]["slug"]) == ("sent", "letter-2")
    assert ran["edition"]["recipients"]["total"] == 1
    assert [one["title"] for one in ran["edition"]["posts"]] == ["The second post"]


def test_after_several_renames_the_oldest_link_and_the_oldest_form_mean_the_last_name(sent: Project) -> None:
    leave = link(sent, "weekly-1", "reader1@example.net")
    own = link(sent, "weekly-1", "reader2@example.net", "preferences")
    for before, name in (("weekly", "letter"), ("letter", "news")):
        sent.rapport("digests", "rename", before, name)
        call(sent, name, before=before)
    post(sent, leave, **{"List-Unsubscribe": "One-Click"})
    assert statuses(sent, "reader1@example.net") == {"news": "unsubscribed", "monthly": "active"}
    # The page stood open since the first name: what is ticked there stays.
    post(sent, own, do="save", digest=["weekly", "monthly"])
    assert statuses(sent, "reader2@example.net") == {"news": "active", "monthly": "active"}
    post(sent, own, do="save", digest=["monthly"])
    assert statuses(sent, "reader2@example.net") == {"news": "unsubscribed", "monthly": "active"}
    # And so does a form that was copied to another site.
    post(sent, "/subscribe", email="new@example.net", digest="weekly")
    assert statuses(sent, "new@example.net") == {"news": "pending"}


def test_renamed_in_the_configuration_alone_run_and_doctor_say_so(sent: Project, blog: Blog) -> None:
    call(sent, "letter")
    blog.items.append(Item("The second post", datetime.now(UTC)))
    for arguments in (("run", "--now", "--dry-run"), ("run", "--now")):
        (ran, _) = sent.json(*arguments, status=int("--dry-run" not in arguments))["digests"]
        assert (ran["outcome"], ran["edition"]) == ("failed", None)
        assert NOBODY not in ran["reason"]
        assert "rapport digests rename weekly letter" in ran["reason"]
    checks = sent.json("doctor")["checks"]
    (found,) = [one for one in checks if one["name"] == "digests.known"]
    assert found["level"] == "warning"
    assert "weekly" in found["message"]
    assert "rapport digests rename weekly letter" in found["remedy"]
    # An old link still tells the truth: nobody knows by which name its reader gets the letter now.
    post(sent, link(sent, "weekly-1", "reader1@example.net"), do="leave")
    assert set(statuses(sent, "reader1@example.net").values()) == {"unsubscribed"}

    sent.rapport("digests", "rename", "weekly", "letter")
    (ran, _) = sent.json("run", "--now")["digests"]
    assert (ran["outcome"], ran["edition"]["recipients"]["total"]) == ("sent", 1)


def test_renamed_in_the_database_alone_nothing_is_mailed_until_the_configuration_says_so(
    sent: Project, blog: Blog
) -> None:
    assert 'name = "letter"' in sent.rapport("digests", "rename", "weekly", "letter")
    blog.items.append(Item("The second post", datetime.now(UTC)))
    ran, other = sent.json("run", "--now", status=1)["digests"]
    assert (ran["outcome"], other["outcome"]) == ("failed", "sent")
    assert 'name = "letter"' in ran["reason"]
    assert {file.name.split("-0")[0] for file in sent.outbox()} == {"weekly", "monthly"}
    assert "letter" in sent.rapport("compose", "weekly", status=2)
    # What is done meanwhile under the old name is done to the digest that had it.
    sent.rapport("subscribers", "add", "new@example.net", "--consent", "On paper")
    assert statuses(sent, "new@example.net") == {"letter": "active", "monthly": "active"}


def test_a_name_that_is_free_again_may_be_given_to_a_new_digest(sent: Project, blog: Blog) -> None:
    old = link(sent, "weekly-1", "reader1@example.net")
    sent.rapport("digests", "rename", "weekly", "letter")
    call(sent, "letter")
    file = sent.folder / "rapport.toml"
    file.write_text(file.read_text() + '\n[[digests]]\nname = "weekly"\n')
    sent.json("pull")
    sent.rapport("subscribers", "add", "reader1@example.net", "--consent", "On paper", "--digest", "weekly")
    blog.items.append(Item("The second post", datetime.now(UTC)))
    ran = sent.json("run", "weekly", "--now")["digests"][0]
    assert ran["edition"]["slug"] == "weekly-2"  # weekly-1 is in mail that is out
    post(sent, old, do="leave")
    assert statuses(sent, "reader1@example.net") == {
        "letter": "unsubscribed",
        "monthly": "active",
        "weekly": "active",
    }


def test_the_list_id_outlives_a_change_of_name_and_address_and_doctor_names_the_old_address(
    sent: Project, blog: Blog
) -> None:
    sent.rapport("digests", "rename", "weekly", "letter")
    call(sent, "letter")
    file = sent.folder / "rapport.toml"
    file.write_text(file.read_text().replace("https://letter.example.org", "https://news.example.net"))
    blog.items.append(Item("The second post", datetime.now(UTC)))
    sent.rapport("run", "letter", "--now")
    mails = [one.read_text() for one in (sent.folder / "outbox").glob("letter-000002-*")]
    assert len(mails) == 2
    assert all("List-Id: The Weekly Letter <weekly.letter.example.org>" in mail for mail in mails)
    assert all("https://news.example.net/unsubscribe/" in mail.replace("=\n", "") for mail in mails)
    (found,) = [one for one in sent.json("doctor")["checks"] if one["name"] == "pages.former"]
    assert found["level"] == "warning"
    assert "https://letter.example.org" in found["message"]
    assert "/unsubscribe/" in found["remedy"]


@pytest.mark.parametrize(
    ("old", "new", "status", "code", "remedy"),
    [
        ("weekly", "monthly", 1, "taken", "Choose another name"),
        ("nothing", "letter", 1, "unknown_digest", "rapport digests"),
        ("weekly", "weekly", 2, "usage", "new one"),
        ("weekly", "Weekly Letter", 2, "usage", "Small letters"),
        ("weekly", "letter-7", 2, "usage", "no number"),
    ],
)
def test_what_cannot_be_renamed_is_refused_with_the_remedy(
    sent: Project, old: str, new: str, status: int, code: str, remedy: str
) -> None:
    before = sent.json("digests")
    told = sent.json("digests", "rename", old, new, status=status)["error"]
    assert told["code"] == code
    assert remedy in told["remedy"]
    assert sent.json("digests") == before


def test_one_that_is_being_sent_waits_and_a_draft_of_the_new_name_goes_first(
    sent: Project, blog: Blog
) -> None:
    blog.items.append(Item("The second post", datetime.now(UTC)))
    sent.rapport("pull")
    sent.rapport("compose", "weekly")
    _set_status(sent.folder, "weekly-2", "sending")
    told = sent.json("digests", "rename", "weekly", "letter", status=1)["error"]
    assert (told["code"], "rapport editions pause weekly-2" in told["remedy"]) == ("sending", True)
    _set_status(sent.folder, "weekly-2", "draft")

    call(sent, "letter")
    assert sent.json("compose", "letter")["edition"]["slug"] == "letter-1"
    told = sent.json("digests", "rename", "weekly", "letter", status=1)["error"]
    assert (told["code"], "rapport editions skip letter-1" in told["remedy"]) == ("taken", True)
    sent.rapport("editions", "skip", "letter-1")
    sent.rapport("digests", "rename", "weekly", "letter")
    # The draft of the old name is the digest's draft still.
    assert sent.json("compose", "letter")["edition"]["slug"] == "weekly-2"


def _set_status(folder: Path, slug: str, status: str) -> None:
    from sqlalchemy import update

    from pipeline.core.tables.editions import editions

    with Installation.open(folder / "rapport.toml", {}) as opened, opened.database.write() as connection:
        connection.execute(update(editions).where(editions.c.slug == slug).values(status=status))
