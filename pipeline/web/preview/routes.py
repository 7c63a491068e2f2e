"""The addresses of the preview. A GET changes nothing; only a changed file refreshes the draft."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pipeline.core.errors import RapportError
from pipeline.core.templates import PACKAGED
from pipeline.editions.message import preview_part
from pipeline.letter.images import store
from pipeline.web.preview import decisions, frame, locate
from pipeline.web.preview.guard import LoopbackGuard
from pipeline.web.preview.page import Query, pieces

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from pipeline.editions.edition import Edition
    from pipeline.web.preview.session import Preview, PreviewSession

STILL_HERE = 15.0
"""Seconds between two keep-alive lines on an open page's connection."""


def application(session: PreviewSession, pull_now: Callable[[], None]) -> ASGIApp:
    """The preview of one installation."""
    handlers = _Handlers(session, pull_now)
    inner = Starlette(
        routes=[
            Route("/", handlers.page),
            Route("/letter.html", handlers.letter),
            Route("/letter.txt", handlers.text),
            Route("/letter.eml", handlers.message),
            Route("/frame", handlers.frame),
            Route("/images/{name}", handlers.image),
            Route("/events", handlers.events),
            Route("/pull", handlers.pull, methods=["POST"]),
            *(Route(f"/{verb}", handlers.decide, methods=["POST"]) for verb in decisions.VERBS),
            Mount("/static", StaticFiles(directory=PACKAGED / "preview" / "static")),
        ],
        exception_handlers={Exception: _failed},
    )
    # Around all of it, so that Starlette's own answers to errors have our headers too.
    return LoopbackGuard(inner)


class _Handlers:
    def __init__(self, session: PreviewSession, pull_now: Callable[[], None]) -> None:
        self._session = session
        self._pull_now = pull_now

    def page(self, request: Request) -> Response:
        made = pieces(self._session, Query.of(request.query_params))
        first = next(made)  # made before the answer has a status: it may raise
        return StreamingResponse(itertools.chain([first], made), media_type="text/html")

    def letter(self, request: Request) -> Response:
        """The letter alone; its pictures are from here, as those of `--out` are from files."""
        preview, edition = self._edition(request)
        letter = preview_part(preview.config, edition, "html").decode()
        letter = frame.with_own_images(letter, preview.config.newsletter.pages)
        return _html(letter.encode(), frame.policy())

    def text(self, request: Request) -> Response:
        preview, edition = self._edition(request)
        content = preview_part(preview.config, edition, "txt")
        return Response(content, media_type="text/plain; charset=utf-8")

    def message(self, request: Request) -> Response:
        preview, edition = self._edition(request)
        named = {"content-disposition": f'attachment; filename="{edition.slug}.eml"'}
        content = preview_part(preview.config, edition, "eml", self._session.list_id(edition))
        return Response(content, media_type="message/rfc822", headers=named)

    def frame(self, request: Request) -> Response:
        """The letter as a frame of the page shows it: a variation, never what goes out."""
        query = Query.of(request.query_params)
        preview, edition = self._edition(request)
        letter = preview_part(preview.config, edition, "html").decode()
        place = None
        if query.finding:
            found = self._session.findings(edition)
            number = int(query.finding)
            titles = [str(post["title"]) for post in edition.posts]
            place = locate.in_html(found[number - 1], letter, titles) if 0 < number <= len(found) else None
        letter = frame.in_frame(letter, scheme=query.scheme, place=place)
        letter = frame.with_own_images(letter, preview.config.newsletter.pages)
        return _html(letter.encode(), frame.policy(images=query.images == "on", framed=True))

    def image(self, request: Request) -> Response:
        """A picture of a letter, as `rapport serve` will serve it."""
        installation = self._session.installation
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

    def decide(self, request: Request) -> Response:
        query = Query.of(request.query_params)
        try:
            seen = bytes.fromhex(request.query_params.get("seen", ""))
        except ValueError:
            raise HTTPException(400) from None
        decisions.decide(self._session, query.edition, request.url.path.removeprefix("/"), seen)
        return RedirectResponse(query.url(), status_code=303)

    async def events(self, request: Request) -> Response:
        made = self._events(request.query_params.get("seen", ""))
        return StreamingResponse(made, media_type="text/event-stream")

    async def _events(self, seen: str) -> AsyncIterator[str]:
        reload = self._session.reload
        yield "retry: 500\n\n"
        while not reload.closed:
            if reload.version != seen:
                seen = reload.version
                yield f"event: change\ndata: {seen}\n\n"
            await reload.wait(seen, STILL_HERE)
            yield ": still here\n\n"

    def _edition(self, request: Request) -> tuple[Preview, Edition]:
        query = Query.of(request.query_params)
        preview = self._session.look(query.digest or None, query.edition or None)
        if preview is None or preview.edition is None:
            raise HTTPException(404, "There is no such edition.")
        return preview, preview.edition


def _html(content: bytes, policy: str) -> Response:
    headers = {"content-security-policy": policy, "referrer-policy": "no-referrer"}
    return Response(content, media_type="text/html; charset=utf-8", headers=headers)


async def _failed(_: Request, error: Exception) -> Response:
    if isinstance(error, RapportError):
        return PlainTextResponse(f"{error.message}\n{error.remedy}\n", status_code=500)
    return PlainTextResponse(f"The preview failed over this: {type(error).__name__}.\n", status_code=500)
