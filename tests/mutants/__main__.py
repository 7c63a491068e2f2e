"""`python -m tests.mutants [MODULE ...]`: a line a module, and the faults that no test noticed."""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
from contextlib import redirect_stdout

import pytest

from tests.mutants.runner import ROOT, Result, Runner, Setup
from tests.mutants.tables import TESTS, equivalent, mirrored

HEAD = f"{'module':44} {'faults':>6} {'tried':>6} {'noticed':>7} {'equivalent':>10} {'score':>6}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="a file; all of the table when left out")
    parser.add_argument("--most", type=int, default=0, help="try so many of a module, evenly spread; 0: all")
    parser.add_argument("--jobs", type=int, default=2, help="faults tried at a time")
    parser.add_argument("--only", default="", help="only faults whose name contains this")
    parser.add_argument("--least", type=float, default=0.0, help="fail below this score, in percent")
    parser.add_argument("--postgresql", action="store_true", help="let the tests use PostgreSQL, too: slow")
    given = parser.parse_args()
    modules = given.modules or list(TESTS)
    if unknown := [module for module in modules if module not in TESTS]:
        parser.error(f"not in tests/mutants/tables.py: {', '.join(unknown)}")
    if len(modules) > 1:
        return _each(modules)
    os.nice(10)
    os.chdir(ROOT)
    return _one(modules[0], given)


def _each(modules: list[str]) -> int:
    """A process for each module, as all of them are changed in memory."""
    options = [argument for argument in sys.argv[1:] if argument not in modules]
    print(HEAD, flush=True)
    failed = 0
    for module in modules:
        command = [sys.executable, "-m", "tests.mutants", *options, module]
        failed |= subprocess.run(command, env=os.environ | {"MUTANTS_HEAD": "no"}, check=False).returncode
    return failed


def _one(module: str, given: argparse.Namespace) -> int:
    if not (ROOT / module).exists():
        print(f"{module}: no such file; tests/mutants/tables.py names it", file=sys.stderr)
        return 2
    result = Result(module)
    if files := mirrored(module):
        known, server = equivalent(module), given.postgresql
        runner = Runner(module, known, given.most, given.jobs, given.only, server, result)
        options = ["-q", "-p", "no:cacheprovider"]
        left_out = [] if given.postgresql else ["-k", "not postgresql and not installed"]
        with redirect_stdout(io.StringIO()) as said:
            pytest.main([*options, *left_out, *files], plugins=[Setup(), runner])
        if not result.all:
            print(said.getvalue(), file=sys.stderr)
            return 2
    _print(result)
    return int(_score(result) < given.least)


def _score(result: Result) -> float:
    judged = result.tried - result.equivalent
    return 100 * result.noticed / judged if judged else 0.0


def _print(result: Result) -> None:
    if "MUTANTS_HEAD" not in os.environ:
        print(HEAD)
    numbers = f"{result.all:6} {result.tried:6} {result.noticed:7} {result.equivalent:10}"
    print(f"{result.module:44} {numbers} {_score(result):5.0f} %")
    for line, name in result.survivors:
        print(f"  {line}: {name}")
    for name in result.endless:
        print(f"  noticed, as the tests did not end: {name}")
    for name in result.broken:
        print(f"  fails without any fault: {name}")
    for name in result.stale:
        print(f"  called equivalent, and not there any more: {name}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
