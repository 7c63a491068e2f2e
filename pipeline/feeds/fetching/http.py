"""An address in, its bytes out: one conditional GET that is bounded in time, size and reach."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import httpx
import stamina

from pipeline.core.private_networks import leads_inside, leads_outside
from pipeline.feeds import Fetched
from pipeline.feeds.fetching.address import shown
from pipeline.feeds.fetching.attempt import Attempt, ConnectionWatch, FetchRequest, ended_at, private_address
from pipeline.feeds.fetching.response import PassingFault, read

if TYPE_CHECKING:
    from pipeline.core.errors import RapportError

MOST_REDIRECTS = 5
LONGEST_RETRY_AFTER = 5.0
"""Seconds. Who asks for a longer wait is asked again another time instead."""
LONGEST_BACKOFF = 4.0
"""Seconds between two attempts, where the answer asks for no wait of its own."""

# By itself stamina logs each further attempt; where structlog is installed, to stdout, amid --json.
stamina.instrumentation.set_on_retry_hooks(())

_PERMANENT, _TEMPORARY = (301, 308), (302, 303, 307)
_PASSING = (429, 500, 502, 503, 504)
_NO_SUCH_NAME = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))


def get(
    request: FetchRequest,
    url: str,
    *,
    etag: str | None = None,
    last_modified: str | None = None,
    deadline: float | None = None,
) -> Fetched:
    """GET, conditionally when validators of an earlier answer are given.

    ``deadline``, by the monotonic clock, can only make the request's own time shorter.

    :raises RapportError: the request's own kind, for anything that ends without the bytes; the message names
        the address without credentials. Passing faults have been tried again by then.
    """
    now = time.monotonic()
    seconds = min(request.total_seconds, max(0.0, deadline - now)) if deadline else request.total_seconds
    if seconds <= 0:
        raise request.failed(url, "was not fetched: the time for all of them was over", "slow")
    request, end = replace(request, total_seconds=seconds), now + seconds
    wanted = _headers(request, etag, last_modified)
    try:
        for attempt in stamina.retry_context(
            on=_worth_another,
            attempts=request.attempts,
            timeout=request.total_seconds,
            wait_initial=0.5,
            wait_max=LONGEST_BACKOFF,
            wait_jitter=1,
        ):
            with attempt:
                return _attempt(Attempt(request, url, end, url), wanted)
    except PassingFault as fault:
        raise request.failed(url, str(fault), "again") from None
    raise AssertionError("stamina either returns or raises")


def _worth_another(error: Exception) -> bool | float:
    if not isinstance(error, PassingFault):
        return False
    return True if error.wait is None else error.wait


def _headers(request: FetchRequest, etag: str | None, last_modified: str | None) -> dict[str, str]:
    headers = {
        "User-Agent": f"Rapport/{_version()} (+newsletter)",
        "Accept": request.accept,
        # Nothing else: what is not asked for need not be unpacked, and each packing is a bomb of its own.
        "Accept-Encoding": "gzip, deflate",
    }
    # Validators are a stranger's words; one that cannot stand in a header would fail every later fetch.
    for name, value in (("If-None-Match", etag), ("If-Modified-Since", last_modified)):
        if value and value.isascii() and value.isprintable():
            headers[name] = value
    return headers


@cache
def _version() -> str:
    try:
        return version("rapport")
    except PackageNotFoundError:
        return "0"


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: the trusted roots take a tenth of a second."""
    return httpx.create_ssl_context()


def _attempt(attempt: Attempt, headers: dict[str, str]) -> Fetched:
    request, start = attempt.request, attempt.start
    try:
        with ended_at(attempt), httpx.Client(headers=headers, verify=_certificates()) as client:
            for _ in range(MOST_REDIRECTS + 1):
                done = _hop(client, attempt)
                if done is not None:
                    return done
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):
        raise _unusable(attempt, "cannot be used", 404) from None
    except (httpx.HTTPError, OSError) as error:
        raise _fault(error, attempt) from None
    raise request.failed(start, f"redirects more than {MOST_REDIRECTS} times", "circle")


def _unusable(attempt: Attempt, what: str, remedy: int | str) -> RapportError:
    request = attempt.request
    message = f"The {request.noun}'s address {shown(attempt.url)} {what}."
    return request.error(message, request.remedies.get(remedy, ""))


def _hop(client: httpx.Client, attempt: Attempt) -> Fetched | None:
    """One request; None when it was a redirect, which ``attempt`` has then followed."""
    target = httpx.URL(attempt.url)
    if target.scheme not in ("http", "https") or not target.host:
        raise _unusable(attempt, "is neither http nor https", "scheme")
    port = target.port or {"http": 80, "https": 443}[target.scheme]
    if attempt.outside and leads_inside(target.host, port):
        raise private_address(attempt)
    watch = ConnectionWatch(attempt, target.host)
    timeout = max(0.01, min(attempt.request.step_seconds, attempt.deadline - time.monotonic()))
    with client.stream("GET", target, timeout=timeout, extensions={"trace": watch}) as response:
        if response.status_code in (*_PERMANENT, *_TEMPORARY) and "location" in response.headers:
            attempt.outside = attempt.outside or leads_outside(target.host, port)
            _follow(attempt, response)
            return None
        return _answer(response, attempt)


def _follow(attempt: Attempt, response: httpx.Response) -> None:
    try:
        attempt.url = urljoin(attempt.url, response.headers["location"])
    except ValueError:
        raise httpx.InvalidURL("unreadable Location") from None
    attempt.only_permanent = attempt.only_permanent and response.status_code in _PERMANENT
    if attempt.only_permanent:
        attempt.moved_to = attempt.url


def _answer(response: httpx.Response, attempt: Attempt) -> Fetched:
    status, asked = response.status_code, response.request.headers
    if status in _PASSING:
        raise _passing_status(response, attempt)
    conditional = "if-none-match" in asked or "if-modified-since" in asked
    if status != 200 and not (status == 304 and conditional):
        raise attempt.request.failed(attempt.start, f"answered {status}", status, "status")
    # A 304 need not repeat the validators (RFC 9110, 15.4.5): those that were asked with still hold.
    return Fetched(
        url=attempt.url,
        body=None if status == 304 else read(response, attempt),
        content_type=response.headers.get("content-type", ""),
        etag=response.headers.get("etag") or (asked.get("if-none-match") if status == 304 else None),
        last_modified=response.headers.get("last-modified")
        or (asked.get("if-modified-since") if status == 304 else None),
        moved_to=attempt.moved_to,
    )


def _passing_status(response: httpx.Response, attempt: Attempt) -> Exception:
    message = f"answered {response.status_code}"
    wait = _retry_after(response.headers.get("retry-after", ""))
    if wait is not None and wait > LONGEST_RETRY_AFTER:
        return attempt.request.failed(attempt.start, f"{message} and asks to wait {wait:.0f} seconds", "wait")
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


def _fault(error: Exception, attempt: Attempt) -> Exception:
    request, start = attempt.request, attempt.start
    if _certificate_trouble(error):
        return request.failed(start, "has no valid TLS certificate for its name", "certificate")
    if time.monotonic() >= attempt.deadline:
        return request.failed(start, f"did not arrive within {request.total_seconds:.0f} seconds", "slow")
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return PassingFault("did not answer in time")
    if (unknown := _name_trouble(error)) is not None:
        host = httpx.URL(attempt.url).host
        if unknown in _NO_SUCH_NAME:
            return request.failed(start, f"cannot be reached: the DNS knows no host {host}", "host")
        return PassingFault(f"cannot be reached (the DNS did not answer about {host})")
    if isinstance(error, httpx.ConnectError):
        return PassingFault("cannot be reached (no connection)")
    return PassingFault("broke the connection off")


def _name_trouble(error: BaseException | None) -> int | None:
    """The resolver's error number, if it was about the host's name."""
    while error is not None:
        if isinstance(error, socket.gaierror):
            return error.errno
        error = error.__cause__ or error.__context__
    return None


def _certificate_trouble(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
