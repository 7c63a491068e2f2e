"""The guides for a server: every command of them, from an empty one to PostgreSQL and two workers."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from pipeline.core.app import Installation
from subscribers.staff import accounts
from tests import commands
from tests.docs.blocks import blocks
from tests.docs.conftest import (
    HOSTS,
    IMPORTING,
    INSTALL,
    OPERATIONS,
    at_once,
    lead_to_section_4,
    needs_web_servers,
    trusted,
)
from tests.docs.machine import SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.docs.machine import Machine

LISTS = SOURCE / "tests" / "subscribers" / "importing" / "exports"
POSTGRESQL = "postgresql://rapport@/rapport?host=/var/run/postgresql"


@needs_web_servers
@pytest.mark.installed
def test_from_an_empty_server_to_a_letter_each_week(make_machine: Callable[..., Machine]) -> None:
    machine = make_machine()
    for block in blocks(INSTALL):
        machine.do(block)
        if block.text == "rapport init\neditor /var/lib/rapport/rapport.toml\n":
            # What was installed runs. From here on a fork stands for it, as in the tests of the other guides.
            commands.rapport(machine.file("/opt/rapport/bin/rapport"))
    assert "marshal" in machine.file("/opt/rapport/bin/rapport").read_text()
    no_web_server_tells_of_a_token(machine)


def no_web_server_tells_of_a_token(machine: Machine) -> None:
    """Both pass on to Rapport; when it is away, what was asked for is written down nowhere."""
    machine.systemctl("start", "rapport-serve")
    servers = (machine.here("https://letter.example.org"), machine.nginx)
    for server in servers:
        with urllib.request.urlopen(f"{server}/healthz", context=trusted(machine)) as answer:
            assert answer.read() == b"ok\n"
    machine.systemctl("stop", "rapport-serve")
    for server in servers:
        with pytest.raises(urllib.error.HTTPError, match="502"):
            urllib.request.urlopen(f"{server}/unsubscribe/a-readers-token", context=trusted(machine))
    written = [file for file in machine.file("/var/log").rglob("*") if file.is_file()]
    assert {file.name for file in written} >= {"caddy", "nginx", "rapport.log", "rapport-serve"}
    assert not [file for file in written if b"a-readers-token" in file.read_bytes()]


@pytest.mark.installed
def test_looking_after_it(
    make_machine: Callable[..., Machine], new_postgresql_database: Callable[[], str]
) -> None:
    machine = make_machine(**{POSTGRESQL: new_postgresql_database()})
    lead_to_section_4(machine)
    at_once(machine, ("subscribers", "add", "you@example.org", "--consent", "Asked"), ("run", "--now"))
    machine.file("/root/mailchimp").mkdir()
    for kind in ("subscribed", "unsubscribed", "cleaned"):
        name = f"{kind}_members_export_1a2b3c.csv"
        shutil.copy(LISTS / f"mailchimp-{kind}.csv", machine.file("/root/mailchimp") / name)
    for guide in (OPERATIONS, IMPORTING, HOSTS):
        for block in blocks(guide):
            machine.do(block)
            if "staff invite" in block.text:
                accept(machine, "you@example.org")


def accept(machine: Machine, invited: str) -> None:
    """As whoever opens the link in the mail of an invitation."""
    config = machine.file("/var/lib/rapport/rapport.toml")
    with Installation.open(config, {}) as installation, installation.database.write() as connection:
        account = accounts.by_address(connection, invited)
        assert account
        accounts.join(connection, account)


def test_an_upgrade_installs_what_the_installation_did() -> None:
    pip = [
        line
        for guide in (INSTALL, OPERATIONS)
        for block in blocks(guide)
        for line in block.text.splitlines()
        if line.startswith("/opt/rapport/bin/pip")
    ]
    assert len(pip) == 4
    assert pip[:2] == pip[2:]
