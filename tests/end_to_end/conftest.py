"""A project folder as an operator has one, and the installed command run in it."""

from __future__ import annotations

import io
import json
import os
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.cli import main
from tests import commands
from tests.doubles.blog import Blog
from tests.waiting import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RAPPORT = commands.INSTALLED

CONFIG = """
[newsletter]
name = "The Weekly Letter"
from_email = "letter@example.org"
from_name = "Willow Practice"
reply_to = "answers@example.org"
postal_address = "1 Willow Street, Springfield"
notice = "This letter is not therapy. In an emergency call your local emergency number."
public_url = "https://letter.example.org"
timezone = "America/New_York"

[[feeds]]
url = "{feed}"

[[digests]]
name = "weekly"
{digest}

[match]
url = "https://example.org/get-matched"
{more}
"""


@dataclass
class Project:
    """A folder with a rapport.toml; ``rapport(...)`` runs the command in it.

    Tests marked ``installed`` run the command in a process each time. The others go through the same
    door, `pipeline.cli.main`, without the second that a process takes to start.
    """

    folder: Path
    installed: bool
    real: bool = False
    """Whether a command that is started is the installed one itself, not a fork (tests/commands)."""
    environment: dict[str, str] = field(default_factory=dict)

    def configure(self, feed: str, *, digest: str = "", more: str = "") -> None:
        text = CONFIG.format(feed=feed, digest=digest, more=more)
        (self.folder / "rapport.toml").write_text(text)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The command, running."""
        return subprocess.Popen(
            [RAPPORT if self.real else commands.command(), *arguments],
            cwd=self.folder,
            env=self._variables(),
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def _variables(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if name != "RAPPORT_SECRET"}
        return ours | self.environment

    def _run(self, arguments: tuple[str, ...]) -> tuple[int, str, str]:
        if self.installed:
            process = self.start(*arguments)
            out, err = process.communicate(timeout=LONGEST)
            return process.returncode, out, err
        out_file, err_file = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out_file), redirect_stderr(err_file):
            patch.chdir(self.folder)
            patch.delenv("RAPPORT_SECRET", raising=False)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            status = main(arguments)
        return status, out_file.getvalue(), err_file.getvalue()

    def rapport(self, *arguments: str, status: int = 0) -> str:
        """Run the command, hold it to an exit status, and give what it printed."""
        ended, out, err = self._run(arguments)
        assert ended == status, f"exit {ended}\n{out}\n{err}"
        assert "Traceback" not in err
        return out if status == 0 else out + err

    def json(self, *arguments: str, status: int = 0) -> Any:
        ended, out, err = self._run((*arguments, "--json"))
        assert ended == status, f"exit {ended}\n{out}\n{err}"
        assert "Traceback" not in err
        return json.loads(out)

    def outbox(self) -> list[Path]:
        return sorted((self.folder / "outbox").glob("*.eml"))

    def subscribe(self, number: int) -> None:
        """Import readers reader1@example.net to readerN@example.net."""
        rows = "".join(f"reader{n}@example.net,Reader {n}\n" for n in range(1, number + 1))
        (self.folder / "readers.csv").write_text("email,name\n" + rows)
        self.rapport("subscribers", "import", "readers.csv", "--consent", "Signed up on paper")


@pytest.fixture
def blog() -> Iterator[Blog]:
    with Blog() as served:
        yield served


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path, blog: Blog, sqlite_url: str) -> Project:
    """A project whose feed is the test's blog, sending to the outbox; its database is made already."""
    made = Project(tmp_path, installed=request.node.get_closest_marker("installed") is not None)
    made.configure(blog.url)
    return made
