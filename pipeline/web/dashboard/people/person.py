"""One person: subscriptions, proof, suppressions and why, letters, moves; and what can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from pipeline.subscriptions.letters_of import Letters, became, letters_of
from pipeline.web.dashboard import render
from pipeline.web.dashboard.people.place import HERE
from subscribers import directory, moving, suppression, times
from subscribers.errors import SubscriberError
from subscribers.moving import Moves
from subscribers.people import Status

if TYPE_CHECKING:
    from starlette.responses import Response

    from pipeline.web.dashboard.asked import Asked
    from subscribers.people import Person

DONE = {
    "added": "Added, with your evidence.",
    "mailed": "The mail that asks them to confirm is on its way.",
    "written": "The mail that asks them to confirm lies in the outbox: nobody was mailed.",
    "queued": "The mail that asks them to confirm waits, and is tried again by itself.",
    "dropped": "The mail that asks them to confirm was refused.",
    "unsubscribe": "Unsubscribed.",
    "suppress": "Suppressed.",
    "lift": "Lifted.",
}
"""By the word in the address: what was just done."""


def show(asked: Asked) -> Response:
    done = DONE.get(asked.request.query_params.get("done", ""), "")
    return page(asked, known(asked, str(asked.number)), done)


def of_address(asked: Asked) -> Response:
    """The same of an address, which need not be on the list."""
    return page(asked, known(asked, asked.form.text("who")))


def known(asked: Asked, who: str) -> Person:
    """Whom a number or an address means. Raises HTTPException 404 for nobody that anything is known of."""
    with asked.installation.database.read() as connection:
        try:
            found = directory.person(connection, who)
        except SubscriberError:
            found = None
    if found is None:
        raise HTTPException(404)
    return found


def page(asked: Asked, found: Person, done: str = "", wrong: str = "", **typed: str) -> Response:
    """``typed``: what stands in a field whose form could not be done."""
    installation = asked.installation
    config = installation.config
    zone = config.newsletter.zone
    with installation.database.read() as connection:
        reasons = suppression.every(connection, found.email)
        letters: Letters = letters_of(connection, found.id)
        moves = moving.moves_of(connection, found.id) if found.id is not None else Moves((), ())
    values: dict[str, Any] = {
        "person": found,
        "who": found.email if found.id is None else str(found.id),
        "reasons": reasons,
        "liftable": [one.reason for one in reasons if one.reason in suppression.STAFFS],
        "remedies": directory.REMEDIES,
        "letters": letters,
        "became": lambda letter: became(config.delivery, letter),
        "moves": moves,
        "current": [one for one in found.subscriptions if one.status is not Status.UNSUBSCRIBED],
        "moment": lambda at: times.moment(at, zone),
        "day": lambda at: times.day(at, zone),
        "done": done,
        "wrong": wrong,
        "typed": {"verb": "", "reason": ""} | typed,
    }
    return render.page(asked, "person.html", HERE, 409 if wrong else 200, **values)
