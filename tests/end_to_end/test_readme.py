"""The README's session is what the commands print; `python -m tests.end_to_end.test_readme` renews it."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from pipeline.cli.sample.blog import SampleBlog
from tests import commands

README = Path(__file__).parents[2] / "README.md"
SITE = "harbourlane.example"
COMMANDS = (
    f"rapport init practice --blog {SITE}",
    "cd practice",
    "rapport check",
    'rapport subscribers add you@example.net --consent "Asked for it myself"',
    "rapport run --now",
    "ls outbox",
)
TIME = re.compile(r"\b[A-Z][a-z]{2} \d{1,2} [A-Z][a-z]{2}(?: \d{4})?(?:, \d{1,2}:\d\d)?")
FILE = re.compile(r"-[0-9a-f]{12}\.eml")


def session() -> str:
    """The commands and what they print, run one after another in one shell, on the sample blog."""
    with SampleBlog(datetime.now(UTC)) as blog, tempfile.TemporaryDirectory() as folder:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("RAPPORT_")}
        environment["PATH"] = f"{commands.command().parent}{os.pathsep}{environment['PATH']}"
        lines = ["set -e"]
        for command in COMMANDS:
            shown = command.replace("'", "'\\''")
            lines += [
                f"printf '%s\\n' '$ {shown}'",
                command.replace(SITE, blog.site_url.removeprefix("http://")),
            ]
        ran = subprocess.run(
            ["bash", "-c", "\n".join(lines)], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout.replace(blog.site_url, f"https://{SITE}")


def written() -> str:
    return README.read_text().partition("<!-- session -->\n")[2].partition("<!-- /session -->")[0]


def timeless(text: str) -> str:
    return FILE.sub("-CONTENT.eml", TIME.sub("TIME", text))


def test_the_session_is_what_the_commands_print() -> None:
    assert timeless(written()) == timeless(f"```console\n{session()}```\n")


def test_the_commands_of_the_readme_exist() -> None:
    from pipeline.cli import COMMANDS as known

    named = set(re.findall(r"`rapport ([a-z]+)", README.read_text()))
    assert named
    assert named <= set(known)


if __name__ == "__main__":
    before, _, rest = README.read_text().partition("<!-- session -->\n")
    after = rest.partition("<!-- /session -->")[2]
    README.write_text(f"{before}<!-- session -->\n```console\n{session()}```\n<!-- /session -->{after}")
