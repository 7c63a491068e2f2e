"""The picture of who writes: GET /portrait, where newsletter.portrait names a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from pipeline.core.errors import ConfigError
from pipeline.web.public.conditional import answer

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from pipeline.core.app import Installation
    from pipeline.web.public.site import Site

LARGEST = 1_000_000
"""Bytes: it is shown 64 pixels wide."""

_KINDS = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))
"""How a file begins, by what it is: its name may say anything."""


def routes(site: Site) -> list[Route]:
    """Raises ConfigError when the file that is named is no picture."""
    found = _file(site.installation)
    if found is None:
        return []
    content, media_type = found

    async def portrait(request: Request) -> Response:
        headers = {"Cache-Control": "public, max-age=3600"}
        return answer(request, content, media_type, modified=None, headers=headers)

    return [Route("/portrait", portrait, methods=["GET"])]


def _file(installation: Installation) -> tuple[bytes, str] | None:
    named = installation.config.newsletter.portrait
    if not named or named.startswith(("http://", "https://")):
        return None
    try:
        with (installation.folder / named).open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError:
        raise ConfigError(
            f"newsletter.portrait: {installation.folder / named} cannot be read.",
            "Put a picture there, or take the key out of the file.",
        ) from None
    media_type = next((kind for start, kind in _KINDS if content.startswith(start)), "")
    if not media_type or len(content) > LARGEST:
        raise ConfigError(
            f"newsletter.portrait: {named} is no JPEG or PNG below {LARGEST // 1_000_000} MB.",
            "Save the picture as one, 128 pixels wide or more.",
        )
    return content, media_type
