"""What one form does for a person: unsubscribe, suppress, lift. Each by the function of the command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from pipeline.core.errors import RapportError
from pipeline.web.dashboard.people import person
from pipeline.web.dashboard.people.place import SOURCE, installation_of, to_person
from subscribers import directory

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from starlette.responses import Response

    from pipeline.web.dashboard.asked import Asked


def work(asked: Asked) -> Response:
    who, verb = asked.form.text("who"), asked.form.text("verb")
    try:
        with installation_of(asked).database.write() as connection:
            number = _act(asked, connection, who, verb)
    except RapportError as error:
        wrong = f"{error.message} {error.remedy}".rstrip()
        return person.page(asked, who, wrong=wrong, verb=verb, reason=asked.form.text("reason"))
    if number is None:  # an address has no page that one could be led to
        return person.page(asked, who, person.DONE[verb])
    return asked.back_to(to_person(number, verb))


def _act(asked: Asked, connection: Connection, who: str, verb: str) -> int | None:
    """Do it; the person's number."""
    found = directory.person(connection, who)
    if found is None:
        raise HTTPException(404)
    reason, actor = asked.form.text("reason"), asked.actor.name
    match verb:
        case "unsubscribe":
            digests = [digest for digest in asked.form.all("digest") if digest] or None
            directory.unsubscribe(connection, found.email, digests=digests, source=SOURCE, actor=actor)
        case "suppress":
            directory.suppress(connection, found.email, reason=reason, source=SOURCE, actor=actor)
        case "lift":
            directory.lift(connection, found.email, reason=reason, source=SOURCE, actor=actor)
        case _:
            raise HTTPException(404)
    return found.id
