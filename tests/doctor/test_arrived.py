"""A letter that arrived: what its signature covers, and what the receiver found."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.cli import main
from pipeline.core.errors import UsageError
from pipeline.doctor.arrived import results
from pipeline.doctor.arrived.checks import examine, look
from pipeline.doctor.arrived.headers import parse, read

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.finding import Finding

GOOD = """\
Delivered-To: ann@example.net
Authentication-Results: mx.google.com;
       dkim=pass header.i=@example.org header.s=s1 header.b=abc;
       spf=pass (google.com: domain of x@em1.example.org designates 192.0.2.1 as permitted sender; fine)
        smtp.mailfrom=x@em1.example.org;
       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=example.org
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=s1;
\tt=1; bh=abc=; h=from:to:subject:message-id:list-unsubscribe:
\t list-unsubscribe-post; b=de f=
From: "Example, Practice" <letter@example.org>
To: ann@example.net
Subject: A calm morning
Message-ID: <1@example.org>
List-Unsubscribe: <https://letter.example.org/unsubscribe/token>,
 <mailto:leave@example.org?subject=unsubscribe%20token>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
List-Id: The Weekly Letter <weekly.letter.example.org>

Hello
From: <the body is not looked at>
"""


HALF = "DKIM-Signature: v=1; d=example.org; s=x; h=from:message-id:list-unsubscribe; b=x"
SENDGRIDS = "DKIM-Signature: v=1; d=sendgrid.info; s=x; h=from; b=x"
UNHEARD = dict.fromkeys(["mail.dkim", "mail.spf", "mail.dmarc"], "warning")


def findings(text: str) -> dict[str, Finding]:
    return {finding.name: finding for finding in look(parse(text.encode()))}


def levels(text: str) -> dict[str, str]:
    """What is not well, with its level."""
    return {name: one.level for name, one in findings(text).items() if one.level != "ok"}


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("\n", "\r\n"),
        "From ann@example.net Mon Nov 30 09:00:00 2026\n" + GOOD,
        "\ufeff" + GOOD,
        GOOD.replace("DKIM-Signature:", f"{SENDGRIDS}\nDKIM-Signature:"),
        GOOD.replace("DKIM-Signature:", f"{HALF}\nDKIM-Signature:"),
        GOOD.replace("d=example.org", "d=mail.example.org"),
        GOOD.replace("letter@example.org", "letter@news.example.org"),
        GOOD.replace("h=from:to", "h=From : To ").replace("list-unsubscribe-post", "List-Unsubscribe-Post"),
        GOOD.replace(";\n       dkim", ";\n       dkim=fail header.d=other.example;\n       dkim"),
        GOOD.replace("Authentication-Results: mx.google.com;", "Authentication-Results:"),
        GOOD + "Authentication-Results: mx.google.com; dkim=fail header.d=example.org\n",
        GOOD.replace("From:", "Authentication-Results: elsewhere.example; spf=fail; dmarc=fail\nFrom:", 1),
    ],
)  # fmt: skip
def test_a_letter_as_it_should_arrive_has_nothing_to_mend(text: str) -> None:
    assert levels(text) == {}
    assert len(findings(text)) == 8


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        ("\n\t list-unsubscribe-post", "", {"mail.signed_headers": "error"}),
        (":list-unsubscribe:\n\t list-unsubscribe-post", "", {"mail.signed_headers": "error"}),
        ("h=from:", "h=", {"mail.signed_headers": "error"}),
        (":message-id", "", {"mail.signed_headers": "warning"}),
        ("bh=abc=;", "bh=abc=; l=100;", {"mail.signature": "warning"}),
        ("d=example.org", "d=relay.example", {"mail.signature": "error"}),
        ("@example.org header.s", "@relay.example header.s", {"mail.dkim": "error"}),
        ("dkim=pass", "dkim=fail", {"mail.dkim": "error"}),
        ("dkim=pass", "dkim=neutral", {"mail.dkim": "error"}),
        ("spf=pass", "spf=softfail", {"mail.spf": "warning"}),
        ("spf=pass", "spf=fail", {"mail.spf": "error"}),
        ("dmarc=pass", "dmarc=fail", {"mail.dmarc": "error"}),
        ("dmarc=pass", "dmarc=none", {"mail.dmarc": "warning"}),
        ("Authentication-Results:", "X-Results:", UNHEARD),
        ("Authentication-Results: mx.google.com;", "Authentication-Results: a.example; none\nX:",
         UNHEARD),
        ("<https:", "<http:", {"mail.list_unsubscribe": "error"}),
        ("List-Unsubscribe: ", "List-Unsubscribe: <mailto:a@example.org>, ",
         {"mail.list_unsubscribe": "error"}),
        ("<mailto:leave@example.org?", "<https://other.example/", {"mail.list_unsubscribe": "error"}),
        ("List-Unsubscribe: ", "X: ", {"mail.list_unsubscribe": "error"}),
        ("List-Unsubscribe: ", "List-Unsubscribe: <https://a.example/>\nList-Unsubscribe: ",
         {"mail.list_unsubscribe": "error"}),
        ("=One-Click", "=one-click", {"mail.list_unsubscribe_post": "error"}),
        ("List-Unsubscribe-Post: ", "X: ", {"mail.list_unsubscribe_post": "error"}),
        ("From:", "From: b@example.org\nFrom:",
         dict.fromkeys(["mail.from", "mail.signature", "mail.dkim"], "error")),
        ("<letter@", "<a@example.org>, <letter@",
         dict.fromkeys(["mail.from", "mail.signature", "mail.dkim"], "error")),
    ],
)  # fmt: skip
def test_what_is_wrong_with_it_has_its_line_and_its_remedy(
    before: str, after: str, wrong: dict[str, str]
) -> None:
    assert before in GOOD
    text = GOOD.replace(before, after, 1)
    assert levels(text) == wrong
    assert all(findings(text)[name].remedy for name in wrong)


def test_a_header_that_is_not_signed_is_named_with_opendkims_setting() -> None:
    one = findings(GOOD.replace("\n\t list-unsubscribe-post", ""))["mail.signed_headers"]
    assert "does not cover list-unsubscribe-post (h=)" in one.message
    assert "SignHeaders *,+list-unsubscribe-post,+message-id" in one.remedy


def test_an_unsigned_mail_is_no_letter_that_offers_one_click() -> None:
    assert levels(GOOD.replace("DKIM-Signature:", "X:")) == {"mail.signature": "error"}


def test_comments_and_quotation_marks_hide_no_result_and_make_none() -> None:
    said = (
        'a.example 1; (c (d;) \\) dkim=fail) dkim = pass reason="x; spf=fail; \\" dmarc=fail" '
        "header.d=EXAMPLE.org.; spf/1=none"
    )
    assert results.read([said]) == [("dkim", "pass", "example.org"), ("spf", "none", "")]
    assert results.read(["", ";;;", "=", "a.example; =x"])[0:0] == []


def test_a_strangers_file_is_read_within_bounds(tmp_path: Path) -> None:
    began = time.process_time()
    for text in (
        "A: b\n" + " x\n" * 10**6,
        "A:\n" * 10**6,
        "DKIM-Signature: d=a.example; h=" + "a:" * 10**6,
        "Authentication-Results: " + "(" * 10**6,
        "Authentication-Results: a.example; " + "dkim=pass;" * 10**5,
        "From: " + "<a@b.example>," * 10**5,
        "From: " + "(" * 10**6,
        "List-Unsubscribe: " + "<" * 10**6,
    ):
        file = tmp_path / "mail.eml"
        file.write_text(f"{text}\nDKIM-Signature: d=a.example; h=from\n")
        assert all(len(finding.message) < 500 for finding in examine(file))
    assert time.process_time() - began < 20  # each would take minutes where it is read without bounds


@pytest.mark.parametrize("content", ["", "\n\n", "Hello, this is no mail.", "<html>", " folded: x"])
def test_a_file_that_is_no_mail_is_refused_with_what_to_save(tmp_path: Path, content: str) -> None:
    file = tmp_path / "mail.eml"
    file.write_text(content)
    with pytest.raises(UsageError, match="does not begin with the headers") as refused:
        read(file)
    assert ".eml" in refused.value.remedy
    for missing in (tmp_path / "missing.eml", tmp_path):
        with pytest.raises(UsageError):
            read(missing)


def test_the_command_prints_each_line_and_ends_with_1_where_one_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where no rapport.toml is
    file = tmp_path / "mail.eml"
    file.write_text(GOOD)
    assert main(["doctor", "--mail", str(file), "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert {check["level"] for check in document["checks"]} == {"ok"}
    file.write_text(GOOD.replace("dmarc=pass", "dmarc=fail\x1b[31m"))
    assert main(["doctor", "--mail", str(file)]) == 1
    said = capsys.readouterr().out
    assert "error    mail.dmarc: The receiver says: dmarc=fail" in said
    assert "\x1b" not in said
    assert main(["doctor", "--mail", str(file), "--fix-hints"]) == 2
