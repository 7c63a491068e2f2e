"""Past letters: GET /archive, /archive/SLUG, its card, and the feeds."""

from __future__ import annotations

import json
import re
from email.utils import format_datetime
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.routing import Route

from pipeline.letter import card
from pipeline.web.public.cards import FOR_A_DAY, drawn
from pipeline.web.public.conditional import answer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from pipeline.editions.archive import Issue, Past
    from pipeline.web.public.site import Site

_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold (2.2), however it is written."""

IN_A_FEED = 25
"""Letters: half a year of a weekly one."""


def routes(site: Site) -> list[Route]:
    pages = {
        "/archive": _everything,
        "/archive/feed.xml": _rss,
        "/archive/feed.json": _json_feed,
        "/archive/{slug}": _letter,
        "/archive/{slug}/card.png": _picture,
    }
    return [Route(path, partial(page, site), methods=["GET"]) for path, page in pages.items()]


async def _everything(site: Site, request: Request) -> Response:
    _must_be_public(site)
    past = await site.read(site.archive.newest)
    html = site.pages.render(
        "archive.html",
        private=not _indexed(site),
        years=[(year, list(some)) for year, some in groupby(past, partial(_year, site))],
        head=site.pages.head(
            "archive",
            site.pages.say("shared.archive"),
            site.pages.say("archive.description"),
        ),
    )
    return _page(site, request, html, past[0].at if past else None)


async def _letter(site: Site, request: Request) -> Response:
    slug, key = request.path_params["slug"], request.query_params.get("key", "")
    place = site.pages.link("")
    issue = await site.read(lambda connection: site.archive.issue(connection, slug, key, place))
    if issue is None:
        raise HTTPException(404)
    html = site.pages.render(
        "letter.html",
        private=not _indexed(site),
        past=issue.past,
        published=issue.past.at.isoformat(timespec="seconds"),
        article=issue.article,
        body=Markup(issue.article.body),  # noqa: S704 (letter/archived.py escapes it)
        head=site.pages.head(
            f"archive/{slug}",
            issue.past.title,
            issue.past.summary or site.pages.say("archive.description"),
            f"archive/{slug}/card.png",
            "" if site.archive.public else key,
        ),
    )
    return _page(site, request, html, issue.past.at)


async def _picture(site: Site, request: Request) -> Response:
    slug, key = request.path_params["slug"], request.query_params.get("key", "")
    past = await site.read(lambda connection: site.archive.past(connection, slug, key))
    if past is None:
        raise HTTPException(404)
    words = card.of_letter(site.installation.config, past.title, past.at)
    return await drawn(site, request, words, past.at, _headers(site, FOR_A_DAY))


async def _rss(site: Site, request: Request) -> Response:
    issues = await _issues(site)
    xml = site.pages.render(
        "feed.xml",
        address=site.pages.address,
        items=[(*issue, format_datetime(issue.past.at, usegmt=True)) for issue in issues],
    )
    content = _NOT_IN_XML.sub("", xml).encode()
    return _feed(site, request, content, "application/rss+xml", issues)


async def _json_feed(site: Site, request: Request) -> Response:
    issues = await _issues(site)
    content = json.dumps(_json(site, issues), ensure_ascii=False, indent=1).encode()
    return _feed(site, request, content, "application/feed+json", issues)


def _must_be_public(site: Site) -> None:
    if not site.archive.public:
        raise HTTPException(404)


def _indexed(site: Site) -> bool:
    archive = site.installation.config.archive
    return archive.public and archive.robots


def _year(site: Site, past: Past) -> int:
    return past.at.astimezone(site.installation.config.newsletter.zone).year


def _page(site: Site, request: Request, html: str, modified: datetime | None) -> Response:
    return answer(request, html.encode(), "text/html", modified=modified, headers=_headers(site))


def _headers(site: Site, public: str = "public, max-age=300") -> dict[str, str]:
    # What only a letter's link opens stays in its reader's own cache.
    kept = {"Cache-Control": public if site.archive.public else public.replace("public", "private")}
    return kept if _indexed(site) else kept | {"X-Robots-Tag": "noindex"}


async def _issues(site: Site) -> list[Issue]:
    _must_be_public(site)
    # Addresses in a feed are whole: it is read far from this site.
    place = f"{site.pages.address}/"
    return await site.read(lambda connection: site.archive.issues(connection, IN_A_FEED, place))


def _feed(site: Site, request: Request, content: bytes, media_type: str, issues: Sequence[Issue]) -> Response:
    modified = issues[0].past.at if issues else None
    return answer(request, content, media_type, modified=modified, headers=_headers(site))


def _json(site: Site, issues: Sequence[Issue]) -> dict[str, Any]:
    """The feed as JSON Feed 1.1 has it (jsonfeed.org/version/1.1)."""
    pages, newsletter = site.pages, site.installation.config.newsletter
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": newsletter.name,
        "home_page_url": f"{pages.address}/archive",
        "feed_url": f"{pages.address}/archive/feed.json",
        "description": pages.say("archive.description"),
        "language": newsletter.language,
        "authors": [{"name": newsletter.sender}],
        "items": [
            {
                "id": f"{pages.address}/archive/{past.slug}",
                "url": f"{pages.address}/archive/{past.slug}",
                "title": past.title,
                "summary": past.summary,
                "content_html": article.html,
                "date_published": past.at.isoformat(),
            }
            for past, article in issues
        ],
    }
