"""From a blog's bare address to one's own letter: `rapport init`, and the steps that it prints."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import tomllib
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.cli.sample.blog import SampleBlog
from tests import commands
from tests.doubles.site import HTML, PNG, RSS, Site
from tests.doubles.smtp import StrictSmtp
from tests.end_to_end.conftest import Project
from tests.waiting import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime.now(UTC)
LOGO = (Path(__file__).parents[2] / "pipeline/cli/sample/images/logo.png").read_bytes()
HOME = """<!doctype html><html lang="en-US"><head><title>Home – Willow Street Therapy</title>
<meta name="theme-color" content="#ffe000">
<script>Static.SQUARESPACE_CONTEXT = {"website": {"timeZone": "America/New_York"}}</script></head>
<body><header><img class="logo" src="/logo.png"></header>
<a href="/journal">Journal</a> <a href="/get-matched">Get matched</a></body></html>"""
JOURNAL = """<html lang="en-US"><head><title>Journal – Willow Street Therapy</title>
<link rel="alternate" type="application/rss+xml" href="SITE/journal?format=rss"></head></html>"""


def feed(*days_ago: int, title: str = "A calm morning") -> str:
    items = "".join(
        f"<item><title>{title} {n}</title><link>SITE/journal/{n}</link>"
        f"<pubDate>{format_datetime(NOW - timedelta(days=days))}</pubDate>"
        "<description>This is a sentence of a post. Here is another one.</description></item>"
        for n, days in enumerate(days_ago)
    )
    return f'<rss version="2.0"><channel><title>Journal</title><link>SITE/</link>{items}</channel></rss>'


@pytest.fixture
def site() -> Iterator[Site]:
    pages: dict[str, tuple[str, str | bytes]] = {
        "/": (HTML, HOME),
        "/journal": (HTML, JOURNAL),
        "/journal?format=rss": (RSS, feed(1, 2, 400)),
        "/logo.png": (PNG, LOGO),
        **{f"/journal/{number}": (HTML, "<html><title>A post</title></html>") for number in range(3)},
    }
    with Site(pages) as served:
        yield served


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A folder with nothing in it."""
    return Project(tmp_path, installed=False)


def config(project: Project, folder: str = "practice") -> dict[str, Any]:
    return tomllib.loads((project.folder / folder / "rapport.toml").read_text())


def test_a_bare_host_is_enough_for_a_letter(project: Project, site: Site) -> None:
    told = project.json("init", "practice", "--blog", site.host)
    assert told["config"] == "practice/rapport.toml"
    assert told["feed"] == f"{site.url}/journal?format=rss"
    assert told["found"] == {
        "name": "Willow Street Therapy",
        "language": "en",
        "timezone": "America/New_York",
        "logo": f"{site.url}/logo.png",
        "colour": told["found"]["colour"],
        "contact": f"{site.url}/get-matched",
    }
    assert told["missing"] == ["newsletter.from_email", "newsletter.postal_address"]
    written = config(project)
    assert written["newsletter"]["from_name"] == written["newsletter"]["name"] == "Willow Street Therapy"
    assert (written["newsletter"]["timezone"], written["newsletter"]["language"]) == (
        "America/New_York",
        "en",
    )
    assert written["theme"]["colour"] == told["found"]["colour"]
    assert (written["theme"]["logo"], written["match"]["url"]) == (
        f"{site.url}/logo.png",
        f"{site.url}/get-matched",
    )
    letter = (project.folder / told["files"][0]).read_text()
    assert told["files"][0] == "practice/preview/edition.html"
    assert "A calm morning 0" in letter
    assert "A calm morning 2" not in letter  # the archive is no letter's first content
    assert "color: #ffe000" not in letter.replace("color:#", "color: #").lower()  # too pale to be read


def test_what_is_yours_is_marked_and_what_was_found_is_not(project: Project, site: Site) -> None:
    project.rapport("init", "--blog", site.host)
    lines = (project.folder / "rapport.toml").read_text().splitlines()
    marked = {line.lstrip("# ").partition(" = ")[0] for line in lines if re.search(r"# yours", line)}
    assert marked == {"from_email", "reply_to", "postal_address", "public_url"}


def test_what_nobody_says_is_left_to_you_and_not_guessed(project: Project, site: Site) -> None:
    site.pages["/"] = (HTML, '<html><a href="/journal">Journal</a></html>')
    site.pages["/journal"] = (
        HTML,
        JOURNAL.replace(' lang="en-US"', "").replace("– Willow Street Therapy", ""),
    )
    told = project.json("init", "--blog", site.host)
    assert told["found"] == {}
    assert told["missing"] == [
        "newsletter.name",
        "newsletter.from_name",
        "newsletter.from_email",
        "newsletter.postal_address",
        "newsletter.timezone",
        "newsletter.language",
        "match.url",
    ]
    assert "timezone" not in config(project, ".")["newsletter"]
    assert told["files"]


def test_a_blog_that_rests_gets_a_first_letter_of_its_newest_posts(project: Project, site: Site) -> None:
    site.pages["/journal?format=rss"] = (RSS, feed(90, 100, 110, 400, 500))
    told = project.json("init", "--blog", site.host)
    titles = [f"A calm morning {n}" for n in range(3)]
    letter = (project.folder / told["files"][0]).read_text()
    assert all(title in letter for title in titles)
    assert "A calm morning 3" not in letter
    assert config(project, ".")["digests"][0]["backlog"] == "112d"
    assert [post["title"] for post in project.json("preview", "--out", "again")["edition"]["posts"]] == titles


def test_nothing_is_overwritten_and_nothing_written_where_nothing_was_found(
    project: Project, site: Site
) -> None:
    site.pages = {"/": (HTML, "<html><title>Nothing</title></html>")}
    said = project.json("init", "practice", "--blog", site.host, status=1)["error"]
    assert f"{site.url}/feed/ answered 404" in said["message"]
    assert not (project.folder / "practice").exists()
    (project.folder / "rapport.toml").write_text("mine")
    asked = list(site.asked)
    assert "is there already" in project.rapport("init", "--blog", site.host, status=1)
    assert (project.folder / "rapport.toml").read_text() == "mine"
    assert site.asked == asked


def test_a_hostile_page_says_values_and_nothing_else(project: Project, site: Site) -> None:
    evil = "Willow&#10;[delivery]&#10;provider = &quot;smtp&quot; &quot;&quot;&quot;"
    evil += " \x1b]0;owned\x07 {{ 7*7 }} %%rapport-x%%"
    site.pages["/"] = (
        HTML,
        f'<html lang="en&#10;x"><head><title>x</title><meta property="og:site_name" content="{evil}">'
        '<script>{"timeZone":"America/New_York"} {"timeZone":"Etc/../x"}</script>'
        '<meta name="theme-color" content="#ff0000;} body{"></head>'
        f'<body><img class="logo" src="javascript:alert(1)"><a href="/journal">Journal</a>'
        f'<a href="https://x.example/&quot;&#10;[x]\x1b[31m">Contact {evil}</a></body></html>',
    )
    site.pages["/journal?format=rss"] = (RSS, feed(1, title=evil))
    said = project.rapport("init", "--blog", site.host)
    assert [line for line in said.splitlines() if not line.isprintable()] == []
    file = project.folder / "rapport.toml"
    assert [line for line in file.read_text().splitlines() if not line.isprintable()] == []
    written = config(project, ".")
    assert written["delivery"]["provider"] == "outbox"
    assert set(written) == {
        "newsletter", "theme", "feeds", "digests", "match", "delivery", "database", "server", "privacy",
        "archive", "staff", "doctor",
    }  # fmt: skip
    assert "{" not in written["newsletter"]["name"]
    assert "\n" not in written["newsletter"]["name"]
    assert project.json("check")["findings"]


STEP = re.compile(r"^  \d\. (.+)$", re.MULTILINE)


@pytest.mark.installed
@pytest.mark.parametrize("arguments", [("practice",), ("my practice", "--blog")])
def test_every_step_that_is_printed_works_as_printed(
    project: Project, site: Site, arguments: tuple[str, ...]
) -> None:
    blog = [*arguments, site.host] if "--blog" in arguments else arguments
    said = project.rapport("init", *blog)
    steps = STEP.findall(said)
    assert len(steps) == 4
    if "--blog" not in arguments:
        # The one thing that it says is to be done by hand.
        file = project.folder / "practice" / "rapport.toml"
        text = file.read_text().replace(
            "https://example.org/blog?format=rss", f"{site.url}/journal?format=rss"
        )
        file.write_text(text)
    environment = {**os.environ, "PATH": f"{commands.command().parent}{os.pathsep}{os.environ['PATH']}"}
    script = "\n".join(["set -e", *steps])
    ran = subprocess.run(
        ["bash", "-c", script], cwd=project.folder, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (letter,) = (project.folder / arguments[0] / "outbox").glob("*.eml")
    assert "A calm morning" in letter.read_text()


@pytest.mark.installed
def test_on_a_terminal_it_asks_for_what_remains(project: Project, site: Site) -> None:
    site.pages["/"] = (HTML, HOME.replace("timeZone", "x"))
    answers = [
        site.host,
        "2 Side Street, Springfield",
        "no address",
        "letter@x.example",
        "Moon",
        "Europe/Berlin",
    ]
    here, there = pty.openpty()
    os.write(here, "".join(f"{answer}\n" for answer in answers).encode())
    running = subprocess.Popen(
        [commands.command(), "init"], cwd=project.folder, stdin=there, stderr=there, stdout=subprocess.PIPE
    )
    os.close(there)
    out, _ = running.communicate(timeout=LONGEST)
    asked = shown(here)
    assert running.returncode == 0, asked
    newsletter = config(project, ".")["newsletter"]
    assert [newsletter[key] for key in ("postal_address", "from_email", "timezone")] == [
        "2 Side Street, Springfield",
        "letter@x.example",
        "Europe/Berlin",
    ]
    assert asked.count("letters are from") == asked.count("Your time zone") == 2
    assert b"Still yours" not in out


def shown(terminal: int) -> str:
    """All that a terminal showed, once nobody has it any more. It comes in pieces."""
    found = b""
    with suppress(OSError):  # EIO: the end
        while more := os.read(terminal, 4096):
            found += more
    os.close(terminal)
    return found.decode()


def test_a_fresh_configuration_mails_once_every_example_value_is_gone(project: Project, site: Site) -> None:
    project.rapport("init", "--blog", site.host)
    project.rapport("subscribers", "add", "ada@example.net", "--consent", "On paper")
    file = project.folder / "rapport.toml"
    with StrictSmtp() as server:
        text = file.read_text().replace('provider = "outbox"', 'provider = "smtp"')
        text = text.replace("port = 25 ", f"port = {server.port} ").replace(
            "probe_public_url = true", "probe_public_url = false"
        )
        text = text.replace(
            '# public_url = "https://letter.example.org"', 'public_url = "https://letter.example.net"'
        )
        file.write_text(text.replace("letter@example.org", "letter@example.net"))
        refused = project.json("run", "--now", status=1)["digests"][0]
        assert "newsletter.postal_address is still the example's" in refused["reason"]
        assert server.deliveries == []
        file.write_text(file.read_text().replace("1 Main Street, Springfield", "2 Side Street, Springfield"))
        assert project.json("run", "--now")["digests"][0]["outcome"] == "sent"
        assert server.addresses == ["ada@example.net"]
    assert server.violations == []


def test_the_sample_blog_is_found_by_its_bare_host(project: Project) -> None:
    with SampleBlog(NOW) as blog:
        feed_url = blog.feed_url
        told = project.json("init", "--blog", blog.site_url.removeprefix("http://"))
    assert (told["feed"], bool(told["files"])) == (feed_url, True)


def test_in_another_language_the_example_speaks_it(project: Project, site: Site) -> None:
    site.pages["/journal"] = (HTML, JOURNAL.replace(' lang="en-US"', ' lang="es-MX"'))
    site.pages["/"] = (HTML, '<html lang="es-MX"><a href="/journal">Blog</a></html>')
    told = project.json("init", "--blog", site.host)
    written = config(project, ".")
    assert written["newsletter"]["language"] == told["found"]["language"] == "es-MX"
    assert written["match"]["heading"] == "¿Busca terapeuta?"
    assert written["newsletter"]["notice"].endswith("llame al número local de emergencias.")
    assert "Seguir leyendo" in (project.folder / told["files"][0]).read_text()


def test_a_language_without_words_is_said_and_left_to_you(project: Project, site: Site) -> None:
    site.pages["/journal"] = (HTML, JOURNAL.replace(' lang="en-US"', ' lang="nl"'))
    site.pages["/"] = (HTML, '<html lang="nl"><a href="/journal">Blog</a></html>')
    told = project.json("init", "--blog", site.host)
    assert "newsletter.language" in told["missing"]
    line = next(
        line for line in (project.folder / "rapport.toml").read_text().splitlines() if "language" in line
    )
    assert line.startswith('# language = "en"')
    assert line.endswith("# yours: the site's is nl, there are words in en, de, es, fr")
    assert told["files"]
