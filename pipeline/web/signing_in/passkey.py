"""Passkeys: POST /staff/passkey/options and /staff/passkey to sign in, /staff/account/passkey… for one's own.

static/passkey.js asks for the options, has the browser ask for finger or PIN, and sends the form. Without
script, and where pages are reached by a number, which WebAuthn does not take for a name, there are none.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from pipeline.web.public.network import address_of
from subscribers.staff import accounts, attempts, own_account, passkeys, signing_in
from subscribers.staff.passkeys import RelyingParty

if TYPE_CHECKING:
    from starlette.requests import Request

    from pipeline.web.signing_in.door import Door
    from subscribers.staff.accounts import Account


def routes(door: Door) -> list[Route]:
    async def options(request: Request) -> Response:
        browser, party = door.cookies.browser(request), _party(door, request)
        await door.read(request, browser)
        network = address_of(request.scope)
        ask = partial(signing_in.ask_for_passkey, network=network, browser=browser)
        made = await door.site.writer.run(ask)
        if made is None:
            raise HTTPException(429, headers={"Retry-After": str(int(attempts.WINDOW.total_seconds()))})
        return _json(await run_in_threadpool(passkeys.options_to_sign_in, party, made))

    async def sign_in(request: Request) -> Response:
        browser, party = door.cookies.browser(request), _party(door, request)
        sent = await door.read(request, browser)
        await run_in_threadpool(passkeys.ready)
        use = partial(
            signing_in.by_passkey,
            party=party,
            answer=sent.text("credential"),
            browser=browser,
            instead_of=door.cookies.session(request),
        )
        session = await door.site.writer.run(use)
        if session is None:
            return RedirectResponse(f"{door.root}/sign-in?failed=passkey", status_code=303)
        return door.enter(sent.text("onward"), session)

    async def options_to_add(request: Request) -> Response:
        session, party = door.cookies.session(request), _party(door, request)
        await door.read(request, session)
        account = await _recent(door, request)
        made = await door.site.writer.run(lambda connection: passkeys.challenge(connection, session))
        there = await door.site.read(lambda connection: passkeys.of_account(connection, account.id))
        shown = door.site.installation.config.newsletter.name
        work = partial(passkeys.options_to_add, party, made, account, there, shown)
        return _json(await run_in_threadpool(work))

    async def change(request: Request) -> Response:
        session = door.cookies.session(request)
        sent = await door.read(request, session)
        await _recent(door, request)
        await run_in_threadpool(passkeys.ready)
        removed = sent.text("remove")
        if removed:
            work = partial(own_account.remove_passkey, session=session, name=removed)
        else:
            party, answer = _party(door, request), sent.text("credential")
            work = partial(own_account.add_passkey, session=session, party=party, answer=answer)
        changed = await door.site.writer.run(work)
        said = "?failed=passkey" if not changed else "?gone=passkey" if removed else ""
        return RedirectResponse(f"{door.root}/account{said}", status_code=303)

    return [
        Route("/passkey/options", options, methods=["POST"]),
        Route("/passkey", sign_in, methods=["POST"]),
        Route("/account/passkey/options", options_to_add, methods=["POST"]),
        Route("/account/passkey", change, methods=["POST"]),
    ]


def party_of(door: Door, request: Request) -> RelyingParty | None:
    """Whom a key would be for; None where there can be none."""
    pages = door.site.pages.address
    if door.site.installation.config.newsletter.staff_pages != "https":
        pages = f"http://{request.headers.get('host', '')}"
    parts = urlsplit(pages)
    host = parts.hostname or ""
    # A number is no name (WebAuthn, 5.1.3). On loopback only this one is always meant (RFC 6761, 6.3).
    named = host == "localhost" or (parts.scheme == "https" and not _is_number(host))
    return RelyingParty(host, f"{parts.scheme}://{parts.netloc.lower()}") if named else None


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _party(door: Door, request: Request) -> RelyingParty:
    found = None if door.is_shut else party_of(door, request)
    if found is None:
        raise HTTPException(403)
    return found


async def _recent(door: Door, request: Request) -> Account:
    """Who is signed in, lately. Raises HTTPException 403 for anybody else."""
    actor = await door.signed_in(request)
    account = None
    if actor is not None and actor.recent:
        account = await door.site.read(lambda connection: accounts.by_address(connection, actor.address))
    if account is None:
        raise HTTPException(403)
    return account


def _json(options: str) -> Response:
    return Response(options, media_type="application/json")
