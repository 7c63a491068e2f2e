"""The socket that `rapport serve` listens on, and how the process ends."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from pipeline.core.errors import RapportError
from pipeline.core.signals import Stop
from pipeline.core.unfinished import must_be_finished
from pipeline.web import server
from pipeline.web.server import ended_in_time, listen
from tests.waiting import LONGEST

if TYPE_CHECKING:
    from collections.abc import Callable


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


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when the process would have been ended."""
    monkeypatch.setattr(server, "LONGEST_END", 0.2)
    monkeypatch.setattr(server, "_SLICE", 0.02)
    return threading.Event()


def end(ended: threading.Event) -> Callable[[int], None]:
    return lambda status: ended.set() if status == 0 else None


def test_what_does_not_end_by_itself_is_broken_off_once_the_process_is_told_to_end(
    ended: threading.Event,
) -> None:
    stop = Stop()
    with ended_in_time(stop, end(ended)):
        assert not ended.wait(0.4)
        stop.ask(15)
        assert ended.wait(LONGEST)


def test_what_was_handed_over_is_written_down_before_the_process_ends(ended: threading.Event) -> None:
    stop = Stop()
    stop.ask(15)
    with ExitStack() as handed_over:
        for _ in range(2):  # before anybody watches, however late that is
            handed_over.enter_context(must_be_finished())
        with ended_in_time(stop, end(ended)):
            assert not ended.wait(0.5)
            handed_over.close()
            assert ended.wait(LONGEST)


def test_a_process_that_ends_by_itself_is_left_alone(
    ended: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "LONGEST_END", 60.0)
    stop = Stop()
    with ended_in_time(stop, end(ended)):
        (watch,) = [thread for thread in threading.enumerate() if thread.name == "end"]
        stop.ask(15)
    watch.join(50)
    assert not watch.is_alive()
    assert not ended.is_set()
