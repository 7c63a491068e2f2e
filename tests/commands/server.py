"""Forks a command, or a child of one, for each client that comes to the door; `tests/commands/__init__.py`
starts it.

A client sends four bytes with the length of what follows, and its three streams with them. It is told the
number of its process and, later, its exit status. Length 0 is a keeper, who only stays. Whose client is gone,
that command is killed; when the last keeper is gone, the server ends.
"""

from __future__ import annotations

import array
import atexit
import gc
import importlib
import marshal
import os
import pkgutil
import random
import select
import shutil
import signal
import socket
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.commands import INSTALLED

if TYPE_CHECKING:
    from collections.abc import Callable


def rapport() -> Callable[[], int]:
    """The command's main, with all imported that it may need."""
    import pipeline.cli
    import subscribers
    from pipeline.backup import prove
    from pipeline.core.schema import HEAD
    from tests.commands.children import start_quickly
    from tests.migrations import migrate_once
    from tests.roots import read_roots_once
    from tests.statements import compile_once

    compile_once()
    read_roots_once()
    start_quickly()
    migrate_once()
    for package in (pipeline, subscribers):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in module.name:
                importlib.import_module(module.name)
    warm = importlib.import_module("tests.warm")
    warm.compile_templates()
    for name in ("psycopg", "sendgrid", "sqlalchemy.dialects.postgresql.psycopg", "alembic.command"):
        importlib.import_module(name)
    warm.know_the_schema()
    prove._expected(HEAD)
    warm.go_through()
    return pipeline.cli.main


def serve(door: Path, run: Callable[[], int | None]) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(door))
    listener.listen(64)
    print("ready", flush=True)
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    clients: dict[int, socket.socket] = {}
    commands: dict[int, int] = {}  # the number of a process by its handle
    of_client: dict[int, int] = {}
    keepers = 0
    while True:
        for ready, _ in poll.poll():
            if ready == listener.fileno():
                client, _ = listener.accept()
                told, streams = _hear(client)
                clients[client.fileno()] = client
                poll.register(client, select.POLLIN | select.POLLHUP)
                if told is None:
                    keepers += 1
                    with suppress(OSError):
                        client.sendall(b"k")
                    continue
                pid = _forked(run, told, streams)
                for stream in streams:
                    os.close(stream)
                handle = os.pidfd_open(pid)
                commands[handle], of_client[client.fileno()] = pid, handle
                poll.register(handle, select.POLLIN)
                _say(client, pid)
            elif ready in commands:
                pid = commands.pop(ready)
                poll.unregister(ready)
                os.close(ready)
                status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                for number in [number for number, handle in of_client.items() if handle == ready]:
                    del of_client[number]
                    poll.unregister(number)
                    with clients.pop(number) as client:
                        _say(client, status)
            elif ready in clients:  # it says no more: it is gone
                poll.unregister(ready)
                clients.pop(ready).close()
                if ready in of_client:
                    os.kill(commands[of_client.pop(ready)], signal.SIGKILL)
                else:
                    keepers -= 1
                    if not keepers:
                        for pid in commands.values():
                            os.kill(pid, signal.SIGKILL)
                        return


def _hear(client: socket.socket) -> tuple[Any, list[int]]:
    streams = array.array("i")
    size, rights, _, _ = client.recvmsg(4, socket.CMSG_SPACE(3 * streams.itemsize))
    for _, _, sent in rights:
        streams.frombytes(sent)
    length, told = int.from_bytes(size, "little"), b""
    while len(told) < length:
        more = client.recv(length - len(told))
        if not more:  # killed while it spoke: as if it had said nothing
            length = 0
        told += more
    return (marshal.loads(told) if length else None), list(streams)


def _say(client: socket.socket, number: int) -> None:
    with suppress(OSError):
        client.sendall(number.to_bytes(4, "little", signed=True))


def _forked(run: Callable[[], int | None], told: Any, streams: list[int]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        status = _live(run, *told, streams)
    except SystemExit as ended:  # as by a signal
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        traceback.print_exc()
        status = 1
    finally:
        os._exit(status)


def _live(
    run: Callable[[], int | None],
    arguments: list[str],
    folder: str,
    environment: dict[bytes, bytes],
    umask: int,
    streams: list[int],
) -> int:
    """As Python begins and ends a program, in a fork."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, 4096)  # the server's
    os.setsid()
    os.chdir(folder)
    os.umask(umask)
    os.environ.clear()
    os.environb.update(environment)
    time.tzset()
    random.seed()
    sys.argv = arguments
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", buffering=1 if os.isatty(1) else -1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
    try:
        return run() or 0
    finally:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()


if __name__ == "__main__":
    door, name = Path(sys.argv[1]), sys.argv[2]
    run = rapport() if name == "rapport" else importlib.import_module(name).main
    sys.path[0] = str(INSTALLED.parent)  # as the installed program has it
    gc.collect()
    gc.freeze()
    try:
        serve(door, run)
    finally:
        shutil.rmtree(door.parent, ignore_errors=True)
