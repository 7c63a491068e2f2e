"""Reading a post of the Event Webhook into Events (docs.sendgrid.com, tracking-events/event)."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any

from pipeline.providers.events import Event, Kind
from pipeline.providers.redact import without_address
from subscribers import clock
from subscribers.suppression import Reason

_DROPPED = {
    "bounced address": Reason.BOUNCED,
    "invalid": Reason.BOUNCED,
    "spam reporting address": Reason.COMPLAINED,
    "unsubscribed address": Reason.UNSUBSCRIBED,
}
"""The reasons of `dropped` that are about the address; all others are about the message or the account. They
are compared whole, for "Invalid SMTPAPI header" begins like one of them."""

_MEANS = {
    Kind.BOUNCE: Reason.BOUNCED,
    Kind.SPAMREPORT: Reason.COMPLAINED,
    Kind.UNSUBSCRIBE: Reason.UNSUBSCRIBED,
    # Our mails name no group: whoever leaves a group wants no more of them.
    Kind.GROUP_UNSUBSCRIBE: Reason.UNSUBSCRIBED,
}

_OURS = frozenset({Kind.SOFT_BOUNCE, Kind.BLOCKED, Kind.UNKNOWN, Kind.MALFORMED})
_KINDS = {kind.value: kind for kind in Kind if kind not in _OURS}

_ID = re.compile(r"[!-~]{1,100}")
_SLUG = re.compile(r"[a-z0-9_-]{1,80}")
_BATCH = re.compile(r"[A-Za-z0-9-]{1,36}")
_PERSON = re.compile(r"[0-9]{1,18}")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")

_NOT_KEPT = frozenset(
    {
        *("email", "ip", "useragent", "url", "url_offset", "smtp-id", "newsletter"),
        # These have their own columns.
        *("subscriber", "edition", "batch", "timestamp", "sg_event_id"),
    }
)
_NETWORK_ADDRESS = re.compile(
    r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,7}\b", re.IGNORECASE
)
_MOST_DETAILS = 20


class Unreadable(ValueError):
    """The body is no JSON array, so no event can be read from it."""


def read(body: bytes) -> list[Event]:
    """Every event of one post, in its order. An item that is no event gives one of the kind `malformed`.

    Raises Unreadable.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("not JSON") from None
    if not isinstance(document, list):
        raise Unreadable("not an array")
    return [_event(item) for item in document]


def _event(item: object) -> Event:
    if not isinstance(item, dict):
        return _malformed(item, "not an object")
    word, at = item.get("event"), _moment(item.get("timestamp"))
    if not isinstance(word, str):
        return _malformed(item, "without a type")
    if at is None:
        return _malformed(item, "without a time")
    kind = _kind(word.strip().lower(), item)
    if kind in (Kind.OPEN, Kind.CLICK):
        # Rapport asks for neither, and who opened what is nobody's business. What counts is that it came, and
        # that its batch was taken; the batch is not kept with it.
        return Event(_id(item), at, kind, batch=_matching(_BATCH, item.get("batch")))
    address = _text(item, "email")
    said = _text(item, "response" if kind is Kind.DEFERRED else "reason")
    return Event(
        id=_id(item),
        at=at,
        kind=kind,
        subscriber=_subscriber(item.get("subscriber")),
        address=address,
        edition=_matching(_SLUG, item.get("edition")),
        batch=_matching(_BATCH, item.get("batch")),
        reason=without_address(address, said) or None,
        detail=_detail(item, address) if kind is Kind.UNKNOWN else None,
        means=_DROPPED.get(said.strip().casefold()) if kind is Kind.DROPPED else _MEANS.get(kind),
    )


def _kind(word: str, item: dict[str, Any]) -> Kind:
    kind = _KINDS.get(word, Kind.UNKNOWN)
    if kind is not Kind.BOUNCE:
        return kind
    if _text(item, "type").lower() == "blocked":
        return Kind.BLOCKED
    # RFC 3463, 2: a status that begins with 4 is about a failure that may pass. Late bounces have no status.
    passing = _text(item, "status").startswith("4")
    invalid = _text(item, "bounce_classification").lower() == "invalid address"
    return Kind.SOFT_BOUNCE if passing and not invalid else Kind.BOUNCE


def _malformed(item: object, reason: str) -> Event:
    # Nothing in it is kept: it may hold anything.
    known = item if isinstance(item, dict) else {"": item}
    return Event(_id(known), clock.now(), Kind.MALFORMED, reason=reason)


def _id(item: dict[str, Any]) -> str:
    """SendGrid's id of the event; without one, the hash of its content, which is the same each time."""
    given = _matching(_ID, item.get("sg_event_id"))
    if given:
        return given
    content = json.dumps(item, sort_keys=True)
    return f"content:{hashlib.blake2b(content.encode(), digest_size=32).hexdigest()}"


def _moment(value: object) -> datetime | None:
    """Unix seconds, as a number or in quotes; some of SendGrid's own examples are in milliseconds."""
    if isinstance(value, bool) or not isinstance(value, int | str | float):
        return None
    try:
        seconds = int(value)
        return datetime.fromtimestamp(seconds if seconds < 100_000_000_000 else seconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _subscriber(value: object) -> int | None:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    matched = _matching(_PERSON, text)
    return int(matched) if matched else None


def _matching(pattern: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) and value.isascii() else None


def _text(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


def _detail(item: dict[str, Any], address: str) -> dict[str, str | int]:
    """What an event of an unknown kind says, without anything about a person or their machine."""
    kept: dict[str, str | int] = {}
    for name, value in item.items():
        if name in _NOT_KEPT or not _KEY.fullmatch(name) or len(kept) == _MOST_DETAILS:
            continue
        if isinstance(value, str):
            kept[name] = _NETWORK_ADDRESS.sub("[...]", without_address(address, value))
        elif isinstance(value, int):
            kept[name] = value
    return kept
