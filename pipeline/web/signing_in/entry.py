"""Signing in: GET and POST /staff/sign-in. By an address alone a link is mailed; with a password, at once.

Nothing here tells who has an account. The answer to an address is the same page for everybody, and comes as
fast: the mail goes out beside it, and a password is compared with nobody's where there is none.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Route

from pipeline.web.public.network import address_of
from pipeline.web.signing_in.passkey import party_of
from subscribers.staff import attempts, passwords, secret_values, signing_in
from subscribers.staff.attempts import Verdict

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from pipeline.web.signing_in.door import Door


def routes(door: Door) -> list[Route]:
    async def sign_in(request: Request) -> Response:
        if door.is_shut:
            return door.site.pages.named("staff_open", status=403)
        if request.method != "POST":
            actor = await door.signed_in(request)
            return _page(door, request, email=actor.address if actor else "")
        browser = door.cookies.browser(request)
        if not browser:
            return _page(door, request, 403, wrong=door.site.pages.say("sign_in.no_cookie"))
        sent = await door.read(request, browser)
        email, onward = sent.text("email"), sent.text("onward")
        # Not `text`: spaces around a password are part of it.
        password = next(iter(sent.all("password")), "")
        if not password:
            return await _mail_link(door, request, email, onward)
        session = await _by_password(door, request, email, password)
        if session is None:
            wrong = door.site.pages.say("sign_in.wrong")
            return _page(door, request, 422, email=email, onward=onward, wrong=wrong)
        return door.enter(onward, session)

    return [Route("/sign-in", sign_in, methods=["GET", "POST"])]


def _page(
    door: Door, request: Request, status: int = 200, *, email: str = "", onward: str = "", wrong: str = ""
) -> Response:
    """The form. The browser gets a value by which it is known again, unless it has one."""
    known = door.cookies.browser(request)
    browser = known or secret_values.new()
    if request.query_params.get("failed") == "passkey" and not wrong:
        wrong = door.site.pages.say("sign_in.passkey_failed")
    answer = door.site.pages.page(
        "sign_in",
        status,
        csrf=secret_values.form_token(browser),
        onward=door.onward(onward or request.query_params.get("onward", "")),
        anew=door.cookies.session(request) != "" and email != "",
        email=email,
        passkeys=party_of(door, request) is not None,
        wrong=wrong,
        faulty=bool(wrong),
    )
    if not known:
        door.cookies.know(answer, browser)
    return answer


async def _mail_link(door: Door, request: Request, email: str, onward: str) -> Response:
    asked = partial(
        signing_in.ask_for_link,
        email=email,
        network=address_of(request.scope),
        browser=door.cookies.browser(request),
        onward=door.onward(onward),
    )
    verdict, account, link = await door.site.writer.run(asked)
    _must_go_on(verdict)
    if verdict is Verdict.GO_ON:
        door.mail(account, link)
    return door.site.pages.message(
        door.site.pages.say("sign_in.asked_title"),
        door.site.pages.say("sign_in.asked"),
        door.site.pages.say("sign_in.asked_browser"),
        links={f"{door.root}/sign-in": door.site.pages.say("sign_in.again")},
    )


async def _by_password(door: Door, request: Request, email: str, password: str) -> str | None:
    """The value of the session that began; None when the address or the password is not right."""
    network, old = address_of(request.scope), door.cookies.session(request)
    tried = await door.site.writer.run(partial(signing_in.try_password, email=email, network=network))
    _must_go_on(tried.verdict)
    account = tried.account
    try:
        right = await run_in_threadpool(passwords.is_right, account.password if account else None, password)
    except passwords.BusyError:
        raise HTTPException(503, headers={"Retry-After": "60"}) from None
    if account is None or not right:
        return None
    return await door.site.writer.run(partial(signing_in.by_password, account=account, instead_of=old))


def _must_go_on(verdict: Verdict) -> None:
    if verdict is Verdict.REFUSE:
        raise HTTPException(429, headers={"Retry-After": str(int(attempts.WINDOW.total_seconds()))})
