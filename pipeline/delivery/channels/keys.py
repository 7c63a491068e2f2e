"""By what a service knows a repeat of an announcement: the same for an edition for ever."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from pipeline.core.config import Config
    from pipeline.core.sections.channel import Channel

_SORTABLE = "234567abcdefghijklmnopqrstuvwxyz"
_MICROSECONDS = 1_000_000


def repeat_key(config: Config, channel: Channel, slug: str, due_at: datetime, again: int) -> str:
    """Mastodon's Idempotency-Key, Bluesky's record key, a webhook's id. ``again``: how many attempts there
    had been when staff asked for another one, which the service must not take for a repeat of those."""
    if channel.kind == "bluesky":
        return record_key(due_at, slug)
    said = (config.newsletter.pages, channel.kind, channel.url, slug, str(again))
    mixed = hashlib.sha256("|".join(said).encode()).hexdigest()[:32]
    return f"msg_{mixed}" if channel.kind == "webhook" else mixed


def record_key(due_at: datetime, slug: str) -> str:
    """A TID (atproto.com/specs/tid) that is always the same for an edition: 53 bits of microseconds, 10 of
    a clock's id, in 13 characters. The edition's name fills what its due time leaves open."""
    mixed = int.from_bytes(hashlib.sha256(slug.encode()).digest()[:8])
    moment = int(due_at.timestamp()) * _MICROSECONDS + mixed % _MICROSECONDS
    number = (moment & (1 << 53) - 1) << 10 | (mixed >> 32) & 0x3FF
    return "".join(_SORTABLE[number >> shift & 31] for shift in range(60, -1, -5))
