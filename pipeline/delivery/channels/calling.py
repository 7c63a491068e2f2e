"""Requests to a service: JSON out and in, and endings that are never better than what is known."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.delivery.channels.service import Answer, Ending
from pipeline.providers.http import Connection
from subscribers import clock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TIMEOUT = 15.0
"""Seconds to connect, to write and to read, each."""

_MOST_BODY = 1_000_000
_LONGEST_WAIT = 24 * 3600.0
_MOST_SAID = 200
_LONGEST_FIELD, _LONGEST_ADDRESS = 10_000, 2000
_SHORTEST_SECRET = 8


class Reply(NamedTuple):
    """An answer. ``value`` is what its JSON says, None where it is no JSON."""

    status: int
    value: Any
    headers: Mapping[str, str]

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object that came; empty where none did."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def well(self) -> bool:
        return 200 <= self.status < 300

    def field(self, name: str) -> str:
        """A text in the document; empty where there is none that can be kept and shown."""
        value = self._text(name)
        return value if len(value) <= _LONGEST_FIELD and value.isprintable() else ""

    def _text(self, name: str) -> str:
        value = self.document.get(name)
        return value if isinstance(value, str) else ""

    def said(self) -> str:
        """The status and what the service says of it, short and in one line."""
        told = " ".join((self._text("message") or self._text("error")).split())
        shown = "".join(sign for sign in told if sign.isprintable())[:_MOST_SAID]
        return f"answered {self.status}" + (f": {shown}" if shown else "")

    def wait(self) -> float:
        """Seconds that it asks to wait; 0 where it does not say."""
        for name, read in (
            ("retry-after", _seconds_or_moment),  # RFC 9110, 10.2.3
            ("ratelimit-reset", _epoch),  # Bluesky: seconds since 1970
            ("x-ratelimit-reset", _iso),  # docs.joinmastodon.org/api/rate-limits
        ):
            if (value := self.headers.get(name)) and (moment := read(value.strip())) is not None:
                return min(max(moment, 0.0), _LONGEST_WAIT)
        return 0.0


class Server:
    """A kept connection to one server. Not for two threads at once.

    ``secrets``: what must not be told of its answers. Servers repeat what they were asked: a receiver that is
    not there answers with the path of the webhook, which can be a secret.
    """

    def __init__(self, url: str, name: str, key: str, *, secrets: Sequence[str]) -> None:
        self._root = url.rstrip("/")
        self._secrets = secrets
        self._connection = Connection(
            url,
            TIMEOUT,
            _MOST_BODY,
            server=name,
            key=key,
            remedy="Write an address that begins with https://.",
        )

    def ask(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        document: object = None,
        body: bytes = b"",
        kind: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request. Raises NotSent or NoAnswer."""
        sent = {"User-Agent": "Rapport", "Accept": "application/json", **(headers or {})}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if document is not None:
            body, kind = json.dumps(document).encode(), "application/json"
        if kind:
            sent["Content-Type"] = kind
        answer = self._connection.exchange(method, self._root + path, sent, body)
        found = {name.lower(): value for name, value in answer.headers.items()}
        told = answer.body
        for secret in (token, *self._secrets):
            if len(secret) >= _SHORTEST_SECRET:
                told = told.replace(secret.encode(), b"***")
        return Reply(answer.status, _json(told), found)

    def close(self) -> None:
        self._connection.close()


def address_in(document: Mapping[str, Any]) -> str:
    """The web address by which a service names a post; empty where it is none that can be kept and shown."""
    value = document.get("url") or document.get("uri")
    if not isinstance(value, str) or not value.startswith(("https://", "http://")):
        return ""
    return value if len(value) <= _LONGEST_ADDRESS and value.isprintable() else ""


def judged(reply: Reply) -> Answer | None:
    """How an attempt ended by an answer that is not one of success; None for 2xx.

    A 4xx says that nothing was done. A 5xx may come after the post was made (mastodon#40399), and a 3xx was
    not followed, so what became of it is not known either.
    """
    if reply.well:
        return None
    if reply.status == 429:
        return Answer(Ending.NOT_NOW, reply.said(), reply.wait())
    if 400 <= reply.status < 500 and reply.status != 408:
        return Answer(Ending.REFUSED, reply.said())
    return Answer(Ending.IN_DOUBT, reply.said(), reply.wait())


def judged_unseen(reply: Reply) -> Answer | None:
    """The same of a request that makes nothing public, such as a sign-in: doubt about it does no harm."""
    ended = judged(reply)
    return ended._replace(ending=Ending.NOT_NOW) if ended and ended.ending is Ending.IN_DOUBT else ended


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _seconds_or_moment(value: str) -> float | None:
    if value.isdecimal():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return _until(moment)


def _epoch(value: str) -> float | None:
    return float(value[:12]) - clock.now().timestamp() if value.isdecimal() else None


def _iso(value: str) -> float | None:
    try:
        return _until(datetime.fromisoformat(value))
    except ValueError:
        return None


def _until(moment: datetime) -> float:
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - clock.now()).total_seconds()
