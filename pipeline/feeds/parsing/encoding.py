"""Bytes to text. What a feed declares of its encoding is often wrong, and sometimes absent."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_CHARSET = re.compile(r"(?i)charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})")

# Real character sets only: Python's registry also holds transformations (punycode takes quadratic time,
# unicode_escape and utf-7 make other text of plain ASCII).
_KNOWN = re.compile(
    r"utf-(8|8-sig|16.*|32.*)|iso.*|cp\d+|windows.*|koi8.*|mac.*|gb.*|big5.*|euc.*|shift.*|johab|tis-620|hz|ascii"
)
# What calls itself Latin-1 or ASCII is windows-1252 in practice (WHATWG Encoding does the same), and gb2312
# is a subset of gb18030.
_WIDER = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
}

_ASCII_AND_FURTHER = bytes(range(0xC0))
"""Every byte that begins no character of several bytes in UTF-8."""


def decode(body: bytes, content_type: str = "") -> str:
    """The text of a feed's bytes, without byte order mark. Never fails: bytes that fit nothing become U+FFFD.

    Valid UTF-8 beats every declaration: text of another encoding is not UTF-8 by accident. Then the
    document's own word beats the server's, whose charset is mostly a default nobody chose.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    if wide := _wide(body):
        return body.decode(wide, "replace")
    declared = _DECLARED.search(body[:1_000])
    served = _CHARSET.search(content_type)
    names = [_codec(name) for name in (declared and declared[1].decode(), served and served[1]) if name]
    # Seven-bit encodings pass for ASCII.
    for name in (*(n for n in names if n.startswith(("iso2022", "hz"))), "utf-8", *names):
        try:
            return body.decode(name or "utf-8")
        except (UnicodeError, LookupError):
            continue
    return _best_guess(body, names)


def _wide(body: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, recognised by the zero bytes beside the first "<" or "{"."""
    for start in (b"<", b"{"):
        for name, pattern in (
            ("utf-32-le", start + b"\0\0\0"),
            ("utf-32-be", b"\0\0\0" + start),
            ("utf-16-le", start + b"\0"),
            ("utf-16-be", b"\0" + start),
        ):
            if body.lstrip(b"\r\n\t ").startswith(pattern) or body.startswith(pattern):
                return name
    return None


def _codec(name: str) -> str:
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    return _WIDER.get(found, found) if _KNOWN.fullmatch(found) else ""


def _best_guess(body: bytes, names: list[str]) -> str:
    text = body.decode("utf-8", "replace")
    broken, good = text.count("\ufffd"), len(body.translate(None, _ASCII_AND_FURTHER))
    # A few broken bytes in a UTF-8 feed are a cut-off character or a pasted quote, no other encoding.
    if broken * 5 < good:
        return text
    one_byte = next((name for name in names if name and not name.startswith("utf")), "cp1252")
    return body.decode(one_byte, "replace")
