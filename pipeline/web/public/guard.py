"""Around every answer: its headers, a limit of requests for each network, errors that reveal nothing."""

from __future__ import annotations

import logging
import re
import traceback
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from pipeline.web.public.logos import Logos
from pipeline.web.public.network import REQUESTS
from subscribers.tokens import Purpose

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from pipeline.web.public.site import Site

log = logging.getLogger(__name__)

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    # The address of a page may hold a token.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Headers of every answer that does not set its own."""

_OF_THE_OFFER = re.compile(r"/go/[^/]+/[^/]+/?")

_HSTS = {"Strict-Transport-Security": "max-age=31536000"}


class PublicGuard:
    """ASGI middleware around all that `rapport serve` answers."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site
        self._logos = Logos(site)
        secure = site.installation.config.newsletter.public_url.startswith("https:")
        self._headers = HEADERS | (_HSTS if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, gone = 0, False

        async def answer(message: Message) -> None:
            nonlocal status, gone
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            if gone:
                return
            try:
                await send(message)
            except Exception as error:
                # No fault of a page: after its head the request went on with something that is no HTTP, and
                # the server has closed the connection. The answer is lost, as after a disconnect.
                gone = True
                log.warning("An answer could not be sent: %s", type(error).__name__)

        try:
            await self._logos.look()
            self._admit(scope)
            await self._app(scope, receive, answer)
        except HTTPException as error:
            await self._site.pages.error(error.status_code, error.headers)(scope, receive, answer)
        except ClientDisconnect:
            return
        except Exception as error:
            # Neither the error's message nor the path: both may hold something personal.
            log.error("A page failed: %s at %s", type(error).__name__, _place(error))
            if not status:
                await self._site.pages.error(500)(scope, receive, answer)
        if status >= 300 and self._signed_by_others(scope):
            self._site.limits.count(REQUESTS, scope)

    def _admit(self, scope: Scope) -> None:
        """Raise HTTPException 429 when the network has sent too many requests, 404 for what is no address."""
        if self._signed_by_others(scope):
            # A provider posts from few addresses, so only posts that are refused count.
            self._site.limits.look(REQUESTS, scope)
        elif not self._leaving(scope) and not self._clicking(scope):
            self._site.limits.count(REQUESTS, scope)
        if "\0" in scope["path"]:
            raise HTTPException(404)  # nothing has such a name, and PostgreSQL cannot even be asked for it

    def _signed_by_others(self, scope: Scope) -> bool:
        # Not Inbound Parse, which has no signature.
        return scope["path"] in ("/webhooks/sendgrid", f"{self._site.pages.base}/webhooks/sendgrid")

    def _clicking(self, scope: Scope) -> bool:
        """Whether it is for a link of the offer, which counts by itself and leads on beyond the limit."""
        path = str(scope["path"]).removeprefix(self._site.pages.base)
        return scope["method"] in ("GET", "HEAD") and _OF_THE_OFFER.fullmatch(path) is not None

    def _leaving(self, scope: Scope) -> bool:
        """Whether it is a POST that unsubscribes. Mailbox providers send thousands of them from one network,
        and none may be refused."""
        _, _, rest = scope["path"].rpartition("/unsubscribe/")
        if scope["method"] != "POST" or not rest:
            return False
        return self._site.installation.tokens.read(Purpose.LETTER, rest.removesuffix("/")) is not None


def _place(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename}:{last.lineno}"
