"""Everybody, page by page; and who is found by what was typed.

What is typed is posted, and so stands in no address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.web.dashboard import render
from pipeline.web.dashboard.people.place import HERE
from subscribers import directory, searching
from subscribers.addresses import AddressError

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from pipeline.web.dashboard.asked import Asked
    from subscribers.people import Person
    from subscribers.searching import Found


def show(asked: Asked) -> Response:
    """The list. ``?after=``: from the person that follows this number."""
    after = asked.asked_number("after")
    with asked.installation.database.read() as connection:
        found = searching.page(connection, after)
    return _page(asked, found, done=asked.request.query_params.get("done", ""), after=after)


def find(asked: Asked) -> Response:
    term = asked.form.text("q")
    with asked.installation.database.read() as connection:
        found = searching.search(connection, term) if term else searching.page(connection)
        unlisted = _unlisted(connection, term) if not found.people else None
    return _page(asked, found, term=term, unlisted=unlisted)


def _page(asked: Asked, found: Found, **values: Any) -> Response:
    empty = {"term": "", "unlisted": None, "done": "", "after": None}
    return render.page(asked, "people.html", HERE, found=found, **empty | values)


def _unlisted(connection: Connection, term: str) -> Person | None:
    """An address that is not on the list, and gets no mail."""
    if "@" not in term:
        return None
    try:
        return directory.person(connection, term)
    except AddressError:
        return None
