"""On loopback the dashboard answers only to the user who started it."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from pipeline.web.dashboard import neighbours
from tests.web.dashboard.office import Browser

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.dashboard.office import Office


@pytest.mark.skipif(not neighbours.TABLES[0].exists(), reason="this system keeps no table of connections")
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_connection_is_known_by_its_owner(family: socket.AddressFamily) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(family) as client:
        to = server.getsockname()[1]
        # Also of a program that has one socket for both families.
        client.connect(("::ffff:127.0.0.1" if family == socket.AF_INET6 else "127.0.0.1", to))
        assert neighbours.owner(client.getsockname()[1], to) == os.geteuid()
        assert neighbours.owner(client.getsockname()[1], to + 1 if to < 65535 else 1) is None


TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1
   1: 0100007F:C350 0100007F:1F41 01 00000000:00000000 00:00000000 00000000  {user}        0 2 1
"""


@pytest.mark.parametrize(("user", "status"), [("own", 200), ("0", 200), ("4242", 403)])
def test_who_else_is_on_the_machine_is_refused(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: str, status: int
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    table = tmp_path / "tcp"
    table.write_text(TABLE.format(user="1234" if user == "own" else user))
    monkeypatch.setattr(neighbours, "TABLES", (tmp_path / "gone", table))
    browser = Browser(office.browser.app, ("127.0.0.1", 50000))
    answer = browser.get("/")  # from port 50000 (C350) to 8001 (1F41)
    browser.close()
    assert answer.status_code == status
    if status == 403:
        assert "Weekly" not in answer.text
        assert "rapport preview" in answer.text
