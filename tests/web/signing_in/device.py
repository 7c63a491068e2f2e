"""A device that keeps passkeys, in software: what a browser would send, and what none would."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

ORIGIN = "https://letter.example.org"


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def raw(written: str) -> bytes:
    return urlsafe_b64decode(written + "=" * (-len(written) % 4))


class Device:
    """Keeps one key. ``verified``: whether it asked its owner for finger or PIN."""

    def __init__(
        self, *, origin: str = ORIGIN, party: str = "letter.example.org", verified: bool = True
    ) -> None:
        self.origin, self.party, self.verified = origin, party, verified
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = text(hashlib.sha256(self.key.public_key().public_numbers().x.to_bytes(32, "big")).digest())
        self.count = 0

    def adds(self, options: dict[str, Any]) -> str:
        point = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        name = raw(self.id)
        credential = bytes(16) + len(name).to_bytes(2, "big") + name + cbor2.dumps(public)
        attested = {"fmt": "none", "attStmt": {}, "authData": self._data(0x40) + credential}
        client = self._client("webauthn.create", options)
        return self._answer(
            {"clientDataJSON": text(client), "attestationObject": text(cbor2.dumps(attested))}
        )

    def signs(self, options: dict[str, Any]) -> str:
        self.count += 1
        data, client = self._data(0), self._client("webauthn.get", options)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            {"clientDataJSON": text(client), "authenticatorData": text(data), "signature": text(signature)}
        )

    def _data(self, flags: int) -> bytes:
        flags |= 0x05 if self.verified else 0x01
        return hashlib.sha256(self.party.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _answer(self, response: dict[str, str]) -> str:
        return json.dumps({"id": self.id, "rawId": self.id, "type": "public-key", "response": response})
