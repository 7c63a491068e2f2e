"""What Linux says of a process: its children, the most memory that it had, the time that it took."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path


def children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):  # a thread that has ended meanwhile
                found += map(int, (task / "children").read_text().split())
    return found


def most_memory(pid: int) -> int:
    """In bytes; 0 for a process that is no more."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    return 0


def processor_time(pid: int) -> float:
    """Seconds that its threads were on a processor, also those that have ended."""
    # As clock_getcpuclockid(3) makes the number of a process's clock (the kernel's MAKE_PROCESS_CPUCLOCK).
    return time.clock_gettime(~pid << 3 | 2)
