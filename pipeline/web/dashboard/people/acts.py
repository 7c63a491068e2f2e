"""What one form does for a person: unsubscribe, suppress, lift. Each by the function of the command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from pipeline.core.errors import RapportError
from pipeline.web.dashboard.people import person
from pipeline.web.dashboard.people.place import SOURCE, to_person
from subscribers import directory

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from pipeline.web.dashboard.asked import Asked
    from subscribers.people import Person


def work(asked: Asked) -> Response:
    whom, verb = person.known(asked, asked.form.text("who")), asked.form.text("verb")
    try:
        with asked.installation.database.write() as connection:
            now = _act(asked, connection, whom.email, verb)
    except RapportError as error:
        wrong = f"{error.message} {error.remedy}".rstrip()
        return person.page(asked, whom, wrong=wrong, verb=verb, reason=asked.form.text("reason"))
    if now is None or now.id is None:  # an address has no page that one could be led to
        return person.page(asked, now or whom, person.DONE[verb])
    return asked.back_to(to_person(now.id, verb))


def _act(asked: Asked, connection: Connection, email: str, verb: str) -> Person | None:
    """Do it; what is known of them now."""
    reason, actor = asked.form.text("reason"), asked.actor.name
    match verb:
        case "unsubscribe":
            digests = [digest for digest in asked.form.all("digest") if digest] or None
            return directory.unsubscribe(connection, email, digests=digests, source=SOURCE, actor=actor)
        case "suppress":
            return directory.suppress(connection, email, reason=reason, source=SOURCE, actor=actor)
        case "lift":
            return directory.lift(connection, email, reason=reason, source=SOURCE, actor=actor)
        case _:
            raise HTTPException(404)
