"""Telling staff something by mail: each thing once, and not too often.

The mail goes the way the letters go. A provider that refuses the key cannot carry that news, so what is not
told is logged as an error as well; the edition's reason and the exit status of `run` say it, too.
"""

from __future__ import annotations

import logging
import secrets
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from pipeline.core.errors import BusyError, as_rapport_error
from pipeline.core.tables import notices
from pipeline.mail.notice import notice_mail
from pipeline.providers import Batch, Recipient, Result
from pipeline.providers.choice import provider
from subscribers import clock
from subscribers.sets import insert

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection

    from pipeline.core.app import Installation
    from pipeline.providers import Message

REST = timedelta(hours=1)
"""Between two notices of one kind about one digest. What comes meanwhile is told after it, by whoever asks
again."""

ATTEMPT = ""
"""Stands for what a notice is about, where the last attempt to tell anything of a kind failed (with the
digest behind it, if it was about one)."""

log = logging.getLogger(__name__)


def tell(
    installation: Installation,
    kind: str,
    about: str,
    subject: str,
    text: str,
    since: datetime | None = None,
    digest: str = "",
) -> bool:
    """Mail [staff].emails, unless they were told of ``about`` (``since`` it began), or of this ``kind`` of
    thing about this ``digest`` within the hour; whether they are told now. Raises nothing.

    ``subject`` and ``text`` may hold neither an address nor a token of a subscriber.
    """

    def notice(number: int) -> Message:
        return notice_mail(
            installation.config, number, subject=subject, text=text, own=installation.templates
        )

    return mail(installation, kind, about, subject, notice, since, digest)


def mail(
    installation: Installation,
    kind: str,
    about: str,
    what: str,
    made: Callable[[int], Message],
    since: datetime | None = None,
    digest: str = "",
) -> bool:
    """The same with any mail: ``made`` makes it, numbered, when it goes; ``what`` it says is for the log."""
    try:
        with installation.database.lock("notices"):
            with installation.database.read() as connection:
                if told(connection, kind, about, since) or _lately(connection, kind, digest):
                    return False
            reached = _mail(installation, what, made)
            with installation.database.write() as connection:
                _remember(connection, kind, about if reached else _attempt(digest), digest)
            return reached
    except BusyError:
        return False  # another process is telling it
    except Exception as error:  # whatever it is: who tells of trouble must not make any
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


def _mail(installation: Installation, what: str, made: Callable[[int], Message]) -> bool:
    """Whether it reached anybody's provider; with nobody to mail, the log is where it is told."""
    config = installation.config
    if not config.staff.emails:
        log.warning("%s (nobody is mailed: staff.emails is empty)", what)
        return True
    try:
        # Its Message-ID is made of it: two mails of one second must not pass for one.
        message = made(int(clock.now().timestamp()) * 1_000_000 + secrets.randbelow(1_000_000))
        chosen = provider(config, installation.folder)
    except Exception as error:  # an operator's broken template, a missing key
        log.error("staff could not be told: %s (%s)", what, as_rapport_error(error).message)
        return False
    reached = False
    try:
        for address in config.staff.emails:
            # Nobody's id: what comes of this mail must not be taken for a reader's.
            outcome = chosen.send(message, Batch(uuid.uuid4().hex, [Recipient(0, address, {}, {})]))
            if outcome.result in (Result.ACCEPTED, Result.UNCERTAIN):
                reached = True
            else:
                log.error("staff could not be told: %s (%s)", what, outcome.reason)
    finally:
        chosen.close()
    return reached
