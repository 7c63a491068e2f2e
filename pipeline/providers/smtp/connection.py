"""Connections to the operator's mail server: opened, encrypted and logged in."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from pipeline.core.environment import SMTP_PASSWORD
from pipeline.core.errors import ConfigError
from pipeline.core.private_networks import is_loopback
from pipeline.providers import Batch, Result
from pipeline.providers.redact import Redactor
from pipeline.providers.smtp.batch import Halt, limited
from pipeline.providers.smtp.protocol import ConnectionEnded, Transport
from pipeline.providers.smtp.refusals import US_REMEDY, Concern, concern
from pipeline.providers.sockets import is_idle, reason_of

IDLE_SECONDS = 60.0
"""A connection unused for longer is opened anew: many servers close their side about then."""


@dataclass(frozen=True)
class Server:
    """Where the server is and how to connect to it. ``timeout`` is how many seconds each step may take.

    Raises ConfigError where a password would be sent unencrypted, or cannot be sent by SMTP.
    """

    host: str
    port: int
    security: Literal["none", "starttls", "tls"] = "none"
    username: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 30.0

    def __post_init__(self) -> None:
        if self.username and self.security == "none" and not is_loopback(self.host):
            raise ConfigError(
                "delivery.smtp would send the password unencrypted.",
                'Set delivery.smtp.security to "starttls" (port 587) or "tls" (port 465).',
            )
        if self.username and not self.password:
            raise ConfigError(
                "delivery.smtp.username is set, and there is no password.",
                f"Put it into the environment variable {SMTP_PASSWORD}.",
            )
        if not (self.username + self.password).isascii():
            raise ConfigError(
                "The SMTP username or password has letters that are not ASCII, which no login can carry.",
                f"Choose another password ({SMTP_PASSWORD}).",
            )

    @cached_property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    @cached_property
    def own_name(self) -> str:
        # Looked up once: where no name server answers, it takes seconds.
        return socket.getfqdn()


class Connection:
    """Made by `connect`; ``size`` is the largest message the server takes, 0 where it does not say."""

    def __init__(self, smtp: smtplib.SMTP, timeout: float) -> None:
        assert smtp.sock is not None
        self._sock: socket.socket = smtp.sock
        # Else the last part of a letter may wait until the server has acknowledged the part before (Nagle).
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.transport = Transport(self._sock, timeout)
        self.pipelining = smtp.has_extn("pipelining")
        size = smtp.esmtp_features.get("size", "")
        self.size = int(size) if size.isascii() and size.isdigit() else 0
        self._last_used = time.monotonic()

    @property
    def alive(self) -> bool:
        """Whether it may be used again. Asked between batches only, when no answer is still to come."""
        return time.monotonic() - self._last_used < IDLE_SECONDS and is_idle(self._sock)

    def used(self) -> None:
        self._last_used = time.monotonic()

    def leave(self) -> None:
        """Say goodbye, and close."""
        with contextlib.suppress(ConnectionEnded):
            self.transport.hurry()
            self.transport.write(b"QUIT\r\n")
            self.transport.reply()
        self.close()

    def close(self) -> None:
        self._sock.close()


def connect(server: Server) -> Connection:
    """A connection ready for letters. Raises Halt: to stop where trying again would not help."""
    smtp: smtplib.SMTP | None = None
    try:
        smtp = _open(server)
        _secure(smtp, server)
        return Connection(smtp, server.timeout)
    except Halt:
        _close(smtp)
        raise
    except ssl.SSLCertVerificationError as error:
        _close(smtp)
        raise Halt(
            Result.STOP, f"the mail server's certificate is not valid ({error.verify_message})"
        ) from None
    except smtplib.SMTPConnectError as error:
        _close(smtp)
        raise _no_connection(error) from None
    except (OSError, smtplib.SMTPException, ValueError) as error:
        # No letter was begun: whatever the error, nothing was sent.
        _close(smtp)
        raise Halt(Result.REFUSED, f"could not connect to the mail server ({reason_of(error)})") from None


def _no_connection(error: smtplib.SMTPConnectError) -> Halt:
    said = error.smtp_error
    said = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    reason = f"the mail server takes no connection ({error.smtp_code}): {Redactor(Batch('', ()))(said)}"
    concerns = concern(error.smtp_code, said)
    if error.smtp_code < 500 and concerns is Concern.RATE:
        return limited(reason)
    if error.smtp_code >= 500 and concerns is Concern.US:
        return Halt(Result.STOP, reason, US_REMEDY)
    return Halt(Result.REFUSED, reason)


def _open(server: Server) -> smtplib.SMTP:
    name, timeout = server.own_name, server.timeout
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, name, timeout=timeout, context=server.tls)
    return smtplib.SMTP(server.host, server.port, name, timeout)


def _secure(smtp: smtplib.SMTP, server: Server) -> None:
    """EHLO, then STARTTLS and login where the settings ask for them."""
    smtp.ehlo_or_helo_if_needed()
    if server.security == "starttls":
        if not smtp.has_extn("starttls"):
            raise Halt(Result.STOP, "the mail server offers no STARTTLS", "Check delivery.smtp.security.")
        try:
            smtp.starttls(context=server.tls)
        except smtplib.SMTPResponseException as error:
            result = Result.STOP if error.smtp_code >= 500 else Result.REFUSED
            raise Halt(result, f"the mail server refused STARTTLS ({error.smtp_code})") from None
        smtp.ehlo_or_helo_if_needed()
    if server.username:
        _log_in(smtp, server)


def _log_in(smtp: smtplib.SMTP, server: Server) -> None:
    # The texts of these errors quote the server, and the server may quote the password.
    try:
        smtp.login(server.username, server.password)
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code < 500:
            raise Halt(Result.REFUSED, f"the mail server cannot log in now ({error.smtp_code})") from None
        raise Halt(
            Result.STOP,
            f"the mail server refused the login ({error.smtp_code})",
            f"Check delivery.smtp.username and {SMTP_PASSWORD}.",
        ) from None
    except smtplib.SMTPServerDisconnected:
        raise Halt(Result.REFUSED, "the mail server closed the connection at the login") from None
    except smtplib.SMTPException:
        raise Halt(
            Result.STOP,
            "the mail server offers no login",
            "Check delivery.smtp.port, security and username.",
        ) from None


def _close(smtp: smtplib.SMTP | None) -> None:
    if smtp is not None:
        smtp.close()
