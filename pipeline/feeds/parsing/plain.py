"""A feed's document as plain data, and back: only such data comes out of the sandbox."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pipeline.feeds import Document, Entry, PostImage


def data(read: Document) -> dict[str, Any]:
    """A document as plain data."""
    entries = [
        asdict(entry) | {"published": entry.published.isoformat() if entry.published else None}
        for entry in read.entries
    ]
    return {"entries": entries, "sound": read.sound, "unread": read.unread}


def document(said: dict[str, Any]) -> Document:
    """The same again."""
    return Document(tuple(map(_entry, said["entries"])), said["sound"], said["unread"])


def _entry(found: dict[str, Any]) -> Entry:
    published = found["published"]
    return Entry(
        **found
        | {
            "published": datetime.fromisoformat(published) if published else None,
            "categories": tuple(found["categories"]),
            "further_images": tuple(PostImage(**image) for image in found["further_images"]),
        }
    )
