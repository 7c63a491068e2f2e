"""The mails that let staff in: the invitation, and the link that signs in. They go to the account's address.

A link stands in its mail alone. So a mail that could not be handed over is not kept and tried again: whoever
needs one asks once more.
"""

from __future__ import annotations

import logging
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.errors import ConfigError, RapportError
from pipeline.core.example import must_be_own
from pipeline.core.phrases import Phrases
from pipeline.core.unfinished import must_be_finished
from pipeline.core.words import sentence
from pipeline.letter.shown import day
from pipeline.mail.message import render_mail, single_message
from pipeline.mail.send import NOBODYS_ID, addressee, mailing
from pipeline.providers import NOTICE, Result
from subscribers import clock
from subscribers.staff import invitations, links, secret_values
from subscribers.staff.accounts import Account
from subscribers.staff.roles import Role

if TYPE_CHECKING:
    from pipeline.core.app import Installation
    from pipeline.providers import Message
    from subscribers.staff.links import Link

log = logging.getLogger(__name__)

PATHS = {links.Purpose.INVITATION: "staff/invitation", links.Purpose.SIGN_IN: "staff/link"}
"""Where each link leads, under newsletter.public_url."""


class Invited(NamedTuple):
    """``mailed``: whether an invitation went out. Who has accepted one already needs no other."""

    account: Account
    mailed: bool


def invite(
    installation: Installation,
    address: str,
    role: Role,
    *,
    actor: str = "",
    own: bool = False,
    seen: str | None = None,
) -> Invited:
    """Give an address an account with this role, and mail the invitation; one that has joined has the role
    from now on, and gets no mail. ``own`` and ``seen``: as in `invitations.invite`.

    Raises ConfigError where nobody could sign in or be mailed, SubscriberError as `accounts.invite` does, and
    RapportError when the mail could not be handed over.
    """
    must_be_reachable(installation)
    must_be_own(installation.config)
    with installation.database.write() as connection:
        account, link = invitations.invite(connection, address, role, actor=actor, own=own, seen=seen)
    if link is None:
        return Invited(account, mailed=False)
    try:
        if reason := _mail(installation, account, links.Purpose.INVITATION, link):
            raise RapportError(
                sentence(f"The invitation was not handed over: {reason}"),
                "See `rapport doctor`, and invite them again: the account is there.",
            )
    except Exception:  # also where the provider could not be opened, or the mail not be made
        with installation.database.write() as connection:
            invitations.take_back(connection, link)
        raise
    return Invited(account, mailed=True)


def mail_link(installation: Installation, account: Account, link: Link) -> None:
    """Mail a link that signs in. Raises nothing: who asked was told only that a mail may come."""
    try:
        must_be_own(installation.config)
        if reason := _mail(installation, account, links.Purpose.SIGN_IN, link):
            log.error("a link to sign in could not be mailed to account %s: %s", account.id, reason)
    except RapportError as error:
        log.error("a link to sign in could not be mailed to account %s: %s", account.id, error.message)


def make_for_nobody(installation: Installation) -> None:
    """Make such a mail, and hand it to nobody: what is answered meanwhile must come as late as it does while
    one is made for somebody. Raises nothing."""
    nobody = Account(0, "", Role.VIEWER, clock.now(), None, None, None)
    link = links.Link(secret_values.new(), clock.now())
    with suppress(RapportError):
        _message(installation, nobody, links.Purpose.SIGN_IN, link, 0)


def must_be_reachable(installation: Installation) -> None:
    """Raise ConfigError where the link of a mail would lead to no page, or nobody could sign in there."""
    config = installation.config
    if config.delivery.hosted_unsubscribe or (config.mails and not config.newsletter.public_url):
        raise ConfigError(
            "newsletter.public_url is missing: the mail's link would lead nowhere.",
            "Write where `rapport serve` is reached.",
        )
    if config.newsletter.staff_pages == "open":
        raise ConfigError(
            "newsletter.public_url is not https: whoever is on the way could sign in as your staff.",
            "Give your web server a certificate, and write https:// there.",
        )


@must_be_finished()
def _mail(installation: Installation, account: Account, purpose: links.Purpose, link: Link) -> str:
    """Why the mail was surely not handed over; empty if it was."""
    # The Message-ID is made of this number: two mails of one second must not be taken for one.
    number = int(clock.now().timestamp()) * 1_000_000 + secrets.randbelow(1_000_000)
    message = _message(installation, account, purpose, link, number)
    with mailing(installation) as send:
        outcome = send(message, addressee(account.email))
    handed = outcome.of(NOBODYS_ID) in (Result.ACCEPTED, Result.UNCERTAIN)
    return "" if handed else outcome.reason or outcome.result.value


def _message(
    installation: Installation, account: Account, purpose: links.Purpose, link: Link, number: int
) -> Message:
    config = installation.config
    phrases = Phrases(installation.templates, "mail", config.newsletter, mails=config.mails)
    words = phrases.table(
        "staff_invitation" if purpose is links.Purpose.INVITATION else "staff_link",
        date=day(link.until, config),
        role=phrases.table("staff_role")[account.role],
    )
    address = f"{config.newsletter.pages}/{PATHS[purpose]}/{link.value}"
    bodies = render_mail(config, installation.templates, "confirmation", words=words, link=address)
    return single_message(config.newsletter, NOTICE, number, subject=words["subject"], **bodies)
