"""A name server on loopback, over UDP and TCP, with the records that a test gives it.

    with NameServer() as names:
        names.add("example.org", "TXT", '"v=spf1 -all"')
        ...                                  # ask names.address

A name nobody added is NXDOMAIN, another type of one that was added an empty answer; CNAMEs are followed, as a
resolver does. ``failing`` names answer SERVFAIL, ``silent`` ones nothing at all.
"""

from __future__ import annotations

import contextlib
import socketserver
import struct
import threading
from typing import TYPE_CHECKING, Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

if TYPE_CHECKING:
    from types import TracebackType


class NameServer:
    def __init__(self) -> None:
        self.failing: set[str] = set()
        self.silent: set[str] = set()
        self.questions: list[tuple[str, str]] = []
        self._records: dict[tuple[dns.name.Name, str], list[str]] = {}

    def add(self, name: str, kind: str, *values: str) -> None:
        """Records as a zone file writes them."""
        self._records.setdefault((dns.name.from_text(name), kind), []).extend(values)

    def text(self, name: str, *records: str | bytes) -> None:
        """TXT records, cut into strings of 255 bytes as they must be."""
        for record in records:
            raw = record if isinstance(record, bytes) else record.encode()
            parts = [raw[start : start + 255] for start in range(0, len(raw), 255)] or [b""]
            self.add(
                name, "TXT", " ".join('"' + "".join(f"\\{byte:03}" for byte in part) + '"' for part in parts)
            )

    def remove(self, name: str) -> None:
        for key in [key for key in self._records if key[0] == dns.name.from_text(name)]:
            del self._records[key]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._udp.server_address[1]}"

    def __enter__(self) -> Self:
        names = self

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                wire, sock = self.request
                if (answer := names.answer(wire, most=1232)) is not None:
                    with contextlib.suppress(OSError):  # the server has ended meanwhile
                        sock.sendto(answer, self.client_address)

        class Stream(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(struct.error, OSError):
                    (length,) = struct.unpack("!H", self.rfile.read(2))
                    if (answer := names.answer(self.rfile.read(length), most=65535)) is not None:
                        self.wfile.write(struct.pack("!H", len(answer)) + answer)

        # Both by one number: a truncated answer is asked for once more over TCP. Somebody may have it there.
        for last in (False, False, False, False, True):
            self._udp = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Datagram)
            try:
                self._tcp = socketserver.ThreadingTCPServer(self._udp.server_address, Stream)
                break
            except OSError:
                self._udp.server_close()
                if last:
                    raise
        for server in (self._udp, self._tcp):
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in (self._udp, self._tcp):
            server.shutdown()
            server.server_close()

    def answer(self, wire: bytes, *, most: int) -> bytes | None:
        query = dns.message.from_wire(wire)
        (question,) = query.question
        name, kind = question.name, dns.rdatatype.to_text(question.rdtype)
        shown = name.to_text(omit_final_dot=True).lower()
        self.questions.append((shown, kind))
        if shown in self.silent:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if shown in self.failing:
            response.set_rcode(dns.rcode.SERVFAIL)
            return response.to_wire()
        while target := self._records.get((name, "CNAME")):
            response.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", *target))
            name = dns.name.from_text(target[0])
        if values := self._records.get((name, kind)):
            response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *values))
        elif not any(known == name or known.is_subdomain(name) for known, _ in self._records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        if len(whole := response.to_wire(max_size=65535)) <= most:
            return whole
        response.answer.clear()
        response.flags |= dns.flags.TC
        return response.to_wire()
