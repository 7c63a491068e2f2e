"""Whose process asks, where client and server are on one machine.

Everybody who may run a program on a machine can reach what listens on its loopback. But the database of
readers is its owner's alone, and so is what shows it without asking who one is.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import Scope

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""Linux's connections. The kernel's Documentation/networking/proc_net_tcp.rst explains the columns."""

_LOCAL, _REMOTE, _USER = 1, 2, 7
_ROOT = 0


def is_anothers(scope: Scope) -> bool:
    """Whether a process of another user sent a request. Root's is taken for ours: it can read the database.
    False where the system does not say whose it is."""
    ends = scope.get("client"), scope.get("server")
    if not (ends[0] and ends[1] and ends[1][1]):
        return False
    user = owner(ends[0][1], ends[1][1])
    return user is not None and user not in (_ROOT, os.geteuid())


def owner(port: int, to: int) -> int | None:
    """The user who has the connection from one port of this machine to another of it; None if that is not
    known."""
    local, remote = b":%04X" % port, b":%04X" % to
    for table in TABLES:
        try:
            lines = table.read_bytes().splitlines()
        except OSError:
            continue
        for line in lines:
            if local in line:
                fields = line.split()
                if fields[_LOCAL].endswith(local) and fields[_REMOTE].endswith(remote):
                    return int(fields[_USER])
    return None
