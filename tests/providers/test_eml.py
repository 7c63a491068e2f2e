"""A letter as bytes: valid, the same for everyone but for the personal values."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from email.headerregistry import Address
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.providers.eml import Prepared, UnmailableError, envelope_address
from subscribers import clock
from tests.providers.test_outbox import MESSAGE, reader

if TYPE_CHECKING:
    from pipeline.providers import Message, Recipient

TAGS = ("%%one%%", "%%two%%")
WORDS = st.lists(
    st.one_of(
        st.sampled_from(
            [*TAGS, ".", "..", "\n", "\r\n", ".\n", "=", " ", "\t", "--", "=_", "x" * 75, "." * 80]
        ),
        st.text(st.characters(exclude_categories=("Cs",)), max_size=40),
    ),
    max_size=12,
).map("".join)
SUBJECTS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=80)
ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=160)


def sent(message: Message, person: Recipient) -> bytes:
    return Prepared(message, person.fields).of(person, clock.now())


def by_the_email_package(message: Message, person: Recipient) -> EmailMessage:
    """The same letter as Python's own library would have it, which knows nothing of prepared bytes."""
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"] = Address(message.from_name, addr_spec=message.from_email)
    mail["To"] = Address(addr_spec=person.address)
    mail["Reply-To"] = Address(addr_spec=message.reply_to)
    mail["Subject"] = message.subject
    mail.set_content(person.fill(message.text), cte="quoted-printable")
    mail.add_alternative(
        person.fill(message.html), subtype="html", cte="quoted-printable", charset="us-ascii"
    )
    return mail


def parts(mail: EmailMessage) -> list[tuple[str, str, str]]:
    return [
        (part.get_content_type(), part.get_content_charset() or "", as_lines(part.get_content()))
        for part in mail.iter_parts()  # type: ignore[attr-defined]
    ]


def as_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


@settings(max_examples=50)
@given(text=WORDS, html=WORDS, one=ASCII, two=WORDS, subject=SUBJECTS)
@example("%%one%%", "%%one%%%%two%%", ".", ".\n.", "a")
@example("a %%one%% \n", "x" * 75 + "%%two%%.", "", "é" * 80, "ä")
@example("x" * 75 + " ", "x" * 74 + "\t\nx", "", "x" * 75 + " \n", "a")
@example(".%%one%%", "\n.\n%%one%%", "=" * 76, "\n", "?=")
def test_any_words_and_values_arrive_as_they_are(
    text: str, html: str, one: str, two: str, subject: str
) -> None:
    html = html.encode("ascii", "xmlcharrefreplace").decode()
    two = two.replace("%%one%%", "").replace("%%two%%", "")
    message = replace(MESSAGE, subject=subject, text=text, html=html)
    person = replace(reader(1), fields={"%%one%%": one, "%%two%%": two})
    if not person.fill(html).isascii():
        person = replace(person, fields={"%%one%%": one, "%%two%%": two.encode("ascii", "replace").decode()})
    raw = sent(message, person)
    lines = raw.split(b"\r\n")
    body = lines[lines.index(b"") :]
    assert raw.endswith(b"\r\n")
    assert not [line for line in lines if line.startswith(b".")]  # nothing an SMTP client had to double
    assert not [line for line in body if len(line) > 76]  # RFC 2045, 6.7
    assert not [line for line in body if line.endswith((b" ", b"\t"))]
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", raw)
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert not any(part.defects for part in found.walk())
    assert [words for _, _, words in parts(found)] == [  # type: ignore[arg-type]
        as_lines(person.fill(text)),
        as_lines(person.fill(html)),
    ]
    wanted = by_the_email_package(message, person)
    assert parts(found) == parts(email.message_from_bytes(wanted.as_bytes(), policy=email.policy.default))  # type: ignore[arg-type]
    for name in ("From", "To", "Reply-To", "Subject", "MIME-Version"):
        assert found[name] == wanted[name]


def test_a_prepared_letter_is_everyones_own() -> None:
    prepared = Prepared(MESSAGE, reader(1).fields)
    at = clock.now()
    first, second = (email.message_from_bytes(prepared.of(reader(n), at)) for n in (1, 2))
    assert [part.get_payload(decode=True) for part in first.get_payload()] == [
        "Hello – t1\r\n".encode(),
        b"<p>Hello &#8211; h1</p>\r\n",
    ]
    assert first["Message-ID"] != second["Message-ID"]
    assert (first["To"], second["To"]) == ("reader1@example.net", "reader2@example.net")
    assert first.get_boundary() == second.get_boundary()


@pytest.mark.parametrize("value", ["a\r\nBcc: other@example.net", "a\nb", "a\rb", "a\0b"])
@pytest.mark.parametrize("name", ["List-Id", "X:\r\nBcc", "a b", ".a", ""])
def test_no_header_can_be_put_in(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="header"):
        sent(MESSAGE, replace(reader(1), headers={name: value}))


@pytest.mark.parametrize("field", ["subject", "from_name"])
def test_no_header_can_be_put_in_by_what_everyone_gets(field: str) -> None:
    with pytest.raises(ValueError):
        Prepared(replace(MESSAGE, **{field: "a\r\nBcc: other@example.net"}), ())


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "a@b>\r\nRCPT TO:<c@d",
        "a b@example.org",
        "ä@example.org",
        "a@exämple.org",
        "<a@b.example>",
        f"{'a' * 250}@b.example",
    ],
)
def test_an_address_that_is_none_ends_no_command(address: str) -> None:
    with pytest.raises(UnmailableError) as raised:
        envelope_address(address)
    assert "a@b" not in str(raised.value)
