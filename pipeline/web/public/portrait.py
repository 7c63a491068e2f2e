"""The picture of who writes: GET /portrait, where newsletter.portrait names a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from pipeline.letter.images.portrait import portrait_file
from pipeline.web.public.conditional import answer

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from pipeline.web.public.site import Site


def routes(site: Site) -> list[Route]:
    """Raises ConfigError when the file that is named is no picture."""
    found = portrait_file(site.installation.config.newsletter, site.installation.folder)
    if found is None:
        return []
    content, media_type = found

    async def portrait(request: Request) -> Response:
        headers = {"Cache-Control": "public, max-age=3600"}
        return answer(request, content, media_type, modified=None, headers=headers)

    return [Route("/portrait", portrait, methods=["GET"])]
