"""SendGrid's Event Webhook: POST /webhooks/sendgrid."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pipeline.core.errors import as_rapport_error
from pipeline.delivery.events import take
from pipeline.providers.sendgrid.signature import SIGNATURE, TIMESTAMP, Verifier
from pipeline.providers.sendgrid.webhook import Unreadable, read
from pipeline.web.body import TooLargeError, whole

if TYPE_CHECKING:
    from starlette.requests import Request

    from pipeline.core.app import Installation

MOST_BODY = 4 * 1024 * 1024
"""Bytes of one post. SendGrid posts when it has 768 KB of events (getting-started-event-webhook)."""

log = logging.getLogger(__name__)


def routes(installation: Installation) -> list[Route]:
    """Raises ConfigError when the configured key cannot verify anything."""
    key = installation.config.delivery.sendgrid.webhook_public_key.strip()
    verifier = Verifier(key) if key else None

    async def sendgrid(request: Request) -> Response:
        if verifier is None:
            return _said(503, "delivery.sendgrid.webhook_public_key is not set")
        signature = request.headers.get(SIGNATURE, "")
        timestamp = request.headers.get(TIMESTAMP, "")
        # Looked at before the body is read: anybody may post one.
        if not signature or not verifier.is_fresh(timestamp):
            return _said(401, "no valid signature")
        try:
            body = await whole(request, MOST_BODY)
        except ClientDisconnect:
            return _said(400, "incomplete")
        except TooLargeError:
            return _said(413, "too large")
        return await run_in_threadpool(_answer, installation, verifier, body, timestamp, signature)

    return [Route("/webhooks/sendgrid", sendgrid, methods=["POST"])]


def _answer(
    installation: Installation, verifier: Verifier, body: bytes, timestamp: str, signature: str
) -> Response:
    if not verifier.is_signed(body, timestamp, signature):
        return _said(401, "no valid signature")
    try:
        events = read(body)
        with installation.database.write() as connection:
            new = take(connection, events, "SendGrid", installation.config.delivery)
    except Unreadable as error:
        return _said(400, str(error))
    except SQLAlchemyError as error:
        # SendGrid posts what was not taken again, for a day.
        log.warning("%d events could not be kept: %s", len(events), as_rapport_error(error).message)
        return _said(503, "could not be kept")
    log.info("%d events, %d of them new", len(events), new)
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


def _said(status: int, reason: str) -> Response:
    return PlainTextResponse(f"{reason}\n", status_code=status, headers={"Cache-Control": "no-store"})
