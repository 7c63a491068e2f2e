"""Signing out everywhere, on record. Links that would sign in again end, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from subscribers import staff_log
from subscribers.staff import accounts, links, sessions
from subscribers.staff.tables import accounts as table

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from subscribers.staff.accounts import Account


def of_address(connection: Connection, address: str, *, actor: str = "") -> int:
    """Sign the account of an address out; in how many browsers. Raises SubscriberError for no account."""
    return of_account(connection, accounts.named(connection, address), actor=actor)


def of_account(connection: Connection, account: Account, *, actor: str = "") -> int:
    links.end_to_sign_in(connection, account.id)
    staff_log.record_account(connection, "sign-out", account.email, detail="everywhere", actor=actor)
    ended = sessions.end_all(connection, account.id)
    accounts.wait_for(connection, table.c.id == account.id)
    return ended + sessions.end_all(connection, account.id)


def of_all(connection: Connection, *, actor: str = "") -> int:
    """Sign everybody out."""
    links.end_to_sign_in(connection)
    staff_log.record(connection, "sign-out", detail="everybody, everywhere", actor=actor)
    ended = sessions.end_all(connection)
    accounts.wait_for(connection)
    return ended + sessions.end_all(connection)
