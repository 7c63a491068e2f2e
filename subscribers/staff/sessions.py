"""Sessions: who is signed in, in which browser. Each ends when left alone for long, or after two weeks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, func, select, update

from subscribers import clock, staff_log
from subscribers.staff import secret_values
from subscribers.staff.roles import Role
from subscribers.staff.tables import accounts, sessions

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from subscribers.staff.accounts import Account

IDLE, LONGEST = timedelta(hours=12), timedelta(days=14)

RECENT = timedelta(minutes=10)
"""How long ago somebody must have signed in for what asks anew (`roles.ASKED_ANEW`)."""

_NOTED = timedelta(minutes=5)
"""How exactly it is known when a session was last used: so that a page costs no write."""


class Session(NamedTuple):
    account: int
    email: str
    role: Role
    began_at: datetime
    seen_at: datetime

    @property
    def is_recent(self) -> bool:
        """Whether they have signed in lately."""
        return clock.now() - self.began_at <= RECENT

    @property
    def is_to_be_noted(self) -> bool:
        """Whether `seen` must be called, now that it is used."""
        return clock.now() - self.seen_at >= _NOTED


def sign_in(connection: Connection, account: Account, by: str, *, instead_of: str) -> str:
    """Put on record that somebody signed in, and ``by`` what, and begin a session."""
    staff_log.record(connection, "sign-in", detail=f"by {by}", actor=account.email)
    return begin(connection, account.id, instead_of=instead_of)


def begin(connection: Connection, account: int, *, instead_of: str = "") -> str:
    """Begin a session; its value, for the cookie. It is always a new one, whatever the browser sent: a value
    that somebody else put there before is worth nothing afterwards. The session ``instead_of`` ends."""
    end(connection, instead_of)
    value, now = secret_values.new(), clock.now()
    connection.execute(
        sessions.insert().values(
            hash=secret_values.hashed(value), account_id=account, began_at=now, seen_at=now
        )
    )
    connection.execute(update(accounts).where(accounts.c.id == account).values(signed_in_at=now))
    return value


def find(connection: Connection, value: str) -> Session | None:
    """The session of a cookie's value, unless it has ended."""
    if not value:
        return None
    now = clock.now()
    query = (
        select(
            sessions.c.account_id, accounts.c.email, accounts.c.role, sessions.c.began_at, sessions.c.seen_at
        )
        .join(accounts, accounts.c.id == sessions.c.account_id)
        .where(
            sessions.c.hash == secret_values.hashed(value),
            sessions.c.seen_at > now - IDLE,
            sessions.c.began_at > now - LONGEST,
            accounts.c.joined_at.is_not(None),
        )
    )
    row = connection.execute(query).first()
    return Session(row[0], row[1], Role(row[2]), row[3], row[4]) if row else None


def seen(connection: Connection, value: str) -> None:
    """It is used."""
    connection.execute(
        update(sessions).where(sessions.c.hash == secret_values.hashed(value)).values(seen_at=clock.now())
    )


def end(connection: Connection, value: str) -> None:
    connection.execute(delete(sessions).where(sessions.c.hash == secret_values.hashed(value)))


def end_all(connection: Connection, account: int | None = None, *, but: str = "") -> int:
    """End every session of an account, or of everybody, but the one with that value; how many it were."""
    which = [sessions.c.account_id == account] if account is not None else []
    kept = [sessions.c.hash != secret_values.hashed(but)] if but else []
    return connection.execute(delete(sessions).where(*which, *kept)).rowcount


def counted(connection: Connection) -> dict[int, int]:
    """How many sessions each account has."""
    now = clock.now()
    query = (
        select(sessions.c.account_id, func.count())
        .where(sessions.c.seen_at > now - IDLE, sessions.c.began_at > now - LONGEST)
        .group_by(sessions.c.account_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
