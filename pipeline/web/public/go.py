"""The offer's links: GET /go/EDITION/LINK counts a click, of nobody, and leads on.

Where it leads is known from the edition alone, never from the request. Letters that are out lead on for as
long as this is served, also when clicks are counted no more. Nobody is turned away because many come from
their network: beyond the limit what is known already leads on uncounted, and the database is not asked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from limits import RateLimitItemPerMinute
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.routing import Route

from pipeline.core.fields import address_in_ascii
from pipeline.editions.clicks import Click, redirects
from pipeline.web.public.network import REQUESTS
from pipeline.web.public.scanners import is_scanner
from subscribers import clock

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from pipeline.editions.clicks import Redirects
    from pipeline.web.public.site import Site

CLICKS = RateLimitItemPerMinute(60, namespace="clicks")
"""Counted of one network: more than people behind one address click, and too few to make a figure of."""

FRESH = timedelta(seconds=5)
"""How long it is not asked again when an edition was last handed over. Scanners come within seconds of a part
that follows a pause, and until it is asked they would be taken for people."""

_MOST_KEPT = 256


def routes(site: Site) -> list[Route]:
    known = _Known(site)

    async def go(request: Request) -> Response:
        slug, name = request.path_params["edition"], request.path_params["link"]
        within = site.limits.admits(REQUESTS, request.scope)
        edition = await known.edition(slug, may_ask=within)
        if edition is None or name not in edition.targets:
            site.limits.look(REQUESTS, request.scope)
            raise HTTPException(404)
        if (
            request.method == "GET"
            and site.installation.config.match.count_clicks
            and within
            and site.limits.admits(CLICKS, request.scope)
        ):
            scanner = edition.is_scanned(clock.now()) or is_scanner(request.headers)
            site.clicks.count(Click(edition.edition, name, site.today), scanner=scanner)
        return RedirectResponse(address_in_ascii(edition.targets[name]), 302)

    return [Route("/go/{edition}/{link}", go, methods=["GET"])]


class _Known:
    """The editions that were asked for lately. Only those that exist are kept."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._kept: dict[str, tuple[datetime, Redirects]] = {}

    async def edition(self, slug: str, *, may_ask: bool) -> Redirects | None:
        """The edition's links; what is known already where the database may not be asked, or is gone."""
        read, kept = self._kept.get(slug, (None, None))
        if not may_ask or (read is not None and abs(clock.now() - read) < FRESH):
            return kept
        try:
            found = await self._site.read(lambda connection: redirects(connection, slug))
        except SQLAlchemyError:
            if kept is None:
                raise
            return kept
        if found is None:
            self._kept.pop(slug, None)
        else:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[slug] = clock.now(), found
        return found
