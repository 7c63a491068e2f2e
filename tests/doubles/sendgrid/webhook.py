"""SendGrid's side of the signed Event Webhook: a key of its own, and posts signed with it."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class EventWebhook:
    """``public_key`` is what SendGrid shows in its settings."""

    def __init__(self, curve: ec.EllipticCurve | None = None) -> None:
        self._key = ec.generate_private_key(curve or ec.SECP256R1())

    @property
    def public_key(self) -> str:
        spki = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return b64encode(spki).decode()

    def signed(self, body: bytes, at: datetime | None = None) -> dict[str, str]:
        """The headers of a post of these bytes."""
        timestamp = str(int((at or clock.now()).timestamp()))
        signature = self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return {
            "X-Twilio-Email-Event-Webhook-Signature": b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
            "Content-Type": "application/json",
        }


def body_of(events: Sequence[Any]) -> bytes:
    """A post's bytes, spaced as no serialiser of ours would: parsed and dumped again they are others."""
    return b"[" + b",\r\n".join(json.dumps(event).encode() for event in events) + b"]\r\n"
