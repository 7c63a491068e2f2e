"""Telling staff something by mail: each thing once, and not too often.

The mail goes by the same provider as the letters. One that refuses the key cannot deliver this news, so what
could not be told is also logged as an error; the edition's reason and the exit status of `run` say it, and so
does `staff.alarms` (alarms.py), where it is set.
"""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from pipeline.core.errors import BusyError, as_rapport_error
from pipeline.core.tables.installation import notices
from pipeline.core.unfinished import must_be_finished
from pipeline.mail.alarms import ring
from pipeline.mail.notice import notice_mail
from pipeline.mail.send import NOBODYS_ID, addressee, mailing
from pipeline.providers import Result
from subscribers import clock
from subscribers.sets import insert

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.providers import Message

REST = timedelta(hours=1)
"""The least time between two notices of one kind about one digest. What happens meanwhile is told after it,
when the next run looks again."""

ATTEMPT = ""
"""In the column `about`: the last attempt to tell anything of this kind failed. The digest stands behind it,
if the notice was about one."""

log = logging.getLogger(__name__)


def tell(
    installation: Installation,
    kind: str,
    about: str,
    subject: str,
    text: str,
    since: datetime | None = None,
    digest: str = "",
    *,
    urgent: bool = True,
) -> bool:
    """Mail a notice to [staff].emails, and what is ``urgent`` to [staff].alarms; whether that was done now.
    Raises nothing.

    Nobody is mailed when staff were already told of ``about`` (after ``since``, when it began), or were told
    something else of this ``kind`` about this ``digest`` within the last hour. ``subject`` and ``text`` must
    hold neither an address nor a token of a subscriber.
    """

    def notice(number: int) -> Message:
        return notice_mail(installation.config, installation.templates, number, subject=subject, text=text)

    def elsewhere() -> bool:
        title = f"{installation.config.newsletter.name}: {subject}"
        return urgent and ring(installation.config.staff.alarms, title, text)

    return mail(installation, kind, about, subject, notice, since, digest, elsewhere=elsewhere)


@must_be_finished()
def mail(
    installation: Installation,
    kind: str,
    about: str,
    what: str,
    made: Callable[[int], Message],
    since: datetime | None = None,
    digest: str = "",
    own_fields: Callable[[str], Mapping[str, str]] = lambda address: {},
    elsewhere: Callable[[], bool] = bool,
) -> bool:
    """The same for any mail: ``made`` makes it from its number when it is sent. ``what`` is for the log;
    ``own_fields`` says by tag what differs in the mail to each address. ``elsewhere`` tells staff by other
    means than mail, and whether it reached them."""
    try:
        with installation.database.lock("notices"):
            with installation.database.read() as connection:
                if told(connection, kind, about, since) or _lately(connection, kind, digest):
                    return False
            rang = elsewhere()
            reached = _mail(installation, what, made, own_fields) or rang
            with installation.database.write() as connection:
                _remember(connection, kind, about if reached else _attempt(digest), digest)
            return reached
    except BusyError:
        return False  # another process does it
    except Exception as error:  # whatever it is: telling of trouble must not stop what goes on
        log.error("staff could not be told: %s (%s)", what, as_rapport_error(error).message)
        return False


def told(connection: Connection, kind: str, about: str, since: datetime | None = None) -> bool:
    """Whether staff were told of this (since that moment)."""
    query = select(notices.c.at).where(notices.c.kind == kind, notices.c.about == about)
    at = connection.scalar(query)
    return at is not None and (since is None or at >= since)


def failed(connection: Connection, kind: str, digest: str = "") -> bool:
    """Whether the last attempt to tell something of this kind reached nobody."""
    query = (
        select(notices.c.about)
        .where(notices.c.kind == kind, notices.c.digest == digest)
        .order_by(notices.c.at.desc())
        .limit(1)
    )
    return connection.scalar(query) == _attempt(digest)


def _attempt(digest: str) -> str:
    return f"{ATTEMPT} {digest}" if digest else ATTEMPT


def _lately(connection: Connection, kind: str, digest: str) -> bool:
    of_kind = (notices.c.kind == kind, notices.c.digest == digest)
    last = connection.scalar(select(func.max(notices.c.at)).where(*of_kind))
    return last is not None and last > clock.now() - REST


def _remember(connection: Connection, kind: str, about: str, digest: str) -> None:
    values = {"kind": kind, "about": about, "digest": digest, "at": clock.now()}
    connection.execute(
        insert(connection, notices)
        .values(values)
        .on_conflict_do_update(index_elements=["kind", "about"], set_={"at": values["at"]})
    )


def _mail(
    installation: Installation,
    what: str,
    made: Callable[[int], Message],
    own_fields: Callable[[str], Mapping[str, str]],
) -> bool:
    """Whether the provider took it for anybody. With nobody to mail, the log is told instead."""
    config = installation.config
    if not config.staff.emails:
        log.warning("staff.emails is empty, so nobody is mailed “%s”", what)
        return True
    reached = False
    try:
        # The Message-ID is made of this number: two mails of one second must not be taken for one.
        message = made(int(clock.now().timestamp()) * 1_000_000 + secrets.randbelow(1_000_000))
        with mailing(installation) as send:
            for address in config.staff.emails:
                outcome = send(message, addressee(address, fields=own_fields(address)))
                if outcome.of(NOBODYS_ID) in (Result.ACCEPTED, Result.UNCERTAIN):
                    reached = True
                else:
                    log.error("staff could not be told: %s (%s)", what, outcome.reason)
    except Exception as error:  # an operator's broken template, a missing key
        log.error("staff could not be told: %s (%s)", what, as_rapport_error(error).message)
    return reached
