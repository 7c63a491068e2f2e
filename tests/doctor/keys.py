"""DKIM keys, made once: an RSA key takes its time."""

from __future__ import annotations

from base64 import b64encode
from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@cache
def rsa_key(bits: int) -> str:
    """The public half in base64, as it stands behind p=."""
    public = rsa.generate_private_key(65537, bits).public_key()
    return b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


ED25519 = b64encode(bytes(range(32))).decode()


def record(bits: int = 1024, more: str = "") -> str:
    return f"v=DKIM1; k=rsa; {more}p={rsa_key(bits)}"
