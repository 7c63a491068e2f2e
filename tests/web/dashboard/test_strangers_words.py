"""What a blog, a provider or a channel says stays words on every page of the dashboard and the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select, update

from pipeline.core.tables.channels import announcements
from pipeline.core.tables.editions import editions
from pipeline.core.tables.feeds import feeds, posts
from pipeline.core.tables.ledger import recipients
from pipeline.editions.compose import compose
from pipeline.feeds.pull import pull
from subscribers import clock, staff_log
from subscribers.staff.roles import Role
from subscribers.staff.tables import accounts
from subscribers.tables import subscribers
from tests.doubles.blog import Blog, Item
from tests.installations import installation, subscribe
from tests.ledgers import Left, handed_over
from tests.web.dashboard.office import day
from tests.web.public.visitor import Shape, Visitor
from tests.web.signing_in.browser import signed_in
from tests.web.signing_in.conftest import ADMIN, EDITOR, join

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pipeline.core.database import Database
    from tests.web.signing_in.browser import StaffBrowser

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{7*7}} {% raw %} {# x #}",
    "\u202egnp.exe \u2067x",
    "]]></script></style></textarea></title><b>",
    "x" * 10_000,
    "&lt;script&gt;alert(1)",
)
ACTIVE = {
    "script",
    "img",
    "iframe",
    "style",
    "link",
    "base",
    "meta",
    "object",
    "embed",
    "svg",
    "form",
    "title",
    "b",
}
PAGES = (
    "/staff/", "/staff/?edition=weekly-1", "/staff/letters", "/staff/letters/weekly-1", "/staff/growth",
    "/staff/how", "/staff/note", "/staff/account", "/staff/accounts", "/staff/accounts/2",
    "/staff/accounts/log", "/staff/people", "/staff/people/1", "/staff/people/1/forget", "/archive",
    "/archive/weekly-1", "/",
)  # fmt: skip


@pytest.fixture
def reader(sqlite_database: Database, tmp_path: Path) -> Iterator[StaffBrowser]:
    """An admin, at a dashboard with a letter that went, a draft, a post in doubt, and a channel."""
    channel = {"name": "sky", "kind": "mastodon", "url": "https://social.example"}
    with Blog(
        [Item(f"A calm morning {n}", day(n), link=f"https://willow.example/{n}") for n in (1, 2)]
    ) as blog:
        made = installation(sqlite_database, tmp_path, blog.url, channels=[channel])
        subscribe(sqlite_database, 3)
        with sqlite_database.write() as connection:
            handed_over(connection, 1, [Left(people=3, apart={0: ("failed", "x")})], provider="sendgrid")
        pull(made.database, made.config)
        compose(made, made.config.digests[0], looking=True)
    join(made, (ADMIN, Role.ADMIN), (EDITOR, Role.EDITOR))
    visitor = Visitor(made)
    browser = signed_in(visitor, ADMIN)
    with sqlite_database.write() as connection:
        connection.execute(
            insert(announcements).values(
                edition_id=1,
                channel="sky",
                state="refused",
                made_at=clock.now(),
                at=clock.now(),
                repeat_key="k",
            )
        )
    yield browser
    visitor.close()


def say(database: Database, words: str) -> None:
    """Put the words wherever a stranger's may stand."""
    with database.write() as connection:
        for edition in connection.execute(select(editions)).all():
            shown = [post | {"title": words} for post in edition.posts]
            left = [post | {"title": words, "reason": words} for post in edition.left_out]
            said = {"subject": words, "preheader": words, "reason": words, "posts": shown, "left_out": left}
            connection.execute(update(editions).where(editions.c.id == edition.id).values(said))
        connection.execute(update(subscribers).values(name=words))
        connection.execute(update(posts).values(title=words, decision="unsure"))
        connection.execute(update(feeds).values(error=words, failing_since=clock.now()))
        connection.execute(update(announcements).values(reason=words, address=words))
        connection.execute(update(accounts).where(accounts.c.id == 2).values(email=words))
        staff_log.record_account(connection, words, words, detail=words, actor=words)
        connection.execute(update(recipients).where(recipients.c.state == "failed").values(reason=words))


def test_a_strangers_words_stay_words_on_every_page(reader: StaffBrowser, sqlite_database: Database) -> None:
    def active() -> dict[str, list[tuple[str, list[str]]]]:
        """What could do something, or show what is not ours; check finds more in some words than in others,
        so the rest of a page differs."""
        pages = {path: reader.get(path) for path in PAGES}
        assert {path: page.status_code for path, page in pages.items()} == dict.fromkeys(PAGES, 200)
        assert not [path for path, page in pages.items() if ">49<" in page.text]
        tags = {path: Shape(page.text).tags for path, page in pages.items()}
        assert not [name for found in tags.values() for _, a in found for name, _ in a if name[:2] == "on"]
        return {
            path: [(tag, [name for name, _ in a]) for tag, a in found if tag in ACTIVE]
            for path, found in tags.items()
        }

    say(sqlite_database, "Calm words")
    calm = active()
    for words in HOSTILE:
        say(sqlite_database, words)
        assert active() == calm, words
