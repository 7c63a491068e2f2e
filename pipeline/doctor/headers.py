"""The headers that mailbox providers want in every letter: those of one letter are made and checked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.core.finding import error, ok, warning
from pipeline.delivery.probe import NOBODY
from pipeline.letter.personal import Links

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.finding import Finding
    from pipeline.doctor.context import Context


def one_click(context: Context) -> Iterator[Finding]:
    """RFC 8058, 3.1: an https URI comes first, and the POST header has exactly this value."""
    config = context.config
    if config.delivery.hosted_unsubscribe:
        yield ok("headers.one_click", "SendGrid adds the unsubscribe headers to every letter itself.")
        return
    if not context.mails or context.tokens is None:
        return
    (reader,) = Links(config, context.tokens, config.digests[0].name).recipients([(NOBODY, "")], 0)
    leave, post = reader.headers["List-Unsubscribe"], reader.headers["List-Unsubscribe-Post"]
    if not re.match(r"<https://[^<>\s]+>", leave) or post != "List-Unsubscribe=One-Click":
        yield error(
            "headers.one_click",
            "Letters carry no one-click unsubscribe over https; Gmail and Yahoo want it of who mails many.",
            "Set newsletter.public_url to an https address.",
        )
    else:
        yield ok("headers.one_click", "Letters carry a one-click unsubscribe over https.")


def sender(context: Context) -> Iterator[Finding]:
    """Whether the sender's name and address follow Gmail's rules for senders."""
    newsletter = context.config.newsletter
    if not context.mails:
        return
    if any(ord(sign) >= 0x2190 for sign in newsletter.sender):
        yield warning(
            "headers.sender",
            "The sender's name holds signs like emoji, which Gmail counts as misleading.",
            "Write newsletter.from_name in letters.",
        )
    if context.domain in _FREE:
        yield error(
            "headers.sender",
            f"newsletter.from_email is at {context.domain}, which lets nobody else send for it (DMARC).",
            "Send from an address at the practice's own domain.",
        )
    else:
        yield ok("headers.sender", f"Letters come from {context.domain}.")


_FREE = frozenset((
    "gmail.com", "googlemail.com", "yahoo.com", "ymail.com", "aol.com", "outlook.com", "hotmail.com",
    "live.com", "msn.com", "icloud.com", "me.com", "mac.com", "gmx.de", "gmx.net", "web.de", "proton.me",
))  # fmt: skip
"""Domains of mailbox providers whose DMARC policy or terms let nobody else send for them."""

CHECKS = (one_click, sender)
