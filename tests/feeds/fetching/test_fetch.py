"""A feed's address in, bytes out: against real servers on loopback."""

from __future__ import annotations

import gzip
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
import stamina

from pipeline.core import private_networks
from pipeline.core.errors import FeedError
from pipeline.feeds.fetching import fetch as fetch_module
from pipeline.feeds.fetching import http
from pipeline.feeds.fetching.fetch import fetch
from tests.doubles.local_server import LocalServer

RSS = b'<?xml version="1.0"?><rss version="2.0"><channel><title>x</title></channel></rss>'

Answer = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """A server whose paths are functions; remembers the requests it got."""

    def __init__(self, host: str) -> None:
        self.paths: dict[str, Answer] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requests.append(
                    (self.path, {name.lower(): value for name, value in self.headers.items()})
                )
                with suppress(BrokenPipeError, ConnectionResetError):
                    site.paths[self.path](self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = LocalServer(Handler, host)
        self.url = f"http://{host}:{self.server.server_port}"
        self.server.start()

    def close(self) -> None:
        self.server.stop()


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Answer:
    def write(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return write


@pytest.fixture(autouse=True)
def _no_waiting_and_no_proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def site() -> Iterator[Site]:
    served = Site("127.0.0.1")
    yield served
    served.close()


@pytest.fixture
def inner() -> Iterator[Site]:
    """A site of the private network, as far as ``public`` says so."""
    served = Site("127.0.0.2")
    yield served
    served.close()


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    """127.0.0.1 counts as an address of the public net; every other loopback address stays private."""
    real = private_networks.is_public
    monkeypatch.setattr(
        private_networks, "is_public", lambda address: address == "127.0.0.1" or real(address)
    )


def test_a_feed_is_fetched_with_its_validators(site: Site) -> None:
    site.paths["/feed"] = answer(
        body=RSS,
        Content_Type="application/rss+xml",
        ETag='"v1"',
        Last_Modified="Mon, 02 Mar 2026 09:00:00 GMT",
    )
    found = fetch(f"{site.url}/feed")
    assert (found.body, found.content_type, found.etag) == (RSS, "application/rss+xml", '"v1"')
    assert found.last_modified == "Mon, 02 Mar 2026 09:00:00 GMT"
    assert (found.url, found.moved_to) == (f"{site.url}/feed", None)
    headers = site.requests[0][1]
    assert headers["user-agent"].startswith("Rapport/")
    assert headers["user-agent"].endswith("(+newsletter)")
    assert "application/atom+xml" in headers["accept"]
    assert headers["accept-encoding"] == "gzip, deflate"
    assert "if-none-match" not in headers


def test_an_unchanged_feed_costs_no_body_and_keeps_its_validators(site: Site) -> None:
    site.paths["/feed"] = answer(304)
    found = fetch(f"{site.url}/feed", etag='"v1"', last_modified="yesterday")
    assert (found.body, found.etag, found.last_modified) == (None, '"v1"', "yesterday")
    headers = site.requests[0][1]
    assert (headers["if-none-match"], headers["if-modified-since"]) == ('"v1"', "yesterday")


def test_a_validator_that_cannot_stand_in_a_header_is_left_out(site: Site) -> None:
    site.paths["/feed"] = answer(body=RSS)
    assert fetch(f"{site.url}/feed", etag='"a"\r\nX: y', last_modified="é").body == RSS
    assert not {"if-none-match", "if-modified-since", "x"} & set(site.requests[0][1])


@pytest.mark.parametrize(
    ("packing", "body"),
    [
        ("gzip", gzip.compress(RSS, mtime=0)),
        ("deflate", zlib.compress(RSS)),
        ("deflate", zlib.compress(RSS, wbits=-15)),
        ("identity", RSS),
    ],
)
def test_packed_bodies_are_unpacked(site: Site, packing: str, body: bytes) -> None:
    site.paths["/feed"] = answer(body=body, Content_Encoding=packing)
    assert fetch(f"{site.url}/feed").body == RSS


def test_a_gzip_bomb_is_refused(site: Site) -> None:
    site.paths["/feed"] = answer(body=gzip.compress(bytes(60_000_000), 1), Content_Encoding="gzip")
    with pytest.raises(FeedError, match="larger than 10 MB"):
        fetch(f"{site.url}/feed")


def test_a_body_without_end_is_refused(site: Site) -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b"x" * 1_000_000)

    site.paths["/feed"] = endless
    with pytest.raises(FeedError, match="larger than 10 MB"):
        fetch(f"{site.url}/feed")


@pytest.mark.parametrize("packing", ["br", "gzip, gzip", "x"])
def test_a_packing_that_was_not_asked_for_is_refused(site: Site, packing: str) -> None:
    site.paths["/feed"] = answer(body=b"x", Content_Encoding=packing)
    with pytest.raises(FeedError, match="not asked for"):
        fetch(f"{site.url}/feed")


# Redirects


def test_permanent_redirects_are_reported(site: Site) -> None:
    site.paths["/old"] = answer(301, Location="/newer")
    site.paths["/newer"] = answer(308, Location=f"{site.url}/newest")
    site.paths["/newest"] = answer(body=RSS)
    found = fetch(f"{site.url}/old")
    assert (found.url, found.moved_to) == (f"{site.url}/newest", f"{site.url}/newest")


@pytest.mark.parametrize("status", [302, 303, 307])
def test_only_the_permanent_start_of_a_chain_is_reported(site: Site, status: int) -> None:
    site.paths["/old"] = answer(301, Location="/new")
    site.paths["/new"] = answer(status, Location="/today")
    site.paths["/today"] = answer(301, Location="/end")
    site.paths["/end"] = answer(body=RSS)
    found = fetch(f"{site.url}/old")
    assert (found.url, found.moved_to) == (f"{site.url}/end", f"{site.url}/new")
    assert fetch(f"{site.url}/new").moved_to is None


def test_a_move_is_reported_for_an_unchanged_feed_too(site: Site) -> None:
    site.paths["/old"] = answer(301, Location="/new")
    site.paths["/new"] = answer(304)
    assert fetch(f"{site.url}/old", etag='"1"').moved_to == f"{site.url}/new"


def test_endless_redirects_end(site: Site) -> None:
    site.paths["/a"] = answer(302, Location="/a")
    with pytest.raises(FeedError, match="more than 5 times"):
        fetch(f"{site.url}/a")
    assert len(site.requests) == 6


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://a.example/x", "gopher://x", "http://", "//[", "data:,x"]
)
def test_a_redirect_leads_to_http_only(site: Site, target: str) -> None:
    site.paths["/a"] = answer(302, Location=target)
    with pytest.raises(FeedError):
        fetch(f"{site.url}/a")


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "feed.xml", "", "ftp://a.example/", "http://", "http://[::1"]
)
def test_an_address_that_is_not_http_is_refused(url: str) -> None:
    with pytest.raises(FeedError) as error:
        fetch(url)
    assert error.value.remedy


# The private network


@pytest.mark.usefixtures("public")
def test_a_public_site_may_not_redirect_to_a_private_one(site: Site, inner: Site) -> None:
    inner.paths["/secret"] = answer(body=RSS)
    site.paths["/feed"] = answer(302, Location=f"{inner.url}/secret")
    with pytest.raises(FeedError, match="private network"):
        fetch(f"{site.url}/feed")
    assert inner.requests == []


@pytest.mark.usefixtures("public")
def test_a_second_hop_is_looked_at_like_the_first(site: Site, inner: Site) -> None:
    site.paths["/feed"] = answer(301, Location="/next")
    site.paths["/next"] = answer(301, Location=f"{inner.url}/secret")
    with pytest.raises(FeedError, match="private network"):
        fetch(f"{site.url}/feed")
    assert inner.requests == []


@pytest.mark.usefixtures("public")
def test_a_name_that_resolves_otherwise_a_moment_later_is_caught_before_the_request(
    site: Site, inner: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_networks, "addresses", lambda host, port: ("127.0.0.1",))
    site.paths["/feed"] = answer(302, Location=f"{inner.url}/secret")
    with pytest.raises(FeedError, match="private network"):
        fetch(f"{site.url}/feed")
    assert inner.requests == []


@pytest.mark.usefixtures("public")
def test_one_private_address_among_public_ones_is_enough(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"127.0.0.1": ("127.0.0.1",), "mixed.example": ("127.0.0.1", "10.0.0.1")}
    monkeypatch.setattr(private_networks, "addresses", lambda host, port: found[host])
    site.paths["/feed"] = answer(302, Location="http://mixed.example/")
    with pytest.raises(FeedError, match="private network"):
        fetch(f"{site.url}/feed")


@pytest.mark.usefixtures("public")
def test_a_public_site_may_redirect_to_a_public_one(site: Site) -> None:
    site.paths["/feed"] = answer(302, Location="/there")
    site.paths["/there"] = answer(body=RSS)
    assert fetch(f"{site.url}/feed").body == RSS


def test_a_configured_private_address_is_the_operators_choice(site: Site, inner: Site) -> None:
    site.paths["/feed"] = answer(302, Location=f"{inner.url}/feed")
    inner.paths["/feed"] = answer(body=RSS)
    assert fetch(f"{site.url}/feed").body == RSS


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.1.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("2002:7f00:1::", False),
        ("not an address", False),
    ],
)
def test_what_counts_as_public(address: str, is_public: bool) -> None:
    assert private_networks.is_public(address) is is_public


# Faults


def test_a_passing_fault_is_tried_again(site: Site) -> None:
    answers = iter([answer(503), answer(429, Retry_After="0"), answer(body=RSS)])
    site.paths["/feed"] = lambda request: next(answers)(request)
    assert fetch(f"{site.url}/feed").body == RSS
    assert len(site.requests) == 3


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_fault_that_stays_is_told_after_three_attempts(site: Site, status: int) -> None:
    site.paths["/feed"] = answer(status)
    with pytest.raises(FeedError, match=f"answered {status}") as error:
        fetch(f"{site.url}/feed")
    assert error.value.__cause__ is None
    assert len(site.requests) == 3


def test_who_asks_for_a_long_wait_is_not_asked_again(site: Site) -> None:
    site.paths["/feed"] = answer(503, Retry_After="3600")
    with pytest.raises(FeedError, match="wait 3600 seconds"):
        fetch(f"{site.url}/feed")
    assert len(site.requests) == 1


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), ("", None), ("soon", None), ("Mon, 01 Jan 2001 00:00:00 GMT", 0.0)]
)
def test_a_wait_is_read_in_both_forms(value: str, seconds: float | None) -> None:
    assert http._retry_after(value) == seconds


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(404, "url"), (410, "for good"), (401, "sign-in"), (403, "refuses"), (418, "browser")],
)
def test_a_refusal_is_told_with_its_remedy_and_not_tried_again(site: Site, status: int, remedy: str) -> None:
    site.paths["/feed?key=s3cret"] = answer(status)
    address = site.url.replace("http://", "http://user:pa55@")
    with pytest.raises(FeedError, match=str(status)) as error:
        fetch(f"{address}/feed?key=s3cret")
    assert remedy in error.value.remedy
    assert len(site.requests) == 1
    assert "s3cret" not in error.value.message
    assert "pa55" not in error.value.message


def test_an_unasked_304_is_no_answer(site: Site) -> None:
    site.paths["/feed"] = answer(304)
    with pytest.raises(FeedError, match="304"):
        fetch(f"{site.url}/feed")


def test_a_refused_connection_is_told(site: Site) -> None:
    site.close()
    with pytest.raises(FeedError, match="cannot be reached"):
        fetch(f"{site.url}/feed")


def test_a_name_that_does_not_exist_is_told() -> None:
    with pytest.raises(FeedError, match="cannot be reached"):
        fetch("http://no-such-host.invalid/feed")


def test_a_body_that_ends_too_early_is_tried_again(site: Site) -> None:
    whole = gzip.compress(RSS, mtime=0)
    answers = iter(
        [answer(body=whole[:-20], Content_Encoding="gzip"), answer(body=whole, Content_Encoding="gzip")]
    )
    site.paths["/feed"] = lambda request: next(answers)(request)
    assert fetch(f"{site.url}/feed").body == RSS


def _drip(*, headers_first: bool) -> Answer:
    def write(request: BaseHTTPRequestHandler) -> None:
        start = b"HTTP/1.1 200 OK\r\n" + (b"\r\n" if headers_first else b"X-Slow: ")
        request.wfile.write(start)
        for _ in range(2000):
            request.wfile.write(b"x")
            request.wfile.flush()
            time.sleep(0.05)

    return write


@pytest.mark.parametrize("headers_first", [True, False], ids=["body", "headers"])
def test_a_dripping_server_is_left_at_the_deadline(
    site: Site, monkeypatch: pytest.MonkeyPatch, headers_first: bool
) -> None:
    monkeypatch.setattr(fetch_module, "TOTAL_SECONDS", 0.4)
    site.paths["/feed"] = _drip(headers_first=headers_first)
    begun = time.monotonic()
    with pytest.raises(FeedError, match="did not arrive within"):
        fetch(f"{site.url}/feed")
    assert time.monotonic() - begun < 15


def test_a_silent_server_is_left(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_module, "STEP_SECONDS", 0.1)
    over = threading.Event()
    site.paths["/feed"] = lambda request: over.wait(60) and None
    with pytest.raises(FeedError, match="did not answer in time"):
        fetch(f"{site.url}/feed")
    over.set()


# A page where a feed should be


def test_a_web_page_is_refused_and_the_feed_it_names_is_told(site: Site) -> None:
    page = (
        b'<!doctype html><title>x</title><link rel="alternate" type="application/atom+xml" href="atom.xml">'
    )
    site.paths["/blog/"] = answer(body=page, Content_Type="text/html")
    with pytest.raises(FeedError, match="web page") as error:
        fetch(f"{site.url}/blog/")
    assert f"{site.url}/blog/atom.xml" in error.value.remedy


def test_a_page_that_names_no_feed_gets_a_remedy_too(site: Site) -> None:
    site.paths["/"] = answer(body=b"<html><body>Hello</body></html>")
    with pytest.raises(FeedError, match="web page") as error:
        fetch(f"{site.url}/")
    assert "format=rss" in error.value.remedy


def test_a_feed_that_calls_itself_html_is_still_a_feed(site: Site) -> None:
    site.paths["/feed"] = answer(body=RSS, Content_Type="text/html")
    assert fetch(f"{site.url}/feed").body == RSS
