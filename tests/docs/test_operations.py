"""docs/operations.md: every command of it, from an empty server to PostgreSQL and two workers."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from ssl import create_default_context
from typing import TYPE_CHECKING

import pytest

from tests.docs.blocks import blocks
from tests.docs.conftest import OPERATIONS, at_once, lead_to_section_4
from tests.docs.machine import SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.docs.machine import Machine

LISTS = SOURCE / "tests" / "subscribers" / "exports"
FIRST = 5
"""The last section of the first test."""


@pytest.mark.installed
def test_from_an_empty_server_to_a_letter_each_week(make_machine: Callable[..., Machine]) -> None:
    machine = make_machine()
    for block in blocks(OPERATIONS):
        if block.section <= FIRST:
            machine.do(block)


@pytest.mark.installed
def test_looking_after_it(
    make_machine: Callable[..., Machine], new_postgresql_database: Callable[[], str]
) -> None:
    machine = make_machine(**{"postgresql://rapport@/rapport": new_postgresql_database()})
    lead_to_section_4(machine)
    at_once(machine, ("subscribers", "add", "you@example.org", "--consent", "Asked"), ("run", "--now"))
    machine.file("/root/mailchimp").mkdir()
    for kind in ("subscribed", "unsubscribed", "cleaned"):
        name = f"{kind}_members_export_1a2b3c.csv"
        shutil.copy(LISTS / f"mailchimp-{kind}.csv", machine.file("/root/mailchimp") / name)
    for block in blocks(OPERATIONS):
        if block.section > FIRST:
            machine.do(block)


def test_an_upgrade_installs_what_the_installation_did() -> None:
    pip = [
        line
        for block in blocks(OPERATIONS)
        for line in block.text.splitlines()
        if line.startswith("/opt/rapport/bin/pip")
    ]
    assert len(pip) == 2
    assert len(set(pip)) == 1
