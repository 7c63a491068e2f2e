"""What a page of the dashboard takes with 100,000 readers and 200 letters, beside a bare page of its server.

`python -m tests.bench.dashboard`.
"""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from pipeline.cli.sample.blog import SampleBlog
from pipeline.core.app import Installation
from pipeline.editions.compose import compose
from pipeline.editions.edition import EditionStatus
from pipeline.editions.store import change, create
from pipeline.feeds.first_seen import register
from pipeline.feeds.pull import pull
from subscribers import clock
from tests.bench.figures import median, show
from tests.bench.handing_over import subscribe
from tests.letter.samples import INTRO, letter, sample_blog

if TYPE_CHECKING:
    from collections.abc import Callable

READERS, LETTERS = 100_000, 200
BARE = "/static/dashboard.css"
PAGES = {
    "this week": "/",
    "the letter in its frame": "/frame",
    "an earlier letter": "/?edition=weekly-100",
}
CONFIG = """
[newsletter]
name = "Bench"
from_email = "a@example.org"
postal_address = "1 Main Street"
[[feeds]]
url = "{feed}"
[[digests]]
name = "weekly"
"""


def main() -> None:
    with SampleBlog(datetime.now(UTC)) as blog, tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rapport.toml").write_text(CONFIG.format(feed=blog.feed_url))
        _fill(Path(folder))
        command = [Path(sys.executable).with_name("rapport"), "preview", "--port", "0", "--json"]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as serving:
            assert serving.stdout
            host = urlsplit(json.loads(serving.stdout.readline())["address"]).netloc
            connection = http.client.HTTPConnection(host, timeout=30)
            print(f"\nThe dashboard, {READERS:,} readers and {LETTERS} letters")
            floor = median(lambda: _get(connection, BARE))
            for what, path in PAGES.items():
                show(what, median(lambda path=path: _get(connection, path)), floor, BARE)  # type: ignore[misc]
            edit = _editing(connection, host)
            show("a change of the letter, until it is kept", median(edit), floor, BARE)
            connection.close()
            serving.terminate()


def _fill(folder: Path) -> None:
    made = letter(sample_blog(), intro=INTRO)
    with Installation.open(folder / "rapport.toml", {}) as opened:
        assert opened.database.path
        with opened.database.write() as connection:
            register(connection, opened.config, clock.now())
            digest, zone = opened.config.digests[0], opened.config.newsletter.zone
            for number in range(LETTERS):
                at = clock.now() - timedelta(weeks=LETTERS - number)
                due = f"{at:%Y-%m-%d}T09:00"
                one = create(connection, digest, due, zone, status=EditionStatus.SENT, snapshot_at=at)
                change(connection, one.id, subject=f"{made.subject} {number}", html=made.html, text=made.text)
        subscribe(opened.database.path, READERS)
        pull(opened.database, opened.config)
        compose(opened, digest)


def _get(connection: http.client.HTTPConnection, path: str) -> str:
    connection.request("GET", path)
    answer = connection.getresponse()
    content = answer.read().decode()
    assert answer.status == 200, (path, answer.status)
    return content


def _editing(connection: http.client.HTTPConnection, host: str) -> Callable[[], None]:
    page = _get(connection, "/")
    hidden = dict(re.findall(r'name="(csrf|edition)" value="([^"]+)"', page))
    fresh = iter(range(10_000))

    def edit() -> None:
        form = urlencode(hidden | {"intro": f"Number {next(fresh)}"})
        headers = {"content-type": "application/x-www-form-urlencoded", "origin": f"http://{host}"}
        connection.request("POST", "/edit", form, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 303

    return edit


if __name__ == "__main__":
    main()
