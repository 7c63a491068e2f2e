"""What the pages of signing in work with; and who a request comes from, for all that staff do."""

from __future__ import annotations

import contextlib
import logging
import re
import threading
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from pipeline.mail.sign_in import mail_link, make_for_nobody
from pipeline.web.dashboard.actor import Actor
from pipeline.web.public import form
from pipeline.web.signing_in.cookies import Cookies
from subscribers.staff import secret_values, sessions

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from pipeline.web.public.form import Form
    from pipeline.web.public.site import Site
    from subscribers.staff.accounts import Account
    from subscribers.staff.links import Link
    from subscribers.staff.sessions import Session

_ONWARD = re.compile(r"[A-Za-z0-9/_.~%?=&+-]{1,600}")

log = logging.getLogger(__name__)


class Door:
    """That of one installation's staff."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.cookies = Cookies(site.installation.config.newsletter)
        self.root = site.pages.link("staff")
        self._mails: list[threading.Thread] = []

    @property
    def is_shut(self) -> bool:
        """Whether nobody can sign in, because anybody on the way could follow."""
        return self.site.installation.config.newsletter.staff_pages == "open"

    def who(self, request: Request) -> Actor | None:
        """Who of staff a request comes from; None for who is not signed in. Waits for the database."""
        session = self.session(request)
        return session and self._actor(request, session)

    def to_sign_in(self, request: Request) -> Response:
        """The answer to who must sign in first, or once more. From there it goes on to what they
        wanted; after a form, which was not done, to the page that it was on."""
        form_is_on = request.headers.get("referer", "")
        where = str(request.url) if request.method in ("GET", "HEAD") else form_is_on
        # Not in the name of the host, which may be staff.example.org.
        _, under, rest = where.partition("://")[2].partition("/staff")
        wanted = f"{self.root}{rest}" if under else ""
        address = f"{self.root}/sign-in"
        if self.onward(wanted) == wanted:
            address += f"?onward={quote(wanted, safe='/')}"
        return RedirectResponse(address, status_code=303)

    async def signed_in(self, request: Request) -> Actor | None:
        """The same, for who must not wait."""
        return await run_in_threadpool(self.who, request)

    def session(self, request: Request) -> Session | None:
        value = self.cookies.session(request)
        if self.is_shut or not value:
            return None
        database = self.site.installation.database
        with database.read() as connection:
            found = sessions.find(connection, value)
        if found is not None and found.is_to_be_noted and not _is_by_itself(request):
            # A database that cannot be written to now must keep nobody from looking.
            with contextlib.suppress(SQLAlchemyError), database.write() as connection:
                sessions.seen(connection, value)
        return found

    def _actor(self, request: Request, session: Session) -> Actor:
        token = secret_values.form_token(self.cookies.session(request))
        return Actor(session.email, session.role, token, session.email, session.is_recent)

    async def read(self, request: Request, bearer: str) -> Form:
        """The form that a page sent which was shown to the bearer of this cookie. Raises HTTPException 403
        for any other."""
        sent = await form.read(request)
        if not bearer or not secret_values.is_form_token(bearer, sent.text("csrf")):
            raise HTTPException(403)
        return sent

    def onward(self, path: str) -> str:
        """The page to go on to after signing in: one of staff's own, else the first."""
        ours = _ONWARD.fullmatch(path) and path.startswith(f"{self.root}/") and "//" not in path
        return path if ours else f"{self.root}/"

    def enter(self, path: str, session: str) -> Response:
        """The answer that signs a browser in, and goes on to a page."""
        answer = RedirectResponse(self.onward(path), status_code=303)
        self.cookies.sign_in(answer, session)
        return answer

    def mail(self, account: Account | None, link: Link | None) -> None:
        """Mail a link, or make a mail for nobody. Not within the request: the time it takes would tell who
        has an account."""
        if account is not None and link is not None:
            do = partial(mail_link, self.site.installation, account, link)
        else:
            do = partial(make_for_nobody, self.site.installation)
        work = threading.Thread(target=do, name="sign-in", daemon=True)
        self._mails = [one for one in self._mails if one.is_alive()] + [work]
        work.start()

    def wait(self) -> None:
        """Wait for the mails under way."""
        for work in self._mails:
            work.join()


def _is_by_itself(request: Request) -> bool:
    """Whether a page that was left open asks for news, or for itself once more: that is nobody's use of it.
    The browser says of the latter that it is no page to go to (W3C, Fetch Metadata Request Headers)."""
    listens = "text/event-stream" in request.headers.get("accept", "")
    shows_anew = request.headers.get("sec-fetch-dest") in ("empty", "iframe")
    return request.method == "GET" and (listens or shows_anew)
