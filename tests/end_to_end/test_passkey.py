"""Signing in with Chromium, as people do: by the keyboard, by a passkey, invited by a colleague; read by
axe-core."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import pytest

from tests import browser as browsers
from tests.browser import needs_chromium
from tests.end_to_end.conftest import Project
from tests.waiting import LONGEST
from tests.web.signing_in.browser import newest_link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, CDPSession, Page

pytestmark = needs_chromium

RULES = {"target-size": {"enabled": True}}
"""WCAG 2.2 AA, which axe leaves out unless asked."""


@pytest.fixture
def served(tmp_path: Any) -> Iterator[tuple[Project, str]]:
    """A practice on this machine alone, and its address by name: WebAuthn takes no number."""
    project = Project(tmp_path, installed=False, environment={"RAPPORT_NEWSLETTER__PUBLIC_URL": ""})
    project.configure("http://127.0.0.1:1/feed")
    project.rapport("staff", "invite", "ada@example.org", "--role", "admin")
    process = project.start("serve", "--no-scheduler", "--port", "0", "--json")
    assert process.stdout is not None
    port = urlsplit(json.loads(process.stdout.readline())["address"]).port
    yield project, f"http://localhost:{port}"
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=LONGEST)
    assert errors == ""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    # No colour is ever on its way to another one: axe would judge what nobody sees for long.
    context = browser.new_context(reduced_motion="reduce")
    opened = context.new_page()
    yield opened
    context.close()


def authenticator(page: Page) -> CDPSession:
    """A device that keeps passkeys, whose owner always holds their finger on it."""
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return device


def faults(page: Page) -> list[str]:
    """What axe-core has against a page, on a phone by day and on a desk by night."""
    found = []
    for width, scheme in ((320, "light"), (1200, "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found += [f"{width} {scheme} {fault}" for fault in browsers.faults(page, rules=RULES)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{width}: wider than the screen")
    return found


def presses(page: Page, name: str, role: Literal["button", "link"] = "button") -> None:
    """Press what leads to another page, and wait until all of that is there: axe would judge half a page."""
    with page.expect_navigation(wait_until="load"):
        page.get_by_role(role, name=name).first.click()


def invites_an_editor(project: Project, site: str, page: Page) -> None:
    """At the page of who may sign in, which only shows itself to an admin."""
    presses(page, "Staff", "link")
    presses(page, "Invite somebody", "link")
    assert faults(page) == []
    page.get_by_label("Address").fill("eve@example.org")
    page.get_by_role("radio", name="editor").check()
    presses(page, "Invite")
    page.get_by_text("was written to outbox/: nobody was mailed").wait_for()
    page.get_by_text("Take this account away").click()
    assert faults(page) == []
    other = page.context.browser
    assert other is not None
    theirs = other.new_context()
    eve = theirs.new_page()
    eve.goto(site + newest_link(project.folder))
    presses(eve, "Accept, and sign in")
    eve.wait_for_url(f"{site}/staff/")
    assert eve.get_by_role("link", name="Staff").count() == 0
    token = eve.locator("[name=csrf]").first.get_attribute("value")
    form = {"csrf": token, "verb": "remove"}
    send = "form => fetch('/staff/accounts/1', {method: 'POST', body: new URLSearchParams(form)})"
    assert eve.evaluate(f"{send}.then(answer => answer.status)", form) == 403
    theirs.close()
    presses(page, "Staff", "link")
    page.get_by_text("now in 1 browser").first.wait_for()
    assert faults(page) == []
    presses(page, "What staff did", "link")
    page.get_by_text("invite", exact=True).first.wait_for()
    assert faults(page) == []


def test_from_the_invitation_to_a_passkey_and_back_in_by_it(served: tuple[Project, str], page: Page) -> None:
    project, site = served
    authenticator(page)
    page.goto(site + newest_link(project.folder))
    assert faults(page) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/staff/")
    invites_an_editor(project, site, page)
    page.goto(f"{site}/staff/account")
    presses(page, "Add a passkey")
    page.get_by_role("button", name="Remove").wait_for()
    assert faults(page) == []
    presses(page, "Sign out here")
    page.wait_for_url(f"{site}/staff/sign-in")
    assert faults(page) == []
    presses(page, "Sign in with a passkey")
    page.wait_for_url(f"{site}/staff/")
    page.goto(f"{site}/staff/account")
    presses(page, "Remove")
    page.get_by_role("button", name="Remove").wait_for(state="detached")
    presses(page, "Sign out here")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_role("alert").wait_for()
    log = project.json("staff", "log")["log"]
    assert [(one["action"], one["detail"]) for one in log] == [
        ("passkey", "taken away"), ("sign-in", "by a passkey"), ("passkey", "added"), ("join", "as editor"),
        ("invite", "as editor"), ("join", "as admin"), ("invite", "as admin"),
    ]  # fmt: skip
