"""SendGrid's own suppression lists: GET /v3/suppression/… (API reference, suppressions).

The list of blocks is left out: a block is about a message, and SendGrid goes on mailing the addresses on it.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pipeline.core.environment import SENDGRID_KEY
from pipeline.core.errors import ProviderError
from pipeline.core.words import sentence
from pipeline.providers import NO_CREDITS
from pipeline.providers.redact import without_address
from pipeline.providers.sendgrid.answer import NO_CREDITS_REMEDY, wait_of, without_credits
from subscribers import clock
from subscribers.addresses import normalise
from subscribers.errors import SubscriberError
from subscribers.suppression import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LISTS = {
    "bounces": Reason.BOUNCED,
    "invalid_emails": Reason.BOUNCED,
    "spam_reports": Reason.COMPLAINED,
    "unsubscribes": Reason.UNSUBSCRIBED,
}

PAGE = 500
"""Entries asked for at once: the most that SendGrid gives (API reference, parameter limit)."""

_MOST_BODY = 8 * 1024 * 1024
_TRIES = 5
_LONGEST_WAIT = 60.0


@dataclass(frozen=True, slots=True)
class Listed:
    """A normalised address on one of the lists; ``said`` is the reason, without the address."""

    address: str
    at: datetime
    said: str


class SuppressionLists:
    """SendGrid's lists over one kept connection."""

    def __init__(
        self, *, api_key: str, api_url: str, timeout: float, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        # Here and not above: the package pulls in cryptography and werkzeug, and start-up stays light.
        from pipeline.providers.sendgrid import client

        self._connection = client.connection_to(api_url, timeout, _MOST_BODY)
        self._lists = client.connect(api_key, api_url.rstrip("/"), self._connection).client.suppression
        self._sleep = sleep

    def pages(self, name: str) -> Iterator[list[Listed | None]]:
        """One of LISTS, page by page; None for an entry that names no address.

        Raises ProviderError when a page cannot be had.
        """
        offset, before = 0, None
        # Until the first empty page. A server that gives fewer entries than were asked for may have no more,
        # or may give no more at once.
        while entries := self._page(name, offset):
            if entries == before:
                raise _failed(name, "it gives the same page again and again")
            yield [_listed(entry) for entry in entries]
            offset, before = offset + len(entries), entries

    def close(self) -> None:
        self._connection.close()

    def _page(self, name: str, offset: int) -> list[Any]:
        from pipeline.providers import http

        for left in reversed(range(_TRIES)):
            try:
                answer = getattr(self._lists, name).get(query_params={"limit": PAGE, "offset": offset})
            except (http.NotSent, http.NoAnswer) as error:
                raise _failed(name, str(error)) from None
            if answer.status_code == 429 and left:
                wait = wait_of(answer.headers)
                self._sleep(min(1.0 if wait is None else wait, _LONGEST_WAIT))
                continue
            return _entries(name, answer.status_code, answer.body)
        raise AssertionError("the last try returns or raises")

    def __enter__(self) -> SuppressionLists:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _entries(name: str, status: int, body: bytes) -> list[Any]:
    if status in (401, 402, 403) and without_credits(body):
        raise ProviderError(f"{NO_CREDITS} ({status}).", NO_CREDITS_REMEDY)
    if status in (401, 403):
        raise ProviderError(
            f"SendGrid does not show its list of {_words(name)} to this API key ({status}).",
            "Give the key the scope suppression.read (Settings, API Keys, Suppressions), or check "
            f"{SENDGRID_KEY}.",
        )
    if status != 200:
        raise _failed(name, f"it answers {status}")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, list):
        raise _failed(name, "its answer cannot be read")
    return document


def _listed(entry: Any) -> Listed | None:
    """``created`` is in unix seconds; an entry without it counts as of now."""
    if not isinstance(entry, dict) or not isinstance(entry.get("email"), str):
        return None
    created, reason = entry.get("created"), entry.get("reason")
    try:
        address = normalise(entry["email"])
        at = datetime.fromtimestamp(created, UTC) if isinstance(created, int) else clock.now()
    except (SubscriberError, ValueError, OverflowError, OSError):
        return None
    return Listed(address, at, without_address(address, reason) if isinstance(reason, str) else "")


def _failed(name: str, why: str) -> ProviderError:
    return ProviderError(
        sentence(f"SendGrid's list of {_words(name)} could not be read: {why}"),
        "What was taken before stays; try again with `rapport subscribers sync`.",
    )


def _words(name: str) -> str:
    return name.replace("_", " ")
