"""One's own account: GET and POST /staff/account, POST /staff/sign-out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.routing import Route

from pipeline.web.signing_in.passkey import party_of
from subscribers.errors import SubscriberError
from subscribers.staff import accounts, own_account, passkeys, passwords

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.requests import Request
    from starlette.responses import Response

    from pipeline.web.dashboard.actor import Actor
    from pipeline.web.public.form import Form
    from pipeline.web.signing_in.door import Door
    from subscribers.staff.accounts import Account
    from subscribers.staff.passkeys import Passkey


def routes(door: Door) -> list[Route]:
    async def own(request: Request) -> Response:
        actor = await door.signed_in(request)
        if actor is None:
            return door.to_sign_in(request)
        if request.method != "POST":
            asked = request.query_params
            notice = door.site.pages.say("account.passkey_gone") if asked.get("gone") == "passkey" else ""
            return await _page(door, request, actor, notice=notice, failed=asked.get("failed") == "passkey")
        sent = await door.read(request, door.cookies.session(request))
        if not actor.recent:
            return door.to_sign_in(request)
        return await _changed(door, request, actor, sent)

    async def leave(request: Request) -> Response:
        session = door.cookies.session(request)
        sent = await door.read(request, session)
        everywhere = sent.text("where") == "everywhere"
        await door.site.writer.run(partial(own_account.leave, session=session, everywhere=everywhere))
        answer = RedirectResponse(f"{door.root}/sign-in", status_code=303)
        door.cookies.sign_out(answer)
        return answer

    return [
        Route("/account", own, methods=["GET", "POST"]),
        Route("/sign-out", leave, methods=["POST"]),
    ]


async def _page(
    door: Door, request: Request, actor: Actor, *, notice: str = "", wrong: str = "", failed: bool = False
) -> Response:
    def found(connection: Connection) -> tuple[Account, list[Passkey]] | None:
        account = accounts.by_address(connection, actor.address)
        return (account, passkeys.of_account(connection, account.id)) if account else None

    known = await door.site.read(found)
    if known is None:
        raise HTTPException(404)
    account, keys = known
    return door.site.pages.page(
        "account",
        422 if wrong else 200,
        account=account,
        role=door.site.pages.say(f"staff_role.{account.role}"),
        csrf=actor.csrf,
        recent=actor.recent,
        root=door.root,
        keys=keys,
        passkeys=party_of(door, request) is not None,
        failed=failed,
        notice=notice,
        wrong=wrong,
        faulty=bool(wrong),
    )


async def _changed(door: Door, request: Request, actor: Actor, sent: Form) -> Response:
    """Set a password, or take it away. Other browsers are signed out by either."""
    say, password = door.site.pages.say, next(iter(sent.all("password")), "")
    kept = None
    if sent.text("do") != "remove":
        try:
            passwords.must_be_good(password, actor.address)
            kept = await run_in_threadpool(passwords.hashed, password)
        except SubscriberError:
            return await _page(
                door, request, actor, wrong=say("account.weak", number=str(passwords.SHORTEST))
            )
        except passwords.BusyError:
            raise HTTPException(503, headers={"Retry-After": "60"}) from None
    change = partial(own_account.set_password, session=door.cookies.session(request), kept=kept)
    if not await door.site.writer.run(change):
        return door.to_sign_in(request)
    return await _page(
        door, request, actor, notice=say("account.password_set" if kept else "account.password_gone")
    )
