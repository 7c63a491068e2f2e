"""The connection on which an open page hears that something is another than it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from pipeline.web.dashboard.routing import get

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from starlette.routing import BaseRoute

    from pipeline.web.dashboard.asked import Asked
    from pipeline.web.dashboard.dashboard import Dashboard
    from pipeline.web.dashboard.letters import Letters

TICK = 1.0
"""Seconds between two looks at the database for what others have changed."""

STILL_HERE = 15
"""Ticks between two keep-alive lines."""

AT_MOST = 90
"""Ticks until the connection is ended; the page opens another. `rapport serve` drops longer answers."""


def routes(dashboard: Dashboard) -> Sequence[BaseRoute]:
    return [get(dashboard, "/events", _events)]


def _events(asked: Asked) -> Response:
    lines = told(asked.dashboard.letters, asked.request.query_params.get("seen", ""))
    return StreamingResponse(lines, media_type="text/event-stream")


async def told(letters: Letters, seen: str) -> AsyncIterator[str]:
    """The lines that a page is sent which was made at the version ``seen``."""
    yield "retry: 500\n\n"
    for tick in range(1, AT_MOST):
        await run_in_threadpool(letters.look_for_changes)
        if letters.reload.version != seen:
            seen = letters.reload.version
            yield f"event: change\ndata: {seen}\n\n"
        await letters.reload.wait(seen, TICK)
        if letters.ended:
            return
        if tick % STILL_HERE == 0:
            yield ": still here\n\n"
