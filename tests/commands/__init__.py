"""`rapport` as a process of its own, without the second that Python takes to start and import.

One process of the whole test run has everything imported (`server.py`); each command is a fork of it. What is
started is a small program (`client.py`) that hands over what the kernel knows of it (arguments, folder,
environment, streams), passes signals on, and ends as the command ends.

The children that open a stranger's feeds and images are started in the same way (`children.py`), each kind by
a server that has imported nothing else: what memory they may take is counted from there.
"""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

INSTALLED = Path(sys.executable).with_name("rapport")
"""The real one, which starts and imports."""


RUN = os.environ.setdefault("TESTS_RUN", os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid())))
"""What all processes of one run of the tests have in common, and other runs have not."""


def rapport(program: Path, *, shown_as: Path | None = None) -> Path:
    """Make the program that stands for `rapport`; ``shown_as`` what it takes itself for, if not that."""
    return _program(program, "rapport", shown_as or program, [INSTALLED])


_making = threading.RLock()
"""Two threads that ask for a program at once get the same one; `cache` alone would make it twice."""


def command() -> Path:
    """The program for whoever only starts it; it is called `rapport`."""
    with _making:
        return _command()


@cache
def _command() -> Path:
    return rapport(_own_folder("rapport") / "rapport", shown_as=INSTALLED)


def child(module: str) -> Path:
    """The program that stands for `python -m MODULE`."""
    with _making:
        return _child(module)


@cache
def _child(module: str) -> Path:
    return _program(_own_folder(module) / module, module, Path(module), [sys.executable, "-m", module])


def _program(program: Path, name: str, shown_as: Path, real: list[Path | str]) -> Path:
    client = Path(__file__).with_name("client.py").read_text()
    constants = f"DOOR, NAME, REAL = {str(_door(name))!r}, {str(shown_as)!r}, {[str(one) for one in real]!r}"
    text = program.with_name(f"{program.name}.text")
    text.write_text(f"#!{sys.executable} -IS\n{constants}\n{client}")
    # By a process of its own. A child that another thread starts while we write would hold the open file for
    # a moment, and a program that somebody may write to cannot be started ("Text file busy").
    subprocess.run(["install", "-m", "755", text, program], check=True)
    return program


def _own_folder(name: str) -> Path:
    folder = _door(name).with_name(str(os.getpid()))
    folder.mkdir(exist_ok=True)
    return folder


_keepers: list[socket.socket] = []


@cache
def _door(name: str) -> Path:
    """Where the server of this name listens. It serves all workers of a run; the first to ask starts it."""
    folder = Path(tempfile.gettempdir(), f"rapport-{RUN}-{name.rpartition('.')[0] or name}")
    folder.mkdir(mode=0o700, exist_ok=True)
    door = folder / "door"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        keeper = _keeper(door)
        if keeper is None:
            _start(door, name)
            keeper = _keeper(door)
    assert keeper, f"the server of {name} does not answer"
    _keepers.append(keeper)  # with this process it goes: the server ends when nobody keeps it any more
    return door


def _keeper(door: Path) -> socket.socket | None:
    made = socket.socket(socket.AF_UNIX)
    try:
        made.connect(str(door))
        made.sendall((0).to_bytes(4, "little"))
        if made.recv(1):
            return made
    except OSError:
        pass
    made.close()
    return None


def _start(door: Path, name: str) -> None:
    door.unlink(missing_ok=True)
    # A server's environment is nobody's: each command brings its own.
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.commands.server", str(door), name],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert server.stdout
    assert server.stdout.readline(), f"the server of {name} did not start"
    server.stdout.close()
    server.returncode = 0  # nobody waits for it: it ends when the last worker has
