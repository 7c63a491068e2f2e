"""A message as a file or an SMTP server wants it: one RFC 5322 message a recipient."""

from __future__ import annotations

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.providers import Message, Recipient


class UnmailableError(ValueError):
    """No header can be made of this recipient's address; the others are not concerned."""


def compose(message: Message, recipient: Recipient, at: datetime) -> bytes:
    """One recipient's whole message, with CRLF line ends.

    Both parts are quoted-printable: MJML's lines are longer than the 998 octets RFC 5322, 2.1.1 allows.
    """
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _mailbox(message.from_name, message.from_email)
    try:
        mail["To"] = Address(addr_spec=recipient.address)
    except (ValueError, IndexError):
        # The email package's own words quote the address.
        raise UnmailableError("no header can be made of the address") from None
    mail["Reply-To"] = Address(addr_spec=message.reply_to)
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = message_id(message, recipient.subscriber)
    mail.set_content(recipient.fill(message.text), cte="quoted-printable")
    mail.add_alternative(
        recipient.fill(message.html), subtype="html", cte="quoted-printable", charset="us-ascii"
    )
    # Set before the rest, as they are: the email package would turn a link too long for 78 columns into an
    # encoded word, which nobody takes for a link. RFC 5322, 2.1.1 allows a line 998.
    raw = "".join(f"{name}: {_one_line(value)}\r\n" for name, value in recipient.headers.items())
    return raw.encode("ascii") + mail.as_bytes()


def _one_line(value: str) -> str:
    if any(ord(character) < 32 for character in value):
        raise ValueError("a header with a line break in it")
    return value


def message_id(message: Message, subscriber: int) -> str:
    """The same for the same edition and subscriber, so that a repeated one can be recognised."""
    local = hashlib.blake2b(f"{message.edition}/{subscriber}".encode(), digest_size=16).hexdigest()
    return f"<{local}@{message.from_email.rpartition('@')[2]}>"


def _mailbox(name: str, address: str) -> Address:
    user, _, domain = address.rpartition("@")
    return Address(name, user, domain)
