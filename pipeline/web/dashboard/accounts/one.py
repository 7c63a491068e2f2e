"""One account, and what can be done with it. Each by the function of the command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from pipeline.core.destination import Destination
from pipeline.core.errors import RapportError
from pipeline.mail.sign_in import invite
from pipeline.web.dashboard import render
from pipeline.web.dashboard.accounts.invite import became
from pipeline.web.dashboard.accounts.place import HERE, MAY, role_of, showing, to_account
from subscribers import times
from subscribers.staff import accounts, sign_out
from subscribers.staff.roles import Right, may

if TYPE_CHECKING:
    from starlette.responses import Response

    from pipeline.web.dashboard.accounts.place import Shown
    from pipeline.web.dashboard.asked import Asked
    from subscribers.staff.accounts import Account

GONE = f"{HERE}?done=gone"

DONE = {
    "mailed": "The invitation is on its way. Its link is good for seven days, once.",
    "waiting": "They were invited before, and that invitation is still good: no second mail was made.",
    "role": "They can sign in, in the role below; no mail was needed.",
    "out": "Signed out everywhere.",
}
"""By the word in the address: what was just done."""


def show(asked: Asked) -> Response:
    word = asked.request.query_params.get("done", "")
    written = Destination.of(asked.installation.config.delivery).done
    done = f"The invitation was {written}." if word == "written" else DONE.get(word, "")
    return _page(asked, done=done)


def work(asked: Asked) -> Response:
    shown = _find(asked)
    if shown is None:  # a second press of the button that removed it
        return asked.back_to(GONE)
    try:
        return asked.back_to(_act(asked, shown.account))
    except RapportError as error:
        return _page(asked, wrong=f"{error.message} {error.remedy}".rstrip(), chosen=asked.form.text("role"))


def _act(asked: Asked, account: Account) -> str:
    """Do it; the page to go on to."""
    sent, who, database = asked.form, asked.actor.name, asked.installation.database
    own, stays = bool(sent.text("own")), account.email != asked.actor.address
    match sent.text("verb"):
        case "role":
            role = role_of(asked)
            invited = invite(
                asked.installation, account.email, role, actor=who, own=own, seen=sent.text("seen")
            )
            onward, stays = to_account(account.id, became(asked, invited)), stays or may(role, Right.ACCOUNTS)
        case "sign-out":
            with database.write() as connection:
                sign_out.of_account(connection, account, actor=who)
            onward = to_account(account.id, "out")
        case "remove":
            with database.write() as connection:
                accounts.remove(connection, account.email, actor=who, own=own)
            onward = f"{HERE}?done=removed"
        case _:
            raise HTTPException(404)
    return onward if stays else "/"  # who made less of their own account has no page here any more


def _find(asked: Asked) -> Shown | None:
    with asked.installation.database.read() as connection:
        account = accounts.by_id(connection, asked.number)
        return showing(connection, asked.actor.address)(account) if account else None


def _page(asked: Asked, *, done: str = "", wrong: str = "", chosen: str = "") -> Response:
    """``chosen``: the role in a form that could not be done."""
    shown = _find(asked)
    if shown is None:
        return asked.back_to(GONE)
    zone = asked.installation.config.newsletter.zone
    return render.page(
        asked,
        "account.html",
        HERE,
        409 if wrong else 200,
        shown=shown,
        may=MAY,
        chosen=chosen or shown.account.role,
        removing=asked.form.text("verb") == "remove",
        done=done,
        wrong=wrong,
        moment=lambda at: times.moment(at, zone),
    )
