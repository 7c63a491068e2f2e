"""Whether a post to the Event Webhook is SendGrid's own.

ECDSA over P-256 and SHA-256, of the timestamp header's bytes and the body's exactly as they came; the
signature is DER in base64 (docs.sendgrid.com, getting-started-event-webhook-security-features). The
package's own check takes the body as text, and a body that is not UTF-8 would never pass it.
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
"""SendGrid tries again for 24 hours (getting-started-event-webhook); whether a retry is signed anew is
documented nowhere. A post that is replayed within them changes nothing, for its events are known."""

AHEAD = timedelta(minutes=10)
"""How far another machine's clock may be before ours."""


class Verifier:
    """Checks signatures against the one key of the Event Webhook's settings."""

    def __init__(self, public_key: str) -> None:
        """``public_key``: base64 of the SPKI, as SendGrid shows it. Raises ConfigError when it is none."""
        try:
            key = load_der_public_key(b64decode("".join(public_key.split()), validate=True))
        except Exception:  # cryptography's own refusals are of many kinds
            key = None
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            raise ConfigError(
                "delivery.sendgrid.webhook_public_key is not a key that SendGrid signs with.",
                "Copy the Verification Key from SendGrid's settings, Signed Event Webhook: one line that "
                'begins with "MFkw".',
            )
        self._key = key

    def is_fresh(self, timestamp: str) -> bool:
        """Whether the timestamp header (unix seconds) is one of a post that may still come."""
        if not re.fullmatch(r"[0-9]{1,11}", timestamp):
            return False
        return -AHEAD <= clock.now() - datetime.fromtimestamp(int(timestamp), UTC) <= OLDEST

    def is_signed(self, body: bytes, timestamp: str, signature: str) -> bool:
        """Whether SendGrid signed exactly these bytes; False for whatever is no signature."""
        try:
            self._key.verify(
                b64decode(signature, validate=True),
                timestamp.encode("ascii") + body,
                ec.ECDSA(SHA256()),
            )
        except (InvalidSignature, ValueError):
            return False
        return True
