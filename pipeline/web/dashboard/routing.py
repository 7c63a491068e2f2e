"""A page's routes: who may ask, the form that was sent, and what becomes of an error.

Each page's work is a plain function, called in a thread: it may wait for the database.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from pipeline.core.errors import RapportError
from pipeline.web.dashboard import render
from pipeline.web.dashboard.asked import LONGEST_NUMBER, Asked
from pipeline.web.public import form as forms
from subscribers.staff.roles import ASKED_ANEW, Right

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from pipeline.web.dashboard.actor import Actor
    from pipeline.web.dashboard.dashboard import Dashboard

    Work = Callable[[Asked], Response]


class _Number(IntegerConvertor):
    """In a path, `{name:number}`: one that a database can hold. Starlette's own fails at 4,300 digits."""

    regex = f"[0-9]{{1,{LONGEST_NUMBER}}}"


register_url_convertor("number", _Number())


def get(dashboard: Dashboard, path: str, work: Work, *, right: Right = Right.LOOK) -> Route:
    """A page. It changes nothing."""

    async def answer(request: Request) -> Response:
        actor = await _admitted(dashboard, request, right)
        if isinstance(actor, Response):
            return actor
        return await _done(work, Asked(dashboard, request, actor))

    return Route(path, answer, methods=["GET"])


LARGEST = 1024 * 1024
"""Bytes of a form. A letter of a note takes up to nine in it, and some fields stand in it twice."""


async def _read(request: Request) -> forms.Form:
    return await forms.read(request, LARGEST)


def post(
    dashboard: Dashboard,
    path: str,
    work: Work,
    *,
    right: Right,
    read: Callable[[Request], Awaitable[forms.Form]] = _read,
) -> Route:
    """What a form does. It bears its actor's token in the field `csrf`; ``read`` reads it."""

    async def answer(request: Request) -> Response:
        actor = await _admitted(dashboard, request, right)
        if isinstance(actor, Response):
            return actor
        form = await read(request)
        if not hmac.compare_digest(form.text("csrf").encode(), actor.csrf.encode()):
            raise HTTPException(403)
        return await _done(work, Asked(dashboard, request, actor, form))

    return Route(path, answer, methods=["POST"])


async def _admitted(dashboard: Dashboard, request: Request, right: Right) -> Actor | Response:
    """Who asks; or the page where they sign in, when nobody is signed in or what they want asks anew. Raises
    HTTPException 403 when their role has no such right."""
    actor = await run_in_threadpool(dashboard.who, request)
    if actor is None:
        return dashboard.sign_in(request)
    if not actor.may(right):
        raise HTTPException(403)
    if right in ASKED_ANEW and not actor.recent:
        return dashboard.sign_in(request)
    return actor


async def _done(work: Work, asked: Asked) -> Response:
    try:
        return await run_in_threadpool(work, asked)
    except RapportError as error:
        return render.failure(asked, error)
