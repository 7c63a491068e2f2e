"""Whether SendGrid signed a post to the Event Webhook.

The signature is ECDSA over P-256 and SHA-256, of the bytes of the timestamp header and of the body exactly as
they came, in DER and base64 (docs.sendgrid.com, getting-started-event-webhook-security-features). The
package's own check takes the body as text: a body that is not UTF-8 would never pass it.
"""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from pipeline.core.errors import ConfigError
from subscribers import clock

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"

OLDEST = timedelta(hours=25)
"""SendGrid tries again for 24 hours (getting-started-event-webhook). Whether a retry gets a new signature is
documented nowhere. A post that an attacker replays within that time changes nothing: its events are known."""

AHEAD = timedelta(minutes=10)
"""How far SendGrid's clock may be ahead of ours."""


class Verifier:
    """Checks signatures with the key of the Event Webhook's settings."""

    def __init__(self, public_key: str) -> None:
        """``public_key`` is the SPKI in base64, as SendGrid shows it. Raises ConfigError when it is no
        key."""
        try:
            key = load_der_public_key(b64decode("".join(public_key.split()), validate=True))
        except Exception:  # cryptography raises errors of many kinds
            key = None
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            raise ConfigError(
                "delivery.sendgrid.webhook_public_key is not a key that SendGrid signs with.",
                "Copy the Verification Key from SendGrid's settings, Signed Event Webhook: one line that "
                'begins with "MFkw".',
            )
        self._key = key

    def is_fresh(self, timestamp: str) -> bool:
        """Whether the timestamp header (unix seconds) is neither too old nor ahead of our clock."""
        if not re.fullmatch(r"[0-9]{1,11}", timestamp):
            return False
        return -AHEAD <= clock.now() - datetime.fromtimestamp(int(timestamp), UTC) <= OLDEST

    def is_signed(self, body: bytes, timestamp: str, signature: str) -> bool:
        """Whether SendGrid signed exactly these bytes; False also for what is no signature."""
        try:
            self._key.verify(
                b64decode(signature, validate=True),
                timestamp.encode("ascii") + body,
                ec.ECDSA(SHA256()),
            )
        except (InvalidSignature, ValueError):
            return False
        return True
