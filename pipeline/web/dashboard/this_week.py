"""The page "This week": the letter that comes next, what happens with it, and what staff can do about it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from starlette.responses import StreamingResponse

from pipeline.core.destination import Destination
from pipeline.editions.document import went
from pipeline.providers.outbox import letters as letters_in
from pipeline.web.dashboard import deciding, render
from pipeline.web.dashboard.dashboard import Page
from pipeline.web.dashboard.letter.query import SIZES, VIEWS, Query
from pipeline.web.dashboard.letter.shown import shown
from pipeline.web.dashboard.routing import get, post
from subscribers import times
from subscribers.staff.roles import Right

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from pipeline.editions.edition import Edition
    from pipeline.web.dashboard.asked import Asked
    from pipeline.web.dashboard.dashboard import Dashboard
    from pipeline.web.dashboard.letters import Letters, Preview


def _routes(dashboard: Dashboard) -> Sequence[BaseRoute]:
    return [
        get(dashboard, "/", show),
        post(dashboard, "/pull", _pull, right=Right.WRITE),
        post(dashboard, "/decide", _decide, right=Right.DECIDE),
    ]


PAGE = Page("This week", "/", _routes)


def show(asked: Asked, answer: str = "") -> Response:
    """The page. ``answer``: why what was just asked could not be done."""
    made = pieces(asked, answer)
    first = next(made)  # made before the answer has a status: it may raise
    status = 409 if answer else 200
    return StreamingResponse(itertools.chain([first], made), status, media_type="text/html")


def query_of(asked: Asked) -> Query:
    return Query.of(asked.request.query_params, asked.dashboard.root)


def _pull(asked: Asked) -> Response:
    asked.dashboard.letters.pull()
    return asked.back_to(query_of(asked).path())


def _decide(asked: Asked) -> Response:
    wrong = deciding.decide(asked)
    if wrong:
        return show(asked, wrong)
    # What is over is no longer the digest's open edition: the page stays with it all the same.
    return asked.back_to(query_of(asked).path(edition=asked.form.text("edition"), digest=""))


def pieces(asked: Asked, answer: str = "") -> Iterator[str]:
    """The page in pieces: first the letter's frame, then what takes longer."""
    letters, query = asked.dashboard.letters, query_of(asked)
    version = letters.reload.version  # read first: a change from now on makes the page old
    preview = letters.look(query.digest or None, query.edition or None)
    values = _values(asked, letters, preview, query) | {"version": version, "answer": answer}
    return render.pieces(asked, "this_week.html", PAGE.path, **values)


def _values(asked: Asked, letters: Letters, preview: Preview | None, query: Query) -> dict[str, Any]:
    fault = letters.fault or (preview.fault if preview else None)
    edition = None if preview is None or fault else preview.edition
    values: dict[str, Any] = {
        "query": query,
        "views": VIEWS,
        "sizes": SIZES,
        "fault": fault,
        "feeds": [feed for feed in letters.pulled if feed.error],
        "digests": [],
        "digest": None,
        "edition": None,
        "earlier": [],
        "reason": "",
        "aside": "",
        "left_out": [],
        "bar": None,
        "written": None,
    }
    if preview is None:
        return values
    zone = preview.config.newsletter.zone
    values |= {
        "digests": [digest.name for digest in preview.config.digests],
        "digest": preview.digest.name,
        "edition": edition,
        "earlier": preview.earlier,
        "reason": "" if query.edition else preview.outcome.reason,
        "day": lambda moment: times.moment(moment, zone),
        "became": lambda of: went(preview.config.delivery, of).became(of.status),
        "aside": Destination.of(preview.config.delivery).aside,
    }
    if edition is None:
        return values | {"left_out": [] if fault else letters.left_out(preview.digest)}
    return (
        values
        | shown(letters, preview, edition, query)
        | {"bar": deciding.bar(asked, preview, edition), "written": _written(asked, edition)}
    )


def _written(asked: Asked, edition: Edition) -> Any:
    """The files of an edition in the outbox, if it went there. Only who is at this machine can open them."""
    installation = asked.dashboard.installation
    if installation is None or not asked.dashboard.local:
        return None
    folder = (installation.folder / installation.config.delivery.outbox).resolve()
    files = letters_in(folder, edition.slug)
    return {"folder": folder, "files": [file.name for file in files]} if files else None
