"""List headers: the signed link first, the address for mail after it."""

from __future__ import annotations

import re
from email.headerregistry import Address
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.config import Config
from pipeline.letter.personal import Links, sample
from subscribers.mail import Mail
from subscribers.mailbox import Request, asked
from subscribers.tokens import Claim, Purpose, Tokens

TOKENS = Tokens([b"a secret long enough"])


def config(mailto: str, url: str = "https://letter.example.org") -> Config:
    newsletter = {
        "name": "x",
        "from_email": "letter@example.org",
        "public_url": url,
        "unsubscribe_mailto": mailto,
    }
    return Config.model_validate({"newsletter": newsletter, "feeds": [{"url": "https://example.org/feed"}]})


def header(mailto: str, url: str = "https://letter.example.org") -> str:
    links = Links(config(mailto, url), TOKENS, "weekly")
    return links.recipients([(7, "ada@example.org")], 3)[0].headers["List-Unsubscribe"]


def test_without_an_address_there_is_the_link_alone() -> None:
    token = TOKENS.sign(Purpose.LETTER, 7, 3)
    assert header("") == f"<https://letter.example.org/unsubscribe/{token}>"


def test_the_address_for_mail_comes_after_the_link_with_the_same_token() -> None:
    token = TOKENS.sign(Purpose.LETTER, 7, 3)
    assert header("leave@letter.example.org") == (
        f"<https://letter.example.org/unsubscribe/{token}>, "
        f"<mailto:leave@letter.example.org?subject=unsubscribe%20{token}>"
    )


def test_a_mail_written_by_that_address_is_read() -> None:
    uri = urlsplit(header("leave@letter.example.org").split("<")[2].rstrip(">"))
    mail = Mail((), parse_qs(uri.query)["subject"][0], (), automatic=False)
    assert asked(mail, TOKENS) == Request(Claim(7, 3))


def test_a_test_copy_holds_a_token_that_does_nothing() -> None:
    recipient = sample(config("leave@letter.example.org"), "weekly", "editor@example.org")
    assert recipient.headers["List-Unsubscribe"].endswith("?subject=unsubscribe%20preview>")


ATOM = st.text("abcXYZ019!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=64)


@given(ATOM)
def test_any_local_part_makes_a_uri_that_names_it(local: str) -> None:
    (uri,) = re.findall(r"<(mailto:[^<>]*)>", header(f"{local}@example.org"))
    parts = urlsplit(uri)
    assert unquote(parts.path) == str(Address(username=local, domain="example.org"))
    assert parse_qs(parts.query).keys() == {"subject"}
    assert re.fullmatch(r"[A-Za-z0-9:@?=%!$'*+._~-]+", uri)


@pytest.mark.parametrize("length", [100, 700, 850, 900])
def test_the_header_stays_within_a_line(length: int) -> None:
    url = f"https://letter.example.org/{'x' * (length - 27)}"
    found = header("leave@letter.example.org", url)
    assert len(f"List-Unsubscribe: {found}") <= 998
    assert found.startswith(f"<{url}/unsubscribe/")
    assert ("mailto:" in found) == (length < 850)
