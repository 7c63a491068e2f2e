"""What a mail to the unsubscribe address asks for, and that nothing else asks for anything."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.mail import SIZE, Mail, read
from subscribers.mailbox import REQUESTS, Request, Silence, asked
from subscribers.tokens import Claim, Purpose, Tokens

TOKENS = Tokens([b"a secret long enough"])
TOKEN = TOKENS.sign(Purpose.LETTER, 7, 3)
BY_TOKEN = Request(Claim(7, 3))
BY_ADDRESS = Request("ada@example.org")


def mail(subject: str = "", text: str = "", sender: str = "Ada <Ada@Example.org>", **headers: str) -> bytes:
    """A mail as a program of today writes it; ``headers`` with _ for -."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "leave@letter.example.org"
    if subject:
        message["Subject"] = subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return bytes(message)


def asks(raw: bytes) -> Request | Silence:
    return asked(read(raw), TOKENS)


def test_a_token_in_the_subject_says_whom_the_mail_is_for_whoever_sends_it() -> None:
    assert asks(mail(f"unsubscribe {TOKEN}", sender="other@example.net")) == BY_TOKEN


@pytest.mark.parametrize(
    "subject",
    [
        f"unsubscribe%20{TOKEN}",
        f"Re: unsubscribe {TOKEN}",
        f"=?utf-8?q?unsubscribe_{TOKEN.replace('_', '=5F')}?=",
        f"unsubscribe\r\n {TOKEN}",
        f"not{'x' * 43} {TOKEN}",
    ],
)
def test_a_token_is_found_however_a_mail_program_writes_the_subject(subject: str) -> None:
    raw = f"From: ada@example.org\r\nSubject: {subject}\r\n\r\nThis message was automatically generated.\r\n"
    assert asks(raw.encode()) == BY_TOKEN


def test_a_token_is_found_in_the_first_lines_of_the_text() -> None:
    text = f"Hello,\n\nplease end this: https://letter.example.org/unsubscribe/{TOKEN}\n"
    assert asks(mail("Your letter", text)) == BY_TOKEN


@pytest.mark.parametrize(
    "text",
    [
        f"Loved this one!\n\n> read on: https://letter.example.org/unsubscribe/{TOKEN}\n",
        f"Loved this one!\n-----Original Message-----\nhttps://letter.example.org/unsubscribe/{TOKEN}\n",
        f"Loved\nthis\none!\nhttps://letter.example.org/unsubscribe/{TOKEN}\n",
    ],
)
def test_the_link_of_a_quoted_letter_is_no_request(text: str) -> None:
    assert asks(mail("Re: The weekly letter", text)) is Silence.LEFT


@pytest.mark.parametrize(
    "token",
    [
        TOKENS.sign(Purpose.CONFIRM, 7, 3),
        Tokens([b"another secret, long enough"]).sign(Purpose.LETTER, 7, 3),
        TOKEN[:-1] + ("A" if TOKEN[-1] != "A" else "B"),
        TOKEN + "A",
        TOKEN[:-1],
    ],
    ids=["other purpose", "foreign", "changed", "longer", "shorter"],
)
def test_what_was_not_signed_for_this_is_no_token(token: str) -> None:
    assert asks(mail(f"Your letter {token}")) is Silence.LEFT


def test_every_plain_request_is_read_as_subject_and_as_first_line() -> None:
    for request in sorted(REQUESTS):
        assert asks(mail(request.upper())) == BY_ADDRESS, request
        assert asks(mail("Re: The letter", f"\n{request}!\n\n> Some quoted words")) == BY_ADDRESS, request


@pytest.mark.parametrize(
    "words",
    ["Please unsubscribe me.", "UNSUBSCRIBE", "“Unsubscribe”", "Bitte abmelden!", "Se désabonner", "opt-out"],
)
def test_requests_are_read_with_courtesy_accents_and_punctuation(words: str) -> None:
    assert asks(mail(words)) == BY_ADDRESS


@pytest.mark.parametrize(
    "words",
    [
        "",
        "Don't unsubscribe me",
        "How do I unsubscribe?",
        "Re: unsubscribe",
        "Stop by on Thursday?",
        "unsubscribe and a question",
        "Please",
        "!!!",
    ],
)
def test_what_is_no_plain_request_is_left_to_staff(words: str) -> None:
    assert asks(mail(words, "I have a question.")) is Silence.LEFT


def test_a_quotation_before_the_word_is_passed_over() -> None:
    assert asks(mail("Re: The weekly letter", "> Some quoted words\n> more\n\nunsubscribe\n")) == BY_ADDRESS


def test_the_word_is_found_in_mail_that_is_html_alone() -> None:
    message = EmailMessage()
    message["From"] = "ada@example.org"
    message.set_content(
        "<html><head><title>x</title><style>p {}</style></head><body><div>Unsubscribe&nbsp;me</div>"
        "<blockquote>The letter</blockquote></body></html>",
        subtype="html",
    )
    assert asks(bytes(message)) == BY_ADDRESS


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "windows-1252", "utf-16", "utf-7"])
@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_text_is_read_in_its_character_set(charset: str, encoding: str) -> None:
    message = EmailMessage()
    message["From"] = "ada@example.org"
    message.set_content("désabonner\n", charset=charset, cte=encoding)
    assert asks(bytes(message)) == BY_ADDRESS


def test_the_plain_part_of_a_letter_with_attachments_is_read() -> None:
    message = EmailMessage()
    message["From"] = "ada@example.org"
    message.set_content("abbestellen\n")
    message.add_alternative("<p>something else</p>", subtype="html")
    message.add_attachment(b"%PDF" * 50_000, maintype="application", subtype="pdf", filename="a.pdf")
    assert asks(bytes(message)) == BY_ADDRESS


def test_an_attached_text_and_a_forwarded_mail_are_not_the_writers_words() -> None:
    message = EmailMessage()
    message["From"] = "ada@example.org"
    message["Subject"] = "Look at this"
    inner = EmailMessage()
    inner["Subject"] = f"unsubscribe {TOKEN}"
    inner.set_content("unsubscribe\n")
    message.add_attachment("unsubscribe\n", filename="a.txt")
    message.add_attachment(inner)
    assert asks(bytes(message)) is Silence.LEFT


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": 'auto-generated; owner-email="ada@example.org"'},
        {"Return_Path": "<>"},
        {"Return_Path": "<>  "},
        {"Precedence": "bulk"},
        {"Precedence": "Auto_Reply"},
        {"Precedence": "list"},
        {"X_Autoreply": "yes"},
        {"X_Autorespond": ""},
    ],
)
def test_programs_unsubscribe_nobody_not_even_by_token(headers: dict[str, str]) -> None:
    assert asks(mail(f"unsubscribe {TOKEN}", "unsubscribe", **headers)) is Silence.IGNORED


def test_a_bounce_unsubscribes_nobody() -> None:
    raw = (
        b"From: MAILER-DAEMON@example.net\r\nSubject: unsubscribe\r\n"
        b'Content-Type: Multipart/Report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\n\r\nunsubscribe\r\n--b--\r\n"
    )
    assert asks(raw) is Silence.IGNORED


@pytest.mark.parametrize(
    "headers", [{"Auto_Submitted": "no"}, {"Return_Path": "<ada@example.org>"}, {"Precedence": "normal"}]
)
def test_what_people_send_is_not_taken_for_a_program(headers: dict[str, str]) -> None:
    assert asks(mail("unsubscribe", **headers)) == BY_ADDRESS


@pytest.mark.parametrize(
    "senders",
    [
        b"From: ada@example.org, bob@example.org\r\n",
        b"From: ada@example.org\r\nFrom: bob@example.org\r\n",
        b"From: Friends: ada@example.org, bob@example.org;\r\n",
        b"From: ada@example.org\r\nFrom: (:\r\n",
        b"From: undisclosed-recipients:;\r\n",
        b"From: nobody\r\n",
        b"From: \r\n",
        b"",
        b"From: (c):\r\n",
        b'From: "\r\n',
        b"From: <@>\r\n",
        b"From: " + b"(" * 5000 + b"\r\n",
    ],
)
def test_a_plain_request_of_nobody_in_particular_is_left_to_staff(senders: bytes) -> None:
    assert asks(senders + b"Subject: unsubscribe\r\n\r\n") is Silence.LEFT
    assert asks(senders + f"Subject: unsubscribe {TOKEN}\r\n\r\n".encode()) == BY_TOKEN


def test_the_address_counts_and_not_the_name_before_it() -> None:
    raw = b'From: "bob@example.org" <ada@example.org>\r\nSubject: unsubscribe\r\n\r\n'
    assert asks(raw) == BY_ADDRESS


def test_a_header_cannot_be_forged_through_an_encoded_word() -> None:
    subject = "=?utf-8?q?Hello=0D=0AFrom:_bob=40example.org=0D=0A?= unsubscribe"
    raw = f"From: ada@example.org\r\nSubject: {subject}\r\n\r\nunsubscribe\r\n"
    assert asks(raw.encode()) == BY_ADDRESS


HOSTILE = {
    "parameter without a value": b"Content-Type: text/plain; name*\r\n",
    "quotes and semicolons": b'Content-Type: multipart/mixed; a="' + b";" * SIZE,
    "boundaries in boundaries": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(900)
    ),
    "mails in mails": b"Content-Type: message/rfc822\n\n" * 2000,
    "many parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 12_000,
    "a charset that is none": b"Content-Type: text/plain; charset=punycode\n\n" + b"a" * SIZE,
    "a charset with a null byte": b"Content-Type: text/plain; charset=a\x00b\n\nx",
    "a charset in pieces": b"Content-Type: text/plain; charset*0*=a''%ff; charset*1=x\n\nx",
    "an encoding that is none": b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 x\nMMM",
    "open tags": b"Content-Type: text/html\n\n" + b"<head " * 8000,
    "megabytes": b"\n" + b"unsubscribed? " * 500_000,
    "one long header": b"Subject: " + b"=?utf-8?q?a?= " * 5000,
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_mail_is_left_alone(raw: bytes) -> None:
    assert asks(b"From: ada@example.org\n" + raw) is Silence.LEFT


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_token_counts_whatever_else_is_wrong_with_a_mail(raw: bytes) -> None:
    assert asks(f"Subject: unsubscribe {TOKEN}\n".encode() + raw) == BY_TOKEN


PIECES = rb"""From: Subject: Content-Type: multipart/mixed text/plain ;boundary= ;charset= ;name*0*= ( <
    > " , : ada@example.org Content-Transfer-Encoding: base64 =?utf-8?b? ?= --b -- MIME-Version:1.0"""
WORDS = st.sampled_from([*PIECES.split(), b"\r\n", b"\r\n\r\n", b"\n ", b"\xff", b"\x00"])


@given(st.binary(max_size=400) | st.lists(WORDS, max_size=60).map(b"".join))
def test_any_bytes_are_a_mail_that_asks_for_nothing(raw: bytes) -> None:
    assert isinstance(read(raw), Mail)
    assert asks(raw) in (Silence.LEFT, Silence.IGNORED)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(TEXTS, TEXTS)
def test_any_words_around_a_token_leave_it_readable(before: str, after: str) -> None:
    found = Mail(("x",), f"{before} {TOKEN} {after}", (), automatic=False)
    assert asked(found, TOKENS) == BY_TOKEN
