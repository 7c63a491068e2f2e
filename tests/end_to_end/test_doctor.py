"""`rapport doctor`: an installation that is well, one that is not, and one that was only begun."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from pipeline.core.database import Database
from tests.certificate import write_certificate
from tests.doctor.authenticated import publish
from tests.doctor.conftest import SECRET
from tests.doctor.serving import served
from tests.doubles.blog import Item
from tests.doubles.names import NameServer
from tests.doubles.sendgrid import EventWebhook, StrictSendGrid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.doubles.blog import Blog
    from tests.end_to_end.conftest import Project

TOKEN = re.compile(r"[\w-]{44}")
ALL = ("tracking_settings.read", "whitelabel.read", "user.webhooks.event.settings.read")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return write_certificate(tmp_path / "server.pem")


@pytest.fixture
def names() -> Iterator[NameServer]:
    with NameServer() as server:
        yield server


@pytest.fixture
def sendgrid() -> Iterator[StrictSendGrid]:
    with StrictSendGrid() as server:
        yield server


def configure(
    project: Project, blog: Blog, names: NameServer, sendgrid: StrictSendGrid, url: str, key: str = ""
) -> None:
    project.configure(
        blog.url,
        more=f'[delivery]\nprovider = "sendgrid"\n[delivery.sendgrid]\napi_url = "{sendgrid.url}"\n'
        f'webhook_public_key = "{key}"\n[staff]\nemails = ["editor@example.org"]\n'
        f'[doctor]\nresolver = "{names.address}"\n',
    )
    file = project.folder / "rapport.toml"
    file.write_text(file.read_text().replace("https://letter.example.org", url))
    project.environment |= {"SENDGRID_API_KEY": sendgrid.key, "RAPPORT_SECRET": SECRET}


@pytest.mark.installed
def test_a_practice_that_is_well(
    project: Project,
    blog: Blog,
    names: NameServer,
    sendgrid: StrictSendGrid,
    certificate: Path,
    sqlite_url: str,
) -> None:
    blog.items = [Item("A calm morning", datetime.now(UTC) - timedelta(days=1))]
    key = EventWebhook().public_key
    publish(names)
    sendgrid.scopes += ALL
    sendgrid.account.authenticate("example.org")
    project.environment["SSL_CERT_FILE"] = str(certificate)
    with served(Database(sqlite_url), project.folder, certificate, webhook_public_key=key) as url:
        sendgrid.account.post_events(f"{url}/webhooks/sendgrid", public_key=key)
        configure(project, blog, names, sendgrid, url, key)
        checks = project.json("doctor")["checks"]
    # No test has an address that the internet knows.
    unwell = [check for check in checks if check["level"] != "ok"]
    assert [check["name"] for check in unwell] == ["pages.https"]
    assert {tuple(check) for check in checks} == {("name", "level", "message", "remedy")}
    seen = {check["name"] for check in checks}
    assert seen >= {
        "configuration", "configuration.templates", "signing.secrets", "signing.retired", "database.schema",
        "database.sound", "machine.clock", "machine.disk", "feeds.feed", "sendgrid.key", "sendgrid.tracking",
        "sendgrid.domain", "sendgrid.webhook", "pages.unsubscribe", "pages.one_click", "pages.webhook",
        "headers.one_click", "dns.spf", "dns.return_path", "dns.dkim", "dns.dmarc", "dns.alignment", "dns.mx",
    }  # fmt: skip
    assert sendgrid.attempts == 0


@pytest.mark.installed
def test_a_practice_that_is_not(
    project: Project, blog: Blog, names: NameServer, sendgrid: StrictSendGrid
) -> None:
    sendgrid.scopes.remove("mail.send")
    names.text("example.org", "v=spf1 +all", "v=spf1 -all")
    configure(project, blog, names, sendgrid, "http://127.0.0.1:1")
    blog.status = 404
    document = project.json("doctor", "--fix-hints", status=1)
    errors = {check["name"] for check in document["checks"] if check["level"] == "error"}
    assert errors >= {
        "sendgrid.key", "feeds.feed", "pages.unsubscribe", "pages.webhook", "headers.one_click", "dns.spf",
        "dns.dkim", "dns.dmarc", "dns.mx",
    }  # fmt: skip
    assert all(check["remedy"] for check in document["checks"] if check["level"] != "ok")
    hints = document["fix_hints"]
    assert '_dmarc.example.org. 3600 IN TXT "v=DMARC1; p=none; rua=mailto:answers@example.org"' in hints
    said = str(document)
    assert sendgrid.key not in said
    assert SECRET not in said
    assert not TOKEN.search(said)


def test_people_read_lines_with_remedies_and_a_sum(
    project: Project, blog: Blog, names: NameServer, sendgrid: StrictSendGrid
) -> None:
    configure(project, blog, names, sendgrid, "http://127.0.0.1:1")
    said = project.rapport("doctor", "--fix-hints", status=1)
    assert re.search(r"(?m)^error    dns\.dmarc: example\.org has no DMARC record: .*\n {9}Add TXT at ", said)
    assert re.search(r"(?m)^\d+ errors, \d+ warnings?, \d+ ok\.$", said)
    assert "s1._domainkey.example.org. 3600 IN CNAME s1.domainkey.u<ACCOUNT>.wl.sendgrid.net." in said


def test_the_embedded_default_is_well(project: Project, blog: Blog) -> None:
    blog.items = [Item("A calm morning", datetime.now(UTC))]
    project.configure(blog.url)
    file = project.folder / "rapport.toml"
    file.write_text(re.sub(r"(?m)^public_url = .*\n", "", file.read_text()))
    (project.folder / "rapport.db").unlink()
    checks = project.json("doctor")["checks"]
    assert {check["name"] for check in checks if check["level"] != "ok"} == {"configuration.staff"}
    # Looking makes nothing.
    assert [file.name for file in project.folder.iterdir()] == ["rapport.toml"]
    assert "no DNS record is needed" in project.rapport("doctor", "--fix-hints")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[newsletter]\nnam = "x"\n', "did you mean name"),
        ("[newsletter", "not valid toml"),
        (None, "no configuration"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_the_one_finding(
    project: Project, text: str | None, said: str
) -> None:
    file = project.folder / "rapport.toml"
    file.unlink() if text is None else file.write_text(text)
    (check,) = project.json("doctor", status=1)["checks"]
    assert (check["name"], check["level"]) == ("configuration", "error")
    assert said in check["message"].lower()
