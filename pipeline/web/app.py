"""What `rapport serve` serves, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pipeline.web import images, inbound

if TYPE_CHECKING:
    from starlette.requests import Request

    from pipeline.installation import Installation


def make_app(installation: Installation) -> Starlette:
    """The application over one opened installation, which the caller closes."""
    return Starlette(
        routes=[
            *images.routes(installation.database),
            *inbound.routes(installation),
            Route("/healthz", _alive, methods=["GET"]),
        ],
        exception_handlers={404: _nowhere},
    )


async def _alive(request: Request) -> Response:
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})


async def _nowhere(request: Request, error: Exception) -> Response:
    return images.not_found()
