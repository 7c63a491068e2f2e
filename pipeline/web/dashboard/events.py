"""The connection on which an open page hears of what is another than it shows, and how far a letter is.

However many pages are open, the database is looked into once a second, and what is found is put into words
once (`Streams`).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from pipeline.core.destination import Destination
from pipeline.web.dashboard import render
from pipeline.web.dashboard.routing import get
from subscribers.staff.roles import Right

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from starlette.routing import BaseRoute

    from pipeline.editions.progress import Progress
    from pipeline.web.dashboard.asked import Asked
    from pipeline.web.dashboard.dashboard import Dashboard
    from pipeline.web.dashboard.letters import Letters

TICK = 1.0
"""Seconds between two looks at the database for what others have changed."""

STILL_HERE = 15
"""Ticks between two keep-alive lines."""

STILL_IN = 5
"""Ticks between two looks at whether who listens is still signed in."""

AT_MOST = 90
"""Ticks until the connection is ended; the page opens another. `rapport serve` drops longer answers."""

MOST, MOST_EACH = 60, 12
"""Connections that are open at once, in all and for one of staff. Others are asked to come again."""

AT_ONCE = {"X-Accel-Buffering": "no"}
"""Else nginx keeps what is told until the connection ends (its ngx_http_proxy_module, proxy_buffering)."""

LATER = "retry: 10000\n\n"


def routes(dashboard: Dashboard) -> Sequence[BaseRoute]:
    streams = Streams(dashboard)
    return [get(dashboard, "/events", streams.answer)]


class Streams:
    """The connections of all pages that are open."""

    def __init__(self, dashboard: Dashboard) -> None:
        self._dashboard = dashboard
        self._open: Counter[str] = Counter()
        self._said: tuple[Sequence[Progress], str] = ((), "")

    def answer(self, asked: Asked) -> Response:
        seen = asked.request.query_params.get("seen", "")

        def still_in() -> bool:
            now = self._dashboard.who(asked.request)
            return now is not None and now.name == asked.actor.name and now.may(Right.LOOK)

        told = self.told(asked.actor.name, seen, still_in)
        return StreamingResponse(told, media_type="text/event-stream", headers=AT_ONCE)

    async def told(self, who: str, seen: str, still_in: Callable[[], bool]) -> AsyncIterator[str]:
        """The lines that a page is sent which was made at the version ``seen``."""
        if self._open.total() >= MOST or self._open[who] >= MOST_EACH:
            yield LATER
            return
        self._open[who] += 1
        try:
            async for lines in self._lines(self._dashboard.letters, seen, still_in):
                yield lines
        finally:
            self._open[who] -= 1

    async def _lines(self, letters: Letters, seen: str, still_in: Callable[[], bool]) -> AsyncIterator[str]:
        yield "retry: 500\n\n"
        progress = ""
        for tick in range(1, AT_MOST):
            await run_in_threadpool(letters.look_for_changes)
            if tick % STILL_IN == 0 and not await run_in_threadpool(still_in):
                return
            if letters.reload.version != seen:
                seen = letters.reload.version
                yield f"event: change\ndata: {seen}\n\n"
            if (now := self._in_words(letters.going)) not in ("", progress):
                progress = now
                yield f"event: progress\n{now}\n\n"
            await letters.reload.wait(seen, TICK)
            if letters.ended:
                return
            if tick % STILL_HERE == 0:
                yield ": still here\n\n"

    def _in_words(self, going: Sequence[Progress]) -> str:
        """What the pages show of it, as an event's data; empty while nothing goes out."""
        if self._said[0] is not going:
            html = render.part("progress_event.html", going=going, went=self._went) if going else ""
            lines = [line for line in html.splitlines() if line.strip()]
            self._said = going, "\n".join(f"data: {line}" for line in lines)
        return self._said[1]

    def _went(self, one: Progress) -> Destination:
        assert self._dashboard.installation is not None  # without one nothing goes out
        return Destination.of_edition(self._dashboard.installation.config.delivery, one.provider, begun=True)
