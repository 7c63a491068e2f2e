"""Where staff sign in, at /staff of `rapport serve`: by a link that is mailed, a passkey or a password;
and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.web.signing_in import account, entry, mailed, passkey

if TYPE_CHECKING:
    from starlette.routing import Route

    from pipeline.web.signing_in.door import Door


def routes(door: Door) -> list[Route]:
    """The pages that nobody need be signed in for. They stand below /staff, behind its guard."""
    return [route for family in (entry, mailed, passkey, account) for route in family.routes(door)]
