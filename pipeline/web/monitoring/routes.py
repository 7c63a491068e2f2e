"""GET /healthz (the process runs), /readyz (it can do its work), /metrics (numbers, for Prometheus)."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pipeline.core.private_networks import is_public
from pipeline.web.monitoring.metrics import Measurements
from pipeline.web.monitoring.readiness import readiness
from pipeline.web.public.network import address_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from pipeline.core.app import Installation

FORWARDED = ("forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip", "cf-connecting-ip")
"""Headers of a request that a web server passed on, beside all that begin with x-forwarded-."""

INSIDE = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".cluster.local")
"""Ends of names that no stranger can own (RFC 6761, 6762, 8375, and what containers and routers use)."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""All other methods are counted as one: a stranger may invent any number of them."""


def routes(installation: Installation, registry: CollectorRegistry) -> list[Route]:
    """The routes. What is read from the database is added to ``registry``."""
    registry.register(Measurements(installation.database, installation.config))

    async def ready(request: Request) -> Response:
        found = await run_in_threadpool(readiness, installation, request.app.state.scheduler)
        return JSONResponse(found.document, 200 if found.ready else 503)

    async def metrics(request: Request) -> Response:
        if not _from_inside(request, urlsplit(installation.config.newsletter.public_url).hostname):
            raise HTTPException(404)
        return Response(await run_in_threadpool(generate_latest, registry), media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/healthz", _alive, methods=["GET"]),
        Route("/readyz", ready, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
    ]


async def _alive(request: Request) -> Response:
    return PlainTextResponse("ok\n")


def _from_inside(request: Request, ours: str | None) -> bool:
    """Whether somebody on our own network asks this process directly. A stranger could learn from the numbers
    whether an address is on the list: by signing it up and looking which of them change."""
    address = address_of(request.scope)
    names = request.headers.keys()
    passed_on = any(name in FORWARDED or name.startswith("x-forwarded-") for name in names)
    hosts = request.headers.getlist("host")
    known = len(hosts) == 1 and _is_known(hosts[0], ours)
    return known and not passed_on and (address is None or not is_public(address))


def _is_known(host: str, ours: str | None) -> bool:
    """Whether a Host header names this server as its own network does. A page that made its own name lead
    here (DNS rebinding) would read the answer in the browser of somebody inside."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    try:
        return not is_public(str(ip_address(name)))
    except ValueError:
        return name != "" and (name == ours or "." not in name or name.endswith(INSIDE))


def counting(registry: CollectorRegistry, routes: Sequence[BaseRoute]) -> Middleware:
    """Counts the answers by the route's template, because paths hold tokens."""
    counter = Counter(
        "rapport_http_requests", "Requests answered.", ["route", "method", "status"], registry=registry
    )
    # By identity: what a Mount leads to cannot be hashed.
    templates = {id(route.endpoint): route.path for route in routes if isinstance(route, Route)}
    return Middleware(_Counting, counter=counter, templates=templates)


class _Counting:
    def __init__(self, app: ASGIApp, counter: Counter, templates: dict[int, str]) -> None:
        self._app = app
        self._counter = counter
        self._templates = templates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = "none"  # the client was gone before the answer

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            route = self._templates.get(id(scope.get("endpoint")), "none")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._counter.labels(route, method, status).inc()
