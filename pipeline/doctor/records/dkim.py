"""Reading a DKIM key (RFC 6376, 3.6.1; sizes by RFC 8301, ed25519 by RFC 8463)."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass

from pipeline.doctor.records import tags


class Broken(ValueError):
    """A record with which no signature can be verified."""


@dataclass(frozen=True, slots=True)
class Key:
    """``bits`` is 0 for ed25519; ``testing``: the domain asks receivers to ignore failures."""

    kind: str
    bits: int
    testing: bool


def read(record: str) -> Key:
    """Raises Broken."""
    found, wrong = tags.read(record)
    if "p" not in found:
        raise Broken("it holds no p=")
    if wrong:
        raise Broken(wrong[0])
    if found.get("v", "DKIM1") != "DKIM1":
        raise Broken("its v= is not DKIM1")
    if "sha256" not in _listed(found.get("h", "sha256")):
        raise Broken("its h= rules out sha256")
    if not {"*", "email"} & _listed(found.get("s", "*")):
        raise Broken("its s= rules out email")
    kind = found.get("k", "rsa").lower()
    material = re.sub(r"\s", "", found["p"])
    if not material:
        raise Broken("its p= is empty: the key was withdrawn")
    return Key(kind, _bits(kind, material), "y" in _listed(found.get("t", "")))


def _bits(kind: str, material: str) -> int:
    try:
        key = b64decode(material, validate=True)
    except ValueError:
        raise Broken("its p= is not base64") from None
    if kind == "ed25519":
        if len(key) != 32:
            raise Broken("its p= is no ed25519 key")
        return 0
    if kind != "rsa":
        raise Broken("its k= is a kind of key that receivers do not know")
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        loaded = load_der_public_key(key)
    except Exception:  # cryptography raises errors of many kinds
        loaded = None
    if not isinstance(loaded, RSAPublicKey):
        raise Broken("its p= is no RSA key")
    return loaded.key_size


def _listed(value: str) -> set[str]:
    return {part.strip().lower() for part in value.split(":")}
