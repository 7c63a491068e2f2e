"""Inviting somebody, as `rapport staff invite` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.errors import RapportError
from pipeline.mail.sign_in import invite
from pipeline.web.dashboard import render
from pipeline.web.dashboard.accounts.place import HERE, MAY, role_of, to_account

if TYPE_CHECKING:
    from starlette.responses import Response

    from pipeline.mail.sign_in import Invited
    from pipeline.web.dashboard.asked import Asked


def form(asked: Asked) -> Response:
    return _page(asked, address="", role="")


def work(asked: Asked) -> Response:
    address = asked.form.text("address")
    try:
        invited = invite(asked.installation, address, role_of(asked), actor=asked.actor.name, seen="")
    except RapportError as error:
        wrong = f"{error.message} {error.remedy}".rstrip()
        return _page(asked, wrong, address=address, role=asked.form.text("role"))
    return asked.back_to(to_account(invited.account.id, became(asked, invited)))


def became(asked: Asked, invited: Invited) -> str:
    """The word for what an invitation came to."""
    if invited.mailed:
        return "mailed" if asked.installation.config.mails else "written"
    return "waiting" if invited.account.joined_at is None else "role"


def _page(asked: Asked, wrong: str = "", **typed: str) -> Response:
    status = 409 if wrong else 200
    return render.page(asked, "invite.html", HERE, status, typed=typed, may=MAY, wrong=wrong)
