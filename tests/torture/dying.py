"""Runs `rapport` in processes that are told beforehand where to die; a process that only this harness starts.

Everything is imported once and every command is a fork of that: a real process with a life and death of its
own, without the second that Python takes to start. Spoken to in JSON lines, see `launcher.py`.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import random
import resource
import select
import signal
import sys
import threading
import traceback
from collections import Counter
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

import time_machine
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

import pipeline.cli
import subscribers
from pipeline.feeds import pull
from pipeline.feeds.fetching import http
from pipeline.feeds.parsing import sandbox
from pipeline.feeds.parsing.parse import parse
from tests.statements import compile_once
from tests.warm import compile_templates, go_through

if TYPE_CHECKING:
    import socket

    from sqlalchemy import Connection

WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "WITH")


class Death:
    """Counts the commits that write and the requests that hand over, and dies at the one it was told of.

    ``at`` is "commit" or "request"; ``after`` it, or right before it; ``number`` counts from 1. For a request
    the last byte is the moment: before it, SendGrid has not got the request, after it, it has.
    """

    def __init__(self, at: str = "", after: bool = False, number: int = 0) -> None:
        self._fate = (at, after, number)
        self.seen: Counter[str] = Counter()
        self._here = threading.local()

    def _reached(self, at: str, after: bool) -> None:
        if not after:
            self.seen[at] += 1
        if self._fate == (at, after, self.seen[at]):
            os.kill(os.getpid(), signal.SIGKILL)

    def watch_commits(self) -> None:
        kept = DefaultDialect.do_commit

        def statement(connection: Connection, cursor: Any, text: str, *_: Any) -> None:
            if text.lstrip()[:6].upper().startswith(WRITES):
                connection.info["torture_wrote"] = True

        def before(connection: Connection) -> None:
            wrote = connection.info.pop("torture_wrote", False)
            self._here.writes = wrote or connection.get_execution_options().get("rapport_writes", False)
            if self._here.writes:
                self._reached("commit", after=False)

        def do_commit(dialect: DefaultDialect, connection: Any) -> None:
            kept(dialect, connection)
            if getattr(self._here, "writes", False):
                self._here.writes = False
                self._reached("commit", after=True)

        event.listen(Engine, "before_cursor_execute", statement)
        event.listen(Engine, "rollback", lambda connection: connection.info.pop("torture_wrote", None))
        event.listen(Engine, "commit", before)
        DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]

    def watch_requests(self) -> None:
        from pipeline.providers import http as requests

        kept = requests.write_all

        def write(sock: socket.socket, request: bytes, timeout: float) -> None:
            if not request.startswith(b"POST"):
                return kept(sock, request, timeout)
            kept(sock, request[:-1], timeout)
            self._reached("request", after=False)
            kept(sock, request[-1:], timeout)
            self._reached("request", after=True)
            return None

        requests.write_all = write


def live(told: dict[str, Any]) -> int:
    """One command, in a fork of its own; its exit status."""
    os.chdir(told["folder"])
    os.environ.update(told["environment"])
    for place, number in (("out", 1), ("err", 2)):
        file = os.open(told[place], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
    # The end of the pipe is how the launcher's death is noticed: a child must not hold it.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    random.seed()
    if any(name.startswith(f"{sandbox.__name__}.") for name in told["constants"]):
        pull.read, pull.warm_up = IN_A_CHILD  # the child is what the test is about
    for name, value in told["constants"].items():
        module, _, constant = name.rpartition(".")
        owner = importlib.import_module(module)
        getattr(owner, constant)  # a constant that went away must not be set in silence
        setattr(owner, constant, value)
    if told["clock"]:
        time_machine.travel(datetime.fromisoformat(told["clock"])).start()
    death = Death(**told["death"])
    death.watch_commits()
    death.watch_requests()
    if told["file_size"]:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (told["file_size"], told["file_size"]))
    status = pipeline.cli.main(told["arguments"])
    if told["counts"]:
        with open(told["counts"], "w") as file_of_counts:
            json.dump(death.seen, file_of_counts)
    return int(status)


def serve() -> None:
    """Start what stdin asks for, and say on stdout which process it is and how it ended."""
    poll = select.poll()
    poll.register(0, select.POLLIN)
    children: dict[int, int] = {}
    incoming = b""
    while True:
        for ready, _ in poll.poll():
            if ready != 0:
                pid = children.pop(ready)
                poll.unregister(ready)
                os.close(ready)
                _say({"ended": pid, "status": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])})
                continue
            got = os.read(0, 1 << 16)
            if not got:
                for pid in children.values():
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                return
            *lines, incoming = (incoming + got).split(b"\n")
            for line in lines:
                pid = _forked(json.loads(line))
                handle = os.pidfd_open(pid)
                children[handle] = pid
                poll.register(handle, select.POLLIN)
                _say({"started": pid})


def _forked(told: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        status = live(told)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _say(document: dict[str, int]) -> None:
    os.write(1, json.dumps(document).encode() + b"\n")


IN_A_CHILD = (pull.read, pull.warm_up)


def _read_feeds_here() -> None:
    """Not in a child, whose start is half of what a run costs; no death waits there."""
    pull.read = parse
    pull.warm_up = lambda: None


def _import_all() -> None:
    for package in (pipeline, subscribers):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in module.name:
                importlib.import_module(module.name)
    for name in ("psycopg", "sendgrid", "sqlalchemy.dialects.postgresql.psycopg"):
        importlib.import_module(name)


if __name__ == "__main__":
    http.LONGEST_BACKOFF = 0.0  # who is not there is asked as often as always, but at once
    _read_feeds_here()
    compile_once()
    _import_all()
    go_through()
    compile_templates()
    # A fork that looks through all that is here for garbage would copy it.
    gc.collect()
    gc.freeze()
    _say({})
    serve()
