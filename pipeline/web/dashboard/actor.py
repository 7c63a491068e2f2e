"""Who uses the dashboard. `Dashboard.who` says who that is, subscribers/staff/roles.py what each may do."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from subscribers.staff.roles import Role, may

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from subscribers.staff.roles import Right


@dataclass(frozen=True, slots=True)
class Actor:
    """One of staff, as the log of staff names them.

    ``csrf`` stands in every form that is shown to them, and must come back with it. ``address`` is where
    their mail goes; empty where that is not known. ``recent``: whether they have signed in lately, as some
    things ask for (roles.ASKED_ANEW).
    """

    name: str
    role: Role
    csrf: str
    address: str = ""
    recent: bool = True

    def may(self, right: Right) -> bool:
        return may(self.role, right)


def whoever_is_here() -> Callable[[Request], Actor | None]:
    """On loopback nobody signs in: whoever is at this machine has the command line as well."""
    actor = Actor("preview", Role.ADMIN, secrets.token_urlsafe(24))
    return lambda request: actor
