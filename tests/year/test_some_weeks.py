"""Some weeks of the installed command, its clock moved by libfaketime, against a strict SendGrid."""

from __future__ import annotations

import shutil
import subprocess
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from pipeline.core.database import Database
from tests.doubles.blog import Blog, Item
from tests.doubles.sendgrid import StrictSendGrid
from tests.end_to_end.conftest import Project
from tests.installations import subscribe
from tests.waiting import LONGEST
from tests.year.script import local

if TYPE_CHECKING:
    from pathlib import Path

FAKETIME = shutil.which("faketime")

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

pytestmark = [
    pytest.mark.installed,
    pytest.mark.skipif(FAKETIME is None, reason="no faketime on the path: apt-get install faketime"),
]


def library() -> str:
    """What `faketime` has a program load; its place differs from machine to machine."""
    assert FAKETIME
    shown = [FAKETIME, "-m", "2026-01-01 00:00:00", "printenv", "LD_PRELOAD"]
    return subprocess.run(shown, check=True, capture_output=True, text=True).stdout.strip()


class Weeks:
    """A practice whose command is called at moments of our choosing."""

    def __init__(self, project: Project, blog: Blog, sendgrid: StrictSendGrid) -> None:
        self.project, self.blog, self.sendgrid = project, blog, sendgrid
        # Time-outs go by the monotonic clock, which is left alone.
        project.environment |= {"LD_PRELOAD": library(), "FAKETIME_DONT_FAKE_MONOTONIC": "1", "TZ": "UTC"}
        project.environment |= {"SENDGRID_API_KEY": sendgrid.key}

    def called(self, moment: datetime, times: int = 1, *, served: bool = False) -> list[tuple[str, str, str]]:
        """The command, so many times at once; what went out: digest, subject and reader.

        ``served``: `rapport serve` is started at that moment, too, and ended when something went out.
        """
        known = self.sendgrid.requests
        self.project.environment["FAKETIME"] = f"@{moment:%Y-%m-%d %H:%M:%S}"
        running = [self.project.start("run") for _ in range(times)]
        if served:
            serving = self.project.start("serve", "--port", "0")
            running.append(serving)
            assert serving.stdout
            serving.stdout.readline()  # from now on it ends as it should
            end = time.monotonic() + 60
            while self.sendgrid.requests == known and time.monotonic() < end:
                time.sleep(0.05)
            running[-1].terminate()
        for process in running:
            out, err = process.communicate(timeout=LONGEST)
            assert process.returncode == 0, out + err
            assert "Traceback" not in err
        return sorted((m.categories[0], m.subject, m.address) for m in self.sendgrid.deliveries_of(known))


def test_letters_go_once_each_over_a_daylight_saving_sunday_however_many_call_at_once(
    tmp_path: Path, sqlite_url: str
) -> None:
    readers = [f"reader{n}@example.net" for n in (1, 2)]
    with Blog() as blog, StrictSendGrid() as sendgrid:
        project = Project(tmp_path, installed=True)
        project.configure(blog.url, more=MORE.format(sendgrid=sendgrid.url))
        weeks = Weeks(project, blog, sendgrid)
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
            went = weeks.called(due, 1 if served else 2, served=served)
            assert went == [(digest, subject, reader) for reader in readers]
            if night:
                assert weeks.called(due + timedelta(hours=1)) == []  # half past one once more
        assert sendgrid.problems == []
