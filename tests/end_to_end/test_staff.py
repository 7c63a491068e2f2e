"""Staff's whole way: invited by command, accepted and signed in over HTTP, refused, signed out everywhere."""

from __future__ import annotations

import json
import re
import signal
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from subscribers.staff_log import user
from tests.doubles.blog import Item
from tests.waiting import LONGEST, until
from tests.web.public.visitor import hidden
from tests.web.signing_in.browser import newest_link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.doubles.blog import Blog
    from tests.end_to_end.conftest import Project


@pytest.fixture
def served(project: Project, blog: Blog) -> Iterator[str]:
    project.environment["RAPPORT_NEWSLETTER__PUBLIC_URL"] = ""  # as on this machine, for want of https here
    blog.items = [Item("A calm morning", datetime.now(UTC) - timedelta(days=1))]
    project.rapport("pull")
    project.rapport("compose", "weekly")
    process = project.start("serve", "--no-scheduler", "--port", "0", "--json")
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())["address"]
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=LONGEST)
    assert errors == ""


class Staff:
    """One of staff, in a browser of their own with a jar of cookies."""

    def __init__(self, project: Project, address: str) -> None:
        self.project = project
        self.client = httpx.Client(base_url=address, headers={"origin": address}, timeout=LONGEST)

    def press(self, path: str, **data: str) -> httpx.Response:
        token = hidden(self.client.get(path).text, "csrf")
        return self.client.post(path, data={"csrf": token, **data})

    def accept(self, email: str, role: str) -> None:
        self.project.rapport("staff", "invite", email, "--role", role)
        assert self.press(newest_link(self.project.folder)).headers["location"] == "/staff/"

    def post(self, path: str, **data: str) -> int:
        token = hidden(self.client.get("/staff/account").text, "csrf")
        return self.client.post(path, data={"csrf": token, **data}).status_code

    @property
    def is_signed_in(self) -> bool:
        return self.client.get("/staff/").status_code == 200


def test_from_the_invitation_to_signing_out_everywhere(project: Project, served: str) -> None:
    assert "was written to outbox/: nobody was mailed" in project.rapport(
        "staff", "invite", "Viewer@Example.org", "--role", "viewer"
    )
    viewer, editor, elsewhere = (Staff(project, served) for _ in range(3))
    assert viewer.client.get("/staff/").headers["location"] == "/staff/sign-in?onward=/staff/"
    assert viewer.press(newest_link(project.folder)).status_code == 303
    editor.accept("editor@example.org", "editor")
    page = viewer.client.get("/staff/")
    assert page.status_code == 200
    assert "A calm morning" in page.text
    assert "viewer@example.org" in page.text

    edition = re.search(r'name="edition" value="([^"]+)"', editor.client.get("/staff/").text)
    assert edition
    decision = {
        "edition": edition[1],
        "verb": "hold",
        **{name: hidden(editor.client.get("/staff/").text, name) for name in ("seen", "mark")},
    }
    assert viewer.post("/staff/decide", **decision) == 403
    assert project.json("editions", "show", "weekly-1")["edition"]["status"] == "draft"
    assert editor.post("/staff/decide", **decision) == 303
    assert project.json("editions", "show", "weekly-1")["edition"]["status"] == "held"

    assert elsewhere.client.get("/staff/sign-in").status_code == 200
    elsewhere.press("/staff/sign-in", email="editor@example.org")
    _wait_for_mail(project, 3)
    elsewhere.press(newest_link(project.folder))
    signed_in = [elsewhere.is_signed_in, editor.is_signed_in, viewer.is_signed_in]
    assert editor.post("/staff/sign-out", where="everywhere") == 303
    assert signed_in == [True, True, True]
    assert [elsewhere.is_signed_in, editor.is_signed_in, viewer.is_signed_in] == [False, False, True]
    assert "Signed out in 1 browser." in project.rapport("staff", "sign-out", "--all")
    assert not viewer.is_signed_in

    log = project.json("staff", "log")["log"]
    assert [(one["actor"], one["action"], one["about"], one["detail"]) for one in log] == [
        (user(), "sign-out", "", "everybody, everywhere"),
        ("editor@example.org", "sign-out", "editor@example.org", "everywhere"),
        ("editor@example.org", "sign-in", "", "by a link"),
        ("editor@example.org", "hold", "weekly-1", ""),
        ("editor@example.org", "join", "editor@example.org", "as editor"),
        (user(), "invite", "editor@example.org", "as editor"),
        ("viewer@example.org", "join", "viewer@example.org", "as viewer"),
        (user(), "invite", "viewer@example.org", "as viewer"),
    ]


def _wait_for_mail(project: Project, number: int) -> None:
    until(lambda: len(list((project.folder / "outbox").glob("staff-notice-*.eml"))) == number)


def test_the_commands_say_who_may_and_refuse_what_must_not_be(project: Project) -> None:
    assert "Nobody has an account yet" in project.rapport("staff", "list")
    made = project.json("staff", "invite", "Ada@Example.org", "--role", "admin")
    assert made["mailed"] is False  # it lies in the outbox
    (listed,) = project.json("staff", "list")["staff"]
    assert (listed["email"], listed["role"], listed["state"]) == ("ada@example.org", "admin", "invited")
    assert listed["sessions"] == 0
    assert "has not accepted" in project.rapport("staff", "list")
    assert "can no longer sign in" in project.rapport("staff", "remove", "ADA@example.org")
    for arguments, status, said in (
        (("remove", "ada@example.org"), 1, "No account has this address."),
        (("sign-out", "ada@example.org"), 1, "No account has this address."),
        (("sign-out",), 2, "Name an ADDRESS or --all"),
        (("sign-out", "ada@example.org", "--all"), 2, "Name an ADDRESS or --all"),
        (("invite", "ada@example.org"), 2, "--role"),
        (("invite", "ada@example.org", "--role", "owner"), 2, "owner"),
        (("invite", "ada", "--role", "viewer"), 1, "The address has no @-sign."),
    ):
        assert said in project.rapport("staff", *arguments, status=status)


def test_a_password_that_staff_would_share_is_refused(project: Project, blog: Blog) -> None:
    project.configure(blog.url, more='[staff]\npassword_hash = "$argon2id$…"')
    said = project.rapport("staff", "list", status=2)
    assert "staff.password_hash: there is no password that staff share" in said
    assert "rapport staff invite ADDRESS --role admin" in said


def test_erasing_a_reader_leaves_their_account_and_says_so(project: Project) -> None:
    project.rapport("subscribers", "add", "ada@example.org", "--consent", "Asked")
    project.rapport("staff", "invite", "ada@example.org", "--role", "admin")
    said = project.rapport("subscribers", "forget", "ada@example.org", "--yes")
    assert "still has an account for the dashboard: see `rapport staff remove`." in said
    assert [one["email"] for one in project.json("staff", "list")["staff"]] == ["ada@example.org"]
    project.rapport("staff", "remove", "ada@example.org")
    assert project.json("subscribers", "forget", "ada@example.org", "--yes")["staff_account"] is False
