"""A strict SendGrid with moods: it takes its time, and now and then it does what a bad day does."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from tests.doubles.sendgrid import Answer, CloseAfter, Hang, Raw, Reset, StrictSendGrid

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from tests.doubles.sendgrid.faults import Fault

HANGS = 1.2
"""Seconds; longer than `practice.TIMEOUT`, so that nobody reads the answer any more."""

_NOW = {"Retry-After": "0"}

FAULTS: tuple[Fault, ...] = (
    Hang(HANGS, accept=True),
    Hang(HANGS),
    Reset(accept=True),
    Reset(),
    Reset(read=False),
    Answer(429, _NOW),
    Answer(500, _NOW),
    Answer(503, _NOW),
    Answer(502, body=b"<html>Bad gateway</html>", accept=True),
    Answer(502, body=b"<html>Bad gateway</html>"),
    Answer(413),
    Raw(b"HTTP/1.1 202 Acc", accept=True),
    CloseAfter(),
)


class MoodySendGrid(StrictSendGrid):
    """``pace`` seconds pass before it takes a request and again before it answers, each drawn from 0 to that.

    ``faults`` are done to the share of requests that ``share`` says; both by chance of ``chance``.
    ``meanwhile`` is called with the number of each request it has taken, from 1, before it answers; what it
    raises is kept in ``troubles``.
    """

    def __init__(
        self,
        chance: random.Random,
        *,
        pace: float = 0.0,
        share: float = 0.0,
        faults: Sequence[Fault] = FAULTS,
        meanwhile: Callable[[int], object] = lambda number: None,
    ) -> None:
        super().__init__()
        self.meanwhile = meanwhile
        self.troubles: list[Exception] = []
        self._chance, self._pace, self._share, self._moods = chance, pace, share, faults

    def next_fault(self) -> Fault | None:
        planned = super().next_fault()
        if planned is None and self._chance.random() < self._share:
            return self._chance.choice(self._moods)
        return planned

    def take(self, body: bytes) -> list[tuple[str, str | None]] | str:
        time.sleep(self._chance.uniform(0, self._pace))
        taken = super().take(body)
        if isinstance(taken, str):
            try:
                self.meanwhile(self.requests)
            except Exception as error:
                self.troubles.append(error)
        time.sleep(self._chance.uniform(0, self._pace))
        return taken

    @property
    def accepted(self) -> Counter[tuple[str, str]]:
        """How often it took each address, by edition and address."""
        return Counter(
            (payload["custom_args"]["edition"], person["email"])
            for payload in self.payloads
            for part in payload["personalizations"]
            for person in part["to"]
        )
