"""The pages for readers and strangers, a file for each family of routes. No script, no cookie, no
redirect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.web.public import (
    approve,
    archive,
    assets,
    confirm,
    front,
    portrait,
    preferences,
    subscribe,
    unsubscribe,
)

if TYPE_CHECKING:
    from starlette.routing import Route

    from pipeline.web.public.site import Site
    from pipeline.web.signing_in.door import Door


def routes(site: Site, door: Door) -> list[Route]:
    families = (front, subscribe, confirm, unsubscribe, preferences, archive, portrait, assets)
    return [*(route for family in families for route in family.routes(site)), *approve.routes(site, door)]
