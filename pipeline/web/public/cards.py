"""The cards that other sites show beside a link: GET /card.png for the front page, and how all are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from pipeline.core.theme import look
from pipeline.letter import card
from pipeline.web.public.about import how_often
from pipeline.web.public.conditional import NO_MORE, answer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from pipeline.web.public.site import Site

FOR_A_DAY = "public, max-age=86400"


def routes(site: Site) -> list[Route]:
    newsletter = site.installation.config.newsletter
    above = newsletter.sender if newsletter.sender != newsletter.name else ""
    words = card.Words(above, newsletter.name, how_often(site))

    async def front(request: Request) -> Response:
        return await drawn(site, request, words, None, {"Cache-Control": FOR_A_DAY})

    return [Route("/card.png", front, methods=["GET"])]


async def drawn(
    site: Site,
    request: Request,
    words: card.Words,
    modified: datetime | None,
    headers: Mapping[str, str] = NO_MORE,
) -> Response:
    """The card with these words, in the practice's colours."""
    picture = await run_in_threadpool(card.drawn, words, look(site.installation.config.theme).light)
    return answer(request, picture, "image/png", modified=modified, headers=headers)
