"""Who uses the dashboard, and what each role may do. Who that is, `Dashboard.who` says."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request


class Role(StrEnum):
    """From the least to the most: each may do what those before it may."""

    VIEWER = "viewer"
    """Looks at everything but people."""
    EDITOR = "editor"
    """Changes letters, and decides about them."""
    ADMIN = "admin"
    """Looks after people and staff."""

    def covers(self, needed: Role) -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Actor:
    """One of staff, as the log of staff names them.

    ``csrf`` stands in every form that is shown to them, and must come back with it. ``address`` is where
    their mail goes; empty where that is not known.
    """

    name: str
    role: Role
    csrf: str
    address: str = ""


def whoever_is_here() -> Callable[[Request], Actor | None]:
    """On loopback nobody signs in: whoever is at this machine has the command line as well."""
    actor = Actor("preview", Role.ADMIN, secrets.token_urlsafe(24))
    return lambda request: actor


def nobody(request: Request) -> Actor | None:
    """No one can sign in yet."""
    return None
