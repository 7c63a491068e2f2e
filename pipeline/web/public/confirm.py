"""Where the link of a confirmation mail leads: GET and POST /confirm/TOKEN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from pipeline.web.public.network import address_of
from subscribers import clock, signup
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
    asked = await site.read(lambda connection: signup.waiting(connection, confirmation))
    if asked is None:
        return _gone(site)
    names = set(asked.digests) if site.pages.several else set()
    labels = [digest.label for digest in site.pages.offered if digest.name in names]
    return site.pages.page(
        "confirm", moving=asked.purpose is signup.Purpose.MOVE, digests=site.pages.phrases.listed(labels)
    )


async def _confirmed(site: Site, request: Request, confirmation: int) -> Response:
    done = await site.writer.run(
        lambda connection: signup.confirm(
            connection, confirmation, source="confirmation page", network_address=address_of(request.scope)
        )
    )
    if done is None:
        return _gone(site)
    said = site.pages.say
    ending = "_address" if done.purpose is signup.Purpose.MOVE else ""
    token = site.installation.tokens.sign(Purpose.LETTER, done.subscriber, 0)
    links = {site.pages.link(f"preferences/{token}"): said("shared.back_to_preferences")}
    return site.pages.message(said(f"confirmed.title{ending}"), said(f"confirmed.text{ending}"), links=links)


def _gone(site: Site) -> Response:
    """One answer to all: too late, erased, or an address that may get no mail."""
    return site.pages.named(
        "gone", links={site.pages.link("subscribe"): site.pages.say("shared.sign_up")}, status=410
    )
