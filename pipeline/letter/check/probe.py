"""Whether a letter's links and images answer: each address asked once, a few at a time, in bounded time.

Addresses come out of a stranger's feed. What the operator configured may be anywhere; all else must be on the
public net, and so must every redirect: a checker must not knock on doors inside the house for a stranger.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import httpx

from pipeline.core.finding import Finding, warning
from pipeline.feeds.private_networks import addresses, is_public
from pipeline.letter.check.images import HEAVY, named, source, too_heavy
from pipeline.letter.check.reading import CheckedLetter, cut
from pipeline.letter.personal import TAG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from selectolax.lexbor import LexborNode

AT_ONCE = 8
SECONDS_EACH, SECONDS_ALL = 10.0, 45.0
MOST_REDIRECTS = 5
MOST_ADDRESSES = 200
"""A letter of six posts has about thirty."""

_PORTS = {"http": 80, "https": 443}
_HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; Rapport; link check)", "Accept": "*/*"}
_SHUT = (401, 403, 407, 429, 451, 999)
"""What says "no" to a machine and not to a reader; 999 is LinkedIn's."""


class ProbeResult(NamedTuple):
    """What became of an address. ``trouble`` is empty when it answers."""

    trouble: str = ""
    media_type: str = ""
    weight: int | None = None


class _Private(Exception):
    """An address leads into a private network."""


def answers(letter: CheckedLetter) -> Iterator[Finding]:
    # A dead link in a letter stays dead in every inbox.
    links, images = _asked(letter)
    wanted = list(dict.fromkeys((*links, *images)))[:MOST_ADDRESSES]
    found = asyncio.run(_Probe(_trusted(letter)).all(wanted)) if wanted else {}
    for address, link in links.items():
        if trouble := found.get(address, ProbeResult()).trouble:
            yield warning(
                "link-dead",
                f"The link {cut(address, 80)} {trouble}.",
                "Open it in a browser; correct it in the post or the template.",
                letter.where(link, f'"{address}"'),
            )
    for address, image in images.items():
        yield from _image(letter, image, found.get(address, ProbeResult()))


def _image(letter: CheckedLetter, image: LexborNode, answer: ProbeResult) -> Iterator[Finding]:
    place = letter.where(image, source(image))
    trouble = answer.trouble
    if not trouble and answer.media_type and not answer.media_type.startswith("image/"):
        trouble = f"is not an image but {cut(answer.media_type, 40)}"
    if trouble:
        remedy = "Open it in a browser; put another picture into the post."
        yield warning("image-dead", f"The image {cut(source(image), 80)} {trouble}.", remedy, place)
    weighed = any(p.get("src") == source(image) and p.get("weight") for p in letter.pictures)
    if not trouble and not weighed and answer.weight is not None and answer.weight > HEAVY:
        yield too_heavy(named(image), answer.weight, place)


def _asked(letter: CheckedLetter) -> tuple[dict[str, LexborNode], dict[str, LexborNode]]:
    """The addresses to ask, each with the first element that has it."""
    links: dict[str, LexborNode] = {}
    images: dict[str, LexborNode] = {}
    for link in letter.links:
        links.setdefault((link.attributes.get("href") or "").strip(), link)
    for image in letter.images:
        images.setdefault(source(image), image)
    return _askable(letter, links), _askable(letter, images)


def _askable(letter: CheckedLetter, found: dict[str, LexborNode]) -> dict[str, LexborNode]:
    newsletter = letter.config.newsletter
    # The archive has no page of an edition that has not gone out, and the copies of images are surely there:
    # whether public_url leads to them is asked before an edition is sent. Without it nothing is served yet.
    pages: tuple[str, ...] = (newsletter.pages,)
    if newsletter.public_url:
        pages = (f"{newsletter.pages}/archive/{letter.edition.slug}", f"{newsletter.pages}/images/")
    return {
        address: node
        for address, node in found.items()
        if address.lower().startswith(("http://", "https://"))
        and not TAG.search(address)
        and not address.startswith(pages)
    }


def _trusted(letter: CheckedLetter) -> set[tuple[str, int]]:
    """Hosts and ports that the operator named; they may stand in a private network."""
    config = letter.config
    named = [feed.url for feed in config.feeds]
    named += [config.newsletter.public_url, *letter.offers]
    named += [value for value in config.theme.model_dump().values() if isinstance(value, str)]
    return {place for address in named if (place := _place(address))}


def _place(address: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(address)
        port = parts.port or _PORTS[parts.scheme.lower()]
    except (ValueError, KeyError):
        return None
    return (parts.hostname.lower(), port) if parts.hostname else None


@dataclass
class _Probe:
    trusted: set[tuple[str, int]]

    async def all(self, wanted: Iterable[str]) -> dict[str, ProbeResult]:
        """What became of each address; those not asked in time are named as such."""
        found: dict[str, ProbeResult] = {}
        turn = asyncio.Semaphore(AT_ONCE)
        async with httpx.AsyncClient(headers=_HEADERS, timeout=SECONDS_EACH) as client:

            async def one(address: str) -> None:
                async with turn:
                    found[address] = await self._answer(client, address)

            tasks = {asyncio.create_task(one(address)): address for address in wanted}
            _, late = await asyncio.wait(tasks, timeout=SECONDS_ALL)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            for task in late:
                found.setdefault(tasks[task], ProbeResult("could not be asked in time"))
        return found

    async def _answer(self, client: httpx.AsyncClient, address: str) -> ProbeResult:
        # Some servers answer HEAD with 404, 405 or nothing at all; a GET settles it, its body unread.
        first = await self._bounded(client, "HEAD", address)
        return first if not first.trouble else await self._bounded(client, "GET", address)

    async def _bounded(self, client: httpx.AsyncClient, method: str, address: str) -> ProbeResult:
        try:
            # For the whole way: a time-out for each read is no limit for a server that drips its headers.
            async with asyncio.timeout(SECONDS_EACH):
                return await self._way(client, method, address)
        except TimeoutError:
            return ProbeResult(f"does not answer within {SECONDS_EACH:.0f} seconds")
        except _Private:
            return ProbeResult("leads into a private network, where no reader comes")
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError, ValueError):
            return ProbeResult("cannot be used as an address")
        except httpx.TimeoutException:
            return ProbeResult("does not answer in time")
        except (httpx.HTTPError, OSError) as fault:
            return ProbeResult(_told(fault))

    async def _way(self, client: httpx.AsyncClient, method: str, address: str) -> ProbeResult:
        for _ in range(MOST_REDIRECTS + 1):
            place = _place(address)
            if place is None:
                raise httpx.InvalidURL("no host")
            guarded = place not in self.trusted
            if guarded:
                await _refuse_private(*place)
            hooks: dict[str, Any] = {"trace": _Guard(place[0])} if guarded else {}
            async with client.stream(method, address, extensions=hooks) as response:
                if not response.has_redirect_location:
                    return _judged(response)
                address = urljoin(address, response.headers["location"])
        return ProbeResult(f"redirects more than {MOST_REDIRECTS} times")


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


def _judged(response: httpx.Response) -> ProbeResult:
    status = response.status_code
    if status in _SHUT:
        return ProbeResult()
    if status >= 400:
        return ProbeResult(f"answers {status}")
    length = response.headers.get("content-length", "")
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return ProbeResult("", media_type, int(length) if length.isascii() and length[:12].isdecimal() else None)


def _told(fault: BaseException) -> str:
    cause: BaseException | None = fault
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "has no valid TLS certificate for its name"
        cause = cause.__cause__ or cause.__context__
    return "cannot be reached" if isinstance(fault, httpx.ConnectError) else "breaks the connection off"
