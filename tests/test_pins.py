"""What is installed: every version pinned, every file by its hash, from no address that we name."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"([A-Za-z0-9_.-]+)==([^ ;]+)(?: ; [^\\]+)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n")


def pins(name: str) -> dict[str, tuple[str, str]]:
    """By package its version and its hashes."""
    return {found[1]: (found[2], found[3]) for found in PIN.finditer((ROOT / name).read_text())}


@pytest.mark.parametrize("name", ["constraints.txt", "requirements.txt"])
def test_every_line_is_a_version_with_its_hashes_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text()
    assert PIN.sub("", text) == ""
    assert len(pins(name)) > 30


def test_what_runs_is_what_was_tested() -> None:
    assert pins("requirements.txt").items() <= pins("constraints.txt").items()
    assert "pytest" not in pins("requirements.txt")


def test_the_build_backend_is_pinned_and_installed_by_its_hash() -> None:
    (backend,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    name, _, version = backend.partition("==")
    assert pins("requirements.txt")[name][0] == version


def test_the_makefile_installs_nothing_without_a_hash_but_the_project_itself() -> None:
    lines = re.findall(r"pip install.*", (ROOT / "Makefile").read_text())
    installing = [line for line in lines if not line.endswith(" uv")]
    assert ["--require-hashes" in line or "--no-index --no-deps" in line for line in installing] == [
        True,
        True,
    ]
