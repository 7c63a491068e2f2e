"""`make bench`: what the stages cost, each beside the floor that no program of ours can go below.

Figures differ from machine to machine; the ratio to the floor holds better.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.compose import compose
from pipeline.config import Config, Digest
from pipeline.database import open_database
from pipeline.demo.blog import SampleBlog
from pipeline.installation import Installation
from pipeline.pull import pull

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 9


def main() -> None:
    print(f"{'what':<44}{'ours':>10}{'floor':>10}{'ratio':>8}   floor")
    start_up()
    with SampleBlog(datetime.now(UTC)) as blog, tempfile.TemporaryDirectory() as folder:
        stages(blog.feed_url, Path(folder))


def start_up() -> None:
    rapport = Path(sys.executable).with_name("rapport")
    ours = median(lambda: subprocess.run([rapport, "--help"], capture_output=True, check=True))
    floor = median(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
    show("start-up: rapport --help", ours, floor, "python -c pass")


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
    from pipeline.letter import render

    caught: list[str] = []
    real = render._html
    render._html = lambda mjml, own: caught.append(mjml) or real(mjml, own)  # type: ignore[func-returns-value]
    try:
        compose(installation, digest)
    finally:
        render._html = real
    return caught[0]


def median(work: Callable[[], object]) -> float:
    """Median seconds of RUNS runs, after one that does not count."""
    work()
    taken = []
    for _ in range(RUNS):
        before = time.perf_counter()
        work()
        taken.append(time.perf_counter() - before)
    return statistics.median(taken)


def show(what: str, ours: float, floor: float, of: str) -> None:
    print(f"{what:<44}{ours * 1000:>7.1f} ms{floor * 1000:>7.1f} ms{ours / floor:>7.1f}×   {of}")


if __name__ == "__main__":
    main()
