"""SendGrid's account through a key that sees all of it, some of it, none of it; and an SMTP server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.doctor import headers, smtp
from pipeline.doctor.hints import hints
from pipeline.doctor.runner import run_checks
from pipeline.doctor.sendgrid import CHECKS, domain, key, tracking, webhook
from tests.doctor.conftest import found, levels, only
from tests.doctor.test_dns import silent
from tests.doubles.sendgrid import EventWebhook
from tests.doubles.smtp import Act, Fault, StrictSmtp

if TYPE_CHECKING:
    from pipeline.doctor.context import Context
    from tests.doctor.conftest import Make
    from tests.doubles.sendgrid import StrictSendGrid

ALL = ("tracking_settings.read", "whitelabel.read", "user.webhooks.event.settings.read")
URL = "https://letter.example.org/webhooks/sendgrid"


def context_for(make: Make, server: StrictSendGrid, **settings: str) -> Context:
    return make(delivery={"provider": "sendgrid", "sendgrid": {"api_url": server.url} | settings})


def test_a_key_that_may_only_send_is_right_and_sees_nothing(make: Make, sendgrid: StrictSendGrid) -> None:
    findings = run_checks(CHECKS, context_for(make, sendgrid), silent)
    assert levels(findings) == ["ok"] * 4
    assert ["may not see" in finding.message for finding in findings] == [False, True, True, True]


def test_a_key_that_cannot_send_is_an_error(make: Make, sendgrid: StrictSendGrid) -> None:
    sendgrid.scopes.remove("mail.send")
    assert "lacks mail.send" in only(key, context_for(make, sendgrid)).message


def test_taking_over_the_lists_needs_a_scope_of_its_own(make: Make, sendgrid: StrictSendGrid) -> None:
    sendgrid.scopes.remove("suppression.read")
    assert only(key, context_for(make, sendgrid)).level == "ok"
    assert "lacks suppression.read" in only(key, context_for(make, sendgrid, unsubscribe="sendgrid")).message


def test_a_key_to_everything_is_a_warning(make: Make, sendgrid: StrictSendGrid) -> None:
    sendgrid.scopes += ["mail.batch.create", "api_keys.create", "teammates.delete", "stats.read"]
    finding = only(key, context_for(make, sendgrid))
    assert finding.level == "warning"
    assert "api_keys.create, teammates.delete" in finding.message
    assert "mail.batch" not in finding.message


@pytest.mark.parametrize("wrong", ["SG.another.key", ""])
def test_a_wrong_or_missing_key_is_told_once_and_never_shown(
    make: Make, sendgrid: StrictSendGrid, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv("SENDGRID_API_KEY", wrong)
    findings = run_checks(CHECKS, context_for(make, sendgrid), silent)
    assert levels(findings) == ["error"]
    assert "SENDGRID_API_KEY" in findings[0].remedy
    assert "SG." not in str(findings)


def test_a_server_that_is_not_there_is_told_once(make: Make, sendgrid: StrictSendGrid) -> None:
    sendgrid.close()
    findings = run_checks(CHECKS, context_for(make, sendgrid), silent)
    assert levels(findings) == ["error"]
    assert "could not be asked" in findings[0].message


def test_what_the_account_tracks_by_default(make: Make, sendgrid: StrictSendGrid) -> None:
    sendgrid.scopes += ALL
    assert only(tracking, context_for(make, sendgrid)).level == "ok"
    sendgrid.account.tracked |= {"open", "subscription"}
    assert "open, subscription" in only(tracking, context_for(make, sendgrid)).message
    hosted = only(tracking, context_for(make, sendgrid, unsubscribe="sendgrid"))
    assert "open." in hosted.message


def test_the_senders_domain_or_one_above_must_be_authenticated(make: Make, sendgrid: StrictSendGrid) -> None:
    sendgrid.scopes += ALL
    sendgrid.account.authenticate("ample.org")
    assert "not authenticated" in only(domain, context_for(make, sendgrid)).message
    sendgrid.account.authenticate("example.org", valid=False)
    assert "not yet seen" in only(domain, context_for(make, sendgrid)).message
    sendgrid.account.authenticate("example.org")
    assert only(domain, context_for(make, sendgrid)).level == "ok"


def test_events_must_come_here_signed_with_our_key(make: Make, sendgrid: StrictSendGrid) -> None:
    sendgrid.scopes += ALL
    signing = EventWebhook()
    context = context_for(make, sendgrid, webhook_public_key=signing.public_key)
    assert "posts no events" in only(webhook, context).message
    hooks = sendgrid.account
    for settings, said in (
        ({"enabled": False}, "turned off"),
        ({}, "not signed"),
        ({"public_key": EventWebhook().public_key}, "not the key"),
        ({"public_key": signing.public_key, "bounce": False}, "leaves out bounce"),
    ):
        hooks.webhooks.clear()
        hooks.post_events(URL, **settings)
        assert said in only(webhook, context).message
    hooks.webhooks.clear()
    hooks.post_events("https://elsewhere.example/")
    hooks.post_events(f"{URL}/", public_key=signing.public_key)
    assert only(webhook, context).level == "ok"


def test_answers_of_any_shape_are_findings(make: Make, sendgrid: StrictSendGrid) -> None:
    sendgrid.scopes += ALL
    for shape in (
        {"domain": None, "dns": 3}, {"domain": "example.org", "valid": "yes", "dns": {"mail_cname": 1}},
        {"domain": "example.org", "dns": {"x": {"host": 1, "type": None, "data": {}}}},
    ):  # fmt: skip
        sendgrid.account.domains = [shape]
        context = context_for(make, sendgrid)
        assert only(domain, context).level == "error"
        assert hints(context)
    sendgrid.account.webhooks = [{"url": URL, "enabled": 1, "public_key": []}, {}]
    assert only(webhook, context_for(make, sendgrid)).level == "error"


def test_hints_are_the_accounts_records_where_the_key_may_see_them(
    make: Make, sendgrid: StrictSendGrid
) -> None:
    placeholders = hints(context_for(make, sendgrid))
    assert "may not see" in placeholders[0]
    assert "s1._domainkey.example.org. 3600 IN CNAME s1.domainkey.u<ACCOUNT>.wl.sendgrid.net." in placeholders
    sendgrid.scopes += ALL
    sendgrid.account.authenticate("example.org")
    lines = hints(context_for(make, sendgrid))
    assert [line for line in lines if not line.startswith(";")] == [
        "em1234.example.org. 3600 IN CNAME u1.wl.sendgrid.net.",
        "s1._domainkey.example.org. 3600 IN CNAME s1.domainkey.u1.wl.sendgrid.net.",
        "s2._domainkey.example.org. 3600 IN CNAME s2.domainkey.u1.wl.sendgrid.net.",
        '_dmarc.example.org. 3600 IN TXT "v=DMARC1; p=none; rua=mailto:letter@example.org"',
    ]


def test_an_smtp_server_is_greeted_and_left(make: Make) -> None:
    with StrictSmtp() as server:
        context = make(delivery={"provider": "smtp", "smtp": {"port": server.port}})
        assert only(smtp.server, context).level == "ok"
        server.faults.append(Fault("connect", Act.DROP))
        finding = only(smtp.server, context)
        assert (finding.level, server.violations, server.deliveries) == ("error", [], [])
    lines = hints(context)
    assert 'example.org. 3600 IN TXT "v=spf1 a mx ~all"' in lines


def test_the_head_of_a_letter_is_made_and_looked_at(make: Make) -> None:
    one_click, sender = headers.CHECKS
    assert only(one_click, make()).level == "ok"
    assert only(one_click, make(newsletter={"public_url": "http://letter.example.org"})).level == "error"
    assert only(sender, make()).level == "ok"
    assert levels(found(sender, make(newsletter={"from_name": "Letter 💌"}))) == ["warning", "ok"]
    assert "own domain" in only(sender, make(newsletter={"from_email": "practice@gmail.com"})).remedy


def test_an_account_without_credits_is_told_as_that(make: Make, sendgrid: StrictSendGrid) -> None:
    sendgrid.has_credits = False
    (finding,) = run_checks([key], context_for(make, sendgrid), silent)
    assert (finding.level, finding.message) == ("error", "SendGrid has no credits left (401).")
    assert "Buy credits" in finding.remedy
