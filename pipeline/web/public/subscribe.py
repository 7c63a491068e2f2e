"""Signing up: GET and POST /subscribe, and GET /subscribe/embed, the form for other sites."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.routing import Route

from pipeline.web.public import form
from pipeline.web.public.about import about, ahead
from pipeline.web.public.network import address_of
from subscribers import clock, digest_names, signup
from subscribers.addresses import AddressError
from subscribers.tokens import Purpose

if TYPE_CHECKING:
    from starlette.background import BackgroundTask
    from starlette.requests import Request
    from starlette.responses import Response

    from pipeline.web.public.form import Form
    from pipeline.web.public.site import Site

QUICKEST = timedelta(seconds=2)
"""A person needs at least this long to fill in the form."""


def routes(site: Site) -> list[Route]:
    async def subscribe(request: Request) -> Response:
        if request.method == "POST":
            return await _asked(site, request, await form.read(request))
        return await _page(site, form.Form([]), stamped=stamp(site))

    async def embed(request: Request) -> Response:
        return site.pages.snippet()

    return [
        Route("/subscribe", subscribe, methods=["GET", "POST"]),
        Route("/subscribe/embed", embed, methods=["GET"]),
    ]


async def _asked(site: Site, request: Request, sent: Form) -> Response:
    """The answer is the same page whether the address is known, unknown or may get no mail."""
    if sent.text("website"):
        return await _thanks(site)  # a robot filled in the field that people do not see
    digests = await _chosen(site, sent)
    if not digests:
        return await _page(site, sent, digest=site.pages.say("subscribe.no_digest"))
    made = site.installation.tokens.read_until(Purpose.FORM, sent.text("stamp"))
    # A form copied to another site has none. One opened yesterday is as good as any.
    if made and clock.now() - made.until < QUICKEST:
        return await _page(site, sent, once_more=True)
    await site.may_ask(request)
    try:
        await site.writer.run(
            lambda connection: signup.ask(
                connection,
                sent.text("email"),
                name=sent.text("name"),
                digests=digests,
                wording=site.pages.agreed(),
                source="sign-up form" if made else "sign-up form on another site",
                network_address=address_of(request.scope),
            )
        )
    except AddressError as error:
        return await _page(site, sent, email=site.pages.say(f"address.{error.fault}"))
    return await _thanks(site, site.mail_questions())


async def _page(
    site: Site, sent: Form, *, stamped: str = "", once_more: bool = False, email: str = "", digest: str = ""
) -> Response:
    """The form, with what was sent where something is wrong with it."""
    faulty = bool(email or digest)
    told = await about(site)
    return site.pages.page(
        "subscribe",
        422 if faulty or once_more else 200,
        private=False,
        faulty=faulty,
        once_more=once_more,
        errors={"email": email, "digest": digest},
        email=sent.text("email"),
        name=sent.text("name"),
        chosen=sent.all("digest"),
        stamp=stamped or sent.text("stamp"),
        agreed=site.pages.agreed(),
        about=told,
        head=site.pages.head("subscribe", site.pages.say("subscribe.title"), told.said),
    )


async def _chosen(site: Site, sent: Form) -> list[str]:
    names = [digest.name for digest in site.pages.offered]
    if len(names) == 1:
        return names
    return await site.read(lambda connection: digest_names.meant(connection, names, sent.all("digest")))


def stamp(site: Site) -> str:
    """Says when the form was made."""
    return site.installation.tokens.sign_until(Purpose.FORM, 0, clock.now())


async def _thanks(site: Site, afterwards: BackgroundTask | None = None) -> Response:
    said, coming = site.pages.say, await ahead(site)
    answer = site.pages.message(
        said("asked.title"), said("asked.text"), said("asked.more"), coming.said, links=coming.links
    )
    answer.background = afterwards
    return answer
