"""Promise 4 under load: whoever was told that they left stands in no batch handed over after it."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from subscribers.tokens import Purpose, Tokens
from tests.load.morning import Morning, morning
from tests.load.poster import posting
from tests.load.sink import sink

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.load.poster import Answered, Poster
    from tests.load.sink import Arrival

READERS, BATCH, CONNECTIONS = 360, 60, 50
LONGEST = 60.0
"""Seconds that the provider waits for the readers at most."""

DATE = re.compile(rb"date: [^\r]*", re.IGNORECASE)


class Leavers:
    """Readers who leave in step with the sending, so that every batch is claimed while its people leave.

    While the provider has one batch, the readers of the next leave (but for every fourth reader, who stays),
    and it answers when a third of them have been told so: the others and the claim of their batch then run
    for it. The last ten leave when their own batch is already with the provider.
    """

    def __init__(self, day: Morning, poster: Poster) -> None:
        self._day = day
        self._poster = poster
        self.left: dict[int, asyncio.Future[Answered]] = {}
        self.refused: list[asyncio.Future[Answered]] = []

    async def hold(self, number: int) -> None:
        """Be the provider with request ``number``."""
        self._leave(self._leavers(number)[-10:])
        coming = self._leavers(number + 1)[:-10]
        posts = self._leave(coming)
        self.refused += [self._poster.post(path) for path in wrong(self._day, number)]
        if posts:
            await asyncio.wait([posts[len(posts) // 3]], timeout=LONGEST)

    def _leavers(self, number: int) -> list[int]:
        """Who of a batch leaves; nobody of the first: it is on its way before anyone can have the letter."""
        members = self._day.readers[number * BATCH : (number + 1) * BATCH] if number else []
        return [reader for place, reader in enumerate(members) if place % 4]

    def _leave(self, readers: list[int]) -> list[asyncio.Future[Answered]]:
        posts = {reader: self._poster.post(self._day.unsubscribe(reader)) for reader in readers}
        self.left |= posts
        return list(posts.values())


def wrong(day: Morning, number: int) -> Iterator[str]:
    """Paths with tokens that nobody signed, that were cut, or signed for another purpose or practice."""
    stays = day.readers[number * BATCH]
    good = day.token(Purpose.LETTER, stays)
    flipped = "A" if good[20] != "A" else "B"
    yield f"/unsubscribe/{good[:20]}{flipped}{good[21:]}"
    yield f"/unsubscribe/{good[:-4]}"
    yield f"/unsubscribe/{day.token(Purpose.CONFIRM, stays)}"
    yield f"/preferences/{good[:-4]}"
    foreign = Tokens([b"the secret of another practice"])
    yield f"/unsubscribe/{foreign.sign(Purpose.LETTER, stays, day.edition)}"


def test_nobody_is_handed_over_after_they_were_told_that_they_left(database_url: str, tmp_path: Path) -> None:
    asyncio.run(_leave_during_send(tmp_path, database_url))


async def _leave_during_send(folder: Path, database: str) -> None:
    ready: asyncio.Future[Leavers] = asyncio.get_running_loop().create_future()

    async def hold(number: int) -> None:
        await (await ready).hold(number)

    async with (
        sink(hold) as provider,
        morning(folder, database, provider.url, readers=READERS, batch=BATCH) as day,
        day.serving() as address,
        posting(address, CONNECTIONS) as poster,
    ):
        leavers = Leavers(day, poster)
        ready.set_result(leavers)
        assert await day.send() == "sent"
        left = dict(zip(leavers.left, await asyncio.gather(*leavers.left.values()), strict=True))
        refused = await asyncio.gather(*leavers.refused)
    assert {answer.status for answer in left.values()} == {200}
    _judge(provider.arrivals, left, set(day.readers))
    assert day.gone() == set(left)
    assert len(refused) == READERS // BATCH * 5
    assert {answer.status for answer in refused} == {404}
    assert len({(DATE.sub(b"", answer.head), answer.body) for answer in refused}) == 1


def _judge(arrivals: list[Arrival], left: dict[int, Answered], readers: set[int]) -> None:
    mailed = [reader for arrival in arrivals for reader in arrival.people]
    assert len(mailed) == len(set(mailed))
    assert readers - set(left) <= set(mailed)
    # It was a race: some were too late for it, some were not.
    assert set(left) & set(mailed)
    assert set(left) - set(mailed)
    after = [r for a in arrivals for r in a.people if r in left and left[r].at < a.at]
    assert not after, f"{len(after)} were told that they had left, and then handed over"
    # Stricter: no answer while a request that holds the person has none.
    during = [r for a in arrivals for r in a.people if r in left and left[r].at < a.answered]
    assert not during, f"{len(during)} were told that they had left while they were being handed over"
