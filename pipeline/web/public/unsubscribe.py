"""Leaving: GET and POST /unsubscribe/TOKEN. A POST ends it at once; a GET never changes anything.

RFC 8058: mailbox providers POST `List-Unsubscribe=One-Click`, form-urlencoded or multipart, without cookies,
and follow no redirect. Any other POST to this address can only mean that somebody wants no more mail. So
whatever is not a button of our own page is treated like that one.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from pipeline.subscriptions.unsubscribe import batches_ended, digest_of, leave_by_link
from pipeline.web.public import form
from pipeline.web.public.network import REQUESTS, address_of
from subscribers import clock, leaving, preferences
from subscribers.tokens import Purpose

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from pipeline.web.public.form import Form
    from pipeline.web.public.site import Site
    from subscribers.tokens import Claim

_STAMPS = 4
"""The presses before that a page hands on: more than its buttons lead through."""

PAUSE = timedelta(weeks=4)
"""The pause that is offered beside leaving. Any other can be chosen on the reader's own page."""

_SOURCE = "unsubscribe page"


def routes(site: Site) -> list[Route]:
    async def unsubscribe(request: Request) -> Response:
        claim = site.claim(request, Purpose.LETTER)
        if request.method == "POST":
            return await _pressed(site, request, claim, await _sent(request))
        digest = await site.read(lambda connection: digest_of(connection, claim.edition))
        return site.pages.page("unsubscribe", digest=_shown(site, digest))

    return [Route("/unsubscribe/{token}", unsubscribe, methods=["GET", "POST"])]


async def leave(site: Site, claim: Claim, *, everything: bool, source: str, reason: str = "") -> str | None:
    """End what the link ends, or all mail; gives the digest that was ended, None for all.

    Returns once that is committed and no batch under way holds the person any more.
    """
    left = await site.writer.run(
        lambda connection: leave_by_link(
            connection,
            claim,
            everything=everything,
            source=source,
            reason=reason,
            configured=[digest.name for digest in site.pages.offered],
        )
    )
    if left.in_flight:
        await batches_ended(site.read, claim.subscriber)
    return left.digest


async def _sent(request: Request) -> Form:
    try:
        return await form.read(request)
    except HTTPException as error:
        if error.status_code == 400:
            return form.Form([])  # unreadable, but it can only mean that somebody wants to leave
        raise


async def _pressed(site: Site, request: Request, claim: Claim, sent: Form) -> Response:
    button = sent.text("do")
    if button in ("undo", "reason", "pause"):  # no mail program presses these, so they are limited
        site.limits.count(REQUESTS, request.scope)
    match button:
        case "undo":
            return await _undone(site, request, claim, sent)
        case "pause":
            return await _paused(site, claim)
        case "leave" | "leave-all" | "reason":
            return await _left(site, claim, sent, button)
        case _:
            await leave(site, claim, everything=False, source="one-click unsubscribe")
            return PlainTextResponse("Unsubscribed.\n")


async def _left(site: Site, claim: Claim, sent: Form, button: str) -> Response:
    everything = button == "leave-all" or sent.text("of") == "all"
    reason = sent.text("reason") if button == "reason" else ""
    digest = await leave(site, claim, everything=everything, source=_SOURCE, reason=reason)
    tokens = site.installation.tokens
    pressed = [*_presses(site, claim, sent)[-_STAMPS:], clock.now()]
    return site.pages.page(
        "left",
        digest=_shown(site, digest),
        all_mail=digest is None,
        thanked=bool(reason),
        undo=[tokens.sign_until(Purpose.UNDO, claim.subscriber, press) for press in pressed],
        preferences=_own_page(site, claim),
    )


async def _paused(site: Site, claim: Claim) -> Response:
    until = await site.writer.run(
        lambda connection: preferences.pause(connection, claim.subscriber, site.today + PAUSE, source=_SOURCE)
    )
    if until is None:
        return site.pages.named(
            "nothing_to_pause", links={_own_page(site, claim): site.pages.say("shared.back_to_preferences")}
        )
    await batches_ended(site.read, claim.subscriber)
    said = partial(site.pages.say, date=site.pages.phrases.in_words(until))
    return site.pages.message(
        said("paused.title"),
        said("paused.text"),
        links={_own_page(site, claim): said("paused.preferences")},
    )


async def _undone(site: Site, request: Request, claim: Claim, sent: Form) -> Response:
    back = await site.writer.run(
        lambda connection: leaving.undo(
            connection,
            claim.subscriber,
            presses=_presses(site, claim, sent)[-_STAMPS - 1 :],
            source=_SOURCE,
            network_address=address_of(request.scope),
        )
    )
    said = site.pages.say
    links = {_own_page(site, claim): said("shared.back_to_preferences")}
    if not back:
        return site.pages.message(said("undone.title_none"), said("undone.text_none"), links=links)
    named = back if site.pages.several else [site.installation.config.newsletter.name]
    text = said("undone.text", digests=site.pages.phrases.listed(named))
    return site.pages.message(said("undone.title"), text, links=links)


def _presses(site: Site, claim: Claim, sent: Form) -> list[datetime]:
    """The times of the presses that the form's page came of, each signed in its answer for this person."""
    tokens = map(partial(site.installation.tokens.read_until, Purpose.UNDO), sent.all("undo"))
    return [one.until for one in tokens if one is not None and one.about == claim.subscriber]


def _own_page(site: Site, claim: Claim) -> str:
    return site.pages.link(f"preferences/{site.installation.tokens.sign(Purpose.LETTER, *claim)}")


def _shown(site: Site, digest: str | None) -> str:
    return digest if digest and site.pages.several else ""
