"""A project folder as an operator has one, and the installed command run in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.doubles.blog import Blog

if TYPE_CHECKING:
    from collections.abc import Iterator

RAPPORT = Path(sys.executable).with_name("rapport")

CONFIG = """
[newsletter]
name = "The Weekly Letter"
from_email = "letter@example.org"
from_name = "Example Practice"
reply_to = "hello@example.org"
postal_address = "1 Main Street, Springfield"
notice = "This letter is not therapy. In an emergency call your local emergency number."
public_url = "https://letter.example.org"
timezone = "America/New_York"

[[feeds]]
url = "{feed}"

[[digests]]
name = "weekly"
{digest}

[match]
url = "https://example.org/contact"
{more}
"""


@dataclass
class Project:
    """A folder with a rapport.toml; ``rapport(...)`` runs the installed command in it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def configure(self, feed: str, *, digest: str = "", more: str = "") -> None:
        text = CONFIG.format(feed=feed, digest=digest, more=more)
        (self.folder / "rapport.toml").write_text(text)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [RAPPORT, *arguments],
            cwd=self.folder,
            env={k: v for k, v in os.environ.items() if k != "RAPPORT_SECRET"} | self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def rapport(self, *arguments: str, status: int = 0) -> str:
        """Run the command, hold it to an exit status, and give what it printed."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        assert process.returncode == status, f"exit {process.returncode}\n{out}\n{err}"
        assert "Traceback" not in err
        return out if status == 0 else out + err

    def json(self, *arguments: str, status: int = 0) -> Any:
        process = self.start(*arguments, "--json")
        out, err = process.communicate(timeout=120)
        assert process.returncode == status, f"exit {process.returncode}\n{out}\n{err}"
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
def project(tmp_path: Path, blog: Blog) -> Project:
    """A project whose feed is the test's blog, sending to the outbox."""
    made = Project(tmp_path)
    made.configure(blog.url)
    return made
