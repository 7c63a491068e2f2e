"""How many mails strangers can cause, because anybody can type any address into a form.

One mailbox gets few questions, whoever asks. One network may ask so often, and after that is refused. All
networks together cause a hundred mails in an hour, and one of them fifty; what is above that waits in the
queue until there is room, and first goes whose network has caused the fewest. So a flood costs nobody their
sign-up. All of it is counted in the database: by every process, and also after a restart.

What staff ask for is no stranger's, and does not count.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, bindparam, delete, func, select, update

from subscribers import clock, hashes, networks
from subscribers.confirmations import State
from subscribers.tables import asked, confirmations

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

HOUR, DAY, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)

PATIENCE = ((DAY, 3), (MONTH, 6))
"""Most questions that one mailbox is asked, in a day and a month."""

ASKS = 100
"""Most times that one network may ask, in an hour: a hall whose guests all share one address."""

MAILS, MAILS_OF_ONE = 100, 50
"""Most mails in an hour, in all and of one network. A practice has a few sign-ups a day, and a hundred after
a talk; and a hundred mails that nobody asked for are about as many as its good name bears."""

WAITING = 12 * MAILS
"""Mails that may wait: half a day's. Links are good for a day at least, from the asking on."""


def network(connection: Connection, address: str | None) -> str:
    """The keyed hash of what counts as one network: the /24 around an IPv4 address, or the /48 of IPv6, which
    is what one customer gets (RFC 6177, section 2), with 65,536 networks of its own."""
    return hashes.keyed(connection, f"network:{networks.around(address, ipv6=48)}")


def are_reached(connection: Connection, address: str | None) -> bool:
    """Whether nobody may ask from there for now, for whatever mailbox."""
    times = select(func.count()).where(
        asked.c.network == network(connection, address), asked.c.at > clock.now() - HOUR
    )
    if (connection.scalar(times) or 0) >= ASKS:
        return True
    waiting = select(func.count()).where(
        confirmations.c.state == State.QUEUED.value, confirmations.c.network.is_not(None)
    )
    return (connection.scalar(waiting) or 0) >= WAITING


def count_question(connection: Connection, mailbox: str, network: str | None) -> bool:
    """Whether the mailbox may be asked once more; that somebody wanted to is counted in any case.

    ``mailbox`` and ``network`` are keyed hashes; the network is None where staff ask.
    """
    now = clock.now()
    before = (
        (select(func.count()).where(asked.c.mailbox == mailbox, asked.c.at > now - span), most)
        for span, most in PATIENCE
    )
    may = all((connection.scalar(count) or 0) < most for count, most in before)
    # Else the number of tries until a network is refused would tell how often others named this mailbox.
    connection.execute(asked.insert().values(mailbox=mailbox if may else "", network=network, at=now))
    return may


class Due(NamedTuple):
    """The ids of the questions to be mailed now, and how many are due that must wait for room. ``used_up``:
    strangers have caused as many mails within the hour as they may."""

    now: list[int]
    held_back: int
    used_up: bool


def due(connection: Connection, now: datetime) -> Due:
    """What of the queue may be mailed, the longest waiting first. Cheap while there is no room, also with a
    long queue: it is asked after each sign-up."""
    caused = _caused(connection, now)
    room = max(0, MAILS - caused.total())
    queued = connection.execute(_DUE if room else _DUE_OF_STAFF, {"now": now}).all()
    ranked = []
    for row in queued:
        if row.network and caused[row.network] < MAILS_OF_ONE:
            ranked.append((caused[row.network], row.id))
            caused[row.network] += 1
    may = {number for _, number in sorted(ranked, key=lambda one: one[0])[:room]}
    chosen = [row.id for row in queued if not row.network or row.id in may]
    number = len(queued) if room else connection.scalar(_ALL_DUE, {"now": now}) or 0
    return Due(chosen, number - len(chosen), used_up=not room)


# Asked every minute: making such a statement costs more than its answer, so they are made once.
_IS_DUE = and_(confirmations.c.state == State.QUEUED.value, confirmations.c.next_try <= bindparam("now"))
_ALL_DUE = select(func.count()).where(_IS_DUE)
_DUE = (
    select(confirmations.c.id, confirmations.c.network)
    .where(_IS_DUE)
    .order_by(confirmations.c.next_try, confirmations.c.id)
)
_DUE_OF_STAFF = _DUE.where(confirmations.c.network.is_(None))


def count_mail(connection: Connection, confirmation: int, now: datetime) -> None:
    """The mail was handed to the provider, whatever comes of it."""
    connection.execute(update(confirmations).where(confirmations.c.id == confirmation).values(handed_at=now))


def forget_networks(connection: Connection, now: datetime) -> None:
    """Delete what is counted by network no longer, and the counts of mailboxes after a month."""
    for statement in _FORGET:
        connection.execute(statement, {"hour": now - HOUR, "month": now - MONTH})


_PAST = asked.c.at < bindparam("hour")
_FORGET = (
    delete(asked).where((_PAST & (asked.c.mailbox == "")) | (asked.c.at < bindparam("month"))),
    update(asked).where(_PAST, asked.c.network.is_not(None)).values(network=None),
    update(confirmations)
    .where(
        confirmations.c.network.is_not(None),
        confirmations.c.state != State.QUEUED.value,
        func.coalesce(confirmations.c.handed_at, confirmations.c.asked_at) < bindparam("hour"),
    )
    .values(network=None),
)


def _caused(connection: Connection, now: datetime) -> Counter[str]:
    """How many mails each network has caused within the hour."""
    return Counter({row[0]: row[1] for row in connection.execute(_CAUSED, {"hour": now - HOUR})})


_CAUSED = (
    select(confirmations.c.network, func.count())
    .where(confirmations.c.handed_at > bindparam("hour"), confirmations.c.network.is_not(None))
    .group_by(confirmations.c.network)
)
