"""Backing up, restoring and moving, as an operator types it."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.doubles.blog import Item
from tests.end_to_end.conftest import Project
from tests.waiting import LONGEST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.doubles.blog import Blog


@pytest.mark.installed
def test_after_a_move_the_forgotten_cron_is_refused_and_the_new_database_goes_on(
    project: Project, new_postgresql_database: Callable[[], str]
) -> None:
    project.rapport("subscribers", "add", "a@example.net", "--consent", "Asked")
    url = new_postgresql_database()
    moved = project.rapport("migrate", "--to", url)
    assert "Set database.url" in moved
    refused = project.rapport("run", status=1)
    assert "moved to" in refused
    assert "database.url" in refused
    secret = {"RAPPORT_SECRET": "a secret for the tests alone"}
    project.environment = secret | {"RAPPORT_DATABASE__URL": url}
    assert project.json("subscribers", "show", "a@example.net")["subscriber"]["email"] == "a@example.net"


def test_a_backup_is_made_proven_and_restored_where_there_is_nothing(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", datetime.now(UTC) - timedelta(days=1))]
    project.subscribe(3)
    project.rapport("run", "--now")
    assert "3 subscribers" in project.rapport("backup", "kept.tar.gz")
    assert "is not overwritten" in project.rapport("backup", "kept.tar.gz", status=1)
    assert "kept.tar.gz is whole" in project.rapport("backup", "--check", "kept.tar.gz")
    folder = project.folder / "clone"
    folder.mkdir()
    clone = Project(folder, installed=False)
    done = clone.json("restore", "--with-templates", "../kept.tar.gz")
    assert done["tables"]["subscribers"]["rows"] == 3
    assert done["wrote"] == ["rapport.toml"]
    assert (folder / "rapport.secret").read_text() == (project.folder / "rapport.secret").read_text()
    # It went out before the backup, and does not again.
    clone.rapport("run", "--now")
    assert clone.json("editions")["editions"][-1]["status"] == "sent"
    assert not [mail for mail in clone.outbox() if mail.name.startswith("weekly")]
    assert "not empty" in clone.rapport("restore", "../kept.tar.gz", status=1)
    assert "no backup" in clone.rapport("restore", "rapport.toml", status=1)


def test_a_backup_that_is_told_to_stop_leaves_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.backup.archive.pack", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(SystemExit) as ended:
        project.rapport("backup", "kept.tar.gz")
    assert ended.value.code == 143
    assert [path for path in project.folder.iterdir() if "kept" in path.name] == []
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.installed
def test_stopped_in_the_middle_neither_leaves_its_folder_or_half_a_thing(project: Project) -> None:
    project.subscribe(500)
    stopped = stop_midway(project, signal.SIGTERM, project.folder, ".kept.tar.gz.*", "backup", "kept.tar.gz")
    assert (project.folder / "kept.tar.gz").exists() is not stopped
    if stopped:
        project.rapport("backup", "kept.tar.gz")

    clone, scratch = project.folder / "clone", project.folder / "scratch"
    clone.mkdir()
    scratch.mkdir()
    machine = Project(clone, installed=True, environment={"TMPDIR": str(scratch)})
    command = ("restore", "--with-templates", "../kept.tar.gz")
    stopped = stop_midway(machine, signal.SIGINT, scratch, ".rapport-restore.*", *command)
    assert (list(clone.iterdir()) == []) is stopped
    if stopped:
        machine.rapport(*command)
    assert machine.json("subscribers", "stats")["digests"][0]["active"] == 500


def stop_midway(project: Project, number: int, folder: Path, room: str, *command: str) -> bool:
    """Send the signal, twice, once the command has made its folder; whether it ended by that."""
    process = project.start(*command)
    while not list(folder.glob(room)) and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(number)
    process.send_signal(number)
    _, err = process.communicate(timeout=LONGEST)
    assert "Traceback" not in err
    assert process.returncode in (0, 128 + number), err
    assert list(folder.glob(room)) == []
    return process.returncode != 0
