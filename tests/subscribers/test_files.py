"""A file is given its name once, also where there are no hard links."""

from __future__ import annotations

import errno
import multiprocessing
import os
from typing import TYPE_CHECKING

import pytest

from subscribers.files import put

if TYPE_CHECKING:
    from pathlib import Path


def no_links(*_: object) -> None:
    """What Linux says on FAT."""
    raise PermissionError(errno.EPERM, "Operation not permitted")


@pytest.fixture(params=["hard links", "none"], autouse=True)
def _file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "none":
        monkeypatch.setattr(os, "link", no_links)


def test_it_has_its_name_and_takes_nobody_else_s(tmp_path: Path) -> None:
    first, second, kept = (tmp_path / name for name in ("first", "second", "kept"))
    first.write_text("mine")
    second.write_text("another's")
    put(first, kept)
    with pytest.raises(FileExistsError):
        put(second, kept)
    assert kept.read_text() == "mine"


def test_of_many_at_once_one_wins(tmp_path: Path) -> None:
    files = [tmp_path / str(number) for number in range(16)]
    for file in files:
        file.write_text(file.name)
    with multiprocessing.get_context("fork").Pool(8) as pool:
        won = [file for file, wins in zip(files, pool.map(_wins, files), strict=True) if wins]
    assert [file.name for file in won] == [(tmp_path / "kept").read_text()]


def _wins(file: Path) -> bool:
    try:
        put(file, file.with_name("kept"))
    except FileExistsError:
        return False
    return True
