"""A strict SMTP server on loopback that can be told to fail: at which stage, for whom, how often.

What breaks RFC 5321, 5322 or 2920 stands in ``violations``, and ends the connection.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import re
import socket
import threading
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from email.message import EmailMessage
    from types import TracebackType


class Act(Enum):
    """What a server does instead of answering."""

    DROP = "closes the connection"
    SILENCE = "never answers"


@dataclass
class Fault:
    """``stage``: connect, mail, rcpt, data, body (before its end) or message (after its dot).

    ``to``: only while the recipient's address begins so (not known at `mail`). ``times``: how often.
    """

    stage: str
    act: Act | str
    to: str = ""
    times: int = 1


@dataclass(frozen=True)
class Delivery:
    sender: str
    address: str
    content: bytes

    @property
    def mail(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=email.policy.default)  # type: ignore[return-value]


@dataclass
class StrictSmtp:
    """``size``: largest message it takes. ``lenient``: waits for a body although it refused every address."""

    pipelining: bool = True
    size: int = 0
    lenient: bool = False
    faults: list[Fault] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    connections: int = 0
    along: int = 0
    """Envelopes that came along with the end of the message before."""

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Close the server's side of every connection."""
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    @property
    def addresses(self) -> list[str]:
        return sorted(delivery.address for delivery in self.deliveries)

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open.append(sock)
            threading.Thread(target=_Session(self, sock).run, daemon=True).start()

    def fault(self, stage: str, address: str = "") -> Act | str | None:
        """What goes wrong here, if anything; it is used up by being asked."""
        with self._lock:
            for fault in self.faults:
                if fault.stage == stage and fault.times > 0 and address.startswith(fault.to):
                    fault.times -= 1
                    return fault.act
        return None

    def wait(self) -> None:
        self._ending.wait(30)


class _Closed(Exception):
    """The conversation is over."""


class _Session:
    def __init__(self, server: StrictSmtp, sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.read = b""
        self.sender: str | None = None
        self.address: str | None = None
        self.tried = ""

    def run(self) -> None:
        with contextlib.suppress(_Closed, OSError), self.sock:
            self.answer(self.server.fault("connect"), "220 strict.example ESMTP")
            while True:
                self.command(self.line())

    def command(self, line: bytes) -> None:
        if not self.server.pipelining and self.read:
            self.violation("commands together though PIPELINING was not offered")
        words = line.decode("ascii", "replace")
        match words.upper().split(" ", 1)[0].split(":")[0]:
            case "EHLO":
                self.reply("\r\n".join(self.extensions()))
            case "MAIL":
                self.mail(words)
            case "RCPT":
                self.rcpt(words)
            case "DATA":
                self.data()
            case "RSET":
                self.sender = self.address = None
                self.reply("250 2.0.0 Ok")
            case "QUIT":
                self.reply("221 2.0.0 Bye")
                raise _Closed
            case _:
                self.violation("an unknown command")

    def extensions(self) -> list[str]:
        offered = ["strict.example"]
        offered += ["PIPELINING"] * self.server.pipelining
        offered += [f"SIZE {self.server.size}"] * bool(self.server.size)
        offered.append("ENHANCEDSTATUSCODES")
        return [f"250-{name}" for name in offered[:-1]] + [f"250 {offered[-1]}"]

    def mail(self, words: str) -> None:
        found = re.fullmatch(r"MAIL FROM:<([^<>\s]+)>", words)
        if self.sender is not None:
            self.violation("MAIL within a transaction")
        if not found:
            self.violation("no MAIL command")
        elif self.answer(self.server.fault("mail"), "250 2.1.0 Ok"):
            self.sender = found[1]

    def rcpt(self, words: str) -> None:
        found = re.fullmatch(r"RCPT TO:<([^<>\s]+)>", words)
        if not found:
            self.violation("no RCPT command")
        elif self.sender is None:
            self.out_of_order("RCPT without MAIL")
        else:
            self.tried = found[1]
            if self.answer(self.server.fault("rcpt", self.tried), "250 2.1.5 Ok"):
                self.address = self.tried

    def data(self) -> None:
        if self.read:
            self.violation("something after DATA")
        if self.address is None and not (self.server.lenient and self.sender is not None):
            self.out_of_order("DATA without RCPT")
            return
        if not self.answer(self.server.fault("data", self.tried), "354 Go on"):
            return
        act = self.server.fault("body", self.tried)
        if act is not None:
            self.receive()
            self.answer(act, "")
            self.sock.shutdown(socket.SHUT_WR)  # what it said can still be read
            raise _Closed
        content = self.body()
        sender, address = self.sender, self.address
        self.sender = self.address = None
        if self.read:
            self.server.along += 1
        if address is None:
            if content:
                self.violation("a letter to nobody")
            self.reply("554 5.5.1 No valid recipients")
            return
        self.check(content)
        act = self.server.fault("message", self.tried)
        if self.server.size and len(content) > self.server.size:
            act = "552 5.3.4 Message too big"
        if act is None or isinstance(act, Act):  # taken, though nobody is told
            self.server.deliveries.append(Delivery(sender or "", address, content))
        self.answer(act, "250 2.0.0 Taken")

    def body(self) -> bytes:
        while not (end := re.search(rb"(?:\A|\r\n)\.\r\n", self.read)):
            self.receive()
        content, self.read = self.read[: end.end() - 3], self.read[end.end() :]
        return content

    def check(self, content: bytes) -> None:
        if re.search(rb"\r(?!\n)|(?<!\r)\n", content):
            self.violation("a bare CR or LF")
        if any(len(line) > 998 for line in content.split(b"\r\n")):
            self.violation("a line of more than 998 octets")
        if re.search(rb"(?:\A|\r\n)\.(?!\.)", content):
            self.violation("a dot that begins a line and is not doubled")
        if not content.isascii() or b"\0" in content:
            self.violation("octets that 7 bits do not hold")

    def answer(self, act: Act | str | None, otherwise: str) -> bool:
        """Do as a fault says, else answer ``otherwise``; whether it was the latter."""
        if act is Act.SILENCE:
            self.server.wait()
            raise _Closed
        if act is Act.DROP:
            raise _Closed
        said = otherwise if act is None else act
        self.reply(said)
        return said[:3] == otherwise[:3]

    def out_of_order(self, what: str) -> None:
        # With pipelining the client did not know yet.
        if not self.server.pipelining:
            self.violation(what)
        self.reply("503 5.5.1 Out of order")

    def reply(self, text: str) -> None:
        self.sock.sendall(text.encode() + b"\r\n")
        if text.startswith("421"):
            raise _Closed

    def violation(self, what: str) -> None:
        self.server.violations.append(what)
        raise _Closed

    def line(self) -> bytes:
        while b"\n" not in self.read:
            self.receive()
        line, _, self.read = self.read.partition(b"\n")
        if not line.endswith(b"\r") or len(line) > 511:
            self.violation("no command line")
        return line[:-1]

    def receive(self) -> None:
        some = self.sock.recv(65536)
        if not some:
            raise _Closed
        self.read += some
