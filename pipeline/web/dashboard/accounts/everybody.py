"""Who may sign in, and who is invited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.web.dashboard import render
from pipeline.web.dashboard.accounts.place import HERE, showing
from subscribers import times
from subscribers.staff import accounts

if TYPE_CHECKING:
    from starlette.responses import Response

    from pipeline.web.dashboard.asked import Asked

DONE = {
    "removed": "Removed: they are signed out, and can no longer sign in.",
    "gone": "That account is no longer there: it was removed before.",
}


def show(asked: Asked) -> Response:
    zone = asked.installation.config.newsletter.zone
    with asked.installation.database.read() as connection:
        shown = showing(connection, asked.actor.address)
        everybody = [shown(account) for account in accounts.all_of_them(connection)]
    return render.page(
        asked,
        "accounts.html",
        HERE,
        everybody=everybody,
        done=DONE.get(asked.request.query_params.get("done", ""), ""),
        moment=lambda at: times.moment(at, zone),
    )
