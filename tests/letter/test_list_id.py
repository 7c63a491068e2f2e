"""List-Id: the newsletter's name as a phrase, whatever it holds, and the id."""

from __future__ import annotations

from email import message_from_string, policy
from email.header import decode_header, make_header
from email.headerregistry import HeaderRegistry

import pytest

from pipeline.letter.list_id import header_value

NAMES = [
    "The Weekly Letter",
    "Dr. Gray's Letter",
    'She said "hello" \\ and left',
    "Letter <b@evil.example>",
    "Briefe für Zürich",
    "心の手紙 " * 6 + "心",
    "=?utf-8?q?=41?=",
    "Ann, Ben & Co; (quietly)",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_read_as_it_was_written(name: str) -> None:
    value = header_value(name, "weekly.letter.example.org")
    phrase, _, identifier = value.rpartition(" <")
    assert identifier == "weekly.letter.example.org>"
    assert value.isascii()
    assert value.isprintable()
    assert all(len(word) <= 75 for word in phrase.split() if word.startswith("=?"))
    # Read as a phrase before an address, which has the same grammar (RFC 5322, 3.4).
    (read,) = HeaderRegistry()("To", f"{phrase} <a@example.org>").addresses
    # Python's own parser leaves the space between two encoded words, against RFC 2047, 6.2.
    encoded = phrase.startswith("=?")
    assert (str(make_header(decode_header(phrase))) if encoded else read.display_name) == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("The Weekly Letter", "The Weekly Letter <x.example.org>"),
        ("Dr. Gray", '"Dr. Gray" <x.example.org>'),
        ("für", "=?utf-8?b?ZsO8cg==?= <x.example.org>"),
        ("", "<x.example.org>"),
        ("\r\n ", "<x.example.org>"),
    ],
)
def test_it_looks_like_this(name: str, value: str) -> None:
    assert header_value(name, "x.example.org") == value


@pytest.mark.parametrize("name", ["A\r\nBcc: x@example.net", "A\nB", "A\x00B", "A\u2028Bcc: x", "\x85Bcc: x"])
def test_no_name_makes_another_header(name: str) -> None:
    mail = message_from_string(f"List-Id: {header_value(name, 'x.example.org')}\n\n", policy=policy.compat32)
    assert mail.keys() == ["List-Id"]
    assert str(make_header(decode_header(mail["List-Id"]))).endswith("<x.example.org>")


def test_a_long_name_leaves_the_header_one_line_that_every_server_takes() -> None:
    assert len(f"List-Id: {header_value('心' * 5000, 'weekly.' + 'x' * 64 + '.example.org')}") < 998
