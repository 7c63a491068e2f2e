"""What staff did, the newest first, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.web.dashboard import render
from pipeline.web.dashboard.accounts.place import HERE
from subscribers import staff_log, times

if TYPE_CHECKING:
    from starlette.responses import Response

    from pipeline.web.dashboard.asked import Asked


def show(asked: Asked) -> Response:
    """``?before=``: the entries from before this number."""
    before, zone = asked.asked_number("before"), asked.installation.config.newsletter.zone
    with asked.installation.database.read() as connection:
        part = staff_log.part(connection, before)
    return render.page(
        asked, "staff_log.html", HERE, part=part, before=before, moment=lambda at: times.moment(at, zone)
    )
