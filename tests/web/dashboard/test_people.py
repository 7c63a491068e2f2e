"""People: who is found, what is known of each, what staff do for them, and who may."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pipeline.web.dashboard.actor import Role
from subscribers import directory, searching, staff_log
from subscribers.suppression import Reason, suppress
from tests.installations import subscribe
from tests.web.dashboard.staff import ME, OURS, Staff, look, send, words

if TYPE_CHECKING:
    from pathlib import Path

    from subscribers.people import Person
    from tests.web.public.visitor import Visitor

HOSTILE = "<img src=x onerror=alert(1)>"


def known(visitor: Visitor, who: str) -> Person:
    with visitor.installation.database.read() as connection:
        found = directory.person(connection, who)
    assert found is not None
    return found


def logged(visitor: Visitor) -> list[tuple[str, str, str]]:
    with visitor.installation.database.read() as connection:
        return [(one.actor, one.action, one.about) for one in staff_log.entries(connection)]


def add(visitor: Visitor, address: str, name: str = "") -> None:
    with visitor.installation.database.write() as connection:
        directory.add(connection, address, name=name, digests=["weekly"], wording="asked", source="test")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_only_an_admin_sees_or_changes_anybody(visitor: Visitor, staff: Staff, role: Role) -> None:
    staff.role = role
    for path in ("", "/add", "/export", "/1", "/1/forget"):
        assert visitor.get(f"/staff/people{path}").status_code == 403
    for path in ("", "/add", "/export", "/address", "/act", "/1/forget"):
        assert send(visitor, path, who="1", verb="unsubscribe").status_code == 403
    assert "/staff/people" not in visitor.get("/staff/how").text
    assert known(visitor, "1").subscriptions[0].status == "active"


def test_a_page_holds_fifty_and_the_next_begins_after_its_last(visitor: Visitor) -> None:
    subscribe(visitor.installation.database, searching.PAGE + 2)
    first = look(visitor)
    assert first.count("@example.net") == searching.PAGE
    (further,) = re.findall(r'href="/staff(/people\?after=\d+)"', first)
    second = look(visitor, further.removeprefix("/people"))
    assert "reader1@example.net" in second
    assert second.count("@example.net") == 2
    assert "That was everybody" in look(visitor, "?after=1")
    assert look(visitor, "?after=99999999999999999999") == first


def test_somebody_is_found_by_address_names_and_number_and_nothing_typed_is_in_an_address(
    visitor: Visitor,
) -> None:
    add(visitor, "anna@example.net", "Ümit Okafor-Lee")
    for typed in ("ANNA@", "ümit", "Ümit okafor", "okafor", "4"):
        answer = send(visitor, "", q=typed)
        assert "anna@example.net" in answer.text, typed
        assert "reader1" not in answer.text
    assert "Nobody’s address or name" in send(visitor, "", q="%").text
    page = look(visitor)
    assert '<form id="search" class="search" method="post"' in page
    assert not re.search(r'(?:href|action)="[^"]*(?:@|%40)', page + look(visitor, "/4"))


def test_a_page_tells_all_that_is_known_and_hostile_names_stay_words(visitor: Visitor) -> None:
    database = visitor.installation.database
    with database.write() as connection:
        directory.add(
            connection, "m@example.net", name=HOSTILE, digests=["weekly"], wording=HOSTILE, source=HOSTILE
        )
        suppress(connection, "m@example.net", Reason.COMPLAINED, HOSTILE)
        suppress(connection, "m@example.net", Reason.UNSUBSCRIBED, "test")
    for page in (
        look(visitor, "/4"),
        look(visitor),
        send(visitor, "", q="<img").text,
        look(visitor, "/4/forget"),
    ):
        assert "<img src=x" not in page
        assert "m@example.net" in page
    told = words(look(visitor, "/4"))
    for said in ("weekly : active since", "added by staff", "They reported a letter as spam",
                 "They unsubscribed from everything", "It lifts only: complained"):  # fmt: skip
        assert said in told, said
    assert "Person 4" in re.findall("<title>(.*?)</title>", look(visitor, "/4"))[0]
    for path in ("/99", f"/{2**63}"):
        assert visitor.get(f"/staff/people{path}").status_code == 404


def test_acts_are_those_of_the_commands_and_on_record_with_who_did_them(visitor: Visitor) -> None:
    assert send(visitor, "/act", who="1", verb="suppress", reason="asked by phone").status_code == 303
    assert known(visitor, "1").suppression is Reason.MANUAL
    assert send(visitor, "/act", who="1", verb="lift", reason="").status_code == 409
    assert send(visitor, "/act", who="1", verb="lift", reason="a mistake").status_code == 303
    assert known(visitor, "1").suppression is None
    gone = send(visitor, "/act", who="2", verb="unsubscribe")
    assert gone.headers["location"] == "/staff/people/2?done=unsubscribe"
    assert known(visitor, "2").suppression is Reason.UNSUBSCRIBED
    refused = send(visitor, "/act", who="2", verb="lift", reason="they are dear to us")
    assert refused.status_code == 409
    assert "Nothing that staff can lift" in refused.text
    assert known(visitor, "2").suppression is Reason.UNSUBSCRIBED
    assert [one for one in logged(visitor) if one[0] == ME] == [
        (ME, "unsubscribe", "subscriber 2"), (ME, "lift", "subscriber 1"), (ME, "suppress", "subscriber 1"),
    ]  # fmt: skip
    assert send(visitor, "/act", who="1", verb="promote").status_code == 404
    assert (
        visitor.post("/staff/people/act", {"who": "1", "verb": "unsubscribe"}, headers=OURS).status_code
        == 403
    )


def test_an_address_that_is_not_on_the_list_has_a_page_by_post(visitor: Visitor) -> None:
    with visitor.installation.database.write() as connection:
        suppress(connection, "gone@example.net", Reason.BOUNCED, "an event")
    assert "is not on the list, and gets no mail: bounced" in send(visitor, "", q="gone@example.net").text
    assert "came back as undeliverable" in send(visitor, "/address", who="gone@example.net").text
    lifted = send(visitor, "/act", who="gone@example.net", verb="lift", reason="repaired")
    assert lifted.status_code == 200
    assert "Lifted." in lifted.text
    assert send(visitor, "/address", who="nobody@example.net").status_code == 404


def test_somebody_is_added_with_evidence_or_asked_by_mail(visitor: Visitor, tmp_path: Path) -> None:
    new = {"address": "New@example.net", "name": "New", "digest": "weekly"}
    refused = send(visitor, "/add", **new, how="consent", consent=" ")
    assert refused.status_code == 409
    assert "without evidence" in refused.text
    assert 'value="New@example.net"' in refused.text
    assert send(visitor, "/add", **new, how="consent", consent="at the desk").status_code == 303
    added = known(visitor, "new@example.net")
    assert (added.consent[0].wording, added.consent[0].source) == ("at the desk", "dashboard")
    asked = send(visitor, "/add", address="other@example.net", digest="weekly", how="confirm")
    assert asked.headers["location"].endswith("?done=written")
    assert known(visitor, "other@example.net").subscriptions[0].status == "pending"
    assert len(list((tmp_path / "outbox").glob("confirmation-*.eml"))) == 1
    assert [one[:2] for one in logged(visitor) if one[0] == ME] == [(ME, "ask"), (ME, "add")]
    assert send(visitor, "/add", address="third@example.net", how="consent", consent="x").status_code == 409


def test_erasing_asks_anew_and_for_the_address(visitor: Visitor, staff: Staff) -> None:
    assert send(visitor, "/1/forget", address="reader2@example.net").status_code == 409
    assert known(visitor, "1")
    assert send(visitor, "/1/forget", address="Reader1@example.net").status_code == 303
    assert known(visitor, "reader1@example.net").suppression is Reason.FORGOTTEN
    assert (ME, "forget", "subscriber 1") in logged(visitor)
    staff.recent = False
    for path in ("/2/forget", "/export"):
        answer = visitor.get(f"/staff/people{path}")
        assert answer.headers["location"].startswith("/staff/sign-in?onward=")
    assert send(visitor, "/2/forget", address="reader2@example.net").status_code == 303
    assert known(visitor, "2")


def test_the_list_is_exported_whole_and_on_record(visitor: Visitor) -> None:
    answer = send(visitor, "/export")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.startswith('"id","email","name",')
    assert answer.text.count("@example.net") == 3
    assert f"{ME} took the list, at the dashboard, 3 people" in words(look(visitor, "/export"))
