"""What the pages on accounts share: where they are, what a form names, and how an account is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.errors import UsageError
from subscribers.staff import invitations, passkeys, sessions
from subscribers.staff.roles import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from pipeline.web.dashboard.asked import Asked
    from subscribers.staff.accounts import Account
    from subscribers.staff.invitations import Open

HERE = "/accounts"

MAY = {
    Role.VIEWER: "sees the letters and what became of them; nothing about a reader",
    Role.EDITOR: "also changes letters, writes them, lets them go",
    Role.ADMIN: "also sees and changes readers, and says who may sign in",
}
"""What each role may do, in short."""


class Shown(NamedTuple):
    """An account as a page shows it. ``browsers``: in how many it is signed in; ``invitation``: the one that
    waits to be accepted; ``ways``: what signs it in; ``own``: whether it is the account of who looks."""

    account: Account
    browsers: int
    invitation: Open | None
    ways: list[str]
    own: bool


def showing(connection: Connection, actor: str) -> Callable[[Account], Shown]:
    """What shows an account to somebody of staff."""
    browsers, keys = sessions.counted(connection), passkeys.counted(connection)
    waiting = invitations.every_open(connection)

    def shown(account: Account) -> Shown:
        number = keys.get(account.id, 0)
        ways = ["mailed link"]
        ways += [f"{number} passkeys" if number > 1 else "passkey"] if number else []
        ways += ["password"] if account.password else []
        own = account.email == actor
        return Shown(account, browsers.get(account.id, 0), waiting.get(account.id), ways, own)

    return shown


def role_of(asked: Asked) -> Role:
    """The role that a form names. Raises UsageError for none."""
    try:
        return Role(asked.form.text("role"))
    except ValueError:
        raise UsageError("No role is chosen.", "Choose one.") from None


def to_account(number: int, done: str) -> str:
    """The page of an account with which something was just done, as the word ``done`` says."""
    return f"{HERE}/{number}?done={done}"
