"""What a page of the archive takes with 200 letters in it, beside a bare page of the same server.

`python -m tests.bench.archive`.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.core.app import Installation
from pipeline.editions.edition import EditionStatus
from pipeline.editions.store import change, create
from pipeline.feeds.first_seen import register
from subscribers import clock
from tests.bench.figures import median, show
from tests.bench.signing_up import CONFIG
from tests.letter.samples import INTRO, letter, sample_blog

LETTERS = 200
BARE = "/robots.txt"
PAGES = {
    "a letter's page": f"/archive/weekly-{LETTERS}",
    "the list": "/archive",
    "the front page": "/",
    "the RSS feed, whole letters": "/archive/feed.xml",
    "a card, drawn before": f"/archive/weekly-{LETTERS}/card.png",
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rapport.toml").write_text(CONFIG)
        _fill(Path(folder))
        command = [Path(sys.executable).with_name("rapport"), "serve", "--no-scheduler"]
        command += ["--port", "0", "--json"]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as serving:
            assert serving.stdout
            host = urlsplit(json.loads(serving.stdout.readline())["address"]).netloc
            connection = http.client.HTTPConnection(host, timeout=30)
            print(f"\nThe archive, {LETTERS} letters")
            floor = median(lambda: _get(connection, BARE))
            for what, path in PAGES.items():
                show(what, median(lambda path=path: _get(connection, path)), floor, BARE)  # type: ignore[misc]
            connection.close()
            serving.terminate()


def _fill(folder: Path) -> None:
    made = letter(sample_blog(), intro=INTRO)
    with Installation.open(folder / "rapport.toml", {}) as opened, opened.database.write() as connection:
        register(connection, opened.config, clock.now())
        digest, zone = opened.config.digests[0], opened.config.newsletter.zone
        for number in range(LETTERS):
            at = clock.now() - timedelta(weeks=LETTERS - number)
            edition = create(
                connection, digest, f"{at:%Y-%m-%d}T09:00", zone, status=EditionStatus.SENT, snapshot_at=at
            )
            change(connection, edition.id, subject=f"{made.subject} {number}", html=made.html, text=made.text)


def _get(connection: http.client.HTTPConnection, path: str) -> None:
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, (path, answer.status)


if __name__ == "__main__":
    main()
