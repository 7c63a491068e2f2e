"""Asking web addresses whether they answer: each once, a few at a time, in bounded time.

Addresses come out of a stranger's feed. What the operator configured may be anywhere; all else must be on the
public net, and so must every redirect: we must not knock on doors inside the house for a stranger.
"""

from __future__ import annotations

import asyncio
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import httpx

from pipeline.core.private_networks import addresses, is_public

if TYPE_CHECKING:
    from collections.abc import Iterable, Set

AT_ONCE = 8
SECONDS_EACH, SECONDS_ALL = 10.0, 45.0
MOST_REDIRECTS = 5
MOST_ADDRESSES = 200
"""A letter of six posts has about thirty."""

GONE = (404, 410)

_PORTS = {"http": 80, "https": 443}
_HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; Rapport; link check)", "Accept": "*/*"}
_SHUT = (401, 403, 407, 429, 451, 999)
"""What says "no" to a machine and not to a reader; 999 is LinkedIn's."""

Place = tuple[str, int]
"""A host and a port."""


class Answer(NamedTuple):
    """What became of an address. ``trouble`` is empty when it answers, ``status`` None when nothing did."""

    trouble: str = ""
    media_type: str = ""
    weight: int | None = None
    status: int | None = None


class _Private(Exception):
    """An address leads into a private network."""


def ask(wanted: Iterable[str], trusted: Set[Place], *, seconds: float | None = None) -> dict[str, Answer]:
    """What became of each address, at most MOST_ADDRESSES of them, within ``seconds`` (SECONDS_ALL) together.
    ``trusted`` places may lie in a private network."""
    named = list(dict.fromkeys(wanted))[:MOST_ADDRESSES]
    if not named:
        return {}
    # In a thread of its own: the caller's may run a loop already.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, _all(named, trusted, seconds or SECONDS_ALL)).result()


def places(named: Iterable[str]) -> set[Place]:
    """The hosts and ports of addresses that the operator named."""
    return {place for address in named if (place := _place(address))}


def _place(address: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(address)
        port = parts.port or _PORTS[parts.scheme.lower()]
    except (ValueError, KeyError):
        return None
    return (parts.hostname.lower(), port) if parts.hostname else None


async def _all(wanted: list[str], trusted: Set[Place], seconds: float) -> dict[str, Answer]:
    found: dict[str, Answer] = {}
    turn = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(headers=_HEADERS, timeout=SECONDS_EACH) as client:

        async def one(address: str) -> None:
            async with turn:
                found[address] = await _answer(client, address, trusted)

        tasks = {asyncio.create_task(one(address)): address for address in wanted}
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for task in late:
            found.setdefault(tasks[task], Answer("could not be asked in time"))
    return found


async def _answer(client: httpx.AsyncClient, address: str, trusted: Set[Place]) -> Answer:
    # Some servers refuse a HEAD, answer it with 404, or not at all; a GET settles it, its body unread.
    first = await _bounded(client, "HEAD", address, trusted)
    if first.status is not None and first.status < 400:
        return first
    return await _bounded(client, "GET", address, trusted)


async def _bounded(client: httpx.AsyncClient, method: str, address: str, trusted: Set[Place]) -> Answer:
    try:
        # For the whole way: a time-out for each read is no limit for a server that drips its headers.
        async with asyncio.timeout(SECONDS_EACH):
            return await _way(client, method, address, trusted)
    except TimeoutError:
        return Answer(f"does not answer within {SECONDS_EACH:.0f} seconds")
    except _Private:
        return Answer("leads into a private network, where no reader comes")
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError, ValueError):
        return Answer("cannot be used as an address")
    except httpx.TimeoutException:
        return Answer("does not answer in time")
    except (httpx.HTTPError, OSError) as fault:
        return Answer(_told(fault))


async def _way(client: httpx.AsyncClient, method: str, address: str, trusted: Set[Place]) -> Answer:
    for _ in range(MOST_REDIRECTS + 1):
        place = _place(address)
        if place is None:
            raise httpx.InvalidURL("no host")
        guarded = place not in trusted
        if guarded:
            await _refuse_private(*place)
        hooks: dict[str, Any] = {"trace": _Guard(place[0])} if guarded else {}
        async with client.stream(method, address, extensions=hooks) as response:
            if not response.has_redirect_location:
                return _judged(response)
            address = urljoin(address, response.headers["location"])
    return Answer(f"redirects more than {MOST_REDIRECTS} times")


async def _refuse_private(host: str, port: int) -> None:
    found = await asyncio.to_thread(addresses, host, port)
    if any(not is_public(address) for address in found):
        raise _Private


class _Guard:
    """httpcore's trace hook: looks at the peer, for the name may resolve otherwise a moment later."""

    def __init__(self, host: str) -> None:
        self._host, self._direct = host, True

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        if event == "connection.connect_tcp.started":
            # Behind a proxy the peer is the proxy, which the operator chose.
            host = info.get("host")
            asked = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
            self._direct = asked.strip("[]").lower() == self._host
        elif event == "connection.connect_tcp.complete" and self._direct:
            peer = info["return_value"].get_extra_info("server_addr")
            if peer and not is_public(str(peer[0])):
                raise _Private


def _judged(response: httpx.Response) -> Answer:
    status = response.status_code
    if status in _SHUT:
        return Answer(status=status)
    if status >= 400:
        return Answer(f"answers {status}", status=status)
    length = response.headers.get("content-length", "")
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    weight = int(length) if length.isascii() and length[:12].isdecimal() else None
    return Answer("", media_type, weight, status)


def _told(fault: BaseException) -> str:
    cause: BaseException | None = fault
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "has no valid TLS certificate for its name"
        cause = cause.__cause__ or cause.__context__
    return "cannot be reached" if isinstance(fault, httpx.ConnectError) else "breaks the connection off"
