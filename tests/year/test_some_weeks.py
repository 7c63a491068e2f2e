"""Some weeks of the command in processes of its own, their clock moved, against a strict SendGrid."""

from __future__ import annotations

import signal
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import time_machine

from pipeline.core.database import Database
from tests.doubles.blog import Blog, Item
from tests.doubles.sendgrid import StrictSendGrid
from tests.end_to_end.conftest import Project
from tests.installations import subscribe
from tests.waiting import until
from tests.year.script import local

if TYPE_CHECKING:
    from pathlib import Path

    from tests.torture.launcher import Launcher, Process

pytest_plugins = ["tests.torture.fixture"]

MORE = """
[[digests]]
name = "first"
schedule = "30 1 1 * *"

[delivery]
provider = "sendgrid"
probe_public_url = false

[delivery.sendgrid]
api_url = "{sendgrid}"
"""


class Weeks:
    """A practice whose command is called at moments of our choosing."""

    def __init__(self, project: Project, blog: Blog, sendgrid: StrictSendGrid, launcher: Launcher) -> None:
        self.project, self.blog, self.sendgrid, self.launcher = project, blog, sendgrid, launcher

    def called(self, moment: datetime, times: int = 1, *, served: bool = False) -> list[tuple[str, str, str]]:
        """The command, so many times at once; what went out: digest, subject and reader.

        ``served``: `rapport serve` is started at that moment, too, and ended when something went out.
        """
        known = self.sendgrid.requests
        running = [self._started(moment, "run") for _ in range(times)]
        if served:
            serving = self._started(moment, "serve", "--port", "0")
            running.append(serving)
            # From its first words on it ends as it should.
            until(lambda: (serving.out and self.sendgrid.requests != known) or not serving.running)
            assert serving.running, serving.err
            serving.signal(signal.SIGTERM)
        for process in running:
            assert process.end() == 0, process.out + process.err
            assert "Traceback" not in process.err
        return sorted((m.categories[0], m.subject, m.address) for m in self.sendgrid.deliveries_of(known))

    def _started(self, moment: datetime, *arguments: str) -> Process:
        key = {"SENDGRID_API_KEY": self.sendgrid.key}
        return self.launcher.start(self.project.folder, *arguments, environment=key, clock=moment)


def test_letters_go_once_each_over_a_daylight_saving_sunday_however_many_call_at_once(
    tmp_path: Path, sqlite_url: str, launcher: Launcher
) -> None:
    readers = [f"reader{n}@example.net" for n in (1, 2)]
    with Blog() as blog, StrictSendGrid() as sendgrid:
        project = Project(tmp_path, installed=True)
        project.configure(blog.url, more=MORE.format(sendgrid=sendgrid.url))
        weeks = Weeks(project, blog, sendgrid, launcher)
        monday = local("2026-10-19", "12:00")
        with time_machine.travel(monday):
            database = Database(sqlite_url)
            subscribe(database, len(readers), ("weekly", "first"))
            database.close()
        assert weeks.called(monday) == []

        for number, day in enumerate(("2026-10-22", "2026-10-29", "2026-11-01", "2026-11-05", "2026-11-12")):
            night = day == "2026-11-01"
            due, digest = local(day, "01:30" if night else "09:00"), "first" if night else "weekly"
            if not night:
                blog.items.insert(0, Item(f"Post {number}", due - timedelta(days=1), f"guid of {number}"))
            if day == "2026-11-05":
                assert weeks.called(due - timedelta(hours=1)) == []  # nine by the clock of the week before
            subject = blog.items[0].title
            served = day == "2026-11-12"
            # A process costs as much as a month of runs: two meet in that night, and on the day after it.
            two = day in ("2026-11-01", "2026-11-05")
            went = weeks.called(due, 2 if two else 1, served=served)
            assert went == [(digest, subject, reader) for reader in readers]
            if night:
                assert weeks.called(due + timedelta(hours=1)) == []  # half past one once more
        assert sendgrid.problems == []
