"""Child processes that work on a stranger's bytes: little time, little memory, and no secret.

Parsers and decoders can be made to take minutes or gigabytes, or to end the whole process with them. In a
child that has limits they end nothing but the child.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator


def command(module: str, *arguments: str) -> list[str]:
    """The command line that runs one of our modules as a process of its own."""
    return [sys.executable, "-m", module, *arguments]


def environment() -> dict[str, str]:
    """No more than Python needs to find its modules: above all, no secret."""
    return {
        "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),
        "PATH": os.environ.get("PATH", ""),
    }


def limit_memory(most: int) -> None:
    """This process gets no more than so many bytes of address space, and writes neither files nor cores."""
    import resource

    for limit, value in (
        (resource.RLIMIT_AS, most),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # macOS knows RLIMIT_AS, but does not take it
            resource.setrlimit(limit, (value, value))


def limit_time(seconds: int) -> None:
    """The kernel ends this process (SIGXCPU) once it has used so many more seconds of the processor."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used.ru_utime + used.ru_stime) + seconds, most))


def forbid_opening_files() -> None:
    """From here on this process can open nothing: every descriptor below the limit is in use."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, most))


@contextlib.contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Raises TimeoutError in what takes more of the processor's time. For the main thread of a child.

    Regular expressions look for signals while they search; parsers written in C do not, and are left to
    ``limit_time``.
    """

    def interrupt(*_: object) -> NoReturn:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, interrupt)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
