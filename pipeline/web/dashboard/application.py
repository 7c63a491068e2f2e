"""The dashboard put together from its pages, at its two places: on loopback, and in `rapport serve`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pipeline.core.templates import PACKAGED
from pipeline.web.dashboard import actor, events, how, note, results, this_week
from pipeline.web.dashboard.accounts import page as accounts
from pipeline.web.dashboard.dashboard import Dashboard
from pipeline.web.dashboard.guard import Guard
from pipeline.web.dashboard.letter import files
from pipeline.web.dashboard.people import page as people

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp

    from pipeline.web.dashboard.actor import Actor
    from pipeline.web.dashboard.letters import Letters

PAGES = (this_week.PAGE, results.PAGE, people.PAGE, accounts.PAGE, how.PAGE)
"""Every page, in the order of the navigation."""

UNDER = "/staff"
"""Where the dashboard is in `rapport serve`."""


def on_loopback(letters: Letters) -> ASGIApp:
    """The dashboard as `rapport preview` serves it: for whoever is at this machine."""
    dashboard = Dashboard(letters, PAGES, actor.whoever_is_here(), _nowhere, local=True)
    inner = Starlette(routes=_routes(dashboard), exception_handlers={Exception: _failed})
    # Around all of it, so that Starlette's own answers to errors have our headers too.
    return Guard(inner, own=True)


def in_serve(
    letters: Letters,
    pages: str,
    base: str,
    who: Callable[[Request], Actor | None],
    sign_in: Callable[[Request], Response],
    open_to_all: Sequence[BaseRoute],
) -> list[BaseRoute]:
    """The dashboard's routes for `rapport serve`. ``pages``: the public address, ``base``: its path; ``who``
    and ``sign_in``: as in Dashboard; ``open_to_all``: the pages where one signs in."""
    dashboard = Dashboard(letters, PAGES, who, sign_in, root=base + UNDER)
    return [
        Route(UNDER, lambda request: RedirectResponse(dashboard.link()), methods=["GET"]),
        Mount(UNDER, routes=[*open_to_all, *_routes(dashboard)], middleware=[Middleware(Guard, pages=pages)]),
    ]


def _routes(dashboard: Dashboard) -> Sequence[BaseRoute]:
    return [
        *(route for page in dashboard.pages for route in page.routes(dashboard)),
        *note.routes(dashboard),
        *files.routes(dashboard),
        *events.routes(dashboard),
        Mount("/static", StaticFiles(directory=PACKAGED / "dashboard" / "static")),
    ]


def _nowhere(request: Request) -> Response:
    raise HTTPException(404)


async def _failed(_: Request, error: Exception) -> Response:
    return PlainTextResponse(f"The dashboard failed over this: {type(error).__name__}.\n", status_code=500)
