"""What every public route works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from pipeline.subscriptions.confirm import send_questions
from pipeline.subscriptions.welcome import send_welcomes
from pipeline.web.public.network import address_of
from subscribers import clock, mail_limits

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from sqlalchemy import Connection
    from starlette.requests import Request

    from pipeline.core.app import Installation
    from pipeline.editions.archive import Archive
    from pipeline.web.click_counter import ClickCounter
    from pipeline.web.public.network import Limits
    from pipeline.web.public.pages import Pages
    from pipeline.web.writer import Writer
    from subscribers.tokens import Claim, Purpose, Timed

T = TypeVar("T")


@dataclass(frozen=True)
class Site:
    """One installation, with all that its public pages need."""

    installation: Installation
    writer: Writer
    pages: Pages
    limits: Limits
    archive: Archive
    clicks: ClickCounter
    stop: Callable[[], bool] = bool
    """Whether this process is to end."""

    async def read(self, work: Callable[[Connection], T]) -> T:
        """What ``work`` finds, in a transaction that only reads."""

        def inside() -> T:
            with self.installation.database.read() as connection:
                return work(connection)

        return await run_in_threadpool(inside)

    @property
    def today(self) -> date:
        """The day where the newsletter is."""
        return clock.today(self.installation.config.newsletter.zone)

    def mail_questions(self) -> BackgroundTask:
        """Sends the confirmation mails once the answer is sent. What fails stays in the queue."""
        return BackgroundTask(send_questions, self.installation, self.stop)

    def mail_welcomes(self) -> BackgroundTask:
        """The same for the welcomes of who confirmed."""
        return BackgroundTask(send_welcomes, self.installation, self.stop)

    async def may_ask(self, request: Request) -> None:
        """Raise HTTPException 429 when strangers have had too many mails sent."""
        address = address_of(request.scope)
        if await self.read(lambda connection: mail_limits.are_reached(connection, address)):
            raise HTTPException(429, headers={"Retry-After": "3600"})

    def claim(self, request: Request, purpose: Purpose) -> Claim:
        """What the token in the address says. Raises HTTPException 404 for any other."""
        found = self.installation.tokens.read(purpose, request.path_params["token"])
        if found is None:
            raise HTTPException(404)
        return found

    def timed(self, request: Request, purpose: Purpose) -> Timed:
        """The same for a token that expires."""
        found = self.installation.tokens.read_until(purpose, request.path_params["token"])
        if found is None:
            raise HTTPException(404)
        return found
