"""Reading feeds: what a document costs in the child that parses it, and what a hostile one costs others."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import closing
from html import escape
from pathlib import Path

from sqlalchemy import select

from pipeline.core.database import Database
from pipeline.core.tables.feeds import feeds, posts
from pipeline.feeds.parsing import sandbox
from tests.bench.figures import median, show
from tests.doubles.blog import PARAGRAPH, Blog, Item
from tests.processes import children, most_memory

LONG_POSTS = 100
HOSTILE = b"<rss version='2.0'><channel><title>x</title><item><title>x</title><description>%b" % (
    escape("<i>a</i><sup>2</sup>").encode() * 200_000
)
"""Nearly as much as is fetched at all, and all of it marks: reading it passes the limits."""


def main() -> None:
    parsing()
    beside_a_hostile_one()


def parsing() -> None:
    import feedparser

    blog = Blog([Item(f"Post {n}", guid=str(n), body=f"<p>{PARAGRAPH}</p>" * 60) for n in range(LONG_POSTS)])
    with blog:
        body = blog.feed()
    ours = median(lambda: sandbox.read(body, url="https://blog.example/feed"))
    floor = median(lambda: feedparser.parse(body))
    show(f"parse: {LONG_POSTS} long posts, {len(body) / 1e6:.1f} MB", ours, floor, "feedparser")
    sandbox.close()


def beside_a_hostile_one() -> None:
    """At the limits as they are: when the good feed's post is there, when the hostile one is refused."""
    with tempfile.TemporaryDirectory() as name, Blog(body=HOSTILE) as bad, Blog([Item("A walk")]) as good:
        folder = Path(name)
        (folder / "rapport.toml").write_text(
            '[newsletter]\nname = "Bench"\nfrom_email = "a@example.org"\n'
            f'[[feeds]]\nurl = "{bad.url}"\n[[feeds]]\nurl = "{good.url}"\n'
        )
        rapport = Path(sys.executable).with_name("rapport")
        subprocess.run([rapport, "posts"], cwd=folder, capture_output=True, check=True)
        command = [rapport, "serve", "--port", "0", "--json"]
        with subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as served:
            assert served.stdout
            address = json.loads(served.stdout.readline())["address"]
            try:
                with closing(Database(f"sqlite:///{folder / 'rapport.db'}")) as database:
                    _watch(database, address, served.pid, bad.url)
            finally:
                served.terminate()


def _watch(database: Database, address: str, pid: int, bad: str) -> None:
    began, there, slowest, most = time.monotonic(), 0.0, 0.0, 0
    while True:
        before = time.monotonic()
        urllib.request.urlopen(f"{address}/healthz", timeout=30).close()
        slowest = max(slowest, time.monotonic() - before)
        most = max([most, *map(most_memory, children(pid))])
        with database.read() as connection:
            if not there and connection.scalar(select(posts.c.id)):
                there = time.monotonic() - began
            found = connection.execute(select(feeds).where(feeds.c.url == bad)).one_or_none()
        if found and found.tried_at:
            break
        time.sleep(0.01)
    print(
        f"A hostile document of {len(HOSTILE) / 1e6:.1f} MB in `rapport serve`: "
        f"{'refused' if found.error else f'read but for {found.unread} post'} after "
        f"{time.monotonic() - began:.1f} s, at {most // 1_000_000} MB; another feed's post was there after "
        f"{there:.1f} s; the slowest answer of /healthz meanwhile took {slowest * 1000:.0f} ms"
    )


if __name__ == "__main__":
    main()
