"""Erasing a person: asked anew who one is, and confirmed by typing their address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.web.dashboard import render
from pipeline.web.dashboard.people.person import known
from pipeline.web.dashboard.people.place import HERE

if TYPE_CHECKING:
    from starlette.responses import Response

    from pipeline.web.dashboard.asked import Asked
    from subscribers.people import Person


def form(asked: Asked) -> Response:
    return _page(asked, known(asked, str(asked.number)))


def work(asked: Asked) -> Response:
    from pipeline.subscriptions.erase import forget

    person = known(asked, str(asked.number))
    if asked.form.text("address").lower() != person.email:
        return _page(asked, person, "That is not their address: nobody was erased.")
    gone = forget(asked.installation, person.email, actor=asked.actor.name)
    done = f"forgotten{'' if gone.clean else '-busy'}{'-staff' if gone.staff else ''}"
    return asked.back_to(f"{HERE}?done={done}")


def _page(asked: Asked, person: Person, wrong: str = "") -> Response:
    return render.page(asked, "forget_person.html", HERE, 409 if wrong else 200, person=person, wrong=wrong)
