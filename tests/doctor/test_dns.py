"""SPF, DKIM, DMARC, alignment and MX, asked of a real name server with right and wrong records."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pipeline.core.errors import ConfigError
from pipeline.doctor import dkim, dmarc, dns, mx, spf
from pipeline.doctor.dns import Resolver, Unanswered
from pipeline.doctor.records.tree_walk import tree_walk
from pipeline.doctor.runner import run_checks
from tests.doctor.conftest import found, levels, only
from tests.doctor.keys import ED25519, record

if TYPE_CHECKING:
    from pathlib import Path

    from tests.doctor.conftest import Make
    from tests.doubles.names import NameServer
    from tests.doubles.sendgrid import StrictSendGrid

SMTP = {"provider": "smtp"}


def silent(done: int, total: int) -> None:
    """No progress."""


# Asking


def test_none_is_told_from_not_known(names: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns, "SECONDS", 0.3)
    names.text("there.example", "one")
    names.failing.add("failing.example")
    names.silent.add("silent.example")
    asked = Resolver(names.address)
    assert asked.texts("there.example") == ["one"]
    assert asked.texts("nowhere.example") == []
    assert asked.mail_hosts("there.example") == []
    with pytest.raises(Unanswered, match="failing"):
        asked.texts("failing.example")
    with pytest.raises(Unanswered) as unknown:
        asked.texts("silent.example")
    assert "no answer came in time" in unknown.value.why
    assert names.address in unknown.value.why


def test_what_could_not_be_looked_up_is_a_warning_that_names_the_server(
    names: NameServer, make: Make
) -> None:
    names.failing.add("example.org")
    (finding,) = run_checks([spf.spf], make(delivery=SMTP), silent)
    assert finding.level == "warning"
    assert "SERVFAIL" in finding.message
    assert names.address in finding.message


def test_each_question_is_asked_once(names: NameServer) -> None:
    names.text("there.example", "one")
    asked = Resolver(names.address)
    for name in ("there.example", "There.Example.", "there.example"):
        asked.texts(name)
    assert names.questions == [("there.example", "TXT")]


def test_a_long_answer_comes_over_tcp(names: NameServer) -> None:
    names.text("long.example", *(f"{n}: {'x' * 400}" for n in range(20)))
    assert len(Resolver(names.address).texts("long.example")) == 20


def test_no_name_is_too_strange_to_ask_for(names: NameServer) -> None:
    asked = Resolver(names.address)
    for name in ("a" * 64, "a..b", ".".join(["a" * 60] * 5), "\x00\xff ", "*"):
        assert asked.texts(name) == []


@pytest.mark.parametrize("resolver", ["127.0.0.1:99999", "a b", "::1:x", "no-such-host.invalid"])
def test_a_resolver_that_is_none_is_a_mistake_of_the_configuration(resolver: str) -> None:
    with pytest.raises(ConfigError, match=r"doctor\.resolver"):
        Resolver(resolver).texts("example.org")


def test_the_time_for_all_questions_ends(names: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns, "ALL_SECONDS", 0.4)
    asked = Resolver(names.address)
    names.silent |= {"a.example", "b.example"}
    began = time.monotonic()
    for name in ("a.example", "b.example"):
        with pytest.raises(Unanswered):
            asked.texts(name)
    assert time.monotonic() - began < 2 * dns.SECONDS, "no question had its own time"


# SPF


def test_one_record_within_its_lookups_is_right(names: NameServer, make: Make) -> None:
    names.text("example.org", "google-site-verification=x", "v=spf1 a include:relay.example -all")
    names.add("example.org", "A", "192.0.2.1")
    names.text("relay.example", "v=spf1 ip4:192.0.2.0/24 -all")
    finding = only(spf.spf, make(delivery=SMTP))
    assert (finding.level, "2 of 10" in finding.message) == ("ok", True)


@pytest.mark.parametrize(
    ("records", "level", "said"),
    [
        ([], "error", "has no SPF record"),
        (["v=spf1 a -all", "v=spf1 mx -all"], "error", "2 SPF records"),
        (["v=spf1 +all"], "error", "lets everybody"),
        (["v=spf1 all"], "error", "lets everybody"),
        (["v=spf1 ?all"], "warning", "decides nothing"),
        (["v=spf1 a"], "warning", "no end"),
        (["v=spf1 ptr -all"], "warning", "ptr"),
        (["v=spf1 ipv4:192.0.2.1 -all"], "error", "no term of SPF"),
        (["v=spf1 include:nowhere.example -all"], "error", "which has no SPF records"),
        (["v=spf1 include:example.org -all"], "error", "more than 10 lookups"),
        (["v=spf1 a:x.example a:y.example mx:z.example -all"], "error", "do not exist"),
    ],
)
def test_what_is_wrong_with_spf_is_said(
    names: NameServer, make: Make, records: list[str], level: str, said: str
) -> None:
    names.add("example.org", "A", "192.0.2.1")
    names.text("example.org", *records)
    finding = only(spf.spf, make(delivery=SMTP))
    assert finding.level == level
    assert said in finding.message


def test_lookups_add_up_over_includes(names: NameServer, make: Make) -> None:
    names.text("example.org", "v=spf1 include:1.example include:2.example -all")
    for n in (1, 2):
        names.text(
            f"{n}.example", "v=spf1 " + " ".join(f"exists:%{{i}}.{m}.example" for m in range(4)) + " -all"
        )
    assert "10 of 10" in only(spf.spf, make(delivery=SMTP)).message
    names.text("3.example", "v=spf1 a:other.example -all")
    names.remove("example.org")
    names.text("example.org", "v=spf1 include:1.example include:2.example include:3.example -all")
    assert "more than 10 lookups" in only(spf.spf, make(delivery=SMTP)).message


def test_a_strangers_record_reaches_no_terminal_raw(names: NameServer, make: Make) -> None:
    names.text("example.org", b"v=spf1 \x1b[2J\x07" + b"x" * 300)
    message = only(spf.spf, make(delivery=SMTP)).message
    assert "\x1b" not in message
    assert len(message) < 250


def test_with_sendgrid_the_return_path_counts(
    names: NameServer, make: Make, sendgrid: StrictSendGrid
) -> None:
    sendgrid.scopes.append("whitelabel.read")
    sendgrid.account.authenticate("example.org")
    settings = {"provider": "sendgrid", "sendgrid": {"api_url": sendgrid.url}}
    assert levels(found(spf.spf, make(delivery=settings))) == ["error", "ok"]
    names.add("em1234.example.org", "CNAME", "u1.wl.sendgrid.net.")
    names.text("u1.wl.sendgrid.net", "v=spf1 ip4:192.0.2.0/24 -all")
    assert levels(found(spf.spf, make(delivery=settings))) == ["ok", "ok"]


# DKIM


def test_keys_behind_cnames_are_found(names: NameServer, make: Make) -> None:
    for selector in ("s1", "s2"):
        target = f"{selector}.domainkey.u1.wl.sendgrid.net"
        names.add(f"{selector}._domainkey.example.org", "CNAME", f"{target}.")
        names.text(target, record(2048))
    assert levels(found(dkim.dkim, make())) == ["ok", "ok"]


@pytest.mark.parametrize(
    ("text", "level", "said"),
    [
        (record(1024), "warning", "1024 bits"),
        (record(1024)[:-100], "error", "verifies nothing"),
        ("v=DKIM1; p=", "error", "withdrawn"),
        (record(2048, "t=y; "), "warning", "t=y"),
        (f"k=ed25519; p={ED25519}", "ok", "ed25519"),
    ],
)
def test_what_is_wrong_with_a_key_is_said(
    names: NameServer, make: Make, text: str, level: str, said: str
) -> None:
    names.text("k1._domainkey.example.org", text)
    doctor = {"resolver": names.address, "dkim_selectors": ["k1"]}
    finding = only(dkim.dkim, make(doctor=doctor))
    assert finding.level == level
    assert said in finding.message


def test_a_short_key_is_an_error(names: NameServer, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    # A library of today makes no key of 512 bits, so what counts as too short is moved instead.
    monkeypatch.setattr(dkim, "LEAST_BITS", 1025)
    names.text("s1._domainkey.example.org", record(1024))
    assert levels(found(dkim.dkim, make())) == ["error", "warning"]


def test_two_keys_at_one_selector_are_none(names: NameServer, make: Make) -> None:
    names.text("s1._domainkey.example.org", record(1024), record(2048))
    assert levels(found(dkim.dkim, make())) == ["error", "warning"]


def test_no_key_at_all_and_a_cname_that_leads_nowhere(names: NameServer, make: Make) -> None:
    names.add("s1._domainkey.example.org", "CNAME", "s1.domainkey.u1.wl.sendgrid.net.")
    finding = only(dkim.dkim, make())
    assert finding.level == "error"
    assert "s1 leads to s1.domainkey.u1.wl.sendgrid.net, where none is" in finding.message
    assert only(dkim.dkim, make(delivery=SMTP)).level == "warning"


def test_the_domain_above_may_sign(names: NameServer, make: Make) -> None:
    names.text("s1._domainkey.example.org", record(2048))
    names.text("s2._domainkey.example.org", record(2048))
    newsletter = {"from_email": "hello@news.example.org"}
    assert levels(found(dkim.dkim, make(newsletter=newsletter))) == ["ok", "ok"]


# DMARC


def test_a_record_with_reports_of_its_own_is_right(names: NameServer, make: Make) -> None:
    names.text("_dmarc.example.org", "v=DMARC1; p=none; rua=mailto:reports@example.org")
    finding = only(dmarc.dmarc, make())
    assert (finding.level, finding.message) == ("ok", "_dmarc.example.org asks for none.")


@pytest.mark.parametrize(
    ("records", "expected", "said"),
    [
        ([], ["error"], "has no DMARC record"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], ["error"], "several DMARC records"),
        (["v=DMARC1; rua=mailto:a@example.org"], ["warning", "ok"], "p= is missing"),
        (["v=DMARC1; p=reject"], ["ok", "warning"], "asks for reject"),
        (["v=DMARC1; p=none; pct=10; rua=mailto:a@example.org"], ["warning", "ok"], "pct= is obsolete"),
        (["v=DMARC1; p=none; t=y; rua=mailto:a@example.org"], ["warning", "ok"], "t=y"),
        (["v=DMARC1; p=none; psd=y; rua=mailto:a@example.org"], ["warning", "ok"], "registry's"),
        (["v=dmarc1; p=none"], ["error"], "has no DMARC record"),
    ],
)
def test_what_is_wrong_with_dmarc_is_said(
    names: NameServer, make: Make, records: list[str], expected: list[str], said: str
) -> None:
    names.text("_dmarc.example.org", *records)
    findings = found(dmarc.dmarc, make())
    assert levels(findings) == expected
    assert said in findings[0].message


def test_reports_to_another_domain_must_be_welcome_there(names: NameServer, make: Make) -> None:
    names.text("_dmarc.example.org", "v=DMARC1; p=none; rua=mailto:x@reports.example")
    assert levels(found(dmarc.dmarc, make())) == ["ok", "warning"]
    names.text("example.org._report._dmarc.reports.example", "v=DMARC1")
    assert levels(found(dmarc.dmarc, make())) == ["ok"]


def test_the_walk_goes_up_to_the_shortest_name_with_a_record(names: NameServer) -> None:
    names.text("_dmarc.mail.example.org", "v=DMARC1; p=reject")
    names.text("_dmarc.example.org", "v=DMARC1; p=none")
    asked = Resolver(names.address)
    there = tree_walk(asked, "mail.example.org")
    assert (there.policy and there.policy.policy, there.at, there.organisation) == (
        "reject", "mail.example.org", "example.org",
    )  # fmt: skip
    below = tree_walk(asked, "a.b.example.org")
    assert (below.policy and below.policy.policy, below.at) == ("none", "example.org")
    assert tree_walk(asked, "nobody.example").policy is None


def test_psd_tags_end_the_walk(names: NameServer) -> None:
    names.text("_dmarc.registry.example", "v=DMARC1; p=reject; psd=y")
    names.text("_dmarc.own.a.example", "v=DMARC1; p=none; psd=n")
    names.text("_dmarc.a.example", "v=DMARC1; p=reject")
    asked = Resolver(names.address)
    under = tree_walk(asked, "mail.practice.registry.example")
    assert (under.organisation, under.at) == ("practice.registry.example", "registry.example")
    assert tree_walk(asked, "mail.own.a.example").organisation == "own.a.example"


def test_a_walk_asks_eight_times_however_long_the_name(names: NameServer) -> None:
    tree_walk(Resolver(names.address), "a.b.c.d.e.f.g.h.i.j.example.org")
    asked = [name for name, _ in names.questions]
    assert len(asked) == 8
    assert asked[:2] == ["_dmarc.a.b.c.d.e.f.g.h.i.j.example.org", "_dmarc.f.g.h.i.j.example.org"]


@pytest.mark.parametrize(("tags", "level"), [("", "ok"), ("adkim=s; aspf=s; ", "error")])
def test_what_signs_must_belong_to_the_sender(names: NameServer, make: Make, tags: str, level: str) -> None:
    names.text("_dmarc.example.org", f"v=DMARC1; {tags}p=none")
    names.text("s1._domainkey.example.org", record())
    newsletter = {"from_email": "hello@news.example.org"}
    assert only(dmarc.alignment, make(newsletter=newsletter, delivery=SMTP)).level == level


def test_neither_key_nor_spf_is_an_error_of_alignment(names: NameServer, make: Make) -> None:
    names.text("_dmarc.example.org", "v=DMARC1; p=none")
    assert only(dmarc.alignment, make(delivery=SMTP)).level == "error"
    names.text("example.org", "v=spf1 -all")
    assert only(dmarc.alignment, make(delivery=SMTP)).level == "ok"


# MX


def test_addresses_in_a_letter_must_take_mail(names: NameServer, make: Make) -> None:
    names.add("example.org", "MX", "10 mx.example.org.")
    names.add("practice.example", "A", "192.0.2.1")
    newsletter = {"reply_to": "hello@practice.example", "unsubscribe_mailto": "leave@none.example"}
    names.add("none.example", "MX", "0 .")
    findings = found(mx.mail_hosts, make(newsletter=newsletter))
    assert levels(findings) == ["ok", "ok", "error"]
    assert "null MX" in findings[2].message
    assert levels(found(mx.mail_hosts, make(newsletter={"reply_to": "hello@nowhere.example"}))) == [
        "ok",
        "error",
    ]


def test_the_outbox_needs_no_dns(names: NameServer, make: Make, tmp_path: Path) -> None:
    context = make(delivery={"provider": "outbox"})
    for check in (*spf.CHECKS, *dkim.CHECKS, *dmarc.CHECKS, *mx.CHECKS):
        assert found(check, context) == []
    assert names.questions == []
