"""Sending the mails that ask to confirm, from their durable queue."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.errors import BusyError, ConfigError, RapportError
from pipeline.core.example import must_be_own
from pipeline.core.unfinished import must_be_finished
from pipeline.core.words import sentence
from pipeline.mail.confirmation import confirmation_mail
from pipeline.mail.send import addressee, mailing
from pipeline.providers import BatchResult, Result
from subscribers import clock, directory, mail_limits, questions, signup, staff_log, suppression
from subscribers.addresses import masked
from subscribers.confirmations import State, may_be_asked, waiting
from subscribers.errors import SubscriberError
from subscribers.tokens import Purpose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.core.app import Installation
    from pipeline.mail.send import Send
    from subscribers.confirmations import Confirmation
    from subscribers.people import Person

MOST_FAILURES = 3
"""Failures after which a round ends: a provider that is down is not asked a hundred times, and one bad mail
does not stop the others."""

MOST_DOUBTS = 2
"""How often a mail without an answer is sent again, at most. Perhaps all of them arrived, and perhaps it was
a stranger who typed the address in."""

_HANDED_OVER = (Result.ACCEPTED, Result.REJECTED, Result.UNCERTAIN)
"""What comes of a mail that may have arrived somewhere."""

log = logging.getLogger(__name__)


STAFF = "Staff typed the address in; the person agrees by confirming."


class Asked(NamedTuple):
    mailed: int
    put_off: int


def send_questions(installation: Installation, stop: Callable[[], bool] = bool) -> Asked:
    """Mail every question that is due and may go, until ``stop``. Any number of processes may call this at
    once; one of them does it.

    When the provider gives no answer to a mail, it is sent again later, twice at most: that harms nobody, and
    a sign-up must not get lost. Raises nothing for what the provider does: what it refuses waits.
    """
    if not _any(installation):
        return Asked(0, 0)
    try:
        with installation.database.lock("confirmations"):
            return _send(installation, stop)
    except BusyError:
        return Asked(0, 0)


class AskedByStaff(NamedTuple):
    """``state``: what became of the mail, MAILED, QUEUED or DROPPED."""

    person: Person
    state: State


def ask_for_staff(
    installation: Installation,
    email: str,
    *,
    name: str,
    digests: Sequence[str],
    source: str,
    actor: str = "",
) -> AskedByStaff:
    """Ask somebody whose address staff typed in whether they want ``digests``. The mail goes at once, if it
    can.

    Raises SubscriberError when the address may get no mail, or was asked too often already. A stranger who
    fills in the form is told neither; staff are.
    """
    must_be_own(installation.config)
    if installation.config.mails and not installation.config.newsletter.public_url:
        raise ConfigError(
            "newsletter.public_url is missing: the mail's link would lead nowhere.",
            "Write where `rapport serve` is reached; or add them with --consent and your evidence.",
        )
    with installation.database.write() as connection:
        reason = suppression.reason_for(connection, email)
        if reason is not None and not may_be_asked(connection, email):
            raise SubscriberError(
                sentence(f"This address gets no mail: {reason}"),
                directory.REMEDIES[reason],
                code="suppressed",
            )
        asked = signup.ask(
            connection, email, name=name, digests=digests, wording=STAFF, source=source, by_staff=True
        )
        if asked is None:
            raise SubscriberError(
                "This mailbox was asked several times already.",
                "Ask the person by other means.",
                code="limit",
            )
        person = directory.person(connection, email)
        assert person is not None
        staff_log.record(connection, "ask", staff_log.subscriber(person.id), actor=actor)
    send_questions(installation)
    with installation.database.read() as connection:
        question = waiting(connection, asked)
    return AskedByStaff(person, question.state if question else State.DROPPED)


def _any(installation: Installation) -> bool:
    with installation.database.read() as connection:
        return bool(mail_limits.due(connection, clock.now()).now)


def _send(installation: Installation, stop: Callable[[], bool]) -> Asked:
    must_be_own(installation.config)
    done, put_off = 0, 0
    now = clock.now()  # taken once: what is put off waits for the next round, however long this one takes
    with mailing(installation) as send:
        while True:
            with installation.database.read() as connection:
                due = questions.next_ones(connection, now)
            if not due:
                return Asked(done, put_off)
            for asked in due:
                mailed = _send_one(installation, send, asked)
                done += mailed is True
                put_off += mailed is False
                if put_off == MOST_FAILURES or stop():
                    return Asked(done, put_off)


@must_be_finished()
def _send_one(installation: Installation, send: Send, asked: Confirmation) -> bool | None:
    """True: mailed. False: put off. None: it need not be mailed any more."""
    with installation.database.write() as connection:
        if not questions.still_to_be_mailed(connection, asked):
            return None
    outcome = _hand_over(installation, send, asked)
    with installation.database.write() as connection:
        if outcome.of(asked.subscriber) in _HANDED_OVER:
            mail_limits.count_mail(connection, asked.id, clock.now())
        match outcome.of(asked.subscriber):
            case Result.ACCEPTED:
                questions.mailed(connection, asked)
                return True
            case Result.REJECTED:
                questions.drop(connection, asked, outcome.reason)
                return None
            case Result.UNCERTAIN if asked.tries >= MOST_DOUBTS:
                questions.mailed(connection, asked)
                return True
    log.warning("a mail that asks to confirm waits: %s", outcome.reason)
    with installation.database.write() as connection:
        questions.put_off(connection, asked, clock.now(), outcome.reason)
    return False


def _hand_over(installation: Installation, send: Send, asked: Confirmation) -> BatchResult:
    config = installation.config
    until = asked.good_until(timedelta(days=config.privacy.pending_days))
    token = installation.tokens.sign_until(Purpose.CONFIRM, asked.id, until)
    try:
        message = confirmation_mail(
            config,
            installation.templates,
            asked.id,
            purpose=asked.purpose.value,
            link=f"{config.newsletter.pages}/confirm/{token}",
            until=until,
            address=masked(asked.other).replace("…", "..."),  # in Latin-1, as all text of a mail
        )
    except RapportError as error:
        return BatchResult(Result.STOP, error.message)
    return send(message, addressee(asked.email, asked.subscriber))
