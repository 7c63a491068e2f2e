"""How often one may try to sign in: for one account, from one network, and in all.

It counts by what was typed, not by who has an account: so no number of tries tells who is staff. Passwords
and links are counted apart: whoever guesses at somebody's password does not keep them from a link by mail.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, delete, func, select

from subscribers import clock, hashes, mail_limits
from subscribers.addresses import normalise
from subscribers.errors import SubscriberError
from subscribers.staff.sessions import IDLE, LONGEST
from subscribers.staff.tables import attempts, challenges, links, sessions

if TYPE_CHECKING:
    from sqlalchemy import Connection

WINDOW = timedelta(hours=1)


class Kind(StrEnum):
    PASSWORD = "password"  # noqa: S105  a kind of try
    LINK = "link"
    PASSKEY = "passkey"  # nobody says whose


class Most(NamedTuple):
    account: int
    network: int
    all: int


MOST = {
    Kind.PASSWORD: Most(10, 40, 400),
    Kind.LINK: Most(6, 30, 300),
    Kind.PASSKEY: Most(1000, 60, 1000),
}
"""Tries in an hour. A guesser of passwords has 240 a day for one account, however many networks they use."""


class Verdict(Enum):
    GO_ON = "it may be tried"
    PRETEND = "answered as any other try, and nothing is done: too many for this account, or in all"
    REFUSE = "this network has tried too often, and is told so"


def count(connection: Connection, kind: Kind, address: str, network: str | None) -> Verdict:
    """Count a try; what is to be done about it. ``address``: as it was typed; ``network``: the client's."""
    account = _account(connection, address)
    around = mail_limits.network(connection, network)
    most = MOST[kind]

    def tried(*which: object) -> int:
        query = select(func.count()).where(
            attempts.c.kind == kind.value,
            attempts.c.at > clock.now() - WINDOW,
            *which,  # type: ignore[arg-type]
        )
        return connection.scalar(query) or 0

    if tried(attempts.c.network == around) >= most.network:
        return Verdict.REFUSE
    pretend = tried(attempts.c.account == account) >= most.account or tried() >= most.all
    connection.execute(
        attempts.insert().values(kind=kind.value, account=account, network=around, at=clock.now())
    )
    return Verdict.PRETEND if pretend else Verdict.GO_ON


def succeeded(connection: Connection, kind: Kind, address: str) -> None:
    """Forget the tries for an account: its owner has signed in."""
    of_it = (attempts.c.kind == kind.value, attempts.c.account == _account(connection, address))
    connection.execute(delete(attempts).where(*of_it))


def clear_away(connection: Connection) -> None:
    """Delete tries that count no longer, links and sessions that have ended."""
    now = clock.now()
    moments = {"now": now, "window": now - WINDOW, "idle": now - IDLE, "longest": now - LONGEST}
    for statement in _CLEAR_AWAY:
        connection.execute(statement, moments)


# Done every minute: making such a statement costs more than the look whether there is anything to do.
_CLEAR_AWAY = (
    delete(attempts).where(attempts.c.at <= bindparam("window")),
    *(delete(table).where(table.c.until <= bindparam("now")) for table in (links, challenges)),
    delete(sessions).where(
        (sessions.c.seen_at <= bindparam("idle")) | (sessions.c.began_at <= bindparam("longest"))
    ),
)


def _account(connection: Connection, address: str) -> str:
    try:
        address = normalise(address)
    except SubscriberError:  # what is no address is counted as it stands
        address = address.strip().lower()
    return hashes.keyed(connection, f"staff:{address}")
