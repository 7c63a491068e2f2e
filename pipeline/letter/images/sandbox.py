"""What an image's bytes are, and a copy of them that every mail client shows: in a process of its own.

The bytes are a stranger's, and decoders can be made to take minutes, gigabytes or the whole process with
them (a JPEG of a thousand scans, an SVG of nested filters: resvg aborts when memory runs out). So they are
opened in a child process (core/child_process.py), one for each image: what a decoder left behind is gone.

The child reads the image from stdin and writes one line of JSON, then the bytes of what copies it made.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from threading import BoundedSemaphore

from pipeline.core.child_process import command, environment

SECONDS = 20
"""Of the processor's time; by the clock twice as long, for machines that are busy."""
MEMORY = 1_000_000_000
"""Bytes of address space: a transparent PNG of 40 megapixels takes a third of it."""

SIDE_BY_SIDE = 2
_ROOM = BoundedSemaphore(SIDE_BY_SIDE)


@dataclass(frozen=True, slots=True)
class Copy:
    """What is served in the image's place."""

    media_type: str
    width: int
    height: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Look:
    """What an image is. ``problem``: why it cannot be shown at all; ``flaw``: what some readers would not see
    of it as it is; ``transparent``: whether the ground shows through it."""

    media_type: str = ""
    width: int | None = None
    height: int | None = None
    flaw: str = ""
    problem: str = ""
    transparent: bool = False
    copy: Copy | None = None
    thumbnail: Copy | None = None


def look(
    content: bytes, content_type: str, *, copying: bool, thumbnail: bool = False, portrait: bool = False
) -> Look:
    """Measure an image; with ``copying``, make a copy of one that has a flaw; with ``thumbnail``, cut one out
    of it; with ``portrait``, one that is a small square. Raises nothing."""
    wanted = (("copy", copying), ("thumbnail", thumbnail), ("portrait", portrait))
    tasks = [task for task, is_wanted in wanted if is_wanted]
    child = command("pipeline.letter.images.sandbox_child", content_type, *tasks)
    try:
        with _ROOM:
            done = subprocess.run(  # noqa: S603
                child, input=content, capture_output=True, timeout=2 * SECONDS, env=environment(), check=True
            )
        return read_answer(done.stdout)
    except (subprocess.SubprocessError, ValueError):
        return Look(problem="cannot be opened within the time and memory an image may take")


def read_answer(answer: bytes) -> Look:
    """What the child found. Raises ValueError for what it cannot have written."""
    line, _, rest = answer.partition(b"\n")
    told = json.loads(line)
    copies: dict[str, Copy] = {}
    for made in told.pop("copies", ()):
        task, length = made.pop("task"), made.pop("length")
        copies[task] = Copy(**made, content=rest[:length])
        rest = rest[length:]
    return Look(**told, copy=copies.get("copy"), thumbnail=copies.get("thumbnail"))
