"""Suppressions: which addresses must get no mail, and why. An address need not be on the list.

An address may have several reasons, each with its own row; one is enough. Of an address that was erased only
keyed hashes remain. Their key is in the same database, so that every backup and move takes it along: whoever
has the database has the whole list anyway, and if the key were lost, erased people could be imported again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import String, Text, delete, func, literal, select, true

from subscribers import clock, hashes
from subscribers.addresses import normalise
from subscribers.sets import among, given, insert
from subscribers.tables import Moment, forgotten, suppressions

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Connection


class Reason(StrEnum):
    """Why an address gets no mail. Of several reasons the last in this order is told.

    Each is lifted on its own. `unsubscribed` and `forgotten` (`OWN`) end when the person signs up again and
    confirms; so does `bounced`, for the mail that asked has arrived. The others only staff can lift.
    """

    BOUNCED = "bounced"
    UNSUBSCRIBED = "unsubscribed"
    MANUAL = "manual"
    COMPLAINED = "complained"
    FORGOTTEN = "forgotten"


OWN = frozenset({Reason.UNSUBSCRIBED, Reason.FORGOTTEN})
"""The reasons that come from people themselves: only they can lift them."""

STAFFS = frozenset(Reason) - OWN
"""The reasons that staff can lift."""

_ORDER = tuple(Reason)


@dataclass(frozen=True, slots=True)
class Suppression:
    reason: Reason
    at: datetime
    source: str


def suppress(connection: Connection, email: str, reason: Reason, source: str) -> bool:
    """Suppress the address; False if it had that reason already.

    Of an erased address only the hash gets the new reason. (`forgotten` is set by `forget` alone, which also
    removes the address from this table.)
    """
    email = normalise(email)
    if reason is Reason.FORGOTTEN:
        raise ValueError("an address is forgotten by forget()")
    if _forgotten(connection, email):
        if reason in OWN:
            return False  # a forgotten address gets no mail by the person's own wish already
        return _keep_hash(connection, email, reason)
    statement = (
        insert(connection, suppressions)
        .values(email=email, reason=reason.value, at=clock.now(), source=source)
        .on_conflict_do_nothing(index_elements=["email", "reason"])
        .returning(suppressions.c.email)
    )
    return connection.execute(statement).first() is not None


def lift(connection: Connection, email: str, reasons: Collection[Reason]) -> list[Reason]:
    """Lift these reasons; those that were lifted. The caller knows who may lift which."""
    email = normalise(email)
    named = [reason.value for reason in reasons]
    plain = delete(suppressions).where(suppressions.c.email == email, suppressions.c.reason.in_(named))
    code = hashes.hasher(connection)(email)
    hashed = delete(forgotten).where(forgotten.c.hash == code, forgotten.c.reason.in_(named))
    lifted = {
        *connection.scalars(plain.returning(suppressions.c.reason)),
        *connection.scalars(hashed.returning(forgotten.c.reason)),
    }
    if Reason.FORGOTTEN in lifted:
        _remember(connection, email, code)
    return sorted(map(Reason, lifted), key=_ORDER.index)


def forget(connection: Connection, email: str) -> bool:
    """Replace what is known of the address by keyed hashes; False if it was forgotten before."""
    email = normalise(email)
    for reason in reasons(connection, email) - OWN:
        _keep_hash(connection, email, reason)
    connection.execute(delete(suppressions).where(suppressions.c.email == email))
    return _keep_hash(connection, email, Reason.FORGOTTEN)


def find(connection: Connection, email: str) -> Suppression | None:
    """Why the address is suppressed, if it is; of several reasons the last in the order of `Reason`."""
    return next(reversed(every(connection, email)), None)


def every(connection: Connection, email: str) -> list[Suppression]:
    """Every reason for which the address is suppressed, in the order of `Reason`."""
    email = normalise(email)
    rows = connection.execute(select(suppressions).where(suppressions.c.email == email)).all()
    found = [Suppression(Reason(row.reason), row.at, row.source) for row in rows]
    hashed = select(forgotten).where(forgotten.c.hash == hashes.hasher(connection)(email))
    for row in connection.execute(hashed):
        found.append(Suppression(Reason(row.reason), row.at, "erased"))
    return sorted(found, key=lambda one: _ORDER.index(one.reason))


def reason_for(connection: Connection, email: str) -> Reason | None:
    """The reason to tell; None if the address is not suppressed."""
    found = find(connection, email)
    return None if found is None else found.reason


def since(connection: Connection, email: str, reason: Reason) -> datetime | None:
    """Since when the address is suppressed for that reason; None where it is not."""
    email = normalise(email)
    plain = select(suppressions.c.at).where(
        suppressions.c.email == email, suppressions.c.reason == reason.value
    )
    hashed = select(forgotten.c.at).where(
        forgotten.c.hash == hashes.hasher(connection)(email), forgotten.c.reason == reason.value
    )
    found = [at for query in (plain, hashed) if (at := connection.scalar(query)) is not None]
    return max(found, default=None)


def reasons(connection: Connection, email: str) -> frozenset[Reason]:
    """All reasons for which the address is suppressed."""
    email = normalise(email)
    return reasons_of(connection, [email]).get(email, frozenset())


def reasons_of(connection: Connection, emails: Collection[str]) -> dict[str, frozenset[Reason]]:
    """`reasons` of many normalised addresses, for those that have any."""
    found: dict[str, set[Reason]] = {}
    plain = select(suppressions.c.email, suppressions.c.reason).where(
        among(connection, suppressions.c.email, list(emails))
    )
    for email, reason in connection.execute(plain):
        found.setdefault(email, set()).add(Reason(reason))
    # Mostly nobody was erased yet; then no address need be hashed, of perhaps a million.
    if connection.execute(select(forgotten.c.hash).limit(1)).first() is not None:
        by_hash = dict(zip(map(hashes.hasher(connection), emails), emails, strict=True))
        hashed = select(forgotten.c.hash, forgotten.c.reason).where(
            among(connection, forgotten.c.hash, list(by_hash))
        )
        for code, reason in connection.execute(hashed):
            found.setdefault(by_hash[code], set()).add(Reason(reason))
    return {email: frozenset(some) for email, some in found.items()}


def strongest(connection: Connection, emails: Collection[str]) -> dict[str, Reason]:
    """The reason to tell of many normalised addresses, for those that have any."""
    return {email: to_tell(some) for email, some in reasons_of(connection, emails).items()}


def to_tell(reasons: Collection[Reason]) -> Reason:
    """Of several reasons the one to tell."""
    return max(reasons, key=_ORDER.index)


def suppress_many(connection: Connection, emails: Sequence[str], reason: Reason, source: str) -> None:
    """`suppress` for many normalised addresses, none of them erased, in one statement."""
    named = given(connection, {"email": String()}, [(email,) for email in emails])
    found = select(
        named.c.email,
        literal(reason.value, String()),
        literal(clock.now(), Moment()),
        literal(source, Text()),
    ).where(true())  # without it SQLite takes ON CONFLICT for part of a join
    connection.execute(
        insert(connection, suppressions)
        .from_select(["email", "reason", "at", "source"], found)
        .on_conflict_do_nothing(index_elements=["email", "reason"])
    )


def counts(connection: Connection) -> dict[Reason, int]:
    """How many addresses have each reason; an address may have several."""
    found = dict.fromkeys(Reason, 0)
    for table in (suppressions, forgotten):
        rows = connection.execute(select(table.c.reason, func.count()).group_by(table.c.reason))
        for reason, number in rows:
            found[Reason(reason)] += number
    return found


def _forgotten(connection: Connection, email: str) -> bool:
    query = select(forgotten.c.hash).where(
        forgotten.c.hash == hashes.hasher(connection)(email), forgotten.c.reason == Reason.FORGOTTEN.value
    )
    return connection.execute(query).first() is not None


def _keep_hash(connection: Connection, email: str, reason: Reason) -> bool:
    statement = (
        insert(connection, forgotten)
        .values(hash=hashes.hasher(connection)(email), reason=reason.value, at=clock.now())
        .on_conflict_do_nothing(index_elements=["hash", "reason"])
        .returning(forgotten.c.hash)
    )
    return connection.execute(statement).first() is not None


def _remember(connection: Connection, email: str, code: str) -> None:
    """Of an address that is no longer forgotten, move the other reasons from its hash to the address."""
    rest = delete(forgotten).where(forgotten.c.hash == code).returning(forgotten.c.reason, forgotten.c.at)
    for row in connection.execute(rest).all():
        connection.execute(
            insert(connection, suppressions)
            .values(email=email, reason=row.reason, at=row.at, source="from before they were erased")
            .on_conflict_do_nothing(index_elements=["email", "reason"])
        )
