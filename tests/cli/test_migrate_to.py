"""Where `rapport migrate --to` finds the URL, and that no password in it is ever shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.cli import main
from pipeline.core.schema import open_database

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
[newsletter]
name = "A"
from_email = "a@example.org"
[[feeds]]
url = "http://127.0.0.1:1/feed"
"""
SECRET = "hunter2"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rapport.toml").write_text(CONFIG)
    open_database(f"sqlite:///{tmp_path / 'rapport.db'}").close()
    return tmp_path


@pytest.mark.parametrize("to", ["env:NEW_DATABASE", "file:url.txt"])
def test_a_variable_or_a_file_holds_it(folder: Path, monkeypatch: pytest.MonkeyPatch, to: str) -> None:
    monkeypatch.setenv("NEW_DATABASE", "sqlite:///new.db")
    (folder / "url.txt").write_text("sqlite:///new.db\n")
    assert main(["migrate", "--to", to]) == 0
    assert (folder / "new.db").exists()


@pytest.mark.parametrize("to", ["env:NOT_SET", "env:", "file:missing.txt", "file:"])
def test_one_that_holds_none_is_the_operators_mistake(
    folder: Path, capsys: pytest.CaptureFixture[str], to: str
) -> None:
    assert main(["migrate", "--to", to]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://letter:{SECRET}@127.0.0.1:1/letter",
        f"postgresql://letter@127.0.0.1:1/letter?password={SECRET}",
        f"postgresql://letter:pass@{SECRET}@127.0.0.1:1/letter",
        f"postgresql://letter:pass/{SECRET}@127.0.0.1:1/letter",
        f"postgresql://letter:pass:{SECRET}@127.0.0.1:1/letter",
        f"postgresql://letter:{SECRET}@127.0.0.1:port/letter",
        f"postgresql://letter:pass#{SECRET}?@127.0.0.1:1/letter",
        f"postgresql://letter@127.0.0.1:{SECRET}@1/letter",
        f"postgresql:letter:{SECRET}@127.0.0.1",
        f"mysql://letter:{SECRET}@127.0.0.1/letter",
        f"{SECRET}",
    ],
)
def test_whatever_is_wrong_its_password_is_not_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    monkeypatch.setenv("NEW_DATABASE", url)
    for verbose in ([], ["--verbose"], ["--json"]):
        assert main(["migrate", "--to", "env:NEW_DATABASE", *verbose]) in (1, 2)
        said = capsys.readouterr()
        assert SECRET not in said.out + said.err
