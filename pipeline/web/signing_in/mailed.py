"""Where the links of mails lead: GET and POST /staff/link/TOKEN and /staff/invitation/TOKEN.

Programs that scan mail open every link, so GET only shows a button. One answer is given to every link that is
not good: used, too old, made up, or opened in another browser than the one that asked.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.routing import Route

from subscribers.staff import links, secret_values, signing_in
from subscribers.staff.links import Purpose

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from pipeline.web.signing_in.door import Door
    from subscribers.staff.accounts import Account


def routes(door: Door) -> list[Route]:
    async def link(request: Request) -> Response:
        return await _answer(door, request, Purpose.SIGN_IN)

    async def invitation(request: Request) -> Response:
        return await _answer(door, request, Purpose.INVITATION)

    both = ["GET", "POST"]
    return [
        Route("/link/{token}", link, methods=both),
        Route("/invitation/{token}", invitation, methods=both),
    ]


async def _answer(door: Door, request: Request, purpose: Purpose) -> Response:
    if door.is_shut:
        return door.site.pages.named("staff_open", status=403)
    token, browser = request.path_params["token"], door.cookies.browser(request)
    if request.method == "POST":
        await door.read(request, browser)
        return await _used(door, request, purpose)
    account = await door.site.read(lambda connection: links.look(connection, purpose, token, browser))
    return _gone(door, purpose) if account is None else _page(door, request, purpose, account)


def _page(door: Door, request: Request, purpose: Purpose, account: Account) -> Response:
    known, say = door.cookies.browser(request), door.site.pages.say
    browser = known or secret_values.new()
    invited = purpose is Purpose.INVITATION
    table = "staff_invitation" if invited else "staff_link"
    answer = door.site.pages.page(
        "staff_button",
        csrf=secret_values.form_token(browser),
        title=say(f"{table}.title", address=account.email),
        text=say(f"{table}.text", address=account.email),
        more=say(f"staff_role.{account.role}") if invited else "",
        button=say(f"{table}.button"),
        not_me=say(f"{table}.not_me"),
    )
    if not known:
        door.cookies.know(answer, browser)
    return answer


async def _used(door: Door, request: Request, purpose: Purpose) -> Response:
    use = partial(
        signing_in.by_link,
        purpose=purpose,
        value=request.path_params["token"],
        browser=door.cookies.browser(request),
        instead_of=door.cookies.session(request),
    )
    begun = await door.site.writer.run(use)
    return _gone(door, purpose) if begun is None else door.enter(begun.onward, begun.session)


def _gone(door: Door, purpose: Purpose) -> Response:
    say = door.site.pages.say
    table = "staff_invitation" if purpose is Purpose.INVITATION else "staff_link"
    return door.site.pages.message(
        say(f"{table}.gone_title"),
        say(f"{table}.gone"),
        links={f"{door.root}/sign-in": say("sign_in.again")},
        status=410,
    )
