"""Where the links of a draft mailed to staff lead: GET and POST /staff/VERB/TOKEN, for three verbs.

A link holds a fingerprint of what its edition said when the link was made, and a mark of the last decision
about it. GET changes nothing, because programs that scan mail open every link. Each button posts to its own
link, made for the letter shown beside it: when the letter has changed meanwhile, staff look at it again. Once
anybody has decided a link does nothing: its page says what became of the letter, shows none and gives out no
other link; no page but the one that approves gives out a link that does. These links end when the one in the
mail does.

Where anybody can sign in, who decides must be signed in (approval.links_decide), and is put on record as who
they are.
"""

from __future__ import annotations

from functools import partial
from hmac import compare_digest
from typing import TYPE_CHECKING, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from pipeline.core.errors import RapportError
from pipeline.core.tables.editions import editions as table
from pipeline.editions import find, states
from pipeline.editions.approval import VERBS, ApprovalResult, decide, links_decide
from pipeline.editions.document import went
from pipeline.editions.edition import Edition, EditionStatus
from pipeline.editions.message import preview_part
from pipeline.editions.send_time import by_itself
from pipeline.letter.shown import day, time_of_day
from pipeline.schedule.drafts import decision_links
from pipeline.web.public import form
from pipeline.web.public.guard import HEADERS
from subscribers import clock
from subscribers.staff.roles import Right
from subscribers.tokens import Purpose, holder_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from pipeline.web.dashboard.actor import Actor
    from pipeline.web.public.site import Site
    from pipeline.web.signing_in.door import Door
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


def routes(site: Site, door: Door) -> list[Route]:
    # Some for each verb: all else under /staff is the dashboard's.
    return [route for verb in VERBS for route in _routes(site, door, verb)]


def _routes(site: Site, door: Door, verb: str) -> list[Route]:
    async def page(request: Request) -> Response:
        link = _link(site, verb, request)
        if not link.is_good:
            return _gone(site)
        staff, alone = await door.signed_in(request), await _decides_alone(site)
        if staff is None and not alone:
            return door.to_sign_in(request)
        if staff is not None and not staff.may(Right.DECIDE):
            if not alone:
                raise HTTPException(403)
            staff = None
        if request.method == "POST":
            if staff is not None and not await _is_own_form(request, staff):
                if not alone:
                    raise HTTPException(403)
                staff = None
            return await _decided(site, link._replace(staff=staff))
        edition = await _found(site, link.seen)
        return _gone(site) if edition is None else _page(site, edition, link._replace(staff=staff))

    async def letter(request: Request) -> Response:
        link = _link(site, verb, request)
        seen = await door.signed_in(request) is not None or await _decides_alone(site)
        edition = await _found(site, link.seen) if link.is_good and seen else None
        if edition is None or not edition.html or not _possible(edition, link.seen):
            raise HTTPException(404)
        html = preview_part(site.installation.config, edition, "html").decode()
        # Links open in a new tab: the frame may show nothing else.
        html = html.replace("<head>", '<head><base target="_blank">', 1)
        return Response(html, media_type="text/html", headers=_LETTER)

    return [
        Route(f"/staff/{verb}/{{token}}", page, methods=["GET", "POST"]),
        Route(f"/staff/{verb}/{{token}}/letter", letter, methods=["GET"]),
    ]


async def _decides_alone(site: Site) -> bool:
    return await site.read(lambda connection: links_decide(site.installation.config, connection))


async def _is_own_form(request: Request, staff: Actor) -> bool:
    """Whether it is a form of the page that was shown to them. Otherwise another site, or a colleague who has
    a link, could have it pressed by their browser."""
    sent = await form.read(request)
    return compare_digest(sent.text("csrf").encode(), staff.csrf.encode())


class _Link(NamedTuple):
    """A link that was followed. ``actor``: who of staff it was mailed to, None for somebody who is none any
    more. ``staff``: who is signed in, and so decides by it."""

    verb: str
    seen: Seen
    actor: str | None
    staff: Actor | None = None

    @property
    def is_good(self) -> bool:
        return self.seen.until >= clock.now() and self.actor is not None

    @property
    def decides(self) -> str:
        """Who is put on record."""
        return self.staff.name if self.staff else self.actor or ""


def _link(site: Site, verb: str, request: Request) -> _Link:
    """The link of a request. Raises HTTPException 404 when its token is wrong."""
    token = request.path_params["token"]
    seen = site.installation.tokens.read_deciding(Purpose(verb), token)
    if seen is None:
        raise HTTPException(404)
    return _Link(verb, seen, _holder(site, seen))


def _holder(site: Site, seen: Seen) -> str | None:
    emails = site.installation.config.staff.emails
    return next((address for address in emails if holder_of(address) == seen.holder), None)


async def _found(site: Site, seen: Seen) -> Edition | None:
    return await site.read(lambda connection: find.one(connection, table.c.id == seen.about))


async def _decided(site: Site, link: _Link) -> Response:
    seen = link.seen
    work = partial(
        decide, site.installation, seen.about, link.verb, seen.content, mark=seen.mark, actor=link.decides
    )
    try:
        outcome, edition = await run_in_threadpool(work)
    except RapportError as error:  # `check` found an error
        edition = await _found(site, seen)
        return _gone(site) if edition is None else _page(site, edition, link, wrong=error.message)
    return _gone(site) if edition is None else _page(site, edition, link, outcome)


def _page(
    site: Site, edition: Edition, link: _Link, outcome: ApprovalResult | None = None, *, wrong: str = ""
) -> Response:
    """What became of the edition, and what can still be decided: by who just decided, or by a link from after
    the last decision. Beside that stands the letter. ``outcome`` is what came of pressing its button, if that
    was done."""
    say = site.pages.say
    done, changed = outcome is ApprovalResult.DONE, outcome is ApprovalResult.CHANGED
    # Who decided goes on from there, by the links that this page then has.
    seen = link.seen._replace(mark=edition.mark) if done else link.seen
    possible = _possible(edition, seen)
    asked = link.verb if link.verb in possible and (outcome is None or changed) else ""
    others = [verb for verb in possible if verb not in (asked, "approve")]
    offered = [verb for verb in (asked, *others) if verb]
    stale = outcome is None and possible and edition.fingerprint() != seen.content
    notice = say("staff.changed") if changed else say("staff.changed_before") if stale else ""
    paths = decision_links(site.installation, edition, seen.until, seen.holder)
    shown = site.pages.page(
        "staff",
        409 if changed or wrong else 200,
        edition=edition,
        state=_state(site, edition),
        notice=notice if seen.mark == edition.mark else say("staff.decided_since"),
        wrong=wrong,
        asked=asked,
        others=others,
        paths={verb: site.pages.link(paths[verb]) for verb in offered},
        letter=site.pages.link(f"{paths[offered[0]]}/letter") if offered else "",
        text=preview_part(site.installation.config, edition, "txt").decode(),
        who=link.staff.name if link.staff else "",
        csrf=link.staff.csrf if link.staff else "",
    )
    shown.headers.update(_PAGE)
    return shown


def _possible(edition: Edition, seen: Seen) -> list[str]:
    """What a link made for ``seen`` may still decide: nothing once anybody has decided after it was made."""
    return [verb for verb in VERBS if seen.mark == edition.mark and verb in states.possible(edition)]


def _state(site: Site, edition: Edition) -> str:
    """The status of the edition in words, and when it goes out."""
    config = site.installation.config
    digest = next((digest for digest in config.digests if digest.name == edition.digest), None)
    goes = by_itself(digest, edition) if digest else None
    waits = edition.status == EditionStatus.DRAFT and goes is None
    key = "waits" if waits else went(config.delivery, edition).state(edition.status.value)
    moment = goes or edition.due_at
    if (waits or edition.status == EditionStatus.APPROVED) and moment <= clock.now():
        key += "_late"
    return site.pages.say(f"staff.{key}", date=day(moment, config, "full"), time=time_of_day(moment, config))


def _gone(site: Site) -> Response:
    return site.pages.named("staff_gone", status=410)
