"""The socket that `rapport serve` listens on."""

from __future__ import annotations

import asyncio
import socket

import pytest

from pipeline.core.errors import RapportError
from pipeline.web.server import listen


def test_no_answer_waits_for_the_clients_acknowledgement_of_an_earlier_one() -> None:
    async def undelayed() -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            taken = writer.get_extra_info("socket")
            found.set_result(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        with listen("127.0.0.1", 0) as listener:
            async with await asyncio.start_server(answer, sock=listener):
                _, writer = await asyncio.open_connection(*listener.getsockname())
                taken = await found
                writer.close()
        return taken

    assert asyncio.run(undelayed())


def test_a_port_that_is_taken_is_named() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(RapportError, match=f"port {port} cannot be listened on"):
            listen("127.0.0.1", port)
