"""Erasing a person: asked anew who one is, and confirmed by typing their address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from pipeline.web.dashboard import render
from pipeline.web.dashboard.people.place import HERE, installation_of, number_of
from subscribers import directory
from subscribers.errors import SubscriberError

if TYPE_CHECKING:
    from starlette.responses import Response

    from pipeline.web.dashboard.asked import Asked
    from subscribers.people import Person


def form(asked: Asked) -> Response:
    return _page(asked, _person(asked))


def work(asked: Asked) -> Response:
    from pipeline.subscriptions.erase import forget

    person = _person(asked)
    if asked.form.text("address").lower() != person.email:
        return _page(asked, person, "That is not their address: nobody was erased.")
    gone = forget(installation_of(asked), person.email, actor=asked.actor.name)
    return asked.back_to(f"{HERE}?done={'forgotten' if gone.clean else 'forgotten-busy'}")


def _person(asked: Asked) -> Person:
    with installation_of(asked).database.read() as connection:
        try:
            found = directory.person(connection, str(number_of(asked)))
        except SubscriberError:
            found = None
    if found is None:
        raise HTTPException(404)
    return found


def _page(asked: Asked, person: Person, wrong: str = "") -> Response:
    return render.page(asked, "forget_person.html", HERE, 409 if wrong else 200, person=person, wrong=wrong)
