"""The page "This week": the letter that comes next, what happens with it, and what staff can do about it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from pipeline.core.errors import RapportError
from pipeline.editions.document import went
from pipeline.providers.outbox import letters as letters_in
from pipeline.web.dashboard import bar, deciding, editing, render
from pipeline.web.dashboard.dashboard import Page
from pipeline.web.dashboard.letter.query import SIZES, VIEWS, Query
from pipeline.web.dashboard.letter.shown import shown
from pipeline.web.dashboard.routing import get, post
from subscribers import times
from subscribers.staff.roles import Right

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from pipeline.core.app import Installation
    from pipeline.editions.edition import Edition
    from pipeline.web.dashboard.asked import Asked
    from pipeline.web.dashboard.dashboard import Dashboard
    from pipeline.web.dashboard.letters import Preview


def _routes(dashboard: Dashboard) -> Sequence[BaseRoute]:
    return [
        get(dashboard, "/", show),
        post(dashboard, "/pull", _pull, right=Right.WRITE),
        post(dashboard, "/draft", _draft, right=Right.WRITE),
        post(dashboard, "/decide", _decide, right=Right.DECIDE),
        post(dashboard, "/test", _test, right=Right.WRITE),
        post(dashboard, "/edit", _edit, right=Right.WRITE),
        post(dashboard, "/undo", _undo, right=Right.WRITE),
    ]


PAGE = Page("This week", "/", _routes)


def show(asked: Asked, wrong: str = "") -> Response:
    """The page. ``wrong``: why what was just asked could not be done."""
    made = pieces(asked, wrong)
    first = next(made)  # made before the answer has a status: it may raise
    status = 409 if wrong else 200
    return StreamingResponse(itertools.chain([first], made), status, media_type="text/html")


def query_of(asked: Asked) -> Query:
    return Query.of(asked.request.query_params, asked.dashboard.root)


def _pull(asked: Asked) -> Response:
    asked.dashboard.letters.pull()
    return asked.back_to(query_of(asked).path())


def _draft(asked: Asked) -> Response:
    query = query_of(asked)

    def work(installation: Installation) -> None:
        preview = asked.dashboard.letters.look(query.digest or None, None)
        if preview is None:
            raise HTTPException(404)
        deciding.make_draft(asked, installation, preview.digest)

    return _done(asked, work, query.path())


def _decide(asked: Asked) -> Response:
    # What is over is no longer the digest's open edition: the page stays with it all the same.
    stays = query_of(asked).path(edition=asked.form.text("edition"), digest="")
    return _done(asked, lambda installation: deciding.decide(asked, installation), stays)


def _test(asked: Asked) -> Response:
    then = query_of(asked).path()
    then += f"{'&' if '?' in then else '?'}done=test"
    return _done(asked, lambda installation: deciding.send_test(asked, installation), then)


def _edit(asked: Asked) -> Response:
    return _done(asked, lambda installation: editing.change(asked, installation), query_of(asked).path())


def _undo(asked: Asked) -> Response:
    return _done(asked, lambda installation: editing.undo_last(asked, installation), query_of(asked).path())


def _done(asked: Asked, work: Callable[[Installation], None], then: str) -> Response:
    """Do it, and go to the page ``then``; or the page with why it could not be done."""
    try:
        work(asked.installation)
    except RapportError as error:
        return show(asked, f"{error.message} {error.remedy}".rstrip())
    finally:
        asked.dashboard.letters.editions_changed()
    return asked.back_to(then)


def pieces(asked: Asked, wrong: str = "") -> Iterator[str]:
    """The page in pieces: first the letter's frame, then what takes longer."""
    letters, query = asked.dashboard.letters, query_of(asked)
    version = letters.reload.version  # read first: a change from now on makes the page old
    preview = letters.look(query.digest or None, query.edition or None)
    values = _values(asked, preview, query) | {
        "version": version,
        "wrong": wrong,
        # What could not be done is not lost: it stands in its field.
        "typed": {name: asked.form.text(name) for name in editing.FIELDS if asked.form.all(name)},
        "tested": asked.request.query_params.get("done") == "test",
    }
    return render.pieces(asked, "this_week.html", PAGE.path, **values)


def _values(asked: Asked, preview: Preview | None, query: Query) -> dict[str, Any]:
    letters = asked.dashboard.letters
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
        "left_out": [],
        "bar": None,
        "panel": None,
        "written": None,
    }
    installation = letters.installation
    if preview is None or installation is None:
        return values
    zone = preview.config.newsletter.zone
    values |= {
        "digests": [digest.name for digest in preview.config.digests],
        "digest": preview.digest.name,
        "edition": edition,
        "earlier": preview.earlier,
        "reason": "" if query.edition else preview.outcome.reason,
        "moment": lambda at: times.moment(at, zone),
        "became": lambda of: went(preview.config.delivery, of).became(of.status),
        "emails": preview.config.staff.emails,
    }
    if edition is None:
        if fault:
            return values
        nothing = bar.of_nothing(asked, installation, preview.digest)
        return values | {"bar": nothing, "left_out": letters.left_out(preview.digest)}
    return (
        values
        | shown(letters, preview, edition, query)
        | {
            "bar": bar.of_edition(asked, installation, preview.digest, edition),
            "panel": editing.panel(asked, installation, edition),
            "written": _written(asked, edition),
        }
    )


def _written(asked: Asked, edition: Edition) -> Any:
    """The files of an edition in the outbox, if it went there. Only who is at this machine can open them."""
    installation = asked.dashboard.installation
    if installation is None or not asked.dashboard.local:
        return None
    folder = (installation.folder / installation.config.delivery.outbox).resolve()
    files = letters_in(folder, edition.slug)
    return {"folder": folder, "files": [file.name for file in files]} if files else None
