"""A feed's address in, clean posts out.

A feed passes these in order: ``fetching`` brings its bytes, ``parsing`` makes entries of them in a process of
its own, ``cleaning`` turns HTML into text and pictures, ``matching`` says which entry is which known post,
and ``posts`` keeps them. ``pull`` does all of it for every feed that is due. Between the stages only the
values below are passed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class PostImage:
    """A picture of a post. ``url`` is http(s); ``alt`` plain text, None when the feed gives none."""

    url: str
    alt: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed, cleaned: nothing in it is markup, every address is absolute."""

    guid: str | None
    """As the feed has it, never resolved or repaired: it must compare equal next week."""
    link: str | None
    """http(s) only; None when the feed gives none."""
    title: str
    """Plain text on one line, never empty (a titleless entry takes the start of its text)."""
    published: datetime | None
    """Aware, UTC; None when the feed gives no date it is possible to read. May lie in the future. Of a day
    without a time (``date_only``) the midnight in UTC."""
    author: str | None
    """A name, never an email address."""
    categories: tuple[str, ...]
    """Labels in the feed's order, no two alike but for case."""
    excerpt: str
    """Whole sentences, at most EXCERPT_CHARS characters; empty for a bare entry."""
    words: int
    """Words in the whole clean text (reading time is made of it); 0 when only the title is known, the text
    breaks off, or the post is something to hear."""
    image_url: str | None
    """http(s); the best of its pictures, by what the feed says of them."""
    image_alt: str | None
    """Plain text; None when the feed gives none."""
    date_only: bool = False
    further_images: tuple[PostImage, ...] = ()
    """For when the best cannot be had, or turns out to be small."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a feed lists, in its order."""

    entries: tuple[Entry, ...]
    sound: bool
    """Whether all of it was read and nothing mended: what is not among the entries is not in the feed."""
    unread: int = 0
    """Entries that were left out because they could not be read."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a conditional GET brought. ``body`` is None when the feed has not changed (304)."""

    url: str
    """Where the body came from, after redirects."""
    body: bytes | None
    content_type: str
    etag: str | None
    last_modified: str | None
    moved_to: str | None
    """Where permanent redirects (301, 308) led, as far as they went before any temporary one: for staff
    to put into the configuration."""
