"""The log, on stderr: lines for people, or JSON on request. Each says what it is about and nothing private.

No code of ours logs an address or a token. What comes in all the same, by a library's message or a stack
trace, is taken out of the finished line.
"""

from __future__ import annotations

import json as json_module
import logging
import os
import re
import sys
import uuid
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING

from pipeline.core.environment import secrets_in
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FIELDS = ("run", "digest", "edition", "batch")
"""What a line may be about. In JSON each line has all of them, null where there is none."""

OURS = ("pipeline", "subscribers")

# Excludes what may stand directly before an address. Of a database's URL it matches password and host.
_ADDRESS = re.compile(r"[^\s@<>\"'(),;:=/\[\]]+(?:@|%40)[^\s@<>\"'(),;:\[\]]+")
_SENDGRID_KEY = re.compile(r"SG\.[\w-]+\.[\w-]+")
# Tokens have 44 letters or 84 (subscribers/tokens.py); a batch's id, which is wanted, has 36 at most.
_TOKEN = re.compile(r"[\w-]{40,}", re.ASCII)

_about: ContextVar[Mapping[str, str]] = ContextVar("about", default={})  # noqa: B039  nobody changes it


@contextmanager
def about(**known: str | None) -> Iterator[None]:
    """Add to every line that is logged meanwhile what it is about: any of FIELDS that are known."""
    before = _about.set({**_about.get(), **{name: value for name, value in known.items() if value}})
    try:
        yield
    finally:
        _about.reset(before)


def new_run() -> str:
    """An id for one run of a command."""
    return uuid.uuid4().hex[:12]


@contextmanager
def to_stderr(*, json: bool, verbose: bool) -> Iterator[None]:
    """Log to stderr meanwhile: warnings and errors of everything, and with ``verbose`` each step of ours."""
    handler = _Stderr(_Json() if json else _Plain(verbose=verbose))
    loggers = [logging.getLogger(name) for name in OURS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.INFO if verbose else logging.WARNING)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def redacted(text: str) -> str:
    """The text without addresses, tokens and keys. This is the last safeguard: nobody may rely on it."""
    for secret in secrets_in(os.environ):
        text = text.replace(secret, "[secret]")
    text = _SENDGRID_KEY.sub("[secret]", text)
    text = _ADDRESS.sub("[address]", text)
    return _TOKEN.sub("[token]", text)


class _Stderr(logging.Handler):
    """Writes whole lines to whatever is stderr at the moment."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        # Whatever level a library sets for itself: below a warning httpx logs addresses of pages, and
        # SendGrid's client logs the key.
        self.addFilter(lambda record: record.levelno >= logging.WARNING or _is_ours(record.name))

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(Exception):  # a log that cannot be written stops nothing
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()


class _Plain(logging.Formatter):
    def __init__(self, *, verbose: bool) -> None:
        super().__init__()
        self._verbose = verbose

    def format(self, record: logging.LogRecord) -> str:
        line = _message(record)
        if record.levelno >= logging.WARNING:
            line = f"{record.levelname.capitalize()}: {line}"
        if self._verbose and (known := _about.get()):
            line += f" [{' '.join(f'{name} {known[name]}' for name in FIELDS if name in known)}]"
        return f"{line}\n{trace}" if (trace := _trace(self, record)) else line


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        known = _about.get()
        line = {
            "time": clock.now().isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **{name: known.get(name) for name in FIELDS},
            "message": _message(record),
        }
        if trace := _trace(self, record):
            line["trace"] = trace
        return json_module.dumps(line, ensure_ascii=False)


def _message(record: logging.LogRecord) -> str:
    """The message on one line, even if a stranger's text in it has control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in redacted(record.getMessage()))


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return redacted(formatter.formatException(record.exc_info)) if record.exc_info else ""


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in OURS
