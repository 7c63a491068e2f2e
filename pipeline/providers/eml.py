"""A message as a file or an SMTP server wants it: one RFC 5322 message a recipient.

Everything that readers have in common is turned into bytes once. A reader's own message is those bytes with
the personal values between them.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from pipeline.providers import Message, Recipient

# No quoted-printable body holds "=_", so none of its lines is taken for the boundary (RFC 2045, 6.7).
_BOUNDARY = b"=_the-two-parts-of-a-letter"

# An atom with dots and a domain (RFC 5321, 4.1.2): nearly every address. A header takes it as it is.
_PLAIN = re.compile(
    r"(?!.*=\?)[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@[A-Za-z0-9.-]+", re.ASCII
)
_LONGEST_ADDRESS = 254

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_BARE_BREAK = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_DOTS = re.compile(rb"^\.+", re.MULTILINE)
# binascii writes a space before a line break as "=20" even where the line has no room for it.
_OVERLONG = re.compile(rb"^(.{74,75})(=20|=09)$", re.MULTILINE)


class UnmailableError(ValueError):
    """This recipient's address cannot stand in a header or command; other recipients are not concerned."""


class Prepared:
    """An edition as bytes, with the places for the personal values.

    ``tags`` are the keys of the recipients' fields. No line begins with a dot, so an SMTP client need not
    double any (RFC 5321, 4.5.2). Raises ValueError when no valid message can be made.
    """

    def __init__(self, message: Message, tags: Collection[str]) -> None:
        self.tags = frozenset(tags)
        longest_first = sorted(self.tags, key=len, reverse=True)
        self._tag = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
        self._message = message
        self._shared = _shared_headers(message)
        self._pieces: list[bytes] = []
        self._places: list[tuple[int, str]] = []
        self._add(
            b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="' + _BOUNDARY + b'"\r\n\r\n'
        )
        message.html.encode("ascii")
        self._add_part(b"text/plain; charset=utf-8", message.text)
        self._add_part(b"text/html; charset=us-ascii", message.html)
        self._add(b"--" + _BOUNDARY + b"--\r\n")

    def of(self, recipient: Recipient, at: datetime) -> bytes:
        """One recipient's whole message, with CRLF line ends.

        Raises UnmailableError for the address, another ValueError for a header that is not valid.
        """
        pieces = self._pieces.copy()
        for place, tag in self._places:
            pieces[place] = _within_a_line(recipient.fields.get(tag, tag))
        own = (
            f"Date: {_date(at)}\r\nMessage-ID: {message_id(self._message, recipient.subscriber)}\r\n"
        ).encode("ascii")
        return b"".join((_raw_headers(recipient.headers), _to(recipient.address), self._shared, own, *pieces))

    def _add_part(self, kind: bytes, body: str) -> None:
        # In quoted-printable: MJML's lines are longer than the 998 octets that RFC 5322, 2.1.1 allows.
        self._add(
            b"--" + _BOUNDARY + b"\r\n"
            b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        )
        body = _with_newlines(body)
        if not body.endswith("\n"):
            body += "\n"
        end = 0
        for found in self._tag.finditer(body):
            self._add(_within_a_line(body[end : found.start()]))
            self._places.append((len(self._pieces), found[0]))
            self._add(b"")
            end = found.end()
        # The last line break before a boundary is part of the boundary (RFC 2046, 5.1.1).
        self._add(_encoded(body[end:]) + b"\r\n")

    def _add(self, piece: bytes) -> None:
        self._pieces.append(piece)


def compose(message: Message, recipient: Recipient, at: datetime) -> bytes:
    """One recipient's whole message; see Prepared.of."""
    return Prepared(message, recipient.fields).of(recipient, at)


def envelope_address(address: str) -> bytes:
    """An address as MAIL and RCPT take it, between the angle brackets.

    Raises UnmailableError where it is not plain ASCII: an address must not be able to end the command.
    """
    if len(address) > _LONGEST_ADDRESS or not _PLAIN.fullmatch(address):
        raise UnmailableError("no SMTP command can hold the address")
    return address.encode("ascii")


def message_id(message: Message, subscriber: int) -> str:
    """The same for one edition and subscriber each time, so that a repeated message can be recognised."""
    local = hashlib.blake2b(f"{message.edition}/{subscriber}".encode(), digest_size=16).hexdigest()
    return f"<{local}@{message.from_email.rpartition('@')[2]}>"


@lru_cache(1)
def _date(at: datetime) -> str:
    # All of a batch have the same.
    return format_datetime(at)


def _shared_headers(message: Message) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _mailbox(message.from_name, message.from_email)
    mail["Reply-To"] = Address(addr_spec=message.reply_to)
    mail["Subject"] = message.subject
    headers = mail.as_bytes().removesuffix(b"\r\n")
    # The email package has let line breaks through before (CVE-2024-6923).
    if _BARE_BREAK.search(headers) or b"\r\n\r\n" in headers:
        raise ValueError("a header with a line break in it")
    return headers


def _to(address: str) -> bytes:
    if len(address) <= _LONGEST_ADDRESS and _PLAIN.fullmatch(address):
        return b"To: %b\r\n" % address.encode("ascii")
    mail = EmailMessage(policy=SMTP)
    try:
        mail["To"] = Address(addr_spec=address)
        return mail.as_bytes().removesuffix(b"\r\n")
    except (ValueError, IndexError):
        # The email package's own words quote the address.
        raise UnmailableError("no header can be made of the address") from None


def _raw_headers(headers: Mapping[str, str]) -> bytes:
    # Unfolded: the email package would turn a link that is too long for 78 columns into an encoded word,
    # which no program takes for a link. RFC 5322, 2.1.1 allows 998 octets a line.
    lines = []
    for name, value in headers.items():
        if not _HEADER.fullmatch(name) or _CONTROL.search(value):
            raise ValueError("a header with a line break in it")
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines).encode("ascii")


def _mailbox(name: str, address: str) -> Address:
    user, _, domain = address.rpartition("@")
    return Address(name, user, domain)


def _with_newlines(body: str) -> str:
    return body.replace("\r\n", "\n").replace("\r", "\n")


def _within_a_line(text: str) -> bytes:
    """Text in quoted-printable that something follows on its line: it ends in a soft line break.

    So what follows begins a new line and can be encoded without knowing what came before.
    """
    # One letter is added and cut off again: it leaves room for the "=" in the last of 76 columns.
    return _encoded(_with_newlines(text) + "x")[:-1] + b"=\r\n"


def _encoded(text: str) -> bytes:
    """Text in quoted-printable with CRLF; no line is longer than 76 or begins with a dot."""
    lines = binascii.b2a_qp(text.encode())
    if b"=20\n" in lines or b"=09\n" in lines:
        lines = _OVERLONG.sub(rb"\1=\n\2", lines)
    if lines.startswith(b".") or b"\n." in lines:
        lines = _DOTS.sub(_dots, lines)
    return lines.replace(b"\n", b"\r\n")


def _dots(found: re.Match[bytes]) -> bytes:
    # On lines of their own, 24 on each, for the line that they are on may be full.
    return b"".join(b"=2E" * min(24, len(found[0]) - n) + b"=\n" for n in range(0, len(found[0]), 24))
