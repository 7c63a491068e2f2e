"""By which names the dashboard answers, from which pages it takes forms, and the headers of its answers.

Every page in the same browser can reach a server on loopback. When another site's name points at 127.0.0.1
(DNS rebinding), the Host header shows it; when a form on another site posts here, Origin shows it. Both are
refused, on loopback and in `rapport serve`.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline.web.dashboard import neighbours

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HOST = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<name>[A-Za-z0-9.-]+))(?::\d{1,5})?")

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "content-security-policy": PAGE_POLICY,
    "x-content-type-options": "nosniff",
    # Not no-referrer: with it the Origin of every form is "null", our own as well as another site's.
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
"""Headers of every answer that does not set its own."""

REFUSED = b"The dashboard answers only by its own address, and on its own machine by a loopback address.\n"

ANOTHERS = (
    b"Nobody signs in here, so this page answers only to the user of this machine who started it.\n"
    b"Start `rapport preview` yourself, or sign in at /staff of `rapport serve`.\n"
)


def is_loopback(host: str) -> bool:
    """Whether a Host header names this machine's loopback."""
    match = _HOST.fullmatch(host)
    if not match:
        return False
    if match["name"] and match["name"].lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(match["six"] or match["name"]).is_loopback
    except ValueError:
        return False


class Guard:
    """ASGI middleware around the whole dashboard. ``pages`` is the public address it answers by; without one
    it answers on loopback alone. ``own``: and there only to processes of its own user."""

    def __init__(self, app: ASGIApp, pages: str = "", *, own: bool = False) -> None:
        self._app = app
        self._own = own
        parts = urlsplit(pages)
        self._name = parts.hostname or ""
        self._origin = f"{parts.scheme}://{parts.netloc.lower()}" if pages else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                ours = ((name.encode(), value.encode()) for name, value in HEADERS.items())
                message["headers"] = [*message["headers"], *(pair for pair in ours if pair[0] not in given)]
            await send(message)

        if not self._welcome(scope):
            said = REFUSED
        elif self._own and neighbours.is_anothers(scope):
            said = ANOTHERS
        else:
            await self._app(scope, receive, answer)
            return
        plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(said))]
        await answer({"type": "http.response.start", "status": 403, "headers": plain})
        await answer({"type": "http.response.body", "body": said})

    def _is_ours(self, host: str) -> bool:
        """By its name: a proxy may leave the port out, and another port is no other owner's."""
        match = _HOST.fullmatch(host)
        return match is not None and (match["name"] or match["six"]).lower() == self._name != ""

    def _welcome(self, scope: Scope) -> bool:
        sent = [(name.lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        hosts = [value for name, value in sent if name == b"host"]
        if len(hosts) != 1 or not (is_loopback(hosts[0]) or self._is_ours(hosts[0])):
            return False
        if scope["method"] in ("GET", "HEAD"):
            return True
        # Fetch Metadata: the browser itself says whether a page of another site asks. Older ones do not.
        if not {value for name, value in sent if name == b"sec-fetch-site"} <= {"same-origin", "none"}:
            return False
        # Browsers send Origin with every POST: without it, it is no page of ours. A proxy in front may have
        # put a loopback address into Host, and leaves Origin as the browser sent it.
        known = {self._origin} if self._origin else set()
        if is_loopback(hosts[0]):
            known.add(f"http://{hosts[0]}")
        return [value for name, value in sent if name == b"origin"] in [[origin] for origin in known]
