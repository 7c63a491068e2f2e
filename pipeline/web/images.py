"""The copies of images that letters show: GET /images/HASH.jpg."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from pipeline.letter.images import store

if TYPE_CHECKING:
    from starlette.requests import Request

    from pipeline.core.database import Database
    from pipeline.letter.images.sandbox import Copy

_YEAR = 365 * 24 * 60 * 60
# The name is the hash of the content: what is served under it never changes.
_HEADERS = {
    "Cache-Control": f"public, max-age={_YEAR}, immutable",
    "X-Content-Type-Options": "nosniff",
    # Webmail shows letters on its own pages, some of which have a Cross-Origin-Embedder-Policy.
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


def routes(database: Database) -> list[Route]:
    async def image(request: Request) -> Response:
        name = request.path_params["name"]
        etag = f'"{name}"'
        copy = await run_in_threadpool(_find, database, name)
        if copy is None:
            raise HTTPException(404)
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=_HEADERS | {"ETag": etag})
        return Response(copy.content, media_type=copy.media_type, headers=_HEADERS | {"ETag": etag})

    return [Route("/images/{name}", image, methods=["GET"])]


def _find(database: Database, name: str) -> Copy | None:
    with database.read() as connection:
        return store.served(connection, name)
