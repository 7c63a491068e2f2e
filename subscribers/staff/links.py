"""Links by mail: each works once, for a while; one to sign in only in the browser that asked for it."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, select

from subscribers import clock
from subscribers.staff import accounts, secret_values
from subscribers.staff.tables import links

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection, Row

    from subscribers.staff.accounts import Account


class Purpose(StrEnum):
    INVITATION = "invitation"
    SIGN_IN = "sign-in"


GOOD_FOR = {Purpose.INVITATION: timedelta(days=7), Purpose.SIGN_IN: timedelta(minutes=15)}


class Link(NamedTuple):
    """``value`` stands in the mail and nowhere else."""

    value: str
    until: datetime

    @property
    def hash(self) -> str:
        """As it is kept."""
        return secret_values.hashed(self.value)


class Used(NamedTuple):
    """Whose link was used, and the page to go on to."""

    account: Account
    onward: str


def make(
    connection: Connection, account: int, purpose: Purpose, *, browser: str = "", onward: str = ""
) -> Link:
    """A new link. An invitation ends the one before it; of links to sign in each is good, for mails overtake
    each other."""
    if purpose is Purpose.INVITATION:
        connection.execute(
            delete(links).where(links.c.account_id == account, links.c.purpose == purpose.value)
        )
    made = Link(secret_values.new(), clock.now() + GOOD_FOR[purpose])
    connection.execute(
        links.insert().values(
            hash=made.hash,
            account_id=account,
            purpose=purpose.value,
            browser=secret_values.hashed(browser) if browser else None,
            until=made.until,
            onward=onward,
        )
    )
    return made


def end_to_sign_in(connection: Connection, account: int | None = None) -> None:
    """End the links by which an account, or anybody, could sign in; invitations stay."""
    whose = [links.c.account_id == account] if account is not None else []
    connection.execute(delete(links).where(links.c.purpose == Purpose.SIGN_IN.value, *whose))


def look(connection: Connection, purpose: Purpose, value: str, browser: str = "") -> Account | None:
    """Whose link it is, if it is good in this browser. Nothing is used up."""
    row = connection.execute(select(links).where(links.c.hash == secret_values.hashed(value))).first()
    return accounts.by_id(connection, row.account_id) if _is_good(row, purpose, browser) and row else None


def use(connection: Connection, purpose: Purpose, value: str, browser: str = "") -> Used | None:
    """Use a link up. None when it is not good in this browser; then it stays as it was."""
    gone = delete(links).where(links.c.hash == secret_values.hashed(value)).returning(links)
    account = look(connection, purpose, value, browser)
    # Of two at once the second deletes nothing.
    row = connection.execute(gone).first() if account else None
    return Used(account, row.onward) if account and row else None


def _is_good(row: Row[tuple[object, ...]] | None, purpose: Purpose, browser: str) -> bool:
    if row is None or row.purpose != purpose.value or row.until <= clock.now():
        return False
    return row.browser is None or (bool(browser) and row.browser == secret_values.hashed(browser))
