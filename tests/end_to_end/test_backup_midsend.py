"""A backup made while a real process mails, and restored elsewhere: who is mailed, counted at SendGrid."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.doubles.blog import Item
from tests.end_to_end.conftest import Project
from tests.torture.provider import MoodySendGrid
from tests.waiting import LONGEST

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from tests.doubles.blog import Blog

EVERYONE = {f"reader{n}@example.net": 1 for n in range(1, 11)}
IN_FLIGHT = 3
"""The request, of five, that has no answer yet when the backup is made."""


class Practice:
    """What is done with the sender when the backup was made in the middle of its work."""

    def __init__(self, project: Project, blog: Blog) -> None:
        self.project, self.blog = project, blog
        self.sender: subprocess.Popen[str] | None = None
        self.dies = False
        self.sendgrid = MoodySendGrid(random.Random(20261126), meanwhile=self._taken)

    def _taken(self, number: int) -> None:
        if number == IN_FLIGHT:
            # From a thread of SendGrid's: a process of its own, too.
            backup = self.project.start("backup", "kept.tar.gz")
            _, err = backup.communicate(timeout=LONGEST)
            assert backup.returncode == 0, err
            if self.dies and self.sender:
                self.sender.kill()

    def mails(self, *, dies: bool) -> None:
        self.dies = self.project.real = dies
        self.project.subscribe(len(EVERYONE))
        self.sender = self.project.start("run", "--now")
        _, err = self.sender.communicate(timeout=LONGEST)
        assert self.sender.returncode == (-9 if dies else 0), err
        assert self.sendgrid.troubles == []

    def restored(self) -> Project:
        """On a machine where there was nothing, into SQLite."""
        folder = self.project.folder / "clone"
        folder.mkdir()
        clone = Project(folder, installed=False, environment={"SENDGRID_API_KEY": self.sendgrid.key})
        assert clone.json("restore", "--with-templates", "../kept.tar.gz")["editions"] == ["weekly-1"]
        return clone

    def mailed(self, subject: str) -> Counter[str]:
        return Counter(mail.address for mail in self.sendgrid.deliveries if mail.subject == subject)


@pytest.fixture
def practice(project: Project, blog: Blog) -> Iterator[Practice]:
    made = Practice(project, blog)
    more = (
        '[delivery]\nprovider = "sendgrid"\nbatch_size = 2\nconnections = 1\nprobe_public_url = false\n'
        f'[delivery.sendgrid]\napi_url = "{made.sendgrid.url}"\ntimeout = {LONGEST}\n'
        '[staff]\nemails = ["editor@example.org"]\n'
    )
    project.environment["SENDGRID_API_KEY"] = made.sendgrid.key
    project.configure(blog.url, more=more)
    blog.items = [Item("A calm morning", datetime.now(UTC) - timedelta(days=1))]
    with made.sendgrid:
        yield made
    assert made.sendgrid.problems == []


def runs(clone: Project) -> str:
    (ran,) = clone.json("run", "--now")["digests"]
    return str(ran["outcome"])


def test_of_a_machine_that_was_lost_with_it_the_rest_goes_out_once_staff_say_so(practice: Practice) -> None:
    practice.mails(dies=True)
    clone = practice.restored()
    assert runs(clone) == "paused"
    assert practice.mailed("A calm morning").total() == 2 * IN_FLIGHT
    counted = clone.json("editions", "show", "weekly-1")["edition"]["recipients"]
    assert (counted["sent"], counted["uncertain"], counted["waiting"]) == (4, 2, 4)
    (told,) = [mail for mail in practice.sendgrid.deliveries if "Restored from" in mail.subject]
    assert told.address == "editor@example.org"
    said = " ".join(told.text.split())
    assert "They wait for you: weekly-1." in said
    assert "is not known to it: who was mailed, who left, who joined" in said
    # Their provider shows them that nothing was sent after the backup.
    clone.rapport("editions", "resume", "weekly-1")
    assert runs(clone) == "sent"
    assert practice.mailed("A calm morning") == EVERYONE


def test_of_a_letter_that_went_on_nobody_gets_another_copy(
    practice: Practice, new_postgresql_database: Callable[[], str]
) -> None:
    practice.project.environment |= {
        "RAPPORT_DATABASE__URL": new_postgresql_database(),
        "RAPPORT_SECRET": "a secret of this practice",
    }
    practice.mails(dies=False)
    assert practice.mailed("A calm morning") == EVERYONE
    clone = practice.restored()
    assert runs(clone) == "paused"
    # Their provider shows them that it went out.
    clone.rapport("editions", "cancel", "weekly-1")
    practice.blog.items.insert(0, Item("A later post", datetime.now(UTC)))
    (ran,) = clone.json("run", "--now")["digests"]
    assert (ran["outcome"], ran["edition"]["number"] > 1000) == ("held", True)
    assert [post["title"] for post in ran["edition"]["posts"]] == ["A later post"]
    assert practice.mailed("A later post") == {}
    clone.rapport("editions", "approve", ran["edition"]["slug"])
    assert runs(clone) == "sent"
    assert practice.mailed("A later post") == practice.mailed("A calm morning") == EVERYONE
