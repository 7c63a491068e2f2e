"""Asking the DNS. "There is no such record" is an answer. Where no name server answers, Unanswered is
raised."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.core.errors import ConfigError

if TYPE_CHECKING:
    import dns.resolver

SECONDS = 4.0
"""For one question, with all its tries and name servers."""

ALL_SECONDS = 14.0
"""For all questions of one examination: behind a dead name server each one would take its whole time."""


class Unanswered(Exception):
    """No name server answered the question. ``why`` says which one was asked."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name)
        self.name = name
        self.why = why


@dataclass(frozen=True, slots=True)
class DnsAnswer:
    """The records of one name and type; none where the name does not exist or has no such record."""

    records: tuple[Any, ...] = ()
    cname: str = ""
    """The name that a CNAME led to; empty where there was none."""


class Resolver:
    """Asks one name server, and each question only once. Any number of threads may use it.

    ``server`` is "host" or "host:port"; empty: the one that this machine uses.
    """

    def __init__(self, server: str = "") -> None:
        self._server = server
        self._end = time.monotonic() + ALL_SECONDS
        self._known: dict[tuple[str, str], DnsAnswer] = {}
        self._lock = threading.Lock()
        self._made: dns.resolver.Resolver | None = None

    def texts(self, name: str) -> list[str]:
        """TXT records, the strings of each joined (RFC 7208, 3.3); bytes beyond ASCII become Latin-1
        letters."""
        return [b"".join(record.strings).decode("latin-1") for record in self.ask(name, "TXT").records]

    def mail_hosts(self, name: str) -> list[str]:
        """The hosts that take a domain's mail, the preferred first. One empty name: the domain takes no
        mail."""
        found = sorted(self.ask(name, "MX").records, key=lambda record: record.preference)
        return [str(record.exchange).rstrip(".") for record in found]

    def is_host(self, name: str) -> bool:
        """Whether the name has an address."""
        return bool(self.ask(name, "A").records or self.ask(name, "AAAA").records)

    def ask(self, name: str, kind: str) -> DnsAnswer:
        """The records of a name. Raises Unanswered."""
        name = name.rstrip(".").lower()
        if (known := self._known.get((name, kind))) is None:
            known = self._known[name, kind] = self._asked(name, kind)
        return known

    def _asked(self, name: str, kind: str) -> DnsAnswer:
        import dns.exception
        import dns.name
        import dns.resolver

        resolver = self._resolver(name)
        try:
            dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError):
            return DnsAnswer()  # a record may name anything; this is no name that the DNS could hold
        left = self._end - time.monotonic()
        if left <= 0:
            raise Unanswered(name, f"the time for all questions was over (name server: {self._shown()})")
        try:
            found = resolver.resolve(name, kind, lifetime=min(SECONDS, left), search=False)
        except dns.resolver.NXDOMAIN as none:
            return DnsAnswer((), _cname(name, none.canonical_name))
        except dns.resolver.NoAnswer as none:
            response = none.kwargs["response"]
            return DnsAnswer((), _cname(name, response.resolve_chaining().canonical_name))
        except dns.resolver.LifetimeTimeout:
            raise Unanswered(name, f"no answer came in time (name server: {self._shown()})") from None
        except dns.resolver.NoNameservers as failed:
            raise Unanswered(name, f"{_rcode(failed)} (name server: {self._shown()})") from None
        except (dns.exception.DNSException, OSError) as failed:
            raise Unanswered(name, f"{type(failed).__name__} (name server: {self._shown()})") from None
        return DnsAnswer(tuple(found), _cname(name, found.canonical_name))

    def _resolver(self, name: str) -> dns.resolver.Resolver:
        import dns.resolver

        with self._lock:
            if self._made is None:
                try:
                    made = dns.resolver.Resolver(configure=not self._server)
                except dns.resolver.NoResolverConfiguration:
                    raise Unanswered(name, "this machine knows no name server") from None
                if self._server:
                    made.nameservers, made.port = _address(self._server)
                self._made = made
            return self._made

    def _shown(self) -> str:
        if self._server:
            return self._server
        return ", ".join(str(one) for one in self._made.nameservers) if self._made else "none"


def _rcode(failed: dns.resolver.NoNameservers) -> str:
    """The code (RFC 1035, 4.1.1) with which a server refused, like SERVFAIL."""
    # One tuple a try: server, TCP or not, port, then the code's name or an exception, and the response.
    codes = (error[3] for error in failed.kwargs["errors"] if isinstance(error[3], str))
    return next(codes, "no answer that can be read")


def _cname(name: str, canonical: Any) -> str:
    led = str(canonical).rstrip(".").lower()
    return "" if led == name else led


def _address(server: str) -> tuple[list[Any], int]:
    """The addresses and the port of the configured name server."""
    import socket

    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\s]+)|([0-9a-fA-F:.]+))(?::(\d{1,5}))?", server)
    try:
        if not match or int(match[4] or 53) > 65535:
            raise ValueError
        host, port = match[1] or match[2] or match[3], int(match[4] or 53)
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (ValueError, OSError):
        raise ConfigError(
            "doctor.resolver is not the address of a name server.",
            'Write "host" or "host:port", like "9.9.9.9"; leave it empty for what this machine uses.',
        ) from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found)), port
