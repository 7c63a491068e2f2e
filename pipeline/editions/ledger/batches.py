"""People of a batch who are to be handed over apart from it: a batch of their own, behind all others."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, func, insert, select, update

from pipeline.core.locks import one_at_a_time
from pipeline.core.tables.ledger import batches, recipients
from pipeline.editions.ledger.batch_states import BatchState
from pipeline.editions.ledger.claims import LATER, set_aside
from pipeline.editions.ledger.outcomes import GIVEN_UP, REFUSED_US
from subscribers.sets import among

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.editions.ledger.claims import Claim


def halve(connection: Connection, claim: Claim) -> bool:
    """Make two waiting batches of one that was too large; False when it holds one person only."""
    if len(claim.members) < 2:
        return False
    behind = [subscriber for subscriber, _ in claim.members[len(claim.members) // 2 :]]
    _split(connection, claim, behind, reason="too large for one request: halved")
    return True


def put_off(connection: Connection, claim: Claim, people: Mapping[int, str], at: datetime) -> None:
    """Let people wait in a batch of their own; who was put off too often is `failed`, and why."""
    if not people:
        return
    if claim.tries >= len(LATER):
        given_up = {who: f"{GIVEN_UP} {claim.tries} times, last: {reason}" for who, reason in people.items()}
        set_aside(connection, claim, given_up, at)
        return
    _rest(connection, claim, people, at, LATER[claim.tries], tries=claim.tries + 1)


def put_back(
    connection: Connection, claim: Claim, people: Mapping[int, str], at: datetime, rest: timedelta = LATER[0]
) -> None:
    """Let people whose turn never came wait in a batch of their own; no try is counted against them."""
    if people:
        _rest(connection, claim, people, at, rest, tries=claim.tries, own=False)


def put_aside(connection: Connection, claim: Claim, people: Mapping[int, str], at: datetime) -> None:
    """The same for people for whom the server refuses us. They wait for staff, and behind all others: who is
    refused again must not keep others from their letter. What was said of each tells so (REFUSED_US)."""
    if people:
        said = {who: f"{REFUSED_US}: {reason}" for who, reason in people.items()}
        _rest(connection, claim, said, at, timedelta(0), tries=claim.tries)


def _rest(
    connection: Connection,
    claim: Claim,
    people: Mapping[int, str],
    at: datetime,
    rest: timedelta,
    *,
    tries: int,
    own: bool = True,
) -> None:
    said = Counter(people.values())
    most_said = min(said, key=lambda reason: (-said[reason], reason))
    _split(connection, claim, list(people), at=at, reason=most_said, tries=tries, next_try=at + rest)
    if own:
        # The batch's reason is a summary; each keeps what was said of them.
        rows = [{"of": claim.edition, "who": who, "why": why, "when": at} for who, why in people.items()]
        connection.execute(_SAID, rows)


_SAID = (
    update(recipients)
    .where(recipients.c.edition_id == bindparam("of"), recipients.c.subscriber_id == bindparam("who"))
    .values(reason=bindparam("why"), at=bindparam("when"))
)


def _split(connection: Connection, claim: Claim, people: list[int], **values: Any) -> None:
    """Move people of a batch into a new one, which waits behind all others."""
    people = sorted(people)
    one_at_a_time(connection, f"batches-{claim.edition}")  # else two would give the same number
    newest = select(func.max(batches.c.number)).where(batches.c.edition_id == claim.edition)
    number = (connection.execute(newest).scalar() or 0) + 1
    ends = {"first": people[0], "last": people[-1], "size": len(people)}
    made = {"edition_id": claim.edition, "number": number, "state": BatchState.WAITING}
    connection.execute(insert(batches).values(made | ends | values))
    connection.execute(
        update(recipients)
        .where(
            recipients.c.edition_id == claim.edition,
            recipients.c.subscriber_id.between(people[0], people[-1]),
            recipients.c.batch == claim.number,
            among(connection, recipients.c.subscriber_id, people),
        )
        .values(batch=number)
    )
    rest = update(batches).where(
        and_(batches.c.edition_id == claim.edition, batches.c.number == claim.number)
    )
    connection.execute(rest.values(size=batches.c.size - len(people)))
