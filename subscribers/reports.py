"""What providers report of addresses, and which suppressions follow.

Reports come late, twice and in any order. So the time at which a thing happened counts, not the time at which
it was reported: whatever the order, the same addresses end up suppressed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from subscribers import consent, directory, suppression
from subscribers.consent import DISPROVED, Action
from subscribers.leaving import leave
from subscribers.sets import among
from subscribers.suppression import OWN, Reason
from subscribers.tables import consents

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

_MEANS = {
    Reason.BOUNCED: (Reason.BOUNCED,),
    # A reader who reports a letter as spam wants no more, even if staff lift the complaint.
    Reason.COMPLAINED: (Reason.COMPLAINED, Reason.UNSUBSCRIBED),
    Reason.UNSUBSCRIBED: (Reason.UNSUBSCRIBED,),
}

_ANEW = (Action.CONFIRMED, Action.RESUBSCRIBED, Action.MOVED)
_SECOND = timedelta(seconds=1)  # providers' times have no finer unit


@dataclass(frozen=True, slots=True)
class Report:
    """Something that happened to an address: bounced, complained or unsubscribed.

    ``address`` is normalised; ``person`` is its id, if it is on the list; ``said`` is the provider's words
    for the record, without any address.
    """

    address: str
    person: int | None
    reason: Reason
    at: datetime
    said: str = ""


def apply_reports(connection: Connection, reports: Sequence[Report], source: str) -> frozenset[str]:
    """Suppress the addresses that must get no more mail; those for which something changed.

    A report of something that was taken back later is not applied: an unsubscription that the person took
    back by confirming a new sign-up, a bounce or a complaint that staff lifted.
    """
    standing = suppression.reasons_of(connection, {report.address for report in reports})
    taken_back = _taken_back(connection, {report.person for report in reports if report.person is not None})
    changed: set[str] = set()
    # In the same order everywhere: else two transactions with the same people could deadlock.
    for report in sorted(reports, key=lambda report: (report.address, report.at)):
        since = taken_back.get(report.person or 0, {})
        for reason in _MEANS[report.reason]:
            later = since.get(reason) or since.get(reason in OWN)
            held = standing.get(report.address, frozenset())
            if reason in held or (later and later >= report.at + _SECOND):
                continue
            standing[report.address] = held | {reason}
            _suppress(connection, report, reason, source)
            changed.add(report.address)
    return frozenset(changed)


def _suppress(connection: Connection, report: Report, reason: Reason, source: str) -> None:
    if reason is Reason.UNSUBSCRIBED:
        if report.person is None:
            directory.unsubscribe(connection, report.address, source=source)
        else:
            leave(connection, report.person, digest=None, source=source)
    elif suppression.suppress(connection, report.address, reason, source) and report.person is not None:
        said = f"{reason}: {report.said}" if report.said else reason.value
        consent.record(connection, report.person, Action.SUPPRESSED, wording=said, source=source)


def _taken_back(connection: Connection, people: Collection[int]) -> dict[int, dict[bool | Reason, datetime]]:
    """When each person last signed up again (True), when staff last lifted a suppression (False), and when a
    mail that arrived disproved a bounce (BOUNCED), which says nothing of a complaint."""
    disproved = consents.c.wording == DISPROVED
    query = (
        select(consents.c.subscriber_id, consents.c.action, disproved, func.max(consents.c.at).label("at"))
        .where(
            among(connection, consents.c.subscriber_id, sorted(people)),
            consents.c.action.in_([action.value for action in (*_ANEW, Action.LIFTED)]),
        )
        .group_by(consents.c.subscriber_id, consents.c.action, disproved)
    )
    found: dict[int, dict[bool | Reason, datetime]] = {}
    for person, action, by_mail, at in connection.execute(query):
        lifts = Reason.BOUNCED if by_mail else action != Action.LIFTED
        of_person = found.setdefault(person, {})
        of_person[lifts] = max(at, of_person.get(lifts, at))
    return found
