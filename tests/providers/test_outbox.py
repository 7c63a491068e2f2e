"""The outbox: valid mail, one file a recipient, none written twice."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.core.errors import ProviderError
from pipeline.providers import Batch, Message, Recipient, Result
from pipeline.providers.eml import compose
from pipeline.providers.outbox import Outbox
from subscribers import clock
from subscribers.addresses import normalise
from subscribers.errors import SubscriberError
from tests.subscribers.test_addresses import ADDRESSES

if TYPE_CHECKING:
    from pathlib import Path

MESSAGE = Message(
    edition="weekly-12",
    digest="weekly",
    subject="A calm morning",
    from_email="letter@example.org",
    from_name="Example Practice",
    reply_to="hello@example.org",
    html="<p>Hello &#8211; %%tag-html%%</p>",
    text="Hello – %%tag-text%%\n",
)
LINK = "https://letter.example.org/unsubscribe/" + "x" * 60


def reader(number: int) -> Recipient:
    headers = {"List-Unsubscribe": f"<{LINK}{number}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    fields = {"%%tag-html%%": f"h{number}", "%%tag-text%%": f"t{number}"}
    return Recipient(number, f"reader{number}@example.net", headers, fields)


def batch(*numbers: int) -> Batch:
    return Batch("attempt", [reader(number) for number in numbers])


def test_each_recipient_is_a_file_that_sorts_by_edition_and_person(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    outbox.send(MESSAGE, batch(10, 9))
    outbox.send(replace(MESSAGE, edition="weekly-2"), batch(11))
    names = [file.name for file in sorted(outbox.folder.iterdir())]
    assert [name[:13] for name in names] == ["weekly-000002", "weekly-000012", "weekly-000012"]
    assert [name[14:24] for name in names] == ["0000000011", "0000000009", "0000000010"]


def test_the_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    assert Outbox(tmp_path / "outbox").folder.stat().st_mode & 0o777 == 0o700


def test_what_is_there_already_is_not_written_again(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    outbox.send(MESSAGE, batch(1))
    (file,) = outbox.folder.iterdir()
    before = file.stat().st_mtime_ns
    assert outbox.send(MESSAGE, batch(1, 2)).result is Result.ACCEPTED
    assert file.stat().st_mtime_ns == before
    assert outbox.settle(MESSAGE, batch(1, 2, 3)) == {1, 2}


def test_nothing_is_begun_too_late(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    outbox.send(MESSAGE, batch(1))
    late = replace(batch(1, 2), start_by=clock.uptime() - 1)
    assert outbox.send(MESSAGE, late).result is Result.REFUSED
    assert outbox.settle(MESSAGE, late) == {1}


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("in the way")
    with pytest.raises(ProviderError, match="cannot be made"):
        Outbox(tmp_path / "outbox")


def test_a_disk_that_takes_no_more_stops_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox(tmp_path / "outbox")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    outcome = outbox.send(MESSAGE, batch(1))
    assert outcome.result is Result.STOP
    assert "No space left on device" in outcome.reason
    assert outbox.settle(MESSAGE, batch(1)) == frozenset()


def test_the_unsubscribe_header_stands_on_one_line_as_it_is() -> None:
    raw = compose(MESSAGE, reader(1), clock.now())
    assert f"List-Unsubscribe: <{LINK}1>\r\n".encode() in raw


def test_the_message_id_is_a_function_of_edition_and_person() -> None:
    def of(message: Message, number: int) -> str:
        parsed = email.message_from_bytes(compose(message, reader(number), clock.now()))
        return str(parsed["Message-ID"])

    assert of(MESSAGE, 1) == of(MESSAGE, 1)
    assert len({of(MESSAGE, 1), of(MESSAGE, 2), of(replace(MESSAGE, edition="weekly-13"), 1)}) == 3


def test_a_header_with_a_line_break_makes_no_mail(tmp_path: Path) -> None:
    bad = replace(reader(1), headers={"List-Id": "<weekly>\r\nBcc: other@example.net"})
    outcome = Outbox(tmp_path / "outbox").send(MESSAGE, Batch("attempt", [bad]))
    assert outcome.result is Result.STOP  # it stands in everybody's


def test_an_address_no_header_can_hold_concerns_one_person_only(tmp_path: Path) -> None:
    bad = replace(reader(1), address="no address at all")
    outcome = Outbox(tmp_path / "outbox").send(MESSAGE, Batch("attempt", [bad, reader(2)]))
    assert outcome.result is Result.REJECTED
    assert outcome.rejected == {1: "no valid header can be made of the address"}


def test_another_person_under_the_same_number_gets_a_letter_too(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    outbox.send(MESSAGE, batch(1))
    outbox.send(MESSAGE, Batch("attempt", [replace(reader(1), address="other@example.net")]))
    assert len(list(outbox.folder.iterdir())) == 2


@settings(max_examples=60)
@given(
    subject=st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=200),
    name=st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp")), max_size=60),
    text=st.text(st.characters(blacklist_categories=("Cs",)), max_size=2000),
)
def test_any_words_make_valid_mail(subject: str, name: str, text: str) -> None:
    raw = compose(replace(MESSAGE, subject=subject, from_name=name, text=text), reader(1), clock.now())
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert parsed["To"] == "reader1@example.net"
    assert " ".join(str(parsed["Subject"]).split()) == " ".join(subject.split())
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [part.get_content_type() for part in parsed.iter_parts()] == ["text/plain", "text/html"]


@settings(max_examples=200)
@given(ADDRESSES)
@example("=?utf-8?q?a?=@example.org")
@example("a=b?c=d@example.org")
@example(f"{'x' * 64}@{'y' * 59}.{'y' * 60}.{'y' * 60}.example")
@example("a_b=c{d}|~e@xn--bcher-kva.example")
def test_any_address_that_is_kept_makes_mail_to_it_alone(typed: str) -> None:
    try:
        address = normalise(typed)
    except SubscriberError:
        return
    raw = compose(MESSAGE, replace(reader(1), address=address), clock.now())
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert [known.addr_spec for known in parsed["To"].addresses] == [address]
    assert raw.count(b"\r\nTo: ") == 1
    assert not any(parsed[name].defects for name in parsed)
    assert not any(part.defects for part in parsed.walk())
