"""What holds for every page: headers, one answer to what is wrong, limits, bodies, proxies, a prefix."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import httpx
import pytest
import time_machine
from pydantic import ValidationError

from pipeline.core.errors import LetterError
from pipeline.core.sections.installation import Server
from pipeline.web.public import network, pages
from pipeline.web.public.guard import HEADERS
from pipeline.web.server import settings
from subscribers import clock
from subscribers.tokens import Purpose, Tokens
from tests.installations import installation, subscribe
from tests.serving import serving
from tests.waiting import LONGEST
from tests.web.public.visitor import Addresses, Visitor, confirm_links, edition, everything

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

FEED = "http://127.0.0.1:1/feed"


def forged(addresses: Addresses) -> list[str]:
    """Addresses whose token nobody signed, or with another secret, or for something else."""
    good = addresses.unsubscribe().removeprefix("/unsubscribe/")
    other = Tokens([b"another practice's secret"]).sign(Purpose.LETTER, 1, addresses.edition)
    flipped = good[:20] + ("A" if good[20] != "A" else "B") + good[21:]
    odd = (good[:-1], good + "A", flipped, other, good.swapcase(), "%00", "é", "A" * 9000, "preview")
    question = addresses.installation.tokens.sign(Purpose.CONFIRM, 1, addresses.edition)
    swapped = [f"/confirm/{good}", f"/unsubscribe/{question}", f"/preferences/{question}"]
    return swapped + [
        f"/{page}/{token}" for page in ("unsubscribe", "preferences", "confirm") for token in odd
    ]


def test_every_answer_has_the_headers_and_no_cookie(visitor: Visitor, addresses: Addresses) -> None:
    asked = [
        ("GET", "/subscribe"),
        ("POST", "/subscribe"),
        ("GET", "/subscribe/embed"),
        ("GET", "/pages.css"),
        ("GET", "/robots.txt"),
        ("GET", "/healthz"),
        ("GET", addresses.unsubscribe()),
        ("POST", addresses.unsubscribe()),
        ("GET", addresses.preferences()),
        ("GET", "/nowhere"),
        ("GET", "/"),
        ("GET", "/archive"),
        ("GET", "/archive/weekly-1"),
        ("GET", "/archive/weekly-1/card.png"),
        ("GET", "/archive/feed.xml"),
        ("PUT", "/subscribe"),
    ]
    for method, path in asked:
        answer = visitor.ask(method, path)
        for name, value in HEADERS.items():
            if name != "Cache-Control":
                assert answer.headers[name] == value, (path, name)
        assert answer.headers["strict-transport-security"]
        assert answer.headers["cache-control"]
        assert "set-cookie" not in answer.headers
    policy = HEADERS["Content-Security-Policy"]
    assert "script" not in policy
    assert "unsafe" not in policy


def test_pages_of_one_reader_are_kept_by_no_cache(visitor: Visitor, addresses: Addresses) -> None:
    for path in (addresses.unsubscribe(), addresses.preferences(), "/subscribe"):
        assert visitor.get(path).headers["cache-control"] == "no-store"


def test_every_wrong_token_and_every_unknown_address_gets_the_same_bytes_and_headers(
    visitor: Visitor, addresses: Addresses
) -> None:
    before = everything(addresses.installation.database)
    reference = visitor.get("/nowhere")
    assert reference.status_code == 404
    also = [
        "/subscribe//",
        f"{addresses.unsubscribe()}//",
        "/unsubscribe",
        "//evil.example/nowhere",
    ]
    wrong = forged(addresses)
    for path in (*wrong, f"{wrong[0]}/", *also):
        for method in ("GET", "POST"):
            answer = visitor.ask(method, path)
            assert (answer.status_code, answer.content) == (404, reference.content), path
            assert answer.headers == reference.headers
    for path in ("/archive/weekly-99", "/archive/weekly-99/card.png", "/archive/x?key=y", "/archive//"):
        assert visitor.get(path).content == reference.content
    assert everything(addresses.installation.database) == before


def test_head_says_the_same_as_get_and_other_methods_are_refused(
    visitor: Visitor, addresses: Addresses
) -> None:
    pages = ("/", "/archive", "/archive/weekly-1", "/archive/feed.json", "/archive/weekly-1/card.png")
    for path in ("/subscribe", addresses.unsubscribe(), addresses.preferences(), "/pages.css", *pages):
        with time_machine.travel(clock.now(), tick=False):
            head, whole = visitor.ask("HEAD", path), visitor.get(path)
        assert (head.status_code, head.headers) == (200, whole.headers)
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "BREW"):
            assert visitor.ask(method, path).status_code == 405


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Moz": "prefetch"},
        {"User-Agent": "Mozilla/5.0 (compatible; Barracuda Sentinel)"},
    ],
)
@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_programs_that_open_every_link_change_nothing(
    visitor: Visitor, addresses: Addresses, method: str, headers: dict[str, str]
) -> None:
    visitor.post("/subscribe", {"email": "ada@example.org"})
    links = [*confirm_links(addresses.installation.folder), addresses.unsubscribe(), addresses.preferences()]
    before = everything(addresses.installation.database)
    for link in (*links, *links, "/subscribe", "/subscribe?email=a@example.org", f"{links[1]}?do=leave"):
        assert visitor.ask(method, link, headers=headers).status_code == 200
    assert everything(addresses.installation.database) == before


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_body_over_64_kb_is_refused_unread(visitor: Visitor, addresses: Addresses, kind: str) -> None:
    before = everything(addresses.installation.database)
    for path in ("/subscribe", addresses.unsubscribe(), addresses.preferences()):
        answer = visitor.ask("POST", path, content=b"a=" + b"x" * 65536, headers={"Content-Type": kind})
        assert answer.status_code == 413
    assert everything(addresses.installation.database) == before


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nno name\r\n--x--\r\n"),
        (
            "multipart/form-data; boundary=x; charset=undefined",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\na\r\n--x--\r\n',
        ),
        ("application/x-www-form-urlencoded", b"a=1&" * 200),
    ],
)
def test_a_body_that_is_no_form_is_refused(visitor: Visitor, kind: str, body: bytes) -> None:
    answer = visitor.ask("POST", "/subscribe", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 400


def test_three_thousand_requests_a_minute_and_then_the_network_waits(
    visitor: Visitor, addresses: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert network.REQUESTS.amount == 3000
    monkeypatch.setattr(network.REQUESTS, "amount", 5)
    with time_machine.travel(clock.now(), tick=False):
        answers = [visitor.get("/nowhere") for _ in range(7)]
        assert [a.status_code for a in answers] == [404] * 5 + [429] * 2
        assert 0 < int(answers[-1].headers["retry-after"]) <= 120
        assert answers[-1].headers["content-security-policy"]
        for path in ("/subscribe", addresses.preferences(), "/healthz", f"{addresses.unsubscribe()}A"):
            assert visitor.get(path).status_code == 429
        # Mailbox providers come from few addresses, and are never too many.
        for _ in range(10):
            assert visitor.post(addresses.unsubscribe(), {"List-Unsubscribe": "One-Click"}).status_code == 200
        assert visitor.get("/subscribe", address="203.0.113.200").status_code == 429
        assert visitor.get("/subscribe", address="203.0.114.7").status_code == 200


@pytest.mark.parametrize(
    ("client", "found"),
    [
        (("203.0.113.77", 1), "203.0.113.0/24"),
        (("::ffff:203.0.113.77", 1), "203.0.113.0/24"),
        (("2001:db8:1:2:3:4:5:6", 1), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 1), "fe80::/64"),
        (("testclient", 1), "unknown"),
        (None, "unknown"),
    ],
)
def test_a_network_is_a_24_or_a_64(client: tuple[str, int] | None, found: str) -> None:
    assert network.network_of({"type": "http", "client": client}) == found


def test_what_a_page_fails_over_is_logged_without_its_message_or_address(
    visitor: Visitor,
    addresses: Addresses,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*arguments: object, **named: object) -> None:
        raise ZeroDivisionError("reader1@example.net")

    monkeypatch.setattr(pages.Pages, "page", broken)
    with caplog.at_level(logging.DEBUG):
        answer = visitor.get(addresses.unsubscribe())
    assert answer.status_code == 500
    assert "it is our fault" in answer.text
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("pipeline")]
    assert [line.partition(" at ")[0] for line in ours] == ["A page failed: ZeroDivisionError"]
    assert "reader1" not in caplog.text
    assert not any(addresses.unsubscribe() in line for line in ours)


def test_broken_templates_are_told_when_the_pages_are_made(sqlite_database: Database, tmp_path: Path) -> None:
    (tmp_path / "own" / "pages").mkdir(parents=True)
    (tmp_path / "own" / "pages" / "message.html").write_text("<h1>\n{{ nothing_known }}")
    broken = installation(sqlite_database, tmp_path, FEED, theme={"templates": "own"})
    with pytest.raises(LetterError, match=r"message\.html:2"):
        Visitor(broken)


@pytest.fixture
def under_a_path(sqlite_database: Database, tmp_path: Path) -> Installation:
    newsletter = {
        "name": "The Weekly Letter",
        "from_email": "letter@example.org",
        "public_url": "https://example.org/our/letter/",
    }
    made = installation(sqlite_database, tmp_path, FEED, newsletter=newsletter)
    subscribe(sqlite_database, 1)
    return made


def test_pages_under_a_path_work_whether_the_proxy_takes_it_away_or_not(under_a_path: Installation) -> None:
    visitor, addresses = Visitor(under_a_path), Addresses(under_a_path, edition(under_a_path))
    for start in ("", "/our/letter"):
        page = visitor.get(f"{start}/subscribe").text
        assert 'href="/our/letter/pages.css"' in page
        assert 'action="/our/letter/subscribe"' in page
        assert visitor.get(f"{start}/pages.css").status_code == 200
        assert visitor.get(f"{start}{addresses.unsubscribe()}").status_code == 200
        done = visitor.post(f"{start}{addresses.unsubscribe()}", {"do": "leave"})
        assert f'href="/our/letter{addresses.preferences()}"' in done.text
    assert visitor.get("/our/letter/x").content == visitor.get("/x").content
    assert "Disallow: /our/letter/unsubscribe/" in visitor.get("/robots.txt").text
    visitor.close()


def test_no_page_asks_for_anything_on_another_host(sqlite_database: Database, tmp_path: Path) -> None:
    def logo(address: str) -> str:
        practice = installation(sqlite_database, tmp_path, FEED, theme={"logo": address})
        visitor = Visitor(practice)
        page, css = visitor.get("/subscribe").text, visitor.get("/pages.css").text
        visitor.close()
        assert "url(" not in css
        assert "@import" not in css
        return page

    assert "elsewhere" not in logo("https://elsewhere.example/logo.png")
    assert 'src="https://letter.example.org/images/logo.png"' in logo(
        "https://letter.example.org/images/logo.png"
    )


def _asked(practice: Installation, trusted: list[str], forwarded: str) -> str | None:
    """The network address that a sign-up over a socket is recorded with."""
    visitor = Visitor(practice)
    with serving(visitor.app, **settings(Server(trusted_proxies=trusted))) as url:
        httpx.post(
            f"{url}/subscribe",
            data={"email": "ada@example.org"},
            headers={"X-Forwarded-For": forwarded},
            timeout=LONGEST,
        )
    visitor.close()
    with practice.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT network_address FROM confirmations ORDER BY id DESC")
        return rows.scalars().first()


def test_a_proxys_word_is_taken_from_trusted_proxies_only(practice: Installation) -> None:
    assert _asked(practice, [], "198.51.100.9") == "127.0.0.1"
    assert _asked(practice, ["127.0.0.0/8"], "198.51.100.9") == "198.51.100.9"
    # What the client itself put there stands before what the proxy adds.
    assert _asked(practice, ["127.0.0.1"], "10.9.9.9, 198.51.100.9") == "198.51.100.9"


@pytest.mark.parametrize("written", ["*", "proxy.local", "10.0.0.1/8"])
def test_trusted_proxies_are_addresses_or_networks(written: str) -> None:
    with pytest.raises(ValidationError, match="write addresses or networks"):
        Server(trusted_proxies=[written])


def test_an_address_that_no_database_can_be_asked_for_is_none(database: Database, tmp_path: Path) -> None:
    visitor = Visitor(installation(database, tmp_path, FEED))
    for path in ("/archive/%00", "/archive/weekly-1%00", "/archive/%00/card.png", "/images/%00", "/%00"):
        assert visitor.get(path).status_code == 404, path
    visitor.close()
