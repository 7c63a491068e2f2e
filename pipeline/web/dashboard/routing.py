"""A page's routes: who may ask, the form that was sent, and what becomes of an error.

Each page's work is a plain function, called in a thread: it may wait for the database.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Route

from pipeline.core.errors import RapportError
from pipeline.web.dashboard import render
from pipeline.web.dashboard.actor import Role
from pipeline.web.dashboard.asked import Asked
from pipeline.web.public import form as forms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from pipeline.web.dashboard.actor import Actor
    from pipeline.web.dashboard.dashboard import Dashboard

    Work = Callable[[Asked], Response]


def get(dashboard: Dashboard, path: str, work: Work, *, role: Role = Role.VIEWER) -> Route:
    """A page. It changes nothing."""

    async def answer(request: Request) -> Response:
        actor = await _admitted(dashboard, request, role)
        return await _done(work, Asked(dashboard, request, actor))

    return Route(path, answer, methods=["GET"])


def post(
    dashboard: Dashboard,
    path: str,
    work: Work,
    *,
    role: Role,
    read: Callable[[Request], Awaitable[forms.Form]] = forms.read,
) -> Route:
    """What a form does. It bears its actor's token in the field `csrf`; ``read`` reads it."""

    async def answer(request: Request) -> Response:
        actor = await _admitted(dashboard, request, role)
        form = await read(request)
        if not hmac.compare_digest(form.text("csrf").encode(), actor.csrf.encode()):
            raise HTTPException(403)
        return await _done(work, Asked(dashboard, request, actor, form))

    return Route(path, answer, methods=["POST"])


async def _admitted(dashboard: Dashboard, request: Request, role: Role) -> Actor:
    """Who asks. Raises HTTPException: 404 when nobody is signed in, 403 when their role does not cover it."""
    actor = await run_in_threadpool(dashboard.who, request)
    if actor is None:
        raise HTTPException(404)
    if not actor.role.covers(role):
        raise HTTPException(403)
    return actor


async def _done(work: Work, asked: Asked) -> Response:
    try:
        return await run_in_threadpool(work, asked)
    except RapportError as error:
        return render.failure(asked, error)
