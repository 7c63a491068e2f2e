"""Announcing that is killed at random moments and meets every fault: each edition once on each channel."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from pipeline.core.app import Installation
from pipeline.core.tables.channels import announcements
from pipeline.core.tables.editions import editions
from pipeline.core.tables.installation import marks
from subscribers import clock
from tests.doubles import services
from tests.doubles.bluesky import HANDLE, PASSWORD, StrictBluesky
from tests.doubles.mastodon import TOKEN, StrictMastodon
from tests.ledgers import Left, handed_over
from tests.torture.launcher import KILLED

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

    from tests.torture.launcher import Launcher
    from tests.torture.practice import Place

FAULTS = tuple(fault for fault in services.FAULTS if fault != services.LATE)
MOST_RUNS = 60
FIRST = datetime(2020, 1, 1, 9, tzinfo=UTC)
SOON = {
    "pipeline.delivery.channels.ledger._FIRST_WAIT": 0.001,
    "pipeline.delivery.channels.ledger._LONGEST_WAIT": 0.01,
    "pipeline.delivery.channels.calling._LONGEST_WAIT": 0.01,
}
"""Constants of the product by which it waits between two attempts."""

_CONFIG = """
[newsletter]
name = "The Weekly Letter"
from_email = "letter@willow.example"
postal_address = "1 Willow Street, Springfield"
public_url = "https://letter.willow.example"

[[feeds]]
url = "http://127.0.0.1:1/feed"

[database]
url = "{database}"

[[channels]]
name = "fediverse"
kind = "mastodon"
url = "{mastodon}"

[[channels]]
name = "sky"
kind = "bluesky"
url = "{bluesky}"
account = "{handle}"
"""


@dataclass
class Announced:
    """What was counted. ``faults``: what no promise allows."""

    kills: int = 0
    posts: int = 0
    states: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def killed(
    launcher: Launcher,
    place: Place,
    folder: Path,
    chance: random.Random,
    kills: int,
    progress: Callable[[Announced], None] = lambda tally: None,
) -> Announced:
    """Send editions and kill who announces them until so many were killed; then let the rest be announced."""
    tally = Announced()
    folder.mkdir(parents=True, exist_ok=True)
    with StrictMastodon() as mastodon, StrictBluesky() as bluesky:
        url = place.copy(place.base(), folder)
        text = _CONFIG.format(database=url, mastodon=mastodon.url, bluesky=bluesky.url, handle=HANDLE)
        (folder / "rapport.toml").write_text(text)
        secrets = {"RAPPORT_CHANNEL_FEDIVERSE": TOKEN, "RAPPORT_CHANNEL_SKY": PASSWORD}
        secrets["RAPPORT_SECRET"] = "a secret of the torture " * 3

        def run(most: float | None = None) -> int:
            process = launcher.start(folder, "run", environment=secrets, constants=SOON)
            if most is not None and process.wait(most) is None:
                process.kill()
            status = process.end()
            if status not in (KILLED, 0, 1):
                tally.faults.append(f"a run ended with {status}: {process.err}")
            return status

        began = time.monotonic()
        run()  # from now on the channels are known
        usual = time.monotonic() - began
        with Installation.open(folder / "rapport.toml", secrets) as installed:
            number = 0
            while tally.kills < kills and not tally.faults:
                number += 1
                at = FIRST + timedelta(days=number)
                with installed.database.write() as connection:
                    # As after the run that sends: it is not one that found nothing to do.
                    connection.execute(marks.delete().where(marks.c.name == "resting"))
                    handed_over(
                        connection, number, [Left(people=1)], finished_at=clock.now(), provider="sendgrid",
                        due=f"{at:%Y-%m-%dT%H:%M}", due_at=at,
                        posts=[{"title": "A", "url": "https://willow.example/a", "published": None}],
                    )  # fmt: skip
                for service in (mastodon, bluesky):
                    service.faults.extend(chance.choices(FAULTS, k=chance.choice((0, 0, 1, 2))))
                for turn in range(MOST_RUNS):
                    began = time.monotonic()
                    was_killed = run(chance.uniform(0.2, 1.6) * usual) == KILLED
                    tally.kills += was_killed
                    if turn == 0 and not was_killed:
                        # The machine had much else to do when it was measured; else no kill might ever come.
                        usual = min(usual, time.monotonic() - began)
                    if chance.random() < 0.3:
                        break
                _settle(installed, run, mastodon, bluesky)
                _judge(installed, number, mastodon, bluesky, tally)
                progress(tally)
        tally.faults += mastodon.problems + [one for one in bluesky.problems if "RecordNotFound" not in one]
    return tally


def _settle(
    installed: Installation, run: Callable[[], int], mastodon: StrictMastodon, bluesky: StrictBluesky
) -> None:
    for _ in range(MOST_RUNS):
        run()
        with installed.database.read() as connection:
            query = select(announcements.c.state).where(announcements.c.state.in_(("waiting", "posting")))
            if not connection.execute(query).all():
                break
    mastodon.faults.clear()
    bluesky.faults.clear()


def _judge(
    installed: Installation, number: int, mastodon: StrictMastodon, bluesky: StrictBluesky, tally: Announced
) -> None:
    link = f"/archive/weekly-{number}"
    with installed.database.read() as connection:
        query = select(announcements.c.channel, announcements.c.state).where(
            announcements.c.edition_id == number
        )
        states = {row.channel: row.state for row in connection.execute(query)}
        assert connection.scalar(select(editions.c.status).where(editions.c.id == number)) == "sent"
    found = {
        "fediverse": sum(status["text"].endswith(link) for status in mastodon.statuses),
        "sky": sum(record["text"].endswith(link) for record in bluesky.records.values()),
    }
    for channel, posts in found.items():
        state = states.get(channel, "nothing")
        tally.posts += posts
        tally.states[state] += 1
        if posts > 1:
            tally.faults.append(f"weekly-{number} is {posts} times on {channel}")
        if state == "posted" and posts != 1:
            tally.faults.append(f"weekly-{number} is called posted on {channel} and is not there")
        if state not in ("posted", "uncertain"):
            tally.faults.append(f"weekly-{number} is {state} on {channel}: {json.dumps(states)}")
