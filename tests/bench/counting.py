"""A provider that only counts: it takes every request over HTTP and answers 202, in a process of its own.

`python -m tests.bench.counting [SECONDS]` prints its address, then `{requests} {bytes}` when its input ends.
It answers each request after so many seconds; at once by default.
"""

from __future__ import annotations

import re
import socket
import sys
import threading
import time

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_TAKEN = b"HTTP/1.1 202 Accepted\r\nX-Message-Id: counted\r\nContent-Length: 0\r\n\r\n"


class Counter:
    """``requests`` and ``size``: what came in so far, in requests and in bytes of their bodies."""

    def __init__(self, pause: float) -> None:
        self.requests = self.size = 0
        self._pause = pause

    def take(self, connection: socket.socket) -> None:
        """Serve one connection until its end."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        buffer = bytearray(1 << 20)
        with connection:
            while True:
                head = b""
                while b"\r\n\r\n" not in head:
                    received = connection.recv(65536)
                    if not received:
                        return
                    head += received
                found = _LENGTH.search(head)
                length = int(found[1]) if found else 0
                left = length - (len(head) - head.index(b"\r\n\r\n") - 4)
                while left > 0:
                    left -= connection.recv_into(buffer, min(left, len(buffer)))
                self.requests += 1
                self.size += length
                time.sleep(self._pause)
                connection.sendall(_TAKEN)


def main(pause: str = "0") -> None:
    counter = Counter(float(pause))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)

        def accept() -> None:
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=counter.take, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        sys.stdin.read()
    print(counter.requests, counter.size, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
