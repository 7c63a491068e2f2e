"""The two cookies of staff: one of whoever is signed in, one of a browser in which somebody wants to.

Under https their names begin with `__Host-` (RFC 6265bis, 4.1.3.2): the browser takes them only with Secure,
for this host alone and for all its paths, so no page of another subdomain can put one there. On loopback,
which browsers reach without https, they have plain names and no Secure. By plain HTTP over a network there
are none: nobody can sign in.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from subscribers.staff import sessions

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from pipeline.core.sections.newsletter import Newsletter

BROWSER_FOR = timedelta(days=1)
"""How long a browser is known again in which somebody asked for a link."""

_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")
"""As `secret_values.new` makes them."""


class Cookies:
    def __init__(self, newsletter: Newsletter) -> None:
        self._secure = newsletter.staff_pages == "https"
        prefix = "__Host-" if self._secure else ""
        self._session, self._browser = f"{prefix}rapport-staff", f"{prefix}rapport-browser"

    def session(self, request: Request) -> str:
        """The value of who is signed in; empty where there is none that could be ours."""
        return _value(request, self._session)

    def browser(self, request: Request) -> str:
        return _value(request, self._browser)

    def sign_in(self, answer: Response, session: str) -> None:
        """Let the browser keep a session, and forget what it had before signing in."""
        self._set(answer, self._session, session, sessions.LONGEST)
        self._set(answer, self._browser, "", timedelta(0))

    def sign_out(self, answer: Response) -> None:
        self._set(answer, self._session, "", timedelta(0))

    def know(self, answer: Response, browser: str) -> None:
        """Let the browser keep the value by which it is known again."""
        self._set(answer, self._browser, browser, BROWSER_FOR)

    def _set(self, answer: Response, name: str, value: str, keep: timedelta) -> None:
        answer.set_cookie(
            name,
            value,
            max_age=int(keep.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            # Not strict: who follows a link from a mail is signed in. What changes anything is a POST.
            samesite="lax",
        )


def _value(request: Request, name: str) -> str:
    value = request.cookies.get(name, "")
    return value if _VALUE.fullmatch(value) else ""
