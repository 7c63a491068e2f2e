"""The letter alone, as it goes out, and as a frame of a page shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response

from pipeline.editions.message import preview_part
from pipeline.letter.images import store
from pipeline.web.dashboard.letter import frame, locate
from pipeline.web.dashboard.letter.query import Query
from pipeline.web.dashboard.routing import get

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.routing import BaseRoute

    from pipeline.editions.edition import Edition
    from pipeline.web.dashboard.asked import Asked
    from pipeline.web.dashboard.dashboard import Dashboard
    from pipeline.web.dashboard.letters import Preview


def routes(dashboard: Dashboard) -> Sequence[BaseRoute]:
    return [
        get(dashboard, "/letter.html", _letter),
        get(dashboard, "/letter.txt", _text),
        get(dashboard, "/letter.eml", _message),
        get(dashboard, "/frame", _frame),
        get(dashboard, "/images/{name}", _image),
    ]


def _letter(asked: Asked) -> Response:
    """The letter alone; its pictures are from here, as those of `--out` are from files."""
    preview, edition = _edition(asked)
    letter = preview_part(preview.config, edition, "html").decode()
    letter = frame.with_own_images(letter, preview.config.newsletter.pages, asked.dashboard.root)
    return _html(letter.encode(), frame.policy())


def _text(asked: Asked) -> Response:
    preview, edition = _edition(asked)
    content = preview_part(preview.config, edition, "txt")
    return Response(content, media_type="text/plain; charset=utf-8")


def _message(asked: Asked) -> Response:
    preview, edition = _edition(asked)
    named = {"content-disposition": f'attachment; filename="{edition.slug}.eml"'}
    content = preview_part(preview.config, edition, "eml", asked.dashboard.letters.list_id(edition))
    return Response(content, media_type="message/rfc822", headers=named)


def _frame(asked: Asked) -> Response:
    """The letter as a frame of the page shows it: a variation, never what goes out."""
    query = Query.of(asked.request.query_params)
    preview, edition = _edition(asked)
    letter = preview_part(preview.config, edition, "html").decode()
    place = None
    if query.finding:
        found = asked.dashboard.letters.findings(edition)
        number = int(query.finding)
        titles = [str(post["title"]) for post in edition.posts]
        place = locate.in_html(found[number - 1], letter, titles) if 0 < number <= len(found) else None
    letter = frame.in_frame(letter, scheme=query.scheme, place=place)
    letter = frame.with_own_images(letter, preview.config.newsletter.pages, asked.dashboard.root)
    return _html(letter.encode(), frame.policy(images=query.images == "on", framed=True))


def _image(asked: Asked) -> Response:
    """A picture of a letter, as `rapport serve` will serve it."""
    installation = asked.dashboard.installation
    if installation is None:
        raise HTTPException(404)
    with installation.database.read() as connection:
        copy = store.served(connection, asked.request.path_params["name"])
    if copy is None:
        raise HTTPException(404)
    # It is named by its content. A frame that is loaded again with each change needs it no second time.
    kept = {"cache-control": "private, max-age=86400, immutable"}
    return Response(copy.content, media_type=copy.media_type, headers=kept)


def _edition(asked: Asked) -> tuple[Preview, Edition]:
    query = Query.of(asked.request.query_params)
    preview = asked.dashboard.letters.look(query.digest or None, query.edition or None)
    if preview is None or preview.edition is None:
        raise HTTPException(404, "There is no such edition.")
    return preview, preview.edition


def _html(content: bytes, policy: str) -> Response:
    headers = {"content-security-policy": policy, "referrer-policy": "no-referrer"}
    return Response(content, media_type="text/html; charset=utf-8", headers=headers)
