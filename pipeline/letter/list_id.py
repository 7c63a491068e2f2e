"""The List-Id header (RFC 2919): by it mail programs know a list, and show its name."""

from __future__ import annotations

import re
from base64 import b64encode

_LONGEST = 100
"""Letters of a name that are shown."""

_CHUNK = 42
"""Bytes of an encoded word: 56 in base64, below the 75 characters that it may have (RFC 2047, 2)."""

_ATOMS = re.compile(r"[\w!#$%&'*+/=?^`{|}~ -]+", re.ASCII)


def header_value(name: str, identifier: str) -> str:
    """The header's value: the newsletter's name as a phrase, and the list's id in brackets.

    It is one line of ASCII whatever the name holds: SendGrid takes no other header, and none is folded.
    """
    phrase = _phrase(name)
    return f"{phrase} <{identifier}>" if phrase else f"<{identifier}>"


def _phrase(name: str) -> str:
    """The name as RFC 5322, 3.2.5 has phrases."""
    shown = " ".join("".join(sign if sign.isprintable() else " " for sign in name).split())[:_LONGEST].strip()
    # Something that looks encoded would be decoded by some programs, also within quotation marks.
    if not shown.isascii() or "=?" in shown:
        return " ".join(f"=?utf-8?b?{b64encode(piece).decode('ascii')}?=" for piece in _pieces(shown))
    if _ATOMS.fullmatch(shown) or not shown:
        return shown
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _pieces(text: str) -> list[bytes]:
    """The text in UTF-8, each piece of whole characters and no longer than an encoded word holds."""
    pieces = [b""]
    for sign in text:
        encoded = sign.encode("utf-8", "replace")
        if len(pieces[-1]) + len(encoded) > _CHUNK:
            pieces.append(b"")
        pieces[-1] += encoded
    return pieces
