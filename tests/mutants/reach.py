"""Which lines of a module a test reaches, and how long it takes."""

from __future__ import annotations

import contextlib
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import types

    from tests.mutants.operators import Mutant


@dataclass(frozen=True)
class Reach:
    lines: frozenset[int]
    seconds: float

    def meets(self, mutant: Mutant) -> bool:
        return not mutant.inside or not self.lines.isdisjoint(mutant.lines)


def kept_waiting(process: int | str = "self") -> float:
    """For how many seconds the threads of a process could have run, and others did (proc(5), schedstat)."""
    waited = 0
    for thread in Path(f"/proc/{process}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError, IndexError):  # it has ended meanwhile
            waited += int(thread.read_text().split()[1])
    return waited / 1e9


class traced:
    """Notes the lines of ``file`` that run meanwhile, in any thread."""

    def __init__(self, file: str, lines: set[int]) -> None:
        self.file, self.lines = file, lines

    def _line(self, frame: types.FrameType, event: str, _: Any) -> Any:
        self.lines.add(frame.f_lineno)
        return self._line

    def _call(self, frame: types.FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != self.file:
            return None
        self.lines.add(frame.f_lineno)
        return self._line

    def __enter__(self) -> None:
        threading.settrace(self._call)
        sys.settrace(self._call)

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
