"""Feeds parsed and cleaned in a process of their own, which can be ended.

A document can be made so that reading it takes hours or gigabytes, and while Python's regular expressions
search, no other thread of the process runs: a post must not keep a reader from unsubscribing. So the bytes go
to a child (core/child_process.py), and plain data comes back. A child reads one document after another, as it
takes longer to start than a feed takes to be read; one that had to be ended is replaced by the next.

The child reads a line of JSON and the document from its stdin, and writes a line with a length, and so much
JSON.
"""

from __future__ import annotations

import atexit
import json
import logging
import subprocess
import threading
from typing import TYPE_CHECKING, Any

from pipeline.core.child_process import command, environment
from pipeline.core.errors import FeedError, RapportError
from pipeline.feeds.fetching.address import shown
from pipeline.feeds.parsing import plain

if TYPE_CHECKING:
    from pipeline.feeds import Document

CHILD = "pipeline.feeds.parsing.sandbox_child"
SECONDS = 12
"""Of the processor's time, for one document. The largest that is fetched, 10 MB with five hundred long posts,
takes five."""
CLOCK_SECONDS = 15.0
"""The same by the clock, for machines that are busy."""
ENTRY_SECONDS = 2.0
"""Of the processor's time, for one post: past it, the others go on without it."""
MEMORY = 300_000_000
"""Bytes of address space, for the child as a whole."""
MOST_CHILDREN = 3
PATIENCE = 1.0
"""Seconds to wait for a child that is at another document, before one more is started."""
IDLE_SECONDS = 20.0
"""After this a child that nobody needs is ended."""
LONGEST_ANSWER = 50_000_000
"""Bytes."""

_log = logging.getLogger(__name__)


def read(body: bytes, *, url: str, content_type: str = "") -> Document:
    """The entries of a feed: what parse() makes of it, within limits of time and memory.

    :raises FeedError: what parse() raises, and when the document passes the limits.
    """
    document = plain.document(ask("read", body, url=url, content_type=content_type))
    if document.unread:
        _log.warning("%d posts of the feed %s could not be read", document.unread, shown(url))
    return document


def ask(task: str, body: bytes, *, url: str, content_type: str = "") -> dict[str, Any]:
    """What a child says of a document, as plain data, within the same limits. ``task`` is one of
    sandbox_child.TASKS.

    :raises FeedError: what the task raises, and when the document passes the limits.
    """
    told = _children.ask(task, body, url, content_type)
    _raise_what_is_reported(told, url)
    return told


def warm_up() -> None:
    """Start a child now, so that it is ready when the first document is there."""
    _children.warm_up()


def close() -> None:
    """End the children that are idle, now and not after IDLE_SECONDS: for a process that is about to fork."""
    _children.close()


class _Ended(Exception):
    """The child is no more, and gave no answer."""


class _Child:
    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603
            command(CHILD),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
        )
        self._is_spent = False
        """It said that it reads no further document."""

    def ask(self, question: dict[str, Any], body: bytes) -> dict[str, Any]:
        """Raises _Ended, at the latest when the time is over."""
        timer = threading.Timer(CLOCK_SECONDS, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            source, answers = self._process.stdin, self._process.stdout
            assert source
            assert answers
            source.write(json.dumps(question).encode() + b"\n" + body)
            source.flush()
            length = int(answers.readline(20))
            answer = answers.read(length) if length <= LONGEST_ANSWER else b""
            found: dict[str, Any] = json.loads(answer)
        except (OSError, ValueError):
            self._is_spent = True
            raise _Ended from None
        finally:
            timer.cancel()
        self._is_spent = bool(found.pop("last", False))
        return found

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_there(self) -> bool:
        return self._process.poll() is None and not self._is_spent

    def end(self) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                # What was not written yet cannot be any more.
                try:
                    pipe.close()
                except OSError:
                    continue
        self._process.wait()


class Children:
    """The children of this process: few, and started only when there is a document for them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._idle: list[_Child] = []
        self._all: list[_Child] = []
        self._timer: threading.Timer | None = None

    def ask(self, task: str, body: bytes, url: str, content_type: str) -> dict[str, Any]:
        """What a child found; ``task`` is one of sandbox_child.TASKS. Raises FeedError when it found
        nothing within the limits."""
        child = self._taken()
        question = {"task": task, "length": len(body), "url": url, "content_type": content_type}
        try:
            return child.ask(question, body)
        except _Ended:
            raise FeedError(
                f"The feed {shown(url)} could not be read within {SECONDS} seconds and "
                f"{MEMORY // 1_000_000} MB; it was left aside.",
                "Show its address to who runs the site: a post in it is damaged, or made to do harm.",
            ) from None
        finally:
            self._give_back(child)

    @property
    def pids(self) -> list[int]:
        """Of the children there are."""
        return [child.pid for child in self._all]

    def end(self) -> None:
        """End those that are idle."""
        with self._changed:
            for child in self._idle:
                self._forget(child)
            self._idle.clear()

    def close(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer.join()
        self.end()

    def warm_up(self) -> None:
        with self._changed:
            if not self._all:
                self._idle.append(self._started())
                self._end_later()

    def _taken(self) -> _Child:
        with self._changed:
            waited = False
            while True:
                while self._idle:
                    child = self._idle.pop()
                    if child.is_there:
                        return child
                    self._forget(child)
                if not self._all or (waited and len(self._all) < MOST_CHILDREN):
                    return self._started()
                waited = not self._changed.wait(PATIENCE)

    def _give_back(self, child: _Child) -> None:
        with self._changed:
            if child.is_there:
                self._idle.append(child)
            else:
                self._forget(child)
            self._changed.notify()
            self._end_later()

    def _started(self) -> _Child:
        child = _Child()
        self._all.append(child)
        return child

    def _forget(self, child: _Child) -> None:
        child.end()
        self._all.remove(child)

    def _end_later(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = threading.Timer(IDLE_SECONDS, self.end)
        self._timer.daemon = True
        self._timer.start()


_children = Children()
atexit.register(close)


def _raise_what_is_reported(answer: dict[str, Any], url: str) -> None:
    if "error" in answer:
        raise FeedError(*answer["error"])
    if "fault" in answer:
        raise RapportError(
            f"The feed {shown(url)} could not be read: {answer['fault']}.",
            "This is a fault of Rapport: report it with the feed's address.",
        )
