"""Where the link of a confirmation mail leads: GET and POST /confirm/TOKEN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from pipeline.subscriptions.erase import forget
from pipeline.subscriptions.welcome import is_coming
from pipeline.web.public.about import ahead
from pipeline.web.public.network import address_of
from subscribers import clock, own_mailbox, signup
from subscribers.addresses import masked
from subscribers.confirmations import Purpose as Asked
from subscribers.confirmations import State, waiting
from subscribers.consent import BY_MAIL
from subscribers.tokens import Purpose

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from pipeline.web.public.site import Site


def routes(site: Site) -> list[Route]:
    async def confirm(request: Request) -> Response:
        token = site.timed(request, Purpose.CONFIRM)
        if token.until < clock.now():
            return _gone(site)
        return await (_confirmed if request.method == "POST" else _page)(site, request, token.about)

    return [Route("/confirm/{token}", confirm, methods=["GET", "POST"])]


async def _page(site: Site, request: Request, confirmation: int) -> Response:
    asked = await site.read(lambda connection: waiting(connection, confirmation))
    if asked is None or asked.state is State.DROPPED:
        return _gone(site)
    names = set(asked.digests) if site.pages.several and asked.purpose is Asked.SUBSCRIBE else set()
    digests = site.pages.phrases.listed(
        [digest.label for digest in site.pages.offered if digest.name in names]
    )
    ending, say = _ENDINGS[asked.purpose], site.pages.say
    text = "confirm.text_digests" if digests else f"confirm.text{ending}"
    return site.pages.page(
        "confirm",
        title=say(f"confirm.title{ending}"),
        text=say(text, digests=digests, address=masked(asked.other)),
        button=say(f"confirm.button{ending}"),
        not_me=say(f"confirm.not_me{ending}"),
    )


_ENDINGS = {
    Asked.SUBSCRIBE: "",
    Asked.ALLOW_MOVE: "_allow_move",
    Asked.MOVE: "_address",
    Asked.MOVED: "_moved",
    Asked.ERASE: "_erase",
}
"""The phrases of each question end so."""


async def _confirmed(site: Site, request: Request, confirmation: int) -> Response:
    erased = await site.read(
        lambda connection: own_mailbox.proven(connection, waiting(connection, confirmation))
    )
    if erased is not None:
        await run_in_threadpool(forget, site.installation, erased)
        return site.pages.named("erased")
    done = await site.writer.run(
        lambda connection: signup.confirm(
            connection, confirmation, source=BY_MAIL, network_address=address_of(request.scope)
        )
    )
    if done is None:
        return _gone(site)
    ending, said = _ENDINGS[done.purpose], site.pages.say
    token = site.installation.tokens.sign(Purpose.LETTER, done.subscriber, 0)
    links = {site.pages.link(f"preferences/{token}"): said("shared.back_to_preferences")}
    if done.purpose is Asked.ALLOW_MOVE:
        links = {}  # it goes on in the other mailbox
    told = f"confirmed.text{ending}"
    if done.purpose is Asked.SUBSCRIBE:
        config, who = site.installation.config, done.subscriber
        if await site.read(lambda connection: is_coming(connection, config, who, done.digests)):
            told = "confirmed.text_welcome"
    answer = site.pages.message(
        said(f"confirmed.title{ending}"),
        said(told),
        ahead=await ahead(site, done.digests) if done.purpose is Asked.SUBSCRIBE else None,
        links=links,
    )
    subscribed = done.purpose is Asked.SUBSCRIBE
    answer.background = site.mail_welcomes() if subscribed else site.mail_questions()
    return answer


def _gone(site: Site) -> Response:
    """One answer to all: too late, erased, or an address that may get no mail."""
    return site.pages.named(
        "gone", links={site.pages.link("subscribe"): site.pages.say("shared.sign_up")}, status=410
    )
