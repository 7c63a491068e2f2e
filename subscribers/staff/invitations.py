"""Invitations: an account for an address, and the link by which its owner accepts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, select

from subscribers import clock, staff_log
from subscribers.addresses import normalise
from subscribers.staff import accounts
from subscribers.staff.links import Link, Purpose, make
from subscribers.staff.tables import links

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from subscribers.staff.accounts import Account
    from subscribers.staff.roles import Role


class Invitation(NamedTuple):
    """``link``: what is to be mailed; None where nothing is."""

    account: Account
    link: Link | None


class Open(NamedTuple):
    """An invitation that nobody has accepted. ``mark`` is another for each."""

    mark: str
    until: datetime


def every_open(connection: Connection) -> dict[int, Open]:
    """By account, the invitations that can still be accepted."""
    query = select(links.c.account_id, links.c.hash, links.c.until).where(
        links.c.purpose == Purpose.INVITATION.value, links.c.until > clock.now()
    )
    return {row.account_id: Open(row.hash, row.until) for row in connection.execute(query)}


def invite(
    connection: Connection,
    address: str,
    role: Role,
    *,
    actor: str = "",
    own: bool = False,
    seen: str | None = None,
) -> Invitation:
    """Give an address an account with this role, and a link to accept it; the link before it ends.

    There is no link for who has accepted already. ``seen``: the mark of the invitation that the actor saw,
    empty for none. Where another went out meanwhile, by a second press of the button or by somebody else,
    there is none either: that mail's link would end. Raises SubscriberError as `accounts.invite` does.
    """
    known = accounts.by_address(connection, normalise(address)) is not None
    account = accounts.invite(connection, address, role, actor=actor, own=own)
    if account.joined_at is not None or not _is_still(connection, account.id, seen):
        return Invitation(account, None)
    if known:
        staff_log.record_account(
            connection, "invite", account.email, detail=f"as {role}, once more", actor=actor
        )
    return Invitation(account, make(connection, account.id, Purpose.INVITATION))


def take_back(connection: Connection, link: Link) -> None:
    """End an invitation whose mail reached nobody."""
    connection.execute(delete(links).where(links.c.hash == link.hash))


def _is_still(connection: Connection, account: int, seen: str | None) -> bool:
    """Whether the account's invitation is the one that was seen. It is used up by asking: of two who ask at
    once, the second finds it gone."""
    if not seen:
        return seen is None or account not in every_open(connection)
    gone = delete(links).where(links.c.account_id == account, links.c.hash == seen)
    return connection.execute(gone).rowcount > 0
