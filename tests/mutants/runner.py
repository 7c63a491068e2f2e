"""Has the mirrored tests look for each fault of one module.

The tests are collected once. A first child runs them all and notes which reach which line; then every fault
gets a child of its own, which runs those that reach it, the quickest first, until one fails.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib
import json
import os
import shutil
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from _pytest.runner import runtestprotocol

from tests import conftest
from tests.mutants.operators import mutants
from tests.mutants.planting import dependants, functions_of, plant
from tests.mutants.reach import Reach, kept_waiting, traced

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Sequence

    import pytest

    from tests.mutants.operators import Mutant

ROOT = Path(__file__).parents[2]
FAST = Path("/dev/shm")  # a disk that need not flush


@dataclass
class Result:
    """What became of the faults of a module."""

    module: str
    all: int = 0
    tried: int = 0
    noticed: int = 0
    equivalent: int = 0
    survivors: list[tuple[int, str]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)  # tests that fail without any fault
    stale: list[str] = field(default_factory=list)  # called equivalent, and there is no such fault any more
    endless: list[str] = field(default_factory=list)  # noticed, as the tests did not end


class _Trial(NamedTuple):
    """A fault that a child tries, since when, and for how many seconds at most, those aside in which it was
    kept from running by all else that the machine does."""

    mutant: Mutant
    began: float
    most: float

    def is_over(self, child: int) -> bool:
        taken = time.monotonic() - self.began
        return taken > self.most and taken - kept_waiting(child) > self.most


@dataclass
class Runner:
    """A pytest plugin that plants faults instead of running the tests."""

    module: str
    equivalent: frozenset[str]
    most: int
    jobs: int
    only: str
    postgresql: bool
    result: Result

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.folder = (FAST if FAST.is_dir() else Path("/tmp")) / f"mutants-{os.getpid()}"
        self.folder.mkdir()
        self.file = ROOT / self.module
        dotted = ".".join(Path(self.module).with_suffix("").parts).removesuffix(".__init__")
        self.target: types.ModuleType = importlib.import_module(dotted)
        self.functions = functions_of(self.target)
        self.dependants = dependants(self.target)
        conftest._migrated(f"sqlite:///{self.folder / 'template.db'}")
        gc.collect()
        gc.freeze()  # what all children share is not to be copied by their collectors
        try:
            self._look([item for item in session.items if self.postgresql or not _wants_postgresql(item)])
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return True

    def _look(self, items: Sequence[pytest.Item]) -> None:
        reach = self._reach(items)
        every = mutants(self.file.read_text())
        names = {mutant.name for mutant in every}
        self.result.all = len(every)
        self.result.stale = sorted(self.equivalent - names)
        wanted = [mutant for mutant in every if self.only in mutant.name]
        if 0 < self.most < len(wanted):
            wanted = [wanted[index * len(wanted) // self.most] for index in range(self.most)]
        self.result.tried = len(wanted)
        running: dict[int, _Trial] = {}
        for mutant in wanted:
            if mutant.name in self.equivalent:
                self.result.equivalent += 1
                continue
            sound = [item for item in items if item.nodeid in reach]
            # What no test reaches may have run while it was imported.
            chosen = [item for item in sound if reach[item.nodeid].meets(mutant)] or sound
            chosen.sort(key=lambda item: reach[item.nodeid].seconds)
            limit = 5 + 3 * sum(reach[item.nodeid].seconds for item in chosen)
            child = self._child(lambda m=mutant, c=chosen: self._noticed(m, c))
            running[child] = _Trial(mutant, time.monotonic(), limit)
            while len(running) >= self.jobs:
                self._wait(running)
        while running:
            self._wait(running)
        self.result.survivors.sort()

    def _wait(self, running: dict[int, _Trial]) -> None:
        for child, trial in list(running.items()):
            ended, status = os.waitpid(child, os.WNOHANG)
            if not ended and not trial.is_over(child):
                continue
            _end(child)
            if not ended:
                os.waitpid(child, 0)
            del running[child]
            shutil.rmtree(self.folder / str(child), ignore_errors=True)
            if ended and os.waitstatus_to_exitcode(status) == 0:
                self._survived(trial.mutant)
            else:  # a test failed, or the interpreter did, or it never ended
                self.result.noticed += 1
                if not ended:
                    self.result.endless.append(trial.mutant.name)
        time.sleep(0.02)

    def _survived(self, mutant: Mutant) -> None:
        self.result.survivors.append((mutant.lines.start, mutant.name))

    def _noticed(self, mutant: Mutant, items: Sequence[pytest.Item]) -> bool:
        try:
            self._plant(mutant.tree())
        except Exception:
            return True  # it does not even import
        return any(not _passes(item, after) for item, after in zip(items, [*items[1:], None], strict=True))

    def _plant(self, tree: ast.Module) -> None:
        plant(self.target, self.functions, tree)
        for one in self.dependants:
            plant(one.module, one.functions, one.tree)

    def _reach(self, items: Sequence[pytest.Item]) -> dict[str, Reach]:
        noted = self.folder / "reach.json"

        def look() -> bool:
            found: dict[str, Any] = {}
            self._plant(ast.parse(self.file.read_text()))  # a test that planting alone breaks notices nothing
            for item, after in zip(items, [*items[1:], None], strict=True):
                lines: set[int] = set()
                started, waited = time.monotonic(), kept_waiting()
                with traced(str(self.file), lines):
                    passed = _passes(item, after)
                seconds = time.monotonic() - started - (kept_waiting() - waited)
                found[item.nodeid] = [passed, sorted(lines), max(seconds, 0.0)]
            noted.write_text(json.dumps(found))
            return False

        child = self._child(look)
        os.waitpid(child, 0)
        _end(child)
        shutil.rmtree(self.folder / str(child), ignore_errors=True)
        found = json.loads(noted.read_text())
        self.result.broken = [name for name, (passed, _, _) in found.items() if not passed]
        return {name: Reach(frozenset(n), s) for name, (passed, n, s) in found.items() if passed}

    def _child(self, work: Callable[[], bool]) -> int:
        """A process of its own that does ``work`` and ends with 1 when it says so."""
        child = os.fork()
        if child:
            return child
        code = 1
        try:
            os.setpgid(0, 0)
            silent = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(silent, stream)
            folder = self.folder / str(os.getpid())
            folder.mkdir()
            _use(folder, self.folder / "template.db")
            code = int(work())
        finally:
            os._exit(code)


def _wants_postgresql(item: pytest.Item) -> bool:
    return not {"postgresql", "postgresql_database"}.isdisjoint(getattr(item, "fixturenames", ()))


def _passes(item: pytest.Item, after: pytest.Item | None) -> bool:
    reports = runtestprotocol(item, nextitem=after, log=False)
    return all(report.outcome != "failed" for report in reports)


def _end(child: int) -> None:
    """End what a child started and left, with it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)


_config: list[pytest.Config] = []


class Setup:
    """Keeps the configuration, whose temporary folder each child must have for itself."""

    def pytest_configure(self, config: pytest.Config) -> None:
        _config.append(config)


def _use(folder: Path, template: Path) -> None:
    """Temporary files in ``folder``; the migrated database is copied, as migrating takes long."""
    factory: Any = _config[-1]._tmp_path_factory  # type: ignore[attr-defined]
    factory._basetemp = folder
    conftest._migrated = lambda url: _copied(template, url)  # type: ignore[attr-defined]


def _copied(template: Path, url: str) -> None:
    shutil.copyfile(template, url.removeprefix("sqlite:///"))
