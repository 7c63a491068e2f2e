"""What the strict SendGrid can do to one request instead of taking it. `accept`: it takes it all the same."""

from __future__ import annotations

import json
import threading  # noqa: TC003 - dataclasses are made from JSON in `from_json`
from collections.abc import Mapping  # noqa: TC003 - dataclasses are made from JSON in `from_json`
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Any answer. ``body`` None: for an error, SendGrid's own `errors`; else nothing."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    accept: bool = False

    def content(self) -> bytes:
        if self.body is not None:
            return self.body
        return errors_body([(f"fault {self.status}", None)]) if self.status >= 400 else b""


@dataclass(frozen=True)
class Hang:
    """No answer for so long (or until the server ends); then the connection is closed."""

    seconds: float = 3600.0
    accept: bool = False


@dataclass(frozen=True)
class Slow:
    """The usual answer, once it is told to go on."""

    go_on: threading.Event
    accept: bool = True


@dataclass(frozen=True)
class Reset:
    """A TCP reset: after the whole request was read, or when only its headers were (``read`` False)."""

    accept: bool = False
    read: bool = True


@dataclass(frozen=True)
class Raw:
    """These bytes, then the connection is closed."""

    data: bytes
    accept: bool = False


@dataclass(frozen=True)
class Trickle:
    """An answer that comes byte by byte, never ending, one every ``pause`` seconds."""

    pause: float = 0.05
    accept: bool = False


@dataclass(frozen=True)
class CloseAfter:
    """The usual answer, then the connection is closed without a word: for the client, an idle one."""

    accept: bool = True


@dataclass(frozen=True)
class Normal:
    """No fault: keeps a place in the queue."""

    accept: bool = True


Fault = Answer | Hang | Slow | Reset | Raw | Trickle | CloseAfter | Normal
_KINDS = {kind.__name__: kind for kind in (Answer, Hang, Reset, Raw, Trickle, CloseAfter, Normal)}


def from_json(document: Mapping[str, Any]) -> Fault:
    """`{"kind": "Answer", "status": 500}`: how another process queues a fault."""
    settings = {name: value for name, value in document.items() if name != "kind"}
    for name in ("body", "data"):
        if isinstance(settings.get(name), str):
            settings[name] = settings[name].encode()
    return _KINDS[document["kind"]](**settings)


def errors_body(errors: list[tuple[str, str | None]]) -> bytes:
    """SendGrid's error document."""
    listed = [{"message": message, "field": name, "help": None} for message, name in errors]
    return json.dumps({"errors": listed}).encode()
