"""Who may sign in, looked after at the dashboard: by admins alone, who are asked anew, and on record."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from pipeline.mail import sign_in
from subscribers import clock, staff_log
from subscribers.staff import accounts
from subscribers.staff.roles import Role
from subscribers.staff.tables import links, passkeys
from tests.installations import installation
from tests.web.dashboard.staff import words
from tests.web.public.visitor import Visitor, everything, hidden
from tests.web.signing_in.browser import StaffBrowser, mails, newest_link, signed_in
from tests.web.signing_in.conftest import ADMIN, EDITOR, VIEWER, join

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from pipeline.core.database import Database
    from tests.web.dashboard.office import Office

OTHER = "other@example.org"
HERE = "/staff/accounts"


@pytest.fixture
def visitor(sqlite_database: Database, tmp_path: Path) -> Iterator[Visitor]:
    """A practice with two admins, an editor and a viewer: accounts 1 to 4."""
    made = installation(sqlite_database, tmp_path, "http://127.0.0.1:1/feed")
    join(made, (ADMIN, Role.ADMIN), (OTHER, Role.ADMIN), (EDITOR, Role.EDITOR), (VIEWER, Role.VIEWER))
    visitor = Visitor(made)
    yield visitor
    visitor.app.state.door.wait()
    visitor.close()


@pytest.fixture
def admin(visitor: Visitor) -> StaffBrowser:
    return signed_in(visitor, ADMIN)


def press(browser: StaffBrowser, path: str, **fields: str) -> httpx.Response:
    """Send the form of a page with what its hidden fields hold."""
    page = browser.get(f"{HERE}{path}").text
    seen = re.search(r'name="seen" value="([^"]*)"', page)
    given = {"seen": seen[1]} if seen else {}
    return browser.post(f"{HERE}{path}", {"csrf": hidden(page, "csrf"), **given, **fields})


def invite(browser: StaffBrowser, address: str, role: str = "editor") -> httpx.Response:
    return press(browser, "/invite", address=address, role=role)


def roles(visitor: Visitor) -> dict[str, str]:
    with visitor.installation.database.read() as connection:
        return {one.email: one.role.value for one in accounts.all_of_them(connection)}


def logged(visitor: Visitor, most: int) -> list[tuple[str, str, str, str]]:
    with visitor.installation.database.read() as connection:
        entries = staff_log.part(connection).entries[:most]
    return [(one.actor, one.action, one.about, one.detail) for one in entries]


def test_the_page_says_who_may_sign_in_as_what_and_how(visitor: Visitor, admin: StaffBrowser) -> None:
    signed_in(visitor, EDITOR)
    database = visitor.installation.database
    with database.write() as connection:
        accounts.set_password(connection, 3, "$argon2id$kept")
        for key in ("a", "b"):
            connection.execute(
                passkeys.insert().values(
                    id=key, account_id=3, public_key="p", sign_count=0, made_at=clock.now()
                )
            )
    invite(admin, "new@example.org", "viewer")
    page = admin.get(HERE).text
    assert "$argon2id$" not in page + admin.get(f"{HERE}/3").text
    told = words(page)
    assert f"{ADMIN} you admin last signed in" in told
    assert f"{EDITOR} editor last signed in" in told
    assert "now in 1 browser · signs in by mailed link, 2 passkeys, password" in told
    assert f"{VIEWER} viewer last signed in never · signed out · signs in by mailed link" in told
    assert re.search(r"not accepted yet new@example.org viewer invited .*, good until ", told)
    with database.write() as connection:
        connection.execute(links.delete())
    assert "new@example.org viewer the invitation is no longer good" in words(admin.get(HERE).text)


@pytest.mark.parametrize("address", [EDITOR, VIEWER])
def test_whoever_is_no_admin_sees_changes_and_is_led_to_nothing_of_it(visitor: Visitor, address: str) -> None:
    browser = signed_in(visitor, address)
    assert HERE not in browser.get("/staff/how").text
    form = {"csrf": hidden(browser.get("/staff/account").text, "csrf")}
    before = everything(visitor.installation.database)
    for path in ("", "/log", "/invite", "/1", "/3"):
        assert browser.get(f"{HERE}{path}").status_code == 403
    for path, fields in (
        ("/invite", {"address": "friend@example.org", "role": "admin"}),
        ("/3", {"verb": "role", "role": "admin", "own": "yes"}),
        ("/4", {"verb": "role", "role": "admin", "own": "yes"}),
        ("/1", {"verb": "remove"}),
        ("/1", {"verb": "sign-out"}),
    ):
        assert browser.post(f"{HERE}{path}", {**form, **fields}).status_code == 403
    assert everything(visitor.installation.database) == before


def test_an_invitation_is_mailed_and_accepted_by_its_link(
    visitor: Visitor, admin: StaffBrowser, tmp_path: Path
) -> None:
    answer = invite(admin, " New@Example.org", "editor")
    assert answer.headers["location"] == f"{HERE}/5?done=written"
    page = words(admin.get(answer.headers["location"]).text)
    assert "The invitation was written to outbox/: nobody was mailed." in page
    assert "The link is good until" in page
    assert "To: new@example.org\n" in mails(tmp_path)[-1]
    new = StaffBrowser(visitor)
    new.press(newest_link(tmp_path))
    assert new.is_signed_in
    assert new.get(HERE).status_code == 403
    assert logged(visitor, 2) == [
        ("new@example.org", "join", "new@example.org", "as editor"),
        (ADMIN, "invite", "new@example.org", "as editor"),
    ]


def test_a_button_that_is_pressed_twice_mails_one_invitation(
    visitor: Visitor, admin: StaffBrowser, tmp_path: Path
) -> None:
    first, second = (invite(admin, "new@example.org") for _ in range(2))
    assert (first.headers["location"], second.headers["location"]) == (
        f"{HERE}/5?done=written",
        f"{HERE}/5?done=waiting",
    )
    assert "no second mail was made" in admin.get(second.headers["location"]).text
    page = admin.get(f"{HERE}/5").text
    again = {name: hidden(page, name) for name in ("csrf", "verb", "seen")} | {"role": "editor"}
    third, fourth = (admin.post(f"{HERE}/5", again) for _ in range(2))
    assert third.headers["location"].endswith("?done=written")
    assert fourth.headers["location"].endswith("?done=waiting")
    assert len(mails(tmp_path)) == 2
    assert admin.get(newest_link(tmp_path)).status_code == 200
    assert [one[3] for one in logged(visitor, 2)] == ["as editor, once more", "as editor"]
    for _ in range(2):
        assert press(admin, "/4", verb="role", role="editor").headers["location"] == f"{HERE}/4?done=role"
    assert logged(visitor, 1) == [(ADMIN, "role", VIEWER, "editor instead of viewer")]
    assert press(admin, "/1", verb="role", role="admin").headers["location"] == f"{HERE}/1?done=role"
    gone = {"csrf": again["csrf"], "verb": "remove"}
    ends = [admin.post(f"{HERE}/4", gone).headers["location"] for _ in range(2)]
    assert ends == [f"{HERE}?done=removed", f"{HERE}?done=gone"]
    assert "it was removed before" in admin.get(ends[1]).text


def test_one_who_is_invited_can_be_given_another_role_by_another_mail(
    visitor: Visitor, admin: StaffBrowser, tmp_path: Path
) -> None:
    invite(admin, "new@example.org", "admin")
    former = newest_link(tmp_path)
    assert press(admin, "/5", verb="role", role="viewer").headers["location"].endswith("?done=written")
    assert "sees the letters and what became of them" in " ".join(mails(tmp_path)[-1].split())
    assert admin.get(former).status_code == 410
    assert roles(visitor)["new@example.org"] == "viewer"


def test_an_invitation_that_reached_nobody_is_none_and_pressing_again_mails_it(
    admin: StaffBrowser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sign_in, "_mail", lambda *given: "the server is away")
        failed = invite(admin, "new@example.org")
    assert failed.status_code == 409
    assert "The invitation was not handed over: the server is away." in failed.text
    assert 'value="new@example.org"' in failed.text
    assert "the invitation is no longer good" in admin.get(HERE).text
    assert invite(admin, "new@example.org").headers["location"].endswith("?done=written")
    assert len(mails(tmp_path)) == 1


def test_nor_is_one_whose_mail_could_not_even_be_made(
    visitor: Visitor, admin: StaffBrowser, tmp_path: Path
) -> None:
    outbox = tmp_path / "outbox"
    outbox.write_text("a file where the folder should be")
    failed = invite(admin, "new@example.org")
    assert failed.status_code == 409
    assert "outbox" in words(failed.text)
    assert "the invitation is no longer good" in admin.get(HERE).text
    outbox.unlink()
    assert invite(admin, "new@example.org").headers["location"].endswith("?done=written")
    assert len(mails(tmp_path)) == 1


def test_who_has_an_account_already_has_the_new_role_at_once_and_no_mail(
    visitor: Visitor, admin: StaffBrowser, tmp_path: Path
) -> None:
    viewer = signed_in(visitor, VIEWER)
    answer = invite(admin, VIEWER.upper(), "editor")
    assert answer.headers["location"] == f"{HERE}/4?done=role"
    assert "no mail was needed" in admin.get(f"{HERE}/4?done=role").text
    assert roles(visitor)[VIEWER] == "editor"
    assert mails(tmp_path) == []
    assert viewer.get("/staff/note").status_code == 200


def test_what_cannot_be_invited_is_said_and_stays_typed(visitor: Visitor, admin: StaffBrowser) -> None:
    before = everything(visitor.installation.database)
    for address, role, said in (
        ("no address", "editor", "The address has no @-sign."),
        ('"><img src=x onerror=alert(1)>@example.org', "editor", "The address"),
        ("new@example.org", "owner", "No role is chosen."),
        ("new@example.org", "", "No role is chosen."),
        ("x" * 9_000, "editor", "The address"),
    ):
        answer = invite(admin, address, role)
        assert answer.status_code == 409
        assert said in answer.text
        assert "<img" not in answer.text
    assert everything(visitor.installation.database) == before
    assert press(admin, "/3", verb="promote").status_code == 404
    for number in (2**63, "9" * 5_000):
        assert admin.get(f"{HERE}/{number}").status_code == 404
        assert StaffBrowser(visitor).get(f"/staff/people/{number}").status_code == 404
    assert admin.get(f"{HERE}/99").headers["location"] == f"{HERE}?done=gone"


def test_every_address_that_can_be_invited_stays_words(admin: StaffBrowser) -> None:
    longest = f"{'x' * 64}@{'.'.join(['y' * 60] * 3)}.org"
    for address in ("o'b&c@example.org", "{{7*7}}@example.org", longest):
        path = invite(admin, address).headers["location"]
        for page in (admin.get(path).text, admin.get(HERE).text, admin.get(f"{HERE}/log").text):
            assert address.replace("&", "&amp;").replace("'", "&#39;") in page


def test_who_is_removed_or_signed_out_is_so_at_once(
    visitor: Visitor, admin: StaffBrowser, tmp_path: Path
) -> None:
    editor, viewer = signed_in(visitor, EDITOR), signed_in(visitor, VIEWER)
    assert press(admin, "/3", verb="sign-out").headers["location"] == f"{HERE}/3?done=out"
    assert press(admin, "/4", verb="remove").headers["location"] == f"{HERE}?done=removed"
    assert (editor.is_signed_in, viewer.is_signed_in) == (False, False)
    assert VIEWER not in roles(visitor)
    assert logged(visitor, 2) == [(ADMIN, "remove", VIEWER, ""), (ADMIN, "sign-out", EDITOR, "everywhere")]
    assert editor.sign_in(tmp_path, EDITOR).status_code == 303


@pytest.mark.parametrize("fields", [{"verb": "role", "role": "viewer"}, {"verb": "remove"}])
def test_nobody_takes_their_own_account_without_saying_so_nor_the_last_admins(
    visitor: Visitor, admin: StaffBrowser, fields: dict[str, str]
) -> None:
    told = press(admin, "/1", **fields)
    assert told.status_code == 409
    assert "This is your own account: nothing was changed." in told.text
    assert "I cannot come back" in words(told.text) or "I am signed out at once" in words(told.text)
    assert invite(admin, ADMIN, "viewer").status_code == 409
    other = signed_in(visitor, OTHER)
    assert press(admin, "/1", own="yes", **fields).headers["location"] == "/staff/"
    assert admin.get(HERE).status_code in (303, 403)
    last = press(other, "/2", own="yes", **fields)
    assert last.status_code == 409
    assert "This is the last account of an admin" in last.text
    assert roles(visitor)[OTHER] == "admin"
    assert other.get(HERE).status_code == 200


def test_who_signs_themselves_out_everywhere_is_so_here_too(admin: StaffBrowser) -> None:
    assert "Sign out everywhere, here too" in admin.get(f"{HERE}/1").text
    assert press(admin, "/1", verb="sign-out").headers["location"] == "/staff/"
    assert not admin.is_signed_in


def test_to_look_a_session_is_enough_and_to_change_one_signs_in_anew(
    visitor: Visitor, tmp_path: Path
) -> None:
    with time_machine.travel(clock.now(), tick=False) as traveller:
        admin = signed_in(visitor, ADMIN)
        form = {"csrf": hidden(admin.get(f"{HERE}/3").text, "csrf"), "verb": "remove"}
        traveller.shift(timedelta(minutes=11))
        before = everything(visitor.installation.database)
        assert "you are asked to sign in once more" in admin.get(HERE).text
        assert admin.get(f"{HERE}/log").status_code == 200
        for path in ("/3", "/invite"):
            where = f"/staff/sign-in?onward={HERE}{path}"
            assert admin.get(f"{HERE}{path}").headers["location"] == where
            refused = admin.post(f"{HERE}{path}", form, referer=f"{admin.site}{HERE}{path}")
            assert refused.headers["location"] == where
        assert roles(visitor)[EDITOR] == "editor"
        after = everything(visitor.installation.database)
        assert {name for name in after if after[name] != before[name]} <= {"staff_sessions"}  # seen, no more
        assert admin.sign_in(tmp_path, ADMIN, f"{HERE}/3").headers["location"] == f"{HERE}/3"
        assert press(admin, "/3", verb="remove").headers["location"] == f"{HERE}?done=removed"


def test_the_log_shows_fifty_and_then_those_before(visitor: Visitor, admin: StaffBrowser) -> None:
    with visitor.installation.database.write() as connection:
        for number in range(staff_log.PAGE):
            staff_log.record(connection, "hold", f"weekly-{number}", actor=EDITOR)
    first = admin.get(f"{HERE}/log").text
    assert first.count('class="did"') == staff_log.PAGE
    (older,) = re.findall(rf'href="({HERE}/log\?before=\d+)"', first)
    second = admin.get(older).text
    assert "weekly-" not in second
    assert words(second).count("invite") == 4
    assert "Older ones" not in second
    assert "That was everything" in admin.get(f"{HERE}/log?before=1").text
    for number in (2**63, "9" * 5_000, "x"):
        assert admin.get(f"{HERE}/log?before={number}").text == first


def test_on_this_machine_the_same_page_asks_nobody_who_they_are(office: Office) -> None:
    refused = office.post("/accounts/invite", address="ada@example.org", role="admin")
    assert refused.headers["location"] == "/accounts/1?done=written"
    page = words(office.page("accounts"))
    assert "ada@example.org admin invited" in page
    assert office.post("/accounts/1", verb="remove").headers["location"] == "/accounts?done=removed"
    assert "Nobody can sign in yet. Invite yourself first" in office.page("accounts")
    assert "remove ada@example.org preview" in words(office.page("accounts/log"))
