"""`rapport check --online`: what answers, what does not, and where it does not knock."""

from __future__ import annotations

import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Self

import pytest

from pipeline.letter import ask
from pipeline.letter.check import check_online
from tests.doubles.local_server import LocalServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.letter.check import Finding
    from tests.letter.check.conftest import Sample


class Site:
    """A web site on loopback whose paths say what they answer; ``asked`` counts method and path."""

    def __init__(self) -> None:
        self.asked: Counter[tuple[str, str]] = Counter()
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with site._lock:
                    site.asked[self.command, self.path] += 1
                    site.at_once += 1
                    site.most_at_once = max(site.most_at_once, site.at_once)
                self.answer(self.path.partition("?")[0].split("/")[1])

            def end_headers(self) -> None:
                # Before the answer leaves: whoever has it may ask the next thing at once.
                with site._lock:
                    site.at_once -= 1
                super().end_headers()

            do_HEAD = do_GET

            def answer(self, word: str) -> None:
                headers = {"Content-Length": "0"}
                status = int(word) if word.isdecimal() else 200
                if word == "no-head" and self.command == "HEAD":
                    status = 405
                elif word == "circle":
                    status, headers["Location"] = 302, "/circle"
                elif word == "to":
                    status, headers["Location"] = 302, self.path.partition("?")[2]
                elif word == "picture":
                    headers |= {"Content-Type": "image/jpeg", "Content-Length": self.path.split("/")[2]}
                elif word == "page":
                    headers["Content-Type"] = "text/html; charset=utf-8"
                elif word == "slow":
                    time.sleep(0.2)
                elif word == "drip":
                    return self.drip()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                return None

            def drip(self) -> None:
                # A header that never ends, a letter at a time: no single read is ever late.
                try:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
                    for _ in range(2000):
                        time.sleep(0.05)
                        self.wfile.write(b"x")
                except OSError:
                    pass

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = LocalServer(Handler)
        self._server.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as served:
        yield served


@pytest.fixture
def home(sample: Sample, site: Site) -> Sample:
    """The demo's letter, for an operator whose own blog is the site."""
    return sample.configured(newsletter={"public_url": site.url})


def probed(letter: Sample, *addresses: str, images: tuple[str, ...] = ()) -> list[Finding]:
    links = "".join(f'<a href="{address}">A post</a>' for address in addresses)
    shown = "".join(f'<img src="{address}" alt="A mug">' for address in images)
    return check_online(
        letter.config, letter.templates, letter.row(html=f"<body>{links}{shown}</body>", posts=[])
    )


def test_the_demos_links_and_images_all_answer(sample: Sample) -> None:
    assert check_online(sample.config, sample.templates, sample.row()) == []


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/404", "answers 404"),
        ("/410", "answers 410"),
        ("/500", "answers 500"),
        ("/circle", "redirects more than 5 times"),
        ("/to?/404", "answers 404"),
        ("/to?ftp://example.org/", "cannot be used as an address"),
    ],
)
def test_a_dead_link_is_found(path: str, says: str, home: Sample, site: Site) -> None:
    (finding,) = probed(home, f"{site.url}{path}")
    assert (finding.level, finding.name) == ("warning", "link-dead")
    assert finding.message == f"The link {site.url}{path} {says}."


@pytest.mark.parametrize("path", ["/200", "/no-head", "/to?/200", "/401", "/403", "/429", "/999", "/page"])
def test_what_readers_reach_is_no_finding(path: str, home: Sample, site: Site) -> None:
    assert probed(home, f"{site.url}{path}") == []


def test_a_host_that_is_not_there_is_found(home: Sample) -> None:
    home = home.configured(match={"url": "http://127.0.0.1:9/contact"})
    (finding,) = probed(home, "http://127.0.0.1:9/contact")
    assert "cannot be reached" in finding.message


def test_each_address_is_asked_once_and_head_comes_first(home: Sample, site: Site) -> None:
    addresses = [f"{site.url}/200", f"{site.url}/200", f"{site.url}/no-head", f"{site.url}/404"]
    probed(home, *addresses, images=(f"{site.url}/404",))
    assert site.asked == {
        ("HEAD", "/200"): 1,
        ("HEAD", "/no-head"): 1,
        ("GET", "/no-head"): 1,
        ("HEAD", "/404"): 1,
        ("GET", "/404"): 1,
    }


def test_what_cannot_be_asked_is_not_asked(home: Sample, site: Site) -> None:
    slug = home.edition["slug"]
    assert (
        probed(
            home,
            "mailto:hello@example.org",
            "%%rapport-unsubscribe-html%%",
            "#top",
            "/relative",
            f"{site.url}/archive/{slug}",
        )
        == []
    )
    assert not site.asked


def test_an_image_that_is_none_or_too_heavy_is_found(home: Sample, site: Site) -> None:
    images = (
        f"{site.url}/page/a.jpg",
        f"{site.url}/picture/400000",
        f"{site.url}/picture/1000",
        f"{site.url}/404",
    )
    found = {finding.name: finding.message for finding in probed(home, images=images[:2])}
    assert found == {
        "image-dead": f"The image {site.url}/page/a.jpg is not an image but text/html.",
        "image-weight": "The image 400000 weighs 400 KB; 300 KB is plenty at 1200 px.",
    }
    (dead,) = probed(home, images=images[2:])
    assert dead.message == f"The image {site.url}/404 answers 404."


def test_a_strangers_address_in_a_private_network_is_not_asked(home: Sample, site: Site) -> None:
    with Site() as inside:
        port = inside.url.rpartition(":")[2]
        addresses = [f"{inside.url}/200", f"http://localhost:{port}/200", f"{site.url}/to?{inside.url}/200"]
        findings = probed(home, *addresses, "http://169.254.169.254/latest/meta-data/")
        assert not inside.asked
    assert len(findings) == 4
    assert all("leads into a private network" in finding.message for finding in findings)


def test_a_few_are_asked_at_once(home: Sample, site: Site) -> None:
    assert probed(home, *(f"{site.url}/slow/{n}" for n in range(24))) == []
    assert 2 <= site.most_at_once <= ask.AT_ONCE


def test_a_server_that_drips_its_answer_is_left_in_time(
    home: Sample, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask, "SECONDS_EACH", 0.4)
    began = time.monotonic()
    (finding,) = probed(home, f"{site.url}/drip")
    assert "does not answer" in finding.message
    assert time.monotonic() - began < 9


def test_all_of_it_ends_in_time(home: Sample, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "SECONDS_ALL", 0.5)
    began = time.monotonic()
    findings = probed(home, *(f"{site.url}/drip/{n}" for n in range(20)))
    assert len(findings) == 9
    assert "could not be asked in time" in findings[0].message
    assert time.monotonic() - began < 9
