"""A mail from outside, reduced to what is read of it: the senders, the subject, the first lines.

Anybody can write anything to the address, so the work is bounded: the first 64 KB of a mail, 2,000 characters
of a header, a few nested parts. The structure is parsed with `email.policy.Compat32`, because the
modern policy parses every Content-Type with a parser that raises IndexError on some (python/cpython#151857)
and takes quadratic time on others; single headers, cut to length, go through `email.policy.default`.
"""

from __future__ import annotations

import codecs
import html as html_entities
import re
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import Compat32, default
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from email.message import Message

SIZE = 64 * 1024
"""Bytes of a mail, or of one part of it, that are read. Requests to unsubscribe are short."""

_HEADER = 2000
_BODY = 16 * 1024
_LINE = 1000
_LINES = 3

# The parser asks each level of nesting about every line: 64 KB of boundaries would take minutes.
_NESTED = re.compile(rb"(?i)multipart/|message/")
_DEEPEST = 32

# Codecs that are no character sets: on crafted input they are slow, or raise other errors than character
# sets.
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})

_AUTOMATIC_HEADERS = ("x-autoreply", "x-autorespond", "x-autoresponder")
_AUTOMATIC_PRECEDENCES = frozenset({"auto_reply", "auto-reply", "bulk", "junk", "list"})

_UNSEEN = re.compile(r"(?is)<(head|style|script|title)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)")
_BREAK = re.compile(r"(?i)<(?:br|/?p|/?div|/?li|/?tr|/?h[1-6]|/?blockquote)\b[^>]{0,500}>")
_TAG = re.compile(r"<[^>]{0,2000}>")


@dataclass(frozen=True, slots=True)
class Mail:
    """``senders`` are the addresses in From, as written; ``opening`` is the first lines that they wrote
    themselves.

    ``automatic``: a program wrote it (a bounce, an out-of-office reply, a mailing list).
    """

    senders: tuple[str, ...]
    subject: str
    opening: tuple[str, ...]
    automatic: bool


class _Policy(Compat32):
    """Compat32 that parses only the beginning of a header: finding parameters takes quadratic time."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return cast("str", super().header_fetch_parse(name, value[:_HEADER]))


def read(raw: bytes) -> Mail:
    """Read a mail as a mailbox holds it. Raises nothing: what cannot be read is empty."""
    raw = raw[:SIZE]
    nested = len(_NESTED.findall(raw)) > _DEEPEST
    try:
        message = BytesParser(policy=_Policy()).parsebytes(raw, headersonly=nested)
    except Exception:  # the parser has faults of its own, and one mail must not stop the others
        return Mail((), "", (), automatic=False)
    headers = _headers(message)
    subject = "".join(_subject(value) for value in headers.get("subject", [])[:1])
    opening = () if nested else own_lines(_text(message))
    return Mail(senders(headers.get("from", ())), subject, opening, _automatic(headers))


def senders(values: Sequence[str]) -> tuple[str, ...]:
    """The addresses in From headers. Only two headers are read: RFC 5322, 3.6 allows one."""
    found: list[str] = []
    for value in values[:2]:
        try:
            header = default.header_factory("From", _one_line(value))
            found += [address.addr_spec for address in header.addresses] or [""]
        except Exception:  # python/cpython#151857 and #148518: IndexError and others on broken addresses
            found.append("")  # somebody unknown
    return tuple(found)


def own_lines(text: str) -> tuple[str, ...]:
    """The first lines of the writer's own: no quotation, and nothing of a forwarded letter."""
    found: list[str] = []
    for line in text[:_BODY].splitlines():
        line = line.strip()
        if line.startswith(("-----", "_____")) or len(found) == _LINES:
            break
        if line and not line.startswith(">"):
            found.append(line[:_LINE])
    return tuple(found)


def words_of(html: str) -> str:
    """The text of HTML, one line a block: good enough for reading a first line."""
    text = _UNSEEN.sub("", html[:_BODY])
    return html_entities.unescape(_TAG.sub("", _BREAK.sub("\n", text)))


def decoded(raw: bytes, charset: str) -> str:
    """The beginning of a text, decoded by the character set that it names, or as UTF-8 if that is unknown."""
    raw = raw[:_BODY]
    try:
        if codecs.lookup(charset).name not in _NO_CHARSETS:
            return raw.decode(charset, "replace")
    except (LookupError, ValueError):
        pass
    return raw.decode("utf-8", "replace")


def _headers(message: Message) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in message.raw_items():
        found.setdefault(name.lower(), []).append(str(value))
    return found


def _one_line(value: str) -> str:
    # Raw bytes come as surrogates. They are decoded as UTF-8, which they mostly are.
    value = value[:_HEADER].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return re.sub(r"[\r\n]+", "", value)


def _subject(value: str) -> str:
    value = _one_line(value)
    try:
        found = str(default.header_factory("Subject", value))
    except Exception:  # encoded words with unknown or impossible character sets
        found = value
    return found.encode("utf-8", "replace").decode("utf-8")


def _text(message: Message) -> str:
    try:
        for part in _parts(message):
            kind = part.get_content_type()
            if kind in ("text/plain", "text/html") and part.get_content_disposition() != "attachment":
                payload = part.get_payload(decode=True)
                text = decoded(payload if isinstance(payload, bytes) else b"", _charset(part))
                return text if kind == "text/plain" else words_of(text)
    except Exception:  # transfer encodings and parameters that are not what they say
        return ""
    return ""


def _parts(message: Message) -> Iterator[Message]:
    # Unlike Message.walk it leaves out a mail within the mail: somebody else wrote it.
    if message.get_content_maintype() == "message":
        return
    payload = message.get_payload()
    if not isinstance(payload, list):
        yield message
        return
    for part in payload:
        if not isinstance(part, str):
            yield from _parts(part)


def _charset(part: Message) -> str:
    try:
        return part.get_content_charset() or "utf-8"
    except Exception:  # an RFC 2231 parameter that cannot be decoded, though the text mostly can
        return "utf-8"


def _automatic(headers: Mapping[str, Sequence[str]]) -> bool:
    def said(name: str) -> set[str]:
        # Without comments and parameters (RFC 3834, 5).
        return {re.split(r"[;(]", value[:_HEADER])[0].strip().lower() for value in headers.get(name, ())}

    return bool(
        said("auto-submitted") - {"", "no"}
        or said("return-path") & {"<>"}
        or said("precedence") & _AUTOMATIC_PRECEDENCES
        or said("content-type") & {"multipart/report"}
        or any(name in headers for name in _AUTOMATIC_HEADERS)
    )
