"""`rapport staff log`: what staff did by command, newest first."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pipeline.cli import main
from subscribers.staff_log import user
from tests.doubles.blog import Blog, Item

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

CONFIG = """
[newsletter]
name = "The Weekly Letter"
from_email = "letter@example.org"
postal_address = "1 Main Street, Springfield"
[[feeds]]
url = "{feed}"
[[digests]]
name = "weekly"
approval = "required"
[match]
url = "https://example.org/contact"
"""


def test_each_decision_is_there_with_who_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.csv").write_text("email\njane@example.net\n")
    with Blog([Item("A calm morning", datetime.now(UTC) - timedelta(days=1))]) as blog:
        (tmp_path / "rapport.toml").write_text(CONFIG.format(feed=blog.url))
        assert main(["staff", "log"]) == 0
        for command in (
            "subscribers import list.csv --consent agreed",
            "pull",
            "compose weekly",
            "editions edit weekly-1 --subject Calm",
            "editions approve weekly-1",
            "editions hold weekly-1",
            "editions resume weekly-1",
            "editions skip weekly-1",
            "posts keep-out 1",
            "posts let-in 1",
            "subscribers suppress jane@example.net --reason asked",
            "subscribers lift jane@example.net --reason asked",
            "subscribers export --out out.csv",
            "backup kept.tar.gz",
            "subscribers forget jane@example.net --yes",
            "subscribers forget nobody@example.net --yes",
            "subscribers add joan@example.net --consent agreed",
            "digests rename weekly calm",
        ):
            assert main(command.split()) == 0, command
    assert "Nobody has decided anything yet." in capsys.readouterr().out
    assert main(["staff", "log", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["log"]
    assert [(one["action"], one["about"]) for one in found] == [
        ("rename", ""),
        ("add", "subscriber 2"),
        ("forget", "an address that is not on the list"),
        ("forget", "subscriber 1"),
        ("export", ""),
        ("export", ""),
        ("lift", "subscriber 1"),
        ("suppress", "subscriber 1"),
        ("let-in", "post 1"),
        ("keep-out", "post 1"),
        ("skip", "weekly-1"),
        ("resume", "weekly-1"),
        ("hold", "weekly-1"),
        ("approve", "weekly-1"),
        ("edit", "weekly-1"),
        ("import", ""),
    ]
    assert {one["actor"] for one in found} == {user()}
    assert [one["detail"] for one in found if one["action"] in ("export", "import")] == [
        "a backup, to kept.tar.gz", "the list, to out.csv", "import of list.csv",
    ]  # fmt: skip
    assert "example.net" not in json.dumps(found)
    assert main(["staff", "log"]) == 0
    assert f"{user()}: approve weekly-1" in capsys.readouterr().out
