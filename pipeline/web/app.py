"""The application that `rapport serve` serves, put together from all routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount

from pipeline.core.errors import ConfigError
from pipeline.editions.archive import Archive
from pipeline.web import images, inbound, public, signing_in, webhooks
from pipeline.web.click_counter import ClickCounter
from pipeline.web.dashboard import application as dashboard
from pipeline.web.dashboard.letters import Letters
from pipeline.web.monitoring import routes as monitoring
from pipeline.web.public.guard import PublicGuard
from pipeline.web.public.network import Limits
from pipeline.web.public.pages import Pages
from pipeline.web.public.site import Site
from pipeline.web.signing_in.door import Door
from pipeline.web.writer import NotWrittenError, Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from pipeline.core.app import Installation
    from pipeline.web.monitoring.readiness import SchedulerState


def make_app(
    installation: Installation,
    scheduler: SchedulerState | None = None,
    stop: Callable[[], bool] = bool,
) -> Starlette:
    """The application for one opened installation, which the caller closes. ``scheduler``: the one of this
    process, if it has one; /readyz tells its state. ``stop``: whether the process is to end.

    Raises LetterError when the templates or phrases of the pages are broken, ConfigError when links in real
    mail would lead nowhere.
    """
    if installation.config.delivery.provider != "outbox" and not installation.config.newsletter.public_url:
        raise ConfigError(
            "newsletter.public_url is missing: the links in mails lead there.",
            "Write the address under which your web server passes on to `rapport serve`.",
        )
    pages = Pages(installation.config, installation.templates)
    writer, counter = Writer(installation.database), ClickCounter(installation.database)
    site = Site(installation, writer, pages, Limits(), Archive(installation), counter, stop)
    door = Door(site)

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return pages.error(error.status_code, error.headers)

    async def failed(request: Request, error: Exception) -> Response:
        return pages.error(503, {"Retry-After": "60"})

    registry = CollectorRegistry()
    routes: list[BaseRoute] = [
        *images.routes(installation.database),
        *public.routes(site, door),
        *webhooks.routes(installation),
        *inbound.routes(installation),
        *monitoring.routes(installation, registry),
        *dashboard.in_serve(
            Letters(installation, stop),
            pages.address,
            pages.base,
            door.who,
            door.to_sign_in,
            signing_in.routes(door),
        ),
    ]
    # A proxy may remove the path of public_url from requests, or leave it in.
    under = [Mount(pages.base, routes=routes)] if pages.base else []
    app = Starlette(
        routes=[*routes, *under],
        middleware=[monitoring.counting(registry, routes), Middleware(PublicGuard, site=site)],
        exception_handlers={HTTPException: refused, NotWrittenError: failed, SQLAlchemyError: failed},
    )
    # No redirect for a slash too many, which RFC 8058 does not allow: see public.routes.
    app.router.redirect_slashes = False
    app.state.writer = site.writer
    app.state.clicks = site.clicks
    app.state.door = door
    app.state.scheduler = scheduler
    return app
