"""The installed `rapport serve` and nothing else: it sends what came due while nothing ran, once."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import time_machine

from tests.doubles.blog import Item
from tests.waiting import LONGEST, until

if TYPE_CHECKING:
    from tests.doubles.blog import Blog
    from tests.end_to_end.conftest import Project

HOUR = timedelta(hours=1)


def test_a_practice_that_only_serves_mails_its_letter_once(project: Project, blog: Blog) -> None:
    now = datetime.now(UTC)
    due = (now - HOUR).astimezone(ZoneInfo("America/New_York"))
    project.configure(blog.url, digest=f'schedule = "{due.minute} {due.hour} * * *"')
    blog.items = [Item("A calm morning", now - 24 * HOUR)]
    with time_machine.travel(now - 3 * HOUR):
        project.subscribe(2)
        assert "not due" in project.rapport("run")
    for _ in range(2):
        served = project.start("serve", "--port", "0")
        assert served.stdout is not None
        assert served.stdout.readline().startswith("Serving http://127.0.0.1:")
        until(lambda: len(project.outbox()) == 2)
        served.send_signal(signal.SIGTERM)
        _, errors = served.communicate(timeout=LONGEST)
        assert (served.returncode, errors) == (0, "")
    assert len(project.outbox()) == 2
    (edition,) = project.json("editions")["editions"]
    assert edition["status"] == "sent"
    assert edition["due"].startswith(f"{due:%Y-%m-%dT%H:%M}")
