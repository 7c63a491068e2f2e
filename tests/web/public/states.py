"""Every page that readers and strangers meet, in every state, as one table: for whoever judges them all."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import time_machine

from pipeline.cli.sample.blog import IMAGES
from pipeline.editions import find
from pipeline.editions.approval import VERBS
from pipeline.letter.images import store
from pipeline.letter.images.sandbox import Copy
from pipeline.letter.images.store import Seen
from pipeline.schedule.drafts import decision_links
from pipeline.subscriptions.confirm import send_questions
from pipeline.web.public.pages import ERRORS, Pages
from subscribers import clock
from subscribers.tokens import holder_of
from tests.installations import installation, subscribe
from tests.letter.samples import INTRO, Picture, letter, sample_blog
from tests.web.public.test_archive import sent
from tests.web.public.visitor import SITE, Addresses, Shape, Visitor, confirm_links, edition, stamps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pipeline.core.app import Installation
    from pipeline.core.database import Database

    Walk = Iterator[tuple[str, str, httpx.Response]]
    Tags = list[tuple[str, tuple[tuple[str, str | None], ...]]]

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
FEED = "http://127.0.0.1:1/feed"
LOGO, EDITOR = "/logo.png", "editor@example.org"
ADA = {"email": "ada@example.org"}
TITLE = "What to do when a good friend’s Donaudampfschifffahrtsgesellschaft makes you ill at ease"


class State(NamedTuple):
    """A page as it was answered. ``path`` is the one that it would stand at in a browser."""

    name: str
    path: str
    answer: httpx.Response


class Site(NamedTuple):
    """All states of one installation; by path what they are shown with (style sheet, pictures), and what is
    answered to who follows their links."""

    states: list[State]
    assets: dict[str, httpx.Response]
    links: dict[str, int]


def single(database: Database, folder: Path, language: str = "en", **sections: Any) -> Site:
    """A practice with one letter, a portrait and an archive."""
    (folder / "me.jpg").write_bytes((IMAGES / "lighthouse.jpg").read_bytes())
    newsletter = {
        "name": "Letters from Harbour Lane",
        "from_email": "letter@example.org",
        "from_name": "Harbour Lane Counselling",
        "postal_address": "4 Harbour Lane, Fallow Bay, ME 04500",
        "notice": "This letter is not therapy. In an emergency call your local emergency number.",
        "public_url": SITE,
        "timezone": "America/New_York",
        "signed_by": "Ines Calloway, Harbour Lane Counselling",
        "portrait": "me.jpg",
        "language": language,
    }
    staff = {"staff": {"emails": [EDITOR]}}
    made = installation(database, folder, FEED, newsletter=newsletter, **staff | sections)
    subscribe(database, 9)
    with time_machine.travel(NOW, tick=False):
        return _site(made, _single)


def several(database: Database, folder: Path, language: str = "en", **sections: Any) -> Site:
    """A practice with three letters to choose from, one of which has a long name, and with a logo."""
    digests = [
        {"name": "weekly"},
        {"name": "groups", "schedule": "0 9 1 * *"},
        {"name": "couples-and-families-who-live-together", "schedule": "0 9 * * mon,thu"},
    ]
    newsletter = {
        "name": "The Weekly Letter",
        "from_email": "letter@example.org",
        "from_name": "Willow Practice",
        "postal_address": "1 Willow Street, Springfield",
        "public_url": SITE,
        "timezone": "America/New_York",
        "language": language,
    }
    theme = {"logo": SITE + LOGO} | sections.pop("theme", {})
    made = installation(
        database, folder, FEED, newsletter=newsletter, digests=digests, theme=theme, **sections
    )
    subscribe(database, 9, tuple(digest["name"] for digest in digests))
    with time_machine.travel(NOW, tick=False):
        return _site(made, _several)


def _site(made: Installation, walk: Callable[[Visitor], Walk]) -> Site:
    visitor = Visitor(made)
    states: list[State] = []
    assets, leading = {LOGO: _logo()}, set()
    try:
        for name, path, answer in walk(visitor):
            states.append(State(name, path, answer))
            tags = Shape(answer.text).tags
            # At once: what a page of staff shows is gone when they have decided.
            assets |= {one: visitor.get(one) for one in _shown_with(tags) if one not in assets}
            leading |= set(_leading_to(tags))
        return Site(states, assets, {path: visitor.get(path).status_code for path in leading})
    finally:
        visitor.close()


def _logo() -> httpx.Response:
    """From the practice's own web server, which is at the same address."""
    return httpx.Response(
        200, content=(IMAGES / "logo.png").read_bytes(), headers={"content-type": "image/png"}
    )


def _leading_to(page: Tags) -> Iterator[str]:
    """The paths of this site that a page links to."""
    for tag, pairs in page:
        address = dict(pairs).get("href") if tag == "a" else None
        if address and urlsplit(address).netloc in ("", urlsplit(SITE).netloc) and ":" not in address[:8]:
            yield urlsplit(address).path


def _shown_with(page: Tags) -> Iterator[str]:
    for tag, pairs in page:
        known = dict(pairs)
        address = known.get("href") if tag == "link" and known.get("rel") in ("stylesheet", "icon") else None
        if tag in ("img", "source", "iframe"):
            address = known.get("src") or known.get("srcset")
        if address:
            yield urlsplit(address).path


def _single(visitor: Visitor) -> Walk:
    practice = visitor.installation
    asked: set[str] = set()

    def get(name: str, path: str) -> tuple[str, str, httpx.Response]:
        return name, path, visitor.get(path)

    def post(name: str, path: str, /, **form: Any) -> tuple[str, str, httpx.Response]:
        return name, path, visitor.post(path, form)

    yield get("front, before the first letter", "/")
    yield get("archive, before the first letter", "/archive")
    at = Addresses(practice, _letters(practice))
    yield get("front", "/")
    yield get("archive", "/archive")
    yield get("letter", "/archive/weekly-1")
    yield get("letter with a long title", "/archive/weekly-2")
    yield get("sign-up", "/subscribe")
    yield post("sign-up, wrong address", "/subscribe", email="ada@example", name="Ada")
    yield post("sign-up, once more", "/subscribe", **ADA, website="x")
    yield post("asked", "/subscribe", **ADA)
    yield from _confirmed(visitor, asked, "subscription")
    with time_machine.travel(NOW + timedelta(days=99), tick=False):
        yield get("confirm: too late", asked.copy().pop())
    yield get("unsubscribe", at.unsubscribe(1))
    yield post("paused", at.unsubscribe(1), do="pause")
    left = post("left", at.unsubscribe(1), do="leave")
    yield left
    yield post("left, with the reason", at.unsubscribe(1), do="reason", reason="Too many letters")
    yield post("undone", at.unsubscribe(1), do="undo", undo=stamps(left[2].text))
    yield post("nothing to undo", at.unsubscribe(1), do="undo")
    yield post("left, all mail", at.unsubscribe(2), do="leave-all")
    yield post("nothing to pause", at.unsubscribe(2), do="pause")
    own = at.preferences(3)
    yield get("preferences", own)
    yield post("preferences, paused", own, do="save", digest="weekly", pause="2026-12-20")
    yield post("preferences, a day that is over", own, do="save", digest="weekly", pause="2020-02-02")
    yield post("preferences, a day that is typed", own, do="save", digest="weekly", pause="December")
    yield post("preferences, wrong address", own, do="move", email="grace@")
    yield post("preferences, asked to move", own, do="move", email="grace@a-rather-long-name.example.org")
    for name in ("move, present address", "move, new address", "move, taken back"):
        yield from _confirmed(visitor, asked, name)
    own = at.preferences(4)
    yield post("preferences, asked to erase", own, do="erase")
    yield from _confirmed(visitor, asked, "erasing")
    yield get("preferences, erased", own)
    yield post("preferences, left", at.preferences(5), do="leave-all")
    yield get("nowhere", "/nowhere")
    for status in sorted({*ERRORS, 500}):
        yield f"error {status}", f"/error-{status}", _failed(visitor, status)
    yield from _decisions(visitor)


def _several(visitor: Visitor) -> Walk:
    practice = visitor.installation
    at = Addresses(practice, edition(practice))
    forms: list[tuple[str, str, dict[str, Any]]] = [
        ("sign-up, wrong address and no letter", "/subscribe", {"email": "ada"}),
        ("sign-up, no letter", "/subscribe", ADA),
        ("left one", at.unsubscribe(1), {"do": "leave"}),
        ("left, all mail", at.unsubscribe(2), {"do": "leave-all"}),
        ("preferences, fewer", at.preferences(3), {"do": "save", "digest": ["groups"]}),
        ("preferences, more", at.preferences(3), {"do": "save", "digest": ["weekly", "groups"]}),
        ("preferences, none", at.preferences(4), {"do": "save"}),
    ]
    for name, path in (
        ("front", "/"),
        ("archive", "/archive"),
        ("sign-up", "/subscribe"),
        ("unsubscribe", at.unsubscribe(1)),
        ("preferences", at.preferences(3)),
    ):
        yield f"several: {name}", path, visitor.get(path)
    for name, path, form in forms:
        yield f"several: {name}", path, visitor.post(path, form)
    for path in confirm_links(practice.folder):
        yield "several: confirm", path, visitor.get(path)


def _confirmed(visitor: Visitor, asked: set[str], name: str) -> Walk:
    """The page of the question that was not ``asked`` yet, and what comes of its button."""
    send_questions(visitor.installation)
    (path,) = set(confirm_links(visitor.installation.folder)) - asked
    asked.add(path)
    yield f"confirm: {name}", path, visitor.get(path)
    yield f"confirmed: {name}", path, visitor.post(path)


def _letters(practice: Installation) -> int:
    """Some that were sent; the id of the newest."""
    picture = IMAGES / "harbour-dawn.jpg"
    content = picture.read_bytes()
    copy = Copy("image/jpeg", 1200, 630, content)
    with practice.database.write() as connection:
        seen = Seen(
            "https://blog.example/a.jpg", "https://blog.example/a.jpg", width=1200, height=630, copy=copy
        )
        store.keep(connection, seen, clock.now())
    posts = sample_blog()
    address = f"{SITE}/images/{store.file_name(hashlib.sha256(content).hexdigest(), 'image/jpeg')}"
    pictures = {post.id: Picture(address, alt="The harbour at dawn") for post in posts[:1]}
    made = letter(posts, intro=INTRO, images=pictures)
    sent(practice, made.subject, html=made.html, preheader=made.preheader)
    sent(practice, TITLE, weeks_ago=1)
    for weeks in (2, 3, 40, 60):
        sent(practice, f"A quiet week in the garden, number {weeks}", weeks_ago=weeks)
    with practice.database.read() as connection:
        return find.by_slug(connection, "weekly-1").id


def _failed(visitor: Visitor, status: int) -> httpx.Response:
    """The page that stands in for any other, as it is made."""
    made = Pages(visitor.installation.config, visitor.installation.templates).error(status)
    return httpx.Response(status, content=bytes(made.body), headers={"content-type": "text/html"})


def _decisions(visitor: Visitor) -> Walk:
    """What a draft's links lead staff to."""
    practice = visitor.installation
    sent(practice, "The next letter", weeks_ago=-1, status="draft", snapshot_at=None, finished_at=None)
    with practice.database.read() as connection:
        draft = find.by_slug(connection, "weekly-7")
    links = decision_links(practice, draft, NOW + timedelta(days=14), holder_of(EDITOR))
    for verb in VERBS:
        yield f"staff: {verb}", f"/{links[verb]}", visitor.get(f"/{links[verb]}")
    yield "staff: decided", f"/{links['hold']}", visitor.post(f"/{links['hold']}")
    with time_machine.travel(NOW + timedelta(days=30), tick=False):
        yield "staff: too late", f"/{links['hold']}", visitor.get(f"/{links['hold']}")
