"""Signing up: GET and POST /subscribe, and GET /subscribe/embed, the form for other sites."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from pipeline.web.public import form
from pipeline.web.public.about import about, ahead
from pipeline.web.public.network import address_of
from subscribers import clock, digest_names, signup
from subscribers.addresses import AddressError, normalise
from subscribers.tokens import Purpose

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from pipeline.web.public.form import Form
    from pipeline.web.public.site import Site

QUICKEST = timedelta(seconds=2)
"""A person needs at least this long to fill in the form. Who is quicker, or fills in the field that people do
not see, is asked to press once more: a browser may have filled it in, too."""


def routes(site: Site) -> list[Route]:
    async def subscribe(request: Request) -> Response:
        if request.method == "POST":
            return await _asked(site, request, await form.read(request))
        return await _page(site, form.Form([]), stamped=_stamp(site))

    async def embed(request: Request) -> Response:
        return site.pages.snippet()

    return [
        Route("/subscribe", subscribe, methods=["GET", "POST"]),
        Route("/subscribe/embed", embed, methods=["GET"]),
    ]


async def _asked(site: Site, request: Request, sent: Form) -> Response:
    """The answer is the same page whether the address is known, unknown or may get no mail."""
    digests = await _chosen(site, sent)
    email = _wrong_with(site, sent.text("email"))
    # First of all, and both at once: whoever is asked to press once more is not told of a slip only then.
    if email or not digests:
        return await _page(
            site, sent, email=email, digest="" if digests else site.pages.say("subscribe.no_digest")
        )
    made = site.installation.tokens.read_until(Purpose.FORM, sent.text("stamp"))
    # A form copied to another site has no stamp. One opened yesterday is as good as any.
    if sent.text("website") or (made and clock.now() - made.until < QUICKEST):
        return await _page(site, sent, once_more=True)
    await site.may_ask(request)
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
    return await _thanks(site)


def _wrong_with(site: Site, email: str) -> str:
    try:
        normalise(email)
    except AddressError as error:
        return site.pages.say(f"address.{error.fault}")
    return ""


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
        about=told,
        head=site.pages.head("subscribe", site.pages.say("subscribe.title"), told.said),
        **_fields(site, sent, stamped=stamped, once_more=once_more, email=email, digest=digest),
    )


def empty_form(site: Site) -> dict[str, Any]:
    """What the form shows that nobody has filled in yet."""
    return _fields(site, form.Form([]), stamped=_stamp(site))


def _fields(
    site: Site, sent: Form, *, stamped: str = "", once_more: bool = False, email: str = "", digest: str = ""
) -> dict[str, Any]:
    return {
        "once_more": once_more,
        "errors": {"email": email, "digest": digest},
        "email": sent.text("email"),
        "name": sent.text("name"),
        "chosen": sent.all("digest"),
        "stamp": stamped or sent.text("stamp"),
        "agreed": site.pages.agreed(),
    }


async def _chosen(site: Site, sent: Form) -> list[str]:
    names = [digest.name for digest in site.pages.offered]
    if len(names) == 1:
        return names
    return await site.read(lambda connection: digest_names.meant(connection, names, sent.all("digest")))


def _stamp(site: Site) -> str:
    """Says when the form was made."""
    return site.installation.tokens.sign_until(Purpose.FORM, 0, clock.now())


async def _thanks(site: Site) -> Response:
    said = site.pages.say
    answer = site.pages.message(
        said("asked.title"), said("asked.text"), hint=said("asked.more"), ahead=await ahead(site)
    )
    answer.background = site.mail_questions()
    return answer
