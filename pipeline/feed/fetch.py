"""A feed's address in, its bytes out: one conditional GET that is bounded in time, size and reach."""

from __future__ import annotations

import ssl
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urljoin

import httpx
import stamina

from pipeline.errors import FeedError
from pipeline.feed import Fetched
from pipeline.feed.address import shown
from pipeline.feed.body import PassingFault, read
from pipeline.feed.destination import leads_outside, refuse_private
from pipeline.feed.journey import Journey, Watch, ended_at
from pipeline.feed.page import page_error

# Its own report of a retry goes to stdout where structlog happens to be installed, into our JSON.
stamina.instrumentation.set_on_retry_hooks(())

STEP_SECONDS = 20.0
"""For connecting, and for each silence while reading."""
TOTAL_SECONDS = 60.0
"""For the whole fetch, redirects and further attempts included: a server may drip a byte a second."""
MOST_REDIRECTS = 5
ATTEMPTS = 3
LONGEST_RETRY_AFTER = 5.0
"""Seconds. Who asks for a longer wait is asked again at the next pull instead."""

_PERMANENT, _TEMPORARY = (301, 308), (302, 303, 307)
_PASSING = (429, 500, 502, 503, 504)
_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.5"
)
_REMEDIES = {
    401: "The feed wants a sign-in: make it public, or put an address with its key into [[feeds]] url.",
    403: "The site refuses Rapport: ask its host to let the agent 'Rapport' read the feed.",
    404: "Check [[feeds]] url, best by opening it in a browser.",
    410: "The feed is gone for good: take it out of [[feeds]] or put its new address there.",
}


def fetch(url: str, *, etag: str | None = None, last_modified: str | None = None) -> Fetched:
    """GET a feed, conditionally when validators of an earlier answer are given.

    :raises FeedError: for anything that ends without a feed's bytes; the message names the address without
        credentials. Passing faults have been tried again by then.
    """
    deadline = time.monotonic() + TOTAL_SECONDS
    wanted = _headers(etag, last_modified)
    try:
        for attempt in stamina.retry_context(
            on=_worth_another,
            attempts=ATTEMPTS,
            timeout=TOTAL_SECONDS,
            wait_initial=0.5,
            wait_max=4,
            wait_jitter=1,
        ):
            with attempt:
                return _attempt(url, wanted, deadline)
    except PassingFault as fault:
        raise FeedError(f"The feed {shown(url)} {fault}.", "It is tried again at the next pull.") from None
    raise AssertionError("stamina either returns or raises")


def _worth_another(error: Exception) -> bool | float:
    if not isinstance(error, PassingFault):
        return False
    return True if error.wait is None else error.wait


def _headers(etag: str | None, last_modified: str | None) -> dict[str, str]:
    headers = {
        "User-Agent": f"Rapport/{_version()} (+newsletter)",
        "Accept": _ACCEPT,
        # Nothing else: what is not asked for need not be unpacked, and each packing is a bomb of its own.
        "Accept-Encoding": "gzip, deflate",
    }
    # Validators come from the feed's server; one that cannot stand in a header would fail every later pull.
    for name, value in (("If-None-Match", etag), ("If-Modified-Since", last_modified)):
        if value and value.isascii() and value.isprintable():
            headers[name] = value
    return headers


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: the trusted roots take a tenth of a second."""
    return httpx.create_ssl_context()


@cache
def _version() -> str:
    try:
        return version("rapport")
    except PackageNotFoundError:
        return "0"


def _attempt(url: str, headers: dict[str, str], deadline: float) -> Fetched:
    journey = Journey(url)
    try:
        with ended_at(deadline, journey), httpx.Client(headers=headers, verify=_certificates()) as client:
            for _ in range(MOST_REDIRECTS + 1):
                done = _hop(client, journey, url, deadline)
                if done is not None:
                    return done
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):
        raise FeedError(f"The feed's address {shown(journey.url)} cannot be used.", _REMEDIES[404]) from None
    except (httpx.HTTPError, OSError) as error:
        raise _fault(error, url, deadline) from None
    raise FeedError(
        f"The feed {shown(url)} redirects more than {MOST_REDIRECTS} times.",
        "The site's redirects go in a circle: open the address in a browser, and tell who runs the site.",
    )


def _hop(client: httpx.Client, journey: Journey, configured: str, deadline: float) -> Fetched | None:
    """One request; None when it was a redirect, which ``journey`` has then followed."""
    target = httpx.URL(journey.url)
    if target.scheme not in ("http", "https") or not target.host:
        raise FeedError(
            f"The feed's address {shown(journey.url)} is neither http nor https.", "Correct [[feeds]] url."
        )
    port = target.port or {"http": 80, "https": 443}[target.scheme]
    if journey.outside:
        refuse_private(configured, target.host, port)
    watch = Watch(journey, configured, target.host)
    timeout = max(0.01, min(STEP_SECONDS, deadline - time.monotonic()))
    with client.stream("GET", target, timeout=timeout, extensions={"trace": watch}) as response:
        if response.status_code in (*_PERMANENT, *_TEMPORARY) and "location" in response.headers:
            journey.outside = journey.outside or leads_outside(target.host, port)
            _follow(journey, response)
            return None
        return _answer(response, journey, configured, deadline)


def _follow(journey: Journey, response: httpx.Response) -> None:
    try:
        journey.url = urljoin(journey.url, response.headers["location"])
    except ValueError:
        raise httpx.InvalidURL("unreadable Location") from None
    journey.only_permanent = journey.only_permanent and response.status_code in _PERMANENT
    if journey.only_permanent:
        journey.moved_to = journey.url


def _answer(response: httpx.Response, journey: Journey, configured: str, deadline: float) -> Fetched:
    status, asked = response.status_code, response.request.headers
    if status in _PASSING:
        raise _passing_status(response, configured)
    conditional = "if-none-match" in asked or "if-modified-since" in asked
    if status != 200 and not (status == 304 and conditional):
        raise FeedError(
            f"The feed {shown(configured)} answered {status}.",
            _REMEDIES.get(status, "Open the address in a browser, and check [[feeds]] url."),
        )
    body = None if status == 304 else read(response, configured, deadline)
    if body is not None and (page := page_error(body, journey.url)):
        raise page
    # A 304 need not repeat the validators (RFC 9110, 15.4.5): those that were asked with still hold.
    return Fetched(
        url=journey.url,
        body=body,
        content_type=response.headers.get("content-type", ""),
        etag=response.headers.get("etag") or (asked.get("if-none-match") if status == 304 else None),
        last_modified=response.headers.get("last-modified")
        or (asked.get("if-modified-since") if status == 304 else None),
        moved_to=journey.moved_to,
    )


def _passing_status(response: httpx.Response, configured: str) -> Exception:
    message = f"answered {response.status_code}"
    wait = _retry_after(response.headers.get("retry-after", ""))
    if wait is not None and wait > LONGEST_RETRY_AFTER:
        return FeedError(
            f"The feed {shown(configured)} {message} and asks to wait {wait:.0f} seconds.",
            "It is tried again at the next pull; if this stays, pull less often.",
        )
    return PassingFault(message, wait)


def _retry_after(value: str) -> float | None:
    """Seconds, from either form of the header (RFC 9110, 10.2.3); None when absent or unreadable."""
    if value.strip().isdecimal():
        return float(value.strip()[:9])
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _fault(error: Exception, configured: str, deadline: float) -> Exception:
    if _certificate_trouble(error):
        return FeedError(
            f"The feed {shown(configured)} has no valid TLS certificate for its name.",
            "Tell who runs the site; a browser will show the same warning.",
        )
    if time.monotonic() >= deadline:
        return FeedError(
            f"The feed {shown(configured)} did not arrive within {TOTAL_SECONDS:.0f} seconds.",
            "The site is very slow; it is tried again at the next pull.",
        )
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return PassingFault("did not answer in time")
    if isinstance(error, httpx.ConnectError):
        return PassingFault("cannot be reached (no connection)")
    return PassingFault("broke the connection off")


def _certificate_trouble(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
