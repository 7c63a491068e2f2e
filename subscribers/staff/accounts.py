"""Accounts: one for each of staff, by address. There is always somebody left who may say who else may."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import delete, exists, func, select, update

from subscribers import clock, staff_log
from subscribers.addresses import normalise
from subscribers.errors import SubscriberError
from subscribers.sets import insert
from subscribers.staff.roles import Role
from subscribers.staff.tables import accounts, links, passkeys, sessions

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection


class Account(NamedTuple):
    """``joined_at``: when the invitation was accepted, None until then. ``signed_in_at``: the last time."""

    id: int
    email: str
    role: Role
    invited_at: datetime
    joined_at: datetime | None
    signed_in_at: datetime | None
    password: str | None


def by_address(connection: Connection, address: str) -> Account | None:
    """The account of a normalised address."""
    return _one(connection, accounts.c.email == address)


def by_id(connection: Connection, account: int) -> Account | None:
    return _one(connection, accounts.c.id == account)


def all_of_them(connection: Connection) -> list[Account]:
    return [_account(row) for row in connection.execute(select(accounts).order_by(accounts.c.email))]


def anybody(connection: Connection) -> bool:
    """Whether somebody can sign in."""
    query = select(exists().where(accounts.c.joined_at.is_not(None)))
    return bool(connection.scalar(query))


def admins(connection: Connection) -> int:
    """How many can sign in and say who else may."""
    query = select(func.count()).where(accounts.c.role == Role.ADMIN.value, accounts.c.joined_at.is_not(None))
    return connection.scalar(query) or 0


def invite(
    connection: Connection, address: str, role: Role, *, actor: str = "", own: bool = False
) -> Account:
    """The account of an address, made if there was none; one that was there has this role from now on.

    Raises SubscriberError for what is no address, where no admin would be left, and where it is the account
    of the ``actor``, unless they say that they mean their ``own``.
    """
    email = normalise(address)
    values = {"email": email, "role": role.value, "invited_at": clock.now()}
    # Another admin may invite the same person at this moment.
    new = insert(connection, accounts).values(values).on_conflict_do_nothing(index_elements=["email"])
    if connection.execute(new.returning(accounts.c.id)).first():
        staff_log.record_account(connection, "invite", email, detail=f"as {role}", actor=actor)
    found = by_address(connection, email)
    assert found is not None
    if found.role is role:
        return found
    if role is not Role.ADMIN:
        _must_leave_an_admin(connection, found)
    _must_be_meant(found, actor, own=own)
    connection.execute(update(accounts).where(accounts.c.id == found.id).values(role=role.value))
    staff_log.record_account(connection, "role", email, detail=f"{role} instead of {found.role}", actor=actor)
    return found._replace(role=role)


def join(connection: Connection, account: Account) -> None:
    """They have accepted their invitation."""
    connection.execute(update(accounts).where(accounts.c.id == account.id).values(joined_at=clock.now()))
    detail = f"as {account.role}"
    staff_log.record_account(connection, "join", account.email, detail=detail, actor=account.email)


def remove(connection: Connection, address: str, *, actor: str = "", own: bool = False) -> Account:
    """Take somebody's account away, with their sessions and links; what it was.

    Raises SubscriberError where there is none, where no admin would be left, and where it is the account of
    the ``actor``, unless they say that they mean their ``own``.
    """
    account = named(connection, address)
    _take_away(connection, account.id)
    _must_leave_an_admin(connection, account)
    _must_be_meant(account, actor, own=own)
    wait_for(connection, accounts.c.id == account.id)
    _take_away(connection, account.id)
    connection.execute(delete(accounts).where(accounts.c.id == account.id))
    staff_log.record_account(connection, "remove", account.email, actor=actor)
    return account


def wait_for(connection: Connection, *which: ColumnElement[bool]) -> None:
    """Wait for whoever signs in to these accounts at this moment, and let nobody else until this transaction
    ends. PostgreSQL shows their sessions only afterwards.

    To be called once what they had is gone. Who signs in takes their link or passkey, their former session
    and the account, in this order; another order could have both wait for each other.
    """
    connection.execute(select(accounts.c.id).where(*which).order_by(accounts.c.id).with_for_update())


def _take_away(connection: Connection, account: int) -> None:
    for table in (links, passkeys, sessions):
        connection.execute(delete(table).where(table.c.account_id == account))


def named(connection: Connection, address: str) -> Account:
    """The account of an address as somebody wrote it. Raises SubscriberError where there is none."""
    account = by_address(connection, normalise(address))
    if account is None:
        raise SubscriberError(
            "No account has this address.", "See `rapport staff list`.", code="unknown_account"
        )
    return account


def set_password(connection: Connection, account: int, hashed: str | None) -> None:
    connection.execute(update(accounts).where(accounts.c.id == account).values(password=hashed))


def _must_be_meant(account: Account, actor: str, *, own: bool) -> None:
    if account.email == actor and not own:
        raise SubscriberError(
            "This is your own account: nothing was changed.",
            "Say on its page that you mean it. Only another admin could give you back what you would lose.",
            code="own_account",
        )


def _must_leave_an_admin(connection: Connection, account: Account) -> None:
    if account.role is not Role.ADMIN or account.joined_at is None:
        return
    # Locked: of two admins who take each other's account at once, the second waits here and then sees it.
    admin = select(accounts.c.id).where(
        accounts.c.role == Role.ADMIN.value, accounts.c.joined_at.is_not(None)
    )
    if connection.execute(admin.with_for_update()).scalars().all() == [account.id]:
        raise SubscriberError(
            "This is the last account of an admin: nobody could invite anybody any more.",
            "Invite another admin first (`rapport staff invite ADDRESS --role admin`), and let them accept.",
            code="last_admin",
        )


def _one(connection: Connection, which: ColumnElement[bool]) -> Account | None:
    row = connection.execute(select(accounts).where(which)).first()
    return None if row is None else _account(row)


def _account(row: object) -> Account:
    values = dict(row._mapping)  # type: ignore[attr-defined]
    return Account(**values | {"role": Role(values["role"])})
