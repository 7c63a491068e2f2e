"""The front page: GET /."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from pipeline.web.public.about import about
from pipeline.web.public.subscribe import empty_form

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from pipeline.web.public.site import Site


def routes(site: Site) -> list[Route]:
    async def front(request: Request) -> Response:
        told = await about(site)
        return site.pages.page(
            "front",
            private=False,
            about=told,
            portrait=site.pages.portrait,
            head=site.pages.head("", site.installation.config.newsletter.name, told.said),
            **empty_form(site),
        )

    # Where public_url has a path, that path itself leads here, too.
    paths = ["/", site.pages.base] if site.pages.base else ["/"]
    return [Route(path, front, methods=["GET"]) for path in paths]
