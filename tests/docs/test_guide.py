"""docs/guide.md: every command of it in one terminal, from a blog to a letter that cron lets go."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pipeline.cli.sample.blog import SampleBlog
from pipeline.core.cron import check_schedule
from tests import commands
from tests.docs.blocks import Block, blocks, changed, matches
from tests.docs.machine import SOURCE
from tests.doubles.names import NameServer
from tests.doubles.sendgrid import StrictSendGrid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAKETIME = shutil.which("faketime")
GUIDE = SOURCE / "docs" / "guide.md"
DUE = datetime.now(UTC) + timedelta(days=3)
BLOG = "willowstreet.example"
STANDINS = {
    "sudo": 'test "$1 $2 $3" = "apt-get install -y"',
    "nano": 'test -f "$1"',
    "make": 'test "$1" = demo && exec .venv/bin/rapport demo',
}
"""Programs that change the machine, and what is asked of them here."""


class Terminal:
    """One shell, in which each block finds what those before it left."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.environment = environment
        self.process = subprocess.Popen(
            ["bash"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def type(self, text: str) -> tuple[str, int]:
        """What the lines print, and the exit status of the last."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{{ {text}\n}} </dev/null; status=$?; echo; echo ended $status\n")
        self.process.stdin.flush()
        lines: list[str] = []
        while not (ended := re.fullmatch(r"ended (\d+)\n", line := self.process.stdout.readline())):
            assert line, "".join(lines)
            lines.append(line)
        return "".join(lines).removesuffix("\n"), int(ended[1])


@pytest.fixture
def sendgrid() -> Iterator[StrictSendGrid]:
    with StrictSendGrid(scopes=["mail.send", "suppression.read"]) as server:
        yield server


@pytest.fixture
def names() -> Iterator[NameServer]:
    """Which know nothing of the domain yet."""
    with NameServer() as server:
        yield server


@pytest.mark.skipif(FAKETIME is None, reason="no faketime on the path: apt-get install faketime")
@pytest.mark.installed
def test_from_a_blog_to_a_letter_that_went_out_on_its_own(
    tmp_path: Path, sendgrid: StrictSendGrid, names: NameServer
) -> None:
    source, stands = tmp_path / "rapport", tmp_path / "bin"
    programs = source / ".venv" / "bin"
    programs.mkdir(parents=True)
    stands.mkdir()
    commands.rapport(programs / "rapport")
    (programs / "activate").write_text(f'PATH="{programs}:$PATH"\n')
    for name, script in STANDINS.items():
        (stands / name).write_text(f"#!/bin/sh\n{script}\n")
        (stands / name).chmod(0o755)
    with SampleBlog(datetime.now(UTC)) as blog:
        terminal = Terminal(
            source,
            {
                "HOME": str(tmp_path),
                "LANG": os.environ.get("LANG", "C.UTF-8"),
                "PATH": f"{stands}:/usr/bin:/bin",
                "RAPPORT_DELIVERY__SENDGRID__API_URL": sendgrid.url,
                "RAPPORT_DOCTOR__RESOLVER": names.address,
                # Whatever day it is, nothing comes due before cron calls.
                "RAPPORT_DIGESTS__0__SCHEDULE": f"0 9 * * {DUE:%w}",
            },
        )
        hosts = {f"https://{BLOG}": blog.site_url, BLOG: blog.site_url.removeprefix("http://")}
        line = ""
        for block in blocks(GUIDE):
            if block.section == 8:
                call_as_cron_does(line, terminal)
            printed = follow(block, terminal, source / "practice", hosts, sendgrid)
            line = printed if "*/10" in printed else line
        terminal.process.communicate()
    assert [delivery.subject for delivery in sendgrid.deliveries] == [
        "[Test] What happens in a first session",
        "What happens in a first session",
    ]
    assert sendgrid.problems == []


def follow(
    block: Block, terminal: Terminal, folder: Path, hosts: dict[str, str], sendgrid: StrictSendGrid
) -> str:
    """Do what a block says. What it prints."""
    if block.kind == "toml":
        file = folder / "rapport.toml"
        file.write_text(changed(file.read_text(), block.text))
        return ""
    if block.kind == "ini":
        (folder / block.mark).write_text(block.text.replace("SG.your-key", sendgrid.key))
        return ""
    text = block.text
    for theirs, ours in hosts.items():
        text = text.replace(theirs, ours)
    printed, status = terminal.type(text)
    for theirs, ours in hosts.items():
        printed = printed.replace(ours, theirs)
    assert status == (1 if block.mark == "exits 1" else 0), f"{block.where}: {status}\n{printed}"
    if block.prints is not None:
        assert matches(printed, block.prints), f"{block.where} prints\n{printed}and not\n{block.prints}"
    return printed


def library() -> str:
    """What `faketime` has a program load; its place differs from machine to machine."""
    assert FAKETIME
    shown = [FAKETIME, "-m", "2026-01-01 00:00:00", "printenv", "LD_PRELOAD"]
    return subprocess.run(shown, check=True, capture_output=True, text=True).stdout.strip()


def call_as_cron_does(line: str, terminal: Terminal) -> None:
    """The line that the guide has cron call, as its shell does, when the letter is due."""
    *times, command = line.split(None, 5)
    check_schedule(" ".join(times))
    ran = subprocess.run(
        ["/bin/sh", "-c", command],
        env={
            "HOME": terminal.environment["HOME"],
            "PATH": "/usr/bin:/bin",
            "LD_PRELOAD": library(),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "TZ": "UTC",
            "FAKETIME": f"@{DUE:%Y-%m-%d} 15:00:00",
            **{name: value for name, value in terminal.environment.items() if name.startswith("RAPPORT_")},
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
