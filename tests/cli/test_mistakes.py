"""Mistakes on the command line: a wrong name is answered with the nearest, and a failure is told once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
import pytest

from pipeline.cli import cli, main
from pipeline.cli.group import summary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = """[newsletter]
name = "The Weekly Letter"
from_email = "letter@willow.example"
postal_address = "1 Willow Street"
[[feeds]]
url = "http://127.0.0.1:9/feed"
[[digests]]
name = "weekly"
[[digests]]
name = "monthly"
[match]
url = "https://willow.example/contact"
"""


@pytest.fixture
def practice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration whose feed answers nobody."""
    (tmp_path / "rapport.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RAPPORT_SECRET", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("previw", "Did you mean `rapport preview`?"),
        ("Compose", "Did you mean `rapport compose`?"),
        ("editions shwo weekly-1", "Did you mean `rapport editions show`?"),
        ("subscribers improt list.csv", "Did you mean `rapport subscribers import`?"),
        ("digests renme a b", "Did you mean `rapport digests rename`?"),
        ("posts keepout 1", "Did you mean `rapport posts keep-out`?"),
        ("import list.csv", "Did you mean `rapport subscribers import`?"),
        ("approve weekly-1", "Did you mean `rapport editions approve`?"),
        ("zzz", "There are: init, demo, pull,"),
        ("preview --prot 1", "--port"),
        ("preview --port abc", "abc is no port: write a number from 0 to 65535"),
        ("serve --port 99999", "99999 is no port"),
        (
            "compose weekyl",
            "There is no digest weekyl.\nDid you mean weekly? The configuration has: weekly, monthly.",
        ),
        ("subscribers add a@example.net --consent x --digest montly", "Did you mean monthly?"),
        ("--config . pull", "it is a folder"),
        ("--config gone.toml pull", "Make one with `rapport init`"),
    ],
)
@pytest.mark.usefixtures("practice")
def test_a_wrong_word_is_answered_with_the_nearest(
    typed: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(typed.split()) == 2
    assert says in capsys.readouterr().err


def commands(group: click.Group, path: str = "rapport") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


def test_each_commands_summary_is_one_whole_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    said = {path: summary(command) for path, command in commands(cli)}
    assert len(said) > 35
    assert [path for path, words in said.items() if not words.endswith(".") or ". " in words] == []
    for path in ("rapport", *(path for path, command in commands(cli) if isinstance(command, click.Group))):
        main([*path.split()[1:], "--help"])
        shown = " ".join(capsys.readouterr().out.split())
        below = [words for one, words in said.items() if one.rpartition(" ")[0] == path]
        assert [words for words in below if words not in shown] == []


@pytest.mark.parametrize("command", ["check weekly", "preview weekly --out seen"])
def test_with_no_feed_and_nothing_read_before_there_is_nothing_to_look_at(
    command: str, practice: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command.split()) == 1
    told = capsys.readouterr()
    assert told.err.count("cannot be reached") == 1
    assert "So there is no letter to look at: there are no new posts." in told.err
    assert ".." not in told.err
    assert not (practice / "seen").exists()
    assert main([*command.split(), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "feed"


@pytest.mark.usefixtures("practice")
def test_a_run_that_fails_tells_the_reason_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "weekly", "--now"]) == 1
    told = capsys.readouterr()
    assert (told.out + told.err).count("cannot be reached") == 1
