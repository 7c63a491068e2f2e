"""A post's lead image in, what a letter shows of it out.

The files in the order in which an image passes them:

===========  ===================================================================================
``sizes``    the address of a smaller copy, where the blog's host makes one by its address
``source``   the bytes: fetched as feeds are, in bounds, the smaller copy first
``studio``   what the bytes are, and a copy that every mail client shows: in a process of its own
``store``    what is remembered of an image by its address, and the copies that are served
``pictures`` all images of a letter, side by side, and the ``Picture`` that a template gets
===========  ===================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass


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
