"""The preview's addresses. A GET changes nothing; a changed file refreshes the draft."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pipeline.core.errors import RapportError
from pipeline.editions.message import preview_part
from pipeline.letter.images import store
from pipeline.letter.templates import PACKAGED
from pipeline.web.preview import frame as variations
from pipeline.web.preview import locate
from pipeline.web.preview.guard import Guard
from pipeline.web.preview.page import Query, pieces

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from pipeline.editions.edition import Edition
    from pipeline.web.preview.session import Desk, Sight

STILL_HERE = 15.0
"""Seconds between two signs of life on an open page's connection."""


def application(desk: Desk, pull_now: Callable[[], None]) -> ASGIApp:
    """The preview of one installation."""
    door = _Door(desk, pull_now)
    inner = Starlette(
        routes=[
            Route("/", door.page),
            Route("/letter.html", door.letter),
            Route("/letter.txt", door.text),
            Route("/letter.eml", door.message),
            Route("/frame", door.frame),
            Route("/images/{name}", door.image),
            Route("/events", door.events),
            Route("/pull", door.pull, methods=["POST"]),
            Mount("/static", StaticFiles(directory=PACKAGED / "preview" / "static")),
        ],
        exception_handlers={Exception: _failed},
    )
    # Around all of it: what Starlette says of an error bears our headers too.
    return Guard(inner)


class _Door:
    def __init__(self, desk: Desk, pull_now: Callable[[], None]) -> None:
        self._desk = desk
        self._pull_now = pull_now

    def page(self, request: Request) -> Response:
        made = pieces(self._desk, Query.of(request.query_params))
        first = next(made)  # before the answer has a status
        return StreamingResponse(itertools.chain([first], made), media_type="text/html")

    def letter(self, request: Request) -> Response:
        """The bytes of `--out`'s edition.html."""
        sight, edition = self._edition(request)
        return _html(preview_part(sight.config, edition, "html"), variations.policy())

    def text(self, request: Request) -> Response:
        sight, edition = self._edition(request)
        content = preview_part(sight.config, edition, "txt")
        return Response(content, media_type="text/plain; charset=utf-8")

    def message(self, request: Request) -> Response:
        sight, edition = self._edition(request)
        named = {"content-disposition": f'attachment; filename="{edition.slug}.eml"'}
        content = preview_part(sight.config, edition, "eml")
        return Response(content, media_type="message/rfc822", headers=named)

    def frame(self, request: Request) -> Response:
        """The letter as a frame of the page shows it: a variation, never what goes out."""
        query = Query.of(request.query_params)
        sight, edition = self._edition(request)
        letter = preview_part(sight.config, edition, "html").decode()
        place = None
        if query.finding:
            found = self._desk.findings(edition)
            number = int(query.finding)
            titles = [str(post["title"]) for post in edition.posts]
            place = locate.in_html(found[number - 1], letter, titles) if 0 < number <= len(found) else None
        letter = variations.in_frame(letter, scheme=query.scheme, place=place)
        letter = variations.with_own_images(letter, sight.config.newsletter.pages)
        return _html(letter.encode(), variations.policy(images=query.images == "on", framed=True))

    def image(self, request: Request) -> Response:
        """A picture of a letter, as `rapport serve` will serve it."""
        installation = self._desk.installation
        if installation is None:
            raise HTTPException(404)
        with installation.database.read() as connection:
            copy = store.served(connection, request.path_params["name"])
        if copy is None:
            raise HTTPException(404)
        return Response(copy.content, media_type=copy.media_type)

    def pull(self, request: Request) -> Response:
        self._pull_now()
        return RedirectResponse(Query.of(request.query_params).url(), status_code=303)

    async def events(self, request: Request) -> Response:
        made = self._events(request.query_params.get("seen", ""))
        return StreamingResponse(made, media_type="text/event-stream")

    async def _events(self, seen: str) -> AsyncIterator[str]:
        bell = self._desk.bell
        yield "retry: 500\n\n"
        while not bell.closed:
            if bell.version != seen:
                seen = bell.version
                yield f"event: change\ndata: {seen}\n\n"
            await bell.wait(seen, STILL_HERE)
            yield ": still here\n\n"

    def _edition(self, request: Request) -> tuple[Sight, Edition]:
        query = Query.of(request.query_params)
        sight = self._desk.look(query.digest or None, query.edition or None)
        if sight is None or sight.edition is None:
            raise HTTPException(404, "There is no such edition.")
        return sight, sight.edition


def _html(content: bytes, policy: str) -> Response:
    headers = {"content-security-policy": policy, "referrer-policy": "no-referrer"}
    return Response(content, media_type="text/html; charset=utf-8", headers=headers)


async def _failed(_: Request, error: Exception) -> Response:
    if isinstance(error, RapportError):
        return PlainTextResponse(f"{error.message}\n{error.remedy}\n", status_code=500)
    return PlainTextResponse(f"The preview failed over this: {type(error).__name__}.\n", status_code=500)
