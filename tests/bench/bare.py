"""The floor under `rapport serve`: the same server, answering 200 from a route that does nothing."""

from __future__ import annotations

import socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request  # noqa: TC002
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pipeline.core.sections.installation import Server
from pipeline.web.server import settings


async def answer(request: Request) -> Response:
    await request.body()
    return PlainTextResponse("Unsubscribed.\n")


def main() -> None:
    """Print the address, then serve until told to end."""
    app = Starlette(routes=[Route("/unsubscribe/{token}", answer, methods=["POST"])])
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        uvicorn.Server(uvicorn.Config(app, **settings(Server()))).run(sockets=[listener])


if __name__ == "__main__":
    main()
