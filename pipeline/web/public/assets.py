"""Beside the pages: their style sheet, their icon, and robots.txt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from pipeline.web.public.site import Site

_SHUT = ("confirm", "go", "preferences", "staff", "unsubscribe")


def routes(site: Site) -> list[Route]:
    async def look(request: Request) -> Response:
        return site.pages.stylesheet()

    async def icon(request: Request) -> Response:
        return site.pages.icon()

    async def robots(request: Request) -> Response:
        shut = "".join(f"Disallow: {site.pages.link(name)}/\n" for name in _SHUT)
        return PlainTextResponse(f"User-agent: *\n{shut}", headers={"Cache-Control": "public, max-age=86400"})

    found = {"/pages.css": look, "/icon.svg": icon, "/robots.txt": robots}
    return [Route(path, endpoint, methods=["GET"]) for path, endpoint in found.items()]
