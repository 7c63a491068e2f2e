"""Where the links of a draft mailed to staff lead: GET and POST /staff/VERB/TOKEN, for three verbs.

A link holds a fingerprint of what its edition said when the link was made. GET changes nothing, because
programs that scan mail open every link. Each button posts to its own link, made for the letter shown beside
it: when the letter has changed meanwhile, staff look at it again. These links end when the one in the mail
does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from pipeline.core.errors import RapportError
from pipeline.core.tables import editions as table
from pipeline.editions import find, states
from pipeline.editions.approval import VERBS, ApprovalResult, decide
from pipeline.editions.edition import Edition, EditionStatus
from pipeline.editions.message import preview_part
from pipeline.editions.plan import by_itself
from pipeline.letter.shown import day, time_of_day
from pipeline.schedule.drafts import decision_links
from pipeline.web.public.guard import HEADERS
from subscribers import clock
from subscribers.tokens import Purpose

if TYPE_CHECKING:
    from starlette.requests import Request

    from pipeline.web.public.site import Site
    from subscribers.tokens import Seen

_PAGE = {
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace(
        "frame-ancestors", "frame-src 'self'; frame-ancestors"
    )
}
_LETTER = {
    # The letter is made of a blog's posts and shown with its pictures. No script runs, nothing else is
    # fetched.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src http: https:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
    )
}


def routes(site: Site) -> list[Route]:
    async def page(request: Request) -> Response:
        verb, seen = _verb_and_token(site, request)
        if seen.until < clock.now():
            return _gone(site)
        if request.method == "POST":
            return await _decided(site, verb, seen)
        edition = await _found(site, seen)
        return _gone(site) if edition is None else _page(site, edition, seen, verb)

    async def letter(request: Request) -> Response:
        _, seen = _verb_and_token(site, request)
        edition = await _found(site, seen) if seen.until >= clock.now() else None
        if edition is None or not edition.html:
            raise HTTPException(404)
        html = preview_part(site.installation.config, edition, "html").decode()
        # Links open in a new tab: the frame may show nothing else.
        html = html.replace("<head>", '<head><base target="_blank">', 1)
        return Response(html, media_type="text/html", headers=_LETTER)

    return [
        Route("/staff/{verb}/{token}", page, methods=["GET", "POST"]),
        Route("/staff/{verb}/{token}/letter", letter, methods=["GET"]),
    ]


def _verb_and_token(site: Site, request: Request) -> tuple[str, Seen]:
    """The verb and what its token says. Raises HTTPException 404 when either is wrong."""
    verb, token = request.path_params["verb"], request.path_params["token"]
    seen = site.installation.tokens.read_seen(Purpose(verb), token) if verb in VERBS else None
    if seen is None:
        raise HTTPException(404)
    return verb, seen


async def _found(site: Site, seen: Seen) -> Edition | None:
    return await site.read(lambda connection: find.one(connection, table.c.id == seen.about))


async def _decided(site: Site, verb: str, seen: Seen) -> Response:
    try:
        outcome, edition = await run_in_threadpool(decide, site.installation, seen.about, verb, seen.content)
    except RapportError as error:  # `check` found an error
        edition = await _found(site, seen)
        return _gone(site) if edition is None else _page(site, edition, seen, verb, wrong=error.message)
    if edition is None:
        return _gone(site)
    return _page(site, edition, seen, verb, changed=outcome is ApprovalResult.CHANGED, decided=True)


def _page(
    site: Site,
    edition: Edition,
    seen: Seen,
    verb: str,
    *,
    decided: bool = False,
    changed: bool = False,
    wrong: str = "",
) -> Response:
    """The edition as it is, and what can still be decided. Before a decision, ``verb`` is what is asked
    for."""
    possible = [other for other in VERBS if other in states.possible(edition)]
    paths = decision_links(site.installation, edition, seen.until)
    asked = verb if verb in possible and not (decided and not changed) else ""
    stale = not decided and possible and edition.fingerprint() != seen.content
    say = site.pages.say
    notice = say("staff.changed") if changed else say("staff.changed_before") if stale else ""
    shown = site.pages.page(
        "staff",
        409 if changed or wrong else 200,
        edition=edition,
        state=_state(site, edition),
        notice=notice,
        wrong=wrong,
        asked=asked,
        others=[other for other in possible if other != asked],
        paths={other: site.pages.link(path) for other, path in paths.items()},
        text=preview_part(site.installation.config, edition, "txt").decode(),
    )
    shown.headers.update(_PAGE)
    return shown


def _state(site: Site, edition: Edition) -> str:
    """The status of the edition in words, and when it goes out."""
    config = site.installation.config
    digest = next((digest for digest in config.digests if digest.name == edition.digest), None)
    goes = by_itself(digest, edition) if digest else None
    waits = edition.status == EditionStatus.DRAFT and goes is None
    key = "waits" if waits else edition.status.value
    moment = goes or edition.due_at
    if (waits or edition.status == EditionStatus.APPROVED) and moment <= clock.now():
        key += "_late"
    return site.pages.say(f"staff.{key}", date=day(moment, config, "full"), time=time_of_day(moment, config))


def _gone(site: Site) -> Response:
    return site.pages.named("staff_gone", status=410)
