"""Starts `rapport` in processes that die where they are told to (`dying.py`), or are killed from here."""

from __future__ import annotations

import itertools
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from types import TracebackType

ROOT = Path(__file__).parents[2]

KILLED = -signal.SIGKILL

_numbers = itertools.count(1)


@dataclass
class Process:
    """One command under way. ``out`` and ``err`` are what it printed so far."""

    pid: int
    _out: Path
    _err: Path
    _ended: threading.Event = field(default_factory=threading.Event)
    _status: int = 0

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    @property
    def running(self) -> bool:
        return not self._ended.is_set()

    def wait(self, seconds: float = 120.0) -> int | None:
        """Its exit status (minus the signal's number, if one ended it); None when it is still running."""
        return self._status if self._ended.wait(seconds) else None

    def end(self, seconds: float = 120.0) -> int:
        """Its exit status, once it has ended by itself."""
        status = self.wait(seconds)
        assert status is not None, f"process {self.pid} does not end\n{self.err}"
        return status

    def signal(self, number: int) -> None:
        if self.running:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> bool:
        """SIGKILL it; whether it was that which ended it."""
        self.signal(signal.SIGKILL)
        return self.end() == KILLED


class Launcher:
    """``start`` commands from within; at the end of the `with` all of them are gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._live: dict[int, Process] = {}
        self._early: dict[int, int] = {}
        self._books = threading.Lock()

    def __enter__(self) -> Self:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.dying"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._server.stdout
        assert self._server.stdout.readline(), "the launcher did not start"
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server.stdin
        self._server.stdin.close()
        self._server.wait(30)
        self._reader.join()

    def start(
        self,
        folder: Path,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        death: Mapping[str, Any] | None = None,
        constants: Mapping[str, Any] | None = None,
        clock: datetime | None = None,
        file_size: int = 0,
        counts: Path | None = None,
    ) -> Process:
        """`rapport ARGUMENTS` in ``folder``.

        ``death`` as `dying.Death` takes it; ``constants`` of the product by their dotted names (waits made
        short); ``clock`` the moment at which it believes to start; ``file_size`` the most bytes any of its
        files may have; ``counts`` a file to write the numbers of commits and requests to.
        """
        assert self._server.stdin
        with self._lock:
            number = next(_numbers)
            out, err = folder / f"{number}.out", folder / f"{number}.err"
            out.touch()  # looked into before the process is that far
            err.touch()
            told = {
                "folder": str(folder),
                "arguments": arguments,
                "environment": dict(environment or {}),
                "death": dict(death or {}),
                "constants": dict(constants or {}),
                "clock": clock.isoformat() if clock else "",
                "file_size": file_size,
                "counts": str(counts) if counts else "",
                "out": str(out),
                "err": str(err),
            }
            self._server.stdin.write(json.dumps(told).encode() + b"\n")
            self._server.stdin.flush()
            process = Process(self._started.get(timeout=60), out, err)
            with self._books:
                self._live[process.pid] = process
                if process.pid in self._early:
                    self._over(process.pid, self._early.pop(process.pid))
            return process

    def _read(self) -> None:
        assert self._server.stdout
        for line in self._server.stdout:
            document = json.loads(line)
            if "started" in document:
                self._started.put(document["started"])
            else:
                with self._books:
                    self._over(document["ended"], document["status"])

    def _over(self, pid: int, status: int) -> None:
        process = self._live.pop(pid, None)
        if process is None:
            self._early[pid] = status
            return
        process._status = status
        process._ended.set()
