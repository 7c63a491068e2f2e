"""`make bench`: what the stages cost, each beside the floor that no program of ours can go below.

Figures differ from machine to machine; the ratio to the floor holds better.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.cli.sample.blog import SampleBlog
from pipeline.core.app import Installation
from pipeline.core.config import Config
from pipeline.core.schema import open_database
from pipeline.core.templates import PACKAGED
from pipeline.editions.compose import compose
from pipeline.feeds import Entry, posts
from pipeline.feeds.first_seen import register
from pipeline.feeds.pull import pull
from tests.bench import (
    archive,
    beside,
    dashboard,
    fleet,
    handing_over,
    importing,
    leaving,
    reading,
    signing_up,
    smtp,
    typing,
)
from tests.bench.figures import RUNS, median, show
from tests.browser import CHROMIUM, chromium
from tests.web.dashboard.reload import reload_times

if TYPE_CHECKING:
    from pipeline.core.sections.digest import Digest

WORDS = "A sentence that says something. And another one, a little longer, that goes on. " * 4


def main() -> None:
    print(f"{'what':<44}{'ours':>10}{'floor':>10}{'ratio':>8}   floor")
    start_up()
    with SampleBlog(datetime.now(UTC)) as blog, tempfile.TemporaryDirectory() as folder:
        stages(blog.feed_url, Path(folder))
        memory(blog.feed_url, Path(folder))
        reload(Path(folder), blog.feed_url)
    reading.main()
    importing.main()
    signing_up.main()
    archive.main()
    dashboard.main()
    beside.main()
    typing.main()
    leaving.main()
    handing_over.main()
    fleet.main()
    smtp.main()


def start_up() -> None:
    rapport = Path(sys.executable).with_name("rapport")
    ours = median(lambda: subprocess.run([rapport, "--help"], capture_output=True, check=True))
    floor = median(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
    show("start-up: rapport --help", ours, floor, "python -c pass")
    with tempfile.TemporaryDirectory() as folder:
        nothing_due(rapport, Path(folder), ours)


def nothing_due(rapport: Path, folder: Path, floor: float) -> None:
    """A run with nothing due: a whole one, as on PostgreSQL and after a while, and those that follow it."""
    (folder / "rapport.toml").write_text(
        '[newsletter]\nname = "Bench"\nfrom_email = "a@example.org"\n[[feeds]]\nurl = "http://127.0.0.1:1/"\n'
        '[[digests]]\nname = "weekly"\n'
    )

    def run() -> None:
        subprocess.run([rapport, "run"], cwd=folder, capture_output=True, check=True)

    def whole() -> None:
        with contextlib.closing(sqlite3.connect(folder / "rapport.db")) as database, database:
            database.execute("DELETE FROM marks")
        run()

    run()
    show("run, nothing due: a whole one", median(whole), floor, "rapport --help")
    show("run, nothing due: within 15 minutes of it", median(run), floor, "rapport --help")


def stages(feed: str, folder: Path) -> None:
    import feedparser
    from mjml import mjml2html

    config = Config.model_validate(
        {
            "newsletter": {"name": "Bench", "from_email": "a@example.org", "postal_address": "1 Main Street"},
            "feeds": [{"url": feed}],
            "digests": [{"name": "weekly", "backlog": "520w"}],
        }
    )
    fresh = iter(range(10_000))

    def opened() -> Installation:
        database = open_database(f"sqlite:///{folder / f'{next(fresh)}.db'}")
        return Installation(config, folder, database)

    def parse_only() -> None:
        with urllib.request.urlopen(feed) as answer:
            feedparser.parse(answer.read())

    installations = [opened() for _ in range(RUNS + 1)]
    floor = median(parse_only)
    first = iter(installations)
    show(
        "pull: nine posts, the first time",
        median(lambda: pull(next(first).database, config)),
        floor,
        "GET and feedparser",
    )
    one = installations[0]
    show("pull: not modified", median(lambda: pull(one.database, config)), floor, "GET and feedparser")

    digest = config.digests[0]
    composed = compose(one, digest)
    assert composed.edition is not None
    assert len(composed.edition.posts) == 6
    mjml = _mjml(one, digest)
    floor = median(lambda: mjml2html(mjml, fonts={}))
    show(
        "compose: six posts to HTML and text, kept",
        median(lambda: compose(one, digest)),
        floor,
        "MJML to HTML alone",
    )
    print(f"\nHTML of six posts: {len(composed.edition.html) / 1024:.1f} KB (Gmail clips at 102)")


def _mjml(installation: Installation, digest: Digest) -> str:
    """The MJML that the letter is made of, caught on its way."""
    from pipeline.letter import mjml

    caught: list[str] = []
    real = mjml.html_of

    def watched(source: str, *others: Any) -> str:
        caught.append(source)
        return real(source, *others)

    mjml.html_of = watched
    try:
        compose(installation, digest)
    finally:
        mjml.html_of = real
    return caught[0]


def memory(feed: str, folder: Path) -> None:
    """Peak memory of a process that composes from a database of 200 posts."""
    many = folder / "many"
    many.mkdir()
    (many / "rapport.toml").write_text(
        f'[newsletter]\nname = "Bench"\nfrom_email = "a@example.org"\n[[feeds]]\nurl = "{feed}"\n'
        '[[digests]]\nname = "weekly"\nbacklog = "520w"\n'
    )
    installation = Installation.open(many / "rapport.toml")
    at = datetime.now(UTC)
    entries = [
        Entry(
            f"the-guid-of-post-{n}",
            f"https://example.org/{n}",
            f"Post {n}",
            at,
            "Ada",
            (),
            WORDS,
            900,
            None,
            None,
        )
        for n in range(200)
    ]
    with installation.database.write() as connection:
        register(connection, installation.config, at)
        posts.store(connection, 1, entries, at=at, initial=True)
    code = (
        "import resource, sys; from pipeline.cli import main; main(['compose', 'weekly', '--json']);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=many, capture_output=True, text=True, check=True)
    print(f"Peak memory of `rapport compose` with 200 posts in the database: {ran.stdout.split()[-1]} MB")


def reload(folder: Path, feed: str) -> None:
    """From a template's being written to the new letter in Chromium."""
    if not CHROMIUM.exists():
        print(f"Reload of the preview: left out, there is no Chromium at {CHROMIUM}")
        return
    own = folder / "own"
    shutil.copytree(PACKAGED / "letter", own / "letter")
    (folder / "rapport.toml").write_text(
        f'[newsletter]\nname = "Bench"\nfrom_email = "a@example.org"\n[[feeds]]\nurl = "{feed}"\n'
        '[theme]\ntemplates = "own"\n'
    )
    command = [Path(sys.executable).with_name("rapport"), "preview", "--port", "0", "--json"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as preview:
        try:
            assert preview.stdout
            address = json.loads(preview.stdout.readline())["address"]
            with chromium() as browser:
                page = browser.new_page()
                page.goto(address)
                times = [
                    seconds * 1000 for seconds in reload_times(page, own / "letter" / "digest.mjml", RUNS)
                ]
        finally:
            preview.terminate()  # otherwise its end would be waited for, for ever
    print(
        "Reload of the preview, from template written to letter in Chromium: "
        f"median {statistics.median(times):.0f} ms, {min(times):.0f} to {max(times):.0f}"
    )


if __name__ == "__main__":
    main()
