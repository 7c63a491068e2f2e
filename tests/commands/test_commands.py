"""What stands for `rapport` in tests behaves as it does."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.commands import INSTALLED, command
from tests.waiting import get, until

if TYPE_CHECKING:
    from pathlib import Path


def run(program: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"RAPPORT_CONFIG": str(folder / "named-here.toml")}
    return subprocess.run(
        [program, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("arguments", [("--version",), ("nonsense",), ("check",), ("check", "--json")])
def test_it_prints_and_ends_as_the_installed_one(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    real, ours = (run(program, tmp_path, *arguments) for program in (INSTALLED, command()))
    assert (ours.returncode, ours.stdout) == (real.returncode, real.stdout)
    # The log's lines tell the time, and the run that is each command's own.
    changing = re.compile(r'"(time|run)": "[^"]*"')
    assert changing.sub("", ours.stderr) == changing.sub("", real.stderr)


def serves(address: str) -> bool:
    with suppress(httpx.TransportError):
        get(address)
        return True
    return False


def test_whose_program_was_killed_that_command_is_gone(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [command(), "demo", "--serve"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    found = (re.search(r"The preview is at (\S+)", line) for line in process.stdout)
    address = next(one[1] for one in found if one)
    assert get(address).status_code == 200
    process.kill()
    assert process.wait() == -9
    until(lambda: not serves(address))
    process.stdout.close()
