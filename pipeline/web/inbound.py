"""Unsubscribing by mail through SendGrid's Inbound Parse: POST /webhooks/sendgrid/inbound.

SendGrid receives the mail for a host of ours (twilio.com/docs/sendgrid/for-developers/parsing-email) and
posts it here: as separate fields or, with Send Raw, as it came. After a 5xx it posts again for 72 hours, and
after a 4xx never (support.sendgrid.com, Understanding Inbound Parse Webhook Retry Logic). So every mail that
was handled is answered with 200, also one that asks for nothing.

Classic Inbound Parse signs nothing, so anybody may post here. SendGrid's posts have the key that the practice
put into the URL (`?key=...`, $RAPPORT_INBOUND_KEY); where there is one, a post without it is refused unread.
A token proves whom a mail is about. Without one, the address that the mail comes from counts only when two
things hold: the post has the key, and SendGrid found that the mail was sent by that address's domain.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import replace
from hmac import compare_digest
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from pipeline.core.environment import INBOUND_KEY
from pipeline.subscriptions.unsubscribe import leave_by_mail
from pipeline.web.multipart import beginnings
from subscribers.mail import SIZE, decoded, own_lines, read, senders, words_of
from subscribers.mailbox import Silence, asked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from pipeline.core.app import Installation
    from pipeline.subscriptions.unsubscribe import LeftByMail
    from subscribers.mail import Mail

log = logging.getLogger(__name__)

LARGEST = 40_000_000
"""Bytes of a request. A mail has 30 MB at most; the form around it adds some."""

_FIELDS = frozenset(
    {"headers", "from", "subject", "text", "html", "email", "envelope", "charsets", "SPF", "dkim"}
)
# SendGrid writes something here that looks like JSON but is not: {@example.org : pass}.
_SIGNATURE = re.compile(r"@([\w.-]{1,255})\s{0,9}:\s{0,9}(\w{1,20})")


def routes(installation: Installation) -> list[Route]:
    async def inbound(request: Request) -> Response:
        known = _keys(installation)
        if known and not _is_one_of(known, request.query_params.get("key", "")):
            return _answer(401)
        try:
            fields = await beginnings(request, _FIELDS, kept=SIZE, largest=LARGEST)
        except HTTPException as error:
            return _answer(error.status_code)
        except ClientDisconnect:
            return _answer(400)  # nobody reads it
        try:
            outcome = await run_in_threadpool(_take, installation, fields, by_sendgrid=bool(known))
        except SQLAlchemyError:
            return _answer(503)  # SendGrid keeps the mail and comes again
        log.info("A mail to the unsubscribe address: %s.", outcome)
        return _answer(200)

    return [Route("/webhooks/sendgrid/inbound", inbound, methods=["POST"])]


def _keys(installation: Installation) -> list[str]:
    """The keys of SendGrid's posts: two while it is changed."""
    written = installation.environment.get(INBOUND_KEY, "").split(",")
    return [key.strip() for key in written if key.strip()]


def _is_one_of(known: list[str], key: str) -> bool:
    return any(compare_digest(one.encode(), key.encode("utf-8", "replace")) for one in known)


def _take(
    installation: Installation, fields: Mapping[str, bytes], *, by_sendgrid: bool
) -> LeftByMail | Silence:
    request = asked(_mail(fields), installation.tokens)
    if isinstance(request, Silence):
        return request
    if isinstance(request.who, str) and not (by_sendgrid and _proven(fields, request.who.rpartition("@")[2])):
        return Silence.IGNORED
    with installation.database.write() as connection:
        configured = [digest.name for digest in installation.config.digests]
        return leave_by_mail(connection, request, configured=configured)


def _mail(fields: Mapping[str, bytes]) -> Mail:
    mail = read(fields["email"]) if "email" in fields else _put_together(fields)
    # A mail with an empty return path is a bounce, whatever its headers say.
    return replace(mail, automatic=mail.automatic or _return_path(fields) == "")


def _put_together(fields: Mapping[str, bytes]) -> Mail:
    charsets = _json(fields, "charsets")

    def field(name: str) -> str:
        return decoded(fields.get(name, b""), str(charsets.get(name, "utf-8")))

    mail = read(fields.get("headers", b"").rstrip() + b"\r\n\r\n")
    return replace(
        mail,
        senders=mail.senders or senders([field("from")]),
        subject=mail.subject or field("subject")[:2000],
        opening=own_lines(field("text")) or own_lines(words_of(field("html"))),
    )


def _proven(fields: Mapping[str, bytes], domain: str) -> bool:
    """Whether SendGrid found, by DKIM or by SPF, that the mail really came from ``domain``."""
    signatures = _SIGNATURE.findall(decoded(fields.get("dkim", b"")[:4000], "ascii").lower())
    if any(result == "pass" and _aligned(domain, signer) for signer, result in signatures):
        return True
    if fields.get("SPF", b"").strip().lower() != b"pass":
        return False
    # SPF is about the return path's domain, which the sender chooses freely (RFC 7489, 3.1.2).
    path = _return_path(fields)
    return path is None or _aligned(domain, path.rpartition("@")[2].lower())


def _aligned(domain: str, other: str) -> bool:
    """Whether two domains are the same, or one is below the other (DMARC's relaxed alignment, without its
    list of suffixes)."""
    return domain == other or (
        "." in domain and "." in other and (domain.endswith(f".{other}") or other.endswith(f".{domain}"))
    )


def _return_path(fields: Mapping[str, bytes]) -> str | None:
    """Where a bounce of the mail would go. Empty for a mail that must not be answered; None where SendGrid
    does not say it."""
    path = _json(fields, "envelope").get("from")
    return path.strip().strip("<>") if isinstance(path, str) else None


def _json(fields: Mapping[str, bytes], name: str) -> dict[str, object]:
    try:
        found = json.loads(fields.get(name, b"")[:8000])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _answer(status: int) -> Response:
    text = {200: "ok", 401: "no valid key", 503: "try again"}.get(status, "not understood")
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(f"{text}\n", status, headers, media_type="text/plain")
