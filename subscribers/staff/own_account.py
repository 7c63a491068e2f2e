"""What somebody does with their own account, in the session that they are signed in with.

What is changed here may be changed because a device was lost or a password seen: so every other browser is
signed out, and no link that was mailed before signs in. Each step is one transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from subscribers import staff_log
from subscribers.staff import accounts, links, passkeys, sessions, sign_out

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from subscribers.staff.passkeys import RelyingParty
    from subscribers.staff.sessions import Session


def set_password(connection: Connection, session: str, kept: str | None) -> bool:
    """Set a password, as it is kept, or take it away; whether they signed in lately enough to do so."""
    found = _recent(connection, session)
    if found is None:
        return False
    # Before the account: see accounts.wait_for.
    links.end_to_sign_in(connection, found.account)
    sessions.end_all(connection, found.account, but=session)
    accounts.set_password(connection, found.account, kept)
    detail = "set" if kept else "taken away"
    staff_log.record(connection, "password", detail=detail, actor=found.email)
    return True


def add_passkey(connection: Connection, session: str, party: RelyingParty, answer: str) -> bool:
    """Keep the key that a browser made; whether it is one, and they signed in lately."""
    found = _recent(connection, session)
    if found is None or not passkeys.add(connection, found.account, party, answer, session):
        return False
    staff_log.record(connection, "passkey", detail="added", actor=found.email)
    return True


def remove_passkey(connection: Connection, session: str, name: str) -> bool:
    """Take a key away; whether it was one of theirs, and they signed in lately."""
    found = _recent(connection, session)
    if found is None:
        return False
    # In this order, as accounts.remove does: another could have both wait for each other.
    links.end_to_sign_in(connection, found.account)
    if not passkeys.remove(connection, found.account, name):
        return False
    sessions.end_all(connection, found.account, but=session)
    staff_log.record(connection, "passkey", detail="taken away", actor=found.email)
    return True


def leave(connection: Connection, session: str, *, everywhere: bool) -> None:
    """Sign out: this browser, or every one."""
    found = sessions.find(connection, session)
    account = accounts.by_id(connection, found.account) if found else None
    if everywhere and account:
        sign_out.of_account(connection, account, actor=account.email)
    sessions.end(connection, session)


def _recent(connection: Connection, session: str) -> Session | None:
    found = sessions.find(connection, session)
    return found if found is not None and found.is_recent else None
