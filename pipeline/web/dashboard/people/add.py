"""Adding somebody: with the evidence that they agreed, or by a mail that asks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.core.destination import is_mail
from pipeline.core.errors import RapportError, UsageError
from pipeline.web.dashboard import render
from pipeline.web.dashboard.people.place import HERE, SOURCE, to_person
from subscribers import directory
from subscribers.confirmations import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from pipeline.core.app import Installation
    from pipeline.web.dashboard.asked import Asked


def form(asked: Asked) -> Response:
    names = [digest.name for digest in asked.installation.config.digests]
    return _page(asked, {"address": "", "name": "", "how": "consent", "consent": ""}, names)


def work(asked: Asked) -> Response:
    installation, sent = asked.installation, asked.form
    typed = {name: sent.text(name) for name in ("address", "name", "how", "consent")}
    wanted = sent.all("digest")
    chosen = [digest.name for digest in installation.config.digests if digest.name in wanted]
    try:
        if not chosen:
            raise UsageError("No letter is chosen.", "Choose at least one.")
        number, done = _add(asked, installation, typed, chosen)
    except RapportError as error:
        return _page(asked, typed, chosen, f"{error.message} {error.remedy}".rstrip())
    return asked.back_to(to_person(number, done))


def _add(
    asked: Asked, installation: Installation, typed: dict[str, str], digests: Sequence[str]
) -> tuple[int | None, str]:
    """The person's number, and the word for what was done."""
    address, name, actor = typed["address"], typed["name"], asked.actor.name
    if typed["how"] == "confirm":
        from pipeline.subscriptions.confirm import ask_for_staff

        said = ask_for_staff(installation, address, name=name, digests=digests, source=SOURCE, actor=actor)
        written = said.state is State.MAILED and not is_mail(installation.config.delivery.provider)
        return said.person.id, "written" if written else said.state.value
    with installation.database.write() as connection:
        person = directory.add(
            connection,
            address,
            name=name,
            digests=digests,
            wording=typed["consent"],
            source=SOURCE,
            actor=actor,
        )
    return person.id, "added"


def _page(asked: Asked, typed: dict[str, str], chosen: Sequence[str], wrong: str = "") -> Response:
    digests = [digest.name for digest in asked.installation.config.digests]
    values: dict[str, Any] = {"typed": typed, "chosen": chosen, "digests": digests, "wrong": wrong}
    return render.page(asked, "add_person.html", HERE, 409 if wrong else 200, **values)
