"""The pages for readers and strangers, a file for each family of routes. No script, no cookie, and no
redirect but the offer's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from pipeline.web.public import (
    approve,
    archive,
    assets,
    cards,
    confirm,
    front,
    go,
    portrait,
    preferences,
    subscribe,
    unsubscribe,
)

if TYPE_CHECKING:
    from pipeline.web.public.site import Site
    from pipeline.web.signing_in.door import Door


def routes(site: Site, door: Door) -> list[Route]:
    families = (front, subscribe, confirm, unsubscribe, preferences, archive, go, portrait, cards, assets)
    found = [route for family in families for route in family.routes(site)] + approve.routes(site, door)
    # Who types an address, or a program that passes it on, may put a slash behind it. No redirect: RFC 8058
    # allows none. They stand first, for a route is counted by the last path that it has.
    return [*map(_with_slash, filter(_is_page, found)), *found]


def _is_page(route: Route) -> bool:
    return not route.path.endswith("/") and "." not in route.path.rpartition("/")[2]


def _with_slash(route: Route) -> Route:
    return Route(f"{route.path}/", route.endpoint, methods=list(route.methods or ()))
