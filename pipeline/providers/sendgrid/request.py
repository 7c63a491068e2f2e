"""A batch as the body of one `POST /v3/mail/send`.

It is made of plain dicts: the package's helper objects take ten times as long for the same JSON and convert
nothing (custom_args, headers and substitutions must be strings; a number gets a 400 that names no field).
For a letter's many readers `personalizations.py` makes the JSON.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from pipeline.providers import Readers
from pipeline.providers.sendgrid.personalizations import personalizations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.providers import Batch, Message, Recipient

MAX_BATCH = 1000
"""Most personalizations, and recipients in all of them, in one request (mail-send/limitations)."""

# The account's settings hold for what is left out, so all four are named. Subscription tracking must be off
# also because SendGrid would add its own List-Unsubscribe beside ours.
_NO_TRACKING = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
    "ganalytics": {"enable": False},
}

# Letters of European names that decomposition (NFKD) leaves as they are.
_ASCII = str.maketrans("øØłŁđĐðÐıħĦ‘’“”–—‐‑−·", "oOlLdDdDihH''\"\"------") | str.maketrans(
    {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th"}
)


def build(message: Message, batch: Batch) -> dict[str, Any]:
    """The request for one batch. Raises ValueError for a batch of nobody or of too many."""
    if not 1 <= len(batch.recipients) <= MAX_BATCH:
        raise ValueError(f"a batch holds 1 to {MAX_BATCH} recipients, not {len(batch.recipients)}")
    return {
        "personalizations": _personalizations(batch.recipients),
        "from": _sender(message),
        "reply_to": {"email": message.reply_to},
        "subject": message.subject,
        # In this order; any other gets a 400.
        "content": [
            {"type": "text/plain", "value": message.text},
            {"type": "text/html", "value": message.html},
        ],
        "categories": [message.digest],
        # SendGrid keeps these for good and its staff can see them: random ids only, never a person.
        "custom_args": {"edition": message.edition, "batch": batch.id},
        "tracking_settings": _tracking(message),
    }


def _tracking(message: Message) -> dict[str, Any]:
    if not message.hosted_tag:
        return _NO_TRACKING
    # Without the tag SendGrid would add a footer of its own.
    return _NO_TRACKING | {"subscription_tracking": {"enable": True, "substitution_tag": message.hosted_tag}}


def _personalizations(recipients: Sequence[Recipient]) -> Any:
    if isinstance(recipients, Readers):
        return personalizations(recipients, _personalization)
    return [_personalization(recipient) for recipient in recipients]


def _personalization(recipient: Recipient) -> dict[str, Any]:
    # One recipient each: people who share a personalization see each other's addresses. Without a name: it
    # may not hold `;` or `,`, and nothing needs it. With all headers: how those of the request are merged
    # with these is documented nowhere.
    return {
        "to": [{"email": recipient.address}],
        "headers": recipient.headers,
        "substitutions": recipient.fields,
        "custom_args": {"subscriber": str(recipient.subscriber)},
    }


def _sender(message: Message) -> dict[str, str]:
    name = ascii_name(message.from_name)
    return {"email": message.from_email, "name": name} if name else {"email": message.from_email}


def ascii_name(name: str) -> str:
    """The sender's name in ASCII; empty where letters would be lost.

    "Unicode encoding is not supported for the from field" (SendGrid API docs, mail-send/limitations). Whether
    that still holds for the name is not known, and an encoded word of our own might be quoted and shown
    undecoded. So accents are removed ("Praxis Müller" is sent as "Praxis Muller"). A name that cannot be
    written so is left out whole: half a name looks like a forgery, and the address alone does not.
    """
    plain = unicodedata.normalize("NFKD", name.translate(_ASCII)).translate(_ASCII)
    kept = []
    for letter in plain:
        if letter.isascii():
            kept.append(letter if letter.isprintable() else " ")
        elif unicodedata.category(letter).startswith(("L", "N")):
            return ""
        elif not unicodedata.category(letter).startswith(("M", "C")):
            kept.append(" ")
    return " ".join("".join(kept).split())
