"""A post's pictures in, the one that a letter shows of it out.

The files in the order in which an image passes them:

=============  ==================================================================================
``cdn_sizes``  the address of a copy of another size, where the blog's host makes one by its address
``fetch``      the bytes: fetched as feeds are, within limits, the copy of the right size first
``sandbox``    what the bytes are, and copies that every mail client shows: in a child process, where ``svg``
               draws and ``reencode`` writes JPEG and PNG
``store``      what is remembered of an image by its address, and the copies that are served
``pictures``   all images of a letter, side by side, and the ``Picture`` that a template gets
``addresses``  where a letter's HTML names pictures, and the same HTML with others
``beside``     a letter's pictures as files, for looking at it without a server
=============  ==================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

BANNER = 300
"""Pixels. A picture that is narrower stands beside the text, not across the letter."""
LONGEST = 4
"""How many times as long as the other a side may be: what is longer is a strip, or a logo."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as the letter shows it, or why it shows none (``src`` is empty then)."""

    src: str
    width: int | None
    """Pixels of the file, upright; None only when there is nothing to show."""
    height: int | None
    alt: str
    weight: int | None
    """Bytes of the file."""
    media_type: str
    problem: str
    """What a reader may not see, and why; empty when there is nothing to say."""
    transparent: bool = False
    """Whether the ground shows through it, which then must stay light in the dark."""
    thumbnail: Thumbnail | None = None
    """None where no copies are served from here."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A part of an image, of the shape that all of them have."""

    src: str
    width: int
    height: int
