"""The dashboard put together from its pages, at its two places: on loopback, and in `rapport serve`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from pipeline.core.templates import PACKAGED
from pipeline.web.dashboard import actor, events, note, this_week
from pipeline.web.dashboard.dashboard import Dashboard
from pipeline.web.dashboard.guard import Guard
from pipeline.web.dashboard.letter import files
from pipeline.web.dashboard.routing import get

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

    from pipeline.web.dashboard.letters import Letters

PAGES = (this_week.PAGE,)
"""Every page, in the order of the navigation."""

UNDER = "/staff"
"""Where the dashboard is in `rapport serve`."""


def on_loopback(letters: Letters) -> ASGIApp:
    """The dashboard as `rapport preview` serves it: for whoever is at this machine."""
    dashboard = Dashboard(letters, PAGES, actor.whoever_is_here(), local=True)
    inner = Starlette(routes=_routes(dashboard), exception_handlers={Exception: _failed})
    # Around all of it, so that Starlette's own answers to errors have our headers too.
    return Guard(inner, own=True)


def in_serve(letters: Letters, pages: str, base: str) -> list[BaseRoute]:
    """The dashboard's routes for `rapport serve`. ``pages``: the public address, ``base``: its path. No one
    can sign in yet, so all of it answers 404."""
    dashboard = Dashboard(letters, PAGES, actor.nobody, root=base + UNDER)
    return [
        get(dashboard, UNDER, lambda asked: RedirectResponse(dashboard.link())),
        Mount(UNDER, routes=_routes(dashboard), middleware=[Middleware(Guard, pages=pages)]),
    ]


def _routes(dashboard: Dashboard) -> Sequence[BaseRoute]:
    return [
        *(route for page in dashboard.pages for route in page.routes(dashboard)),
        *note.routes(dashboard),
        *files.routes(dashboard),
        *events.routes(dashboard),
        Mount("/static", StaticFiles(directory=PACKAGED / "dashboard" / "static")),
    ]


async def _failed(_: Request, error: Exception) -> Response:
    return PlainTextResponse(f"The dashboard failed over this: {type(error).__name__}.\n", status_code=500)
