"""The process in which a stranger's feed is parsed and cleaned: sandbox.py starts it."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import feedparser  # noqa: F401 (ahead of the first document, while that is still being fetched)

from pipeline.core.child_process import interrupted_after, limit_memory, limit_time
from pipeline.core.errors import FeedError
from pipeline.feeds.fetching.page import page_error
from pipeline.feeds.parsing import plain
from pipeline.feeds.parsing.parse import parse
from pipeline.feeds.parsing.sandbox import ENTRY_SECONDS, MEMORY, SECONDS

LARGE = 150_000_000
"""Bytes. What a process once took it gives back only in part: after so much, another one reads on."""


def main() -> None:
    # Ctrl-C in a terminal reaches all processes; this one ends when its parent does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library may print is no answer
    limit_memory(MEMORY)
    while line := sys.stdin.buffer.readline():
        question = json.loads(line)
        limit_time(SECONDS)
        found = _told(question, sys.stdin.buffer.read(question["length"]))
        found["last"] = _most_memory() > LARGE
        told = json.dumps(found).encode()
        answers.write(b"%d\n" % len(told) + told)
        answers.flush()


def _told(question: dict[str, Any], body: bytes) -> dict[str, Any]:
    try:
        return TASKS[question["task"]](body, question["url"], question["content_type"])
    except FeedError as error:
        return {"error": [error.message, error.remedy]}
    except MemoryError:
        raise  # there may be none to answer with
    except Exception as error:
        return {"fault": type(error).__name__}


def _read(body: bytes, url: str, content_type: str) -> dict[str, Any]:
    limit = partial(interrupted_after, ENTRY_SECONDS)
    return plain.data(parse(body, url=url, content_type=content_type, limit=limit))


def _examine(body: bytes, url: str, content_type: str) -> dict[str, Any]:
    from pipeline.feeds.discovery.outline import outline
    from pipeline.feeds.discovery.page import page

    # Hosts serve feeds as text/html, and pages hold what looks like the start of a feed. JSON that is no feed
    # is what WordPress tells of its site.
    is_page = content_type.lower().lstrip().startswith(("text/html", "application/json"))
    if not page_error(body, url):
        try:
            found = outline(body, url=url, content_type=content_type)
        except FeedError:
            if not is_page:
                raise
        else:
            if found.posts or not is_page:
                return {"outline": asdict(found)}
    return {"page": asdict(page(body, url=url, content_type=content_type))}


TASKS = {"read": _read, "examine": _examine}
"""What may be asked of this process: the entries of a feed, or what a page or feed says of itself."""


def _most_memory() -> int:
    """The most memory that this process has had, in bytes.

    On Linux ru_maxrss begins at what the parent had when it started this process, so a large parent would get
    a new child for every feed. /proc says what is this process's own (proc(5), VmHWM).
    """
    with contextlib.suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("VmHWM:")).split()[1])
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


if __name__ == "__main__":
    main()
