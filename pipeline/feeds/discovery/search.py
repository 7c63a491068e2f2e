"""From a blog's bare address to its feed, and to what its site says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.core.errors import FeedError
from pipeline.core.words import sentence
from pipeline.feeds.discovery import Link, Outline, Page, identity, links, places
from pipeline.feeds.discovery.choice import Candidate, best, is_of_a_part, is_of_comments
from pipeline.feeds.discovery.visits import Visits
from pipeline.feeds.fetching.address import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_NAMED, MOST_BLOG_PAGES, MOST_MOVES = 6, 3, 2


@dataclass(frozen=True, slots=True)
class Discovered:
    """A blog's feed and what its site says. What nobody says is empty."""

    feed: str
    why: str
    """Why this feed, where there were several; empty for one that was typed."""
    others: list[tuple[str, str]]
    """The other feeds, each with why it was not taken."""
    outline: Outline
    site: str
    """The page that was looked at first."""
    name: str
    language: str
    timezone: str
    colour: str
    """A shade of ``brand`` that can be read."""
    brand: str
    contact: str
    logos: tuple[tuple[str, str], ...]
    """Where logos may be, each with the page that names it; nobody has looked at them yet."""


@dataclass
class _Search:
    visits: Visits
    typed: str
    start: Page | None = None
    blogs: list[Page] = field(default_factory=list)
    others: list[tuple[str, str]] = field(default_factory=list)


def discover(address: str) -> Discovered:
    """Find the feed of a blog, and what its site says of itself.

    :raises UsageError: for what is no web address.
    :raises FeedError: when there is no feed to be found; its message says what was tried, and what each
        address answered.
    """
    visits = Visits()
    addresses = places.typed(address)
    first = next((found for one in addresses if (found := visits.see(one)) is not None), None)
    for _ in range(MOST_MOVES):
        if isinstance(first, Page) and first.moved:
            first = visits.see(first.moved, named_by=first.url) or first
    if first is None:
        raise _nothing(visits, addresses[0])
    if isinstance(first, Outline):
        return _described(_Search(visits, first.url), Candidate(Link(first.url), first), "")
    search = _Search(visits, first.url, first)
    for candidates in _stages(search):
        taken, why, others = best(candidates, first.url, next(iter(first.languages), ""))
        search.others += [one for one in others if one[0] not in dict(search.others)]
        if taken is not None:
            return _described(search, taken, why)
    raise _nothing(visits, first.url, search.others)


def _stages(search: _Search) -> Iterable[list[Candidate]]:
    """The feeds that there may be, the likeliest first. A stage is asked only when all before it brought
    nothing."""
    page = search.start
    assert page, "a feed that was typed needs no search"
    yield _asked(search, page.feeds, page.url)
    yield _asked(search, links.feeds(page.links), page.url)
    for url in links.blogs(page.links, page.url)[:MOST_BLOG_PAGES]:
        found = search.visits.see(url, named_by=page.url)
        if isinstance(found, Outline):
            yield [Candidate(Link(url), found)]
        elif found is not None and found.url != page.url:
            search.blogs.append(found)
            yield _asked(search, found.feeds, found.url)
    for base in (page, *search.blogs):
        if not places.is_root(base.url):
            yield from ([one] for one in _guessed(search, places.under(base.url), base.url))
    for home in dict.fromkeys(places.root(base.url) for base in (page, *search.blogs)):
        yield from ([one] for one in _guessed(search, places.at_the_root(home), home))


def _asked(search: _Search, feeds: Iterable[Link], page: str) -> list[Candidate]:
    found = []
    for link in sorted(feeds, key=is_of_a_part)[:MOST_NAMED]:
        outline = None if is_of_comments(link) else search.visits.feed(link.url, named_by=page)
        found.append(Candidate(link, outline))
    return found


def _guessed(search: _Search, urls: Iterable[str], page: str) -> Iterable[Candidate]:
    for url in urls:
        if outline := search.visits.feed(url, named_by=page):
            yield Candidate(Link(outline.url), outline)


def _described(search: _Search, taken: Candidate, why: str) -> Discovered:
    outline = taken.outline
    assert outline
    pages = [page for page in (search.start, *search.blogs) if page]
    if not any(places.is_root(page.url) for page in pages):
        # The contact page and the logo are on the home page, and so is the name, when a feed was typed.
        home = places.root(search.typed if search.start else outline.site or outline.url)
        pages += [page] if (page := search.visits.page(home, named_by=search.typed)) else []
    zones = [zone for page in pages for zone in page.zones]
    if not zones and (told := next((page for page in pages if page.api), None)):
        fields = f"{told.api}{'&' if '?' in told.api else '?'}_fields=timezone_string"
        answer = search.visits.page(fields, named_by=told.url)
        zones += answer.zones if answer else ()
    brand, shade = identity.colour(colour for page in pages for colour in page.colours)
    return Discovered(
        feed=taken.link.url,
        why=why,
        others=search.others,
        outline=outline,
        site=pages[0].url if pages else outline.site or outline.url,
        name=identity.name(
            (name for page in pages for name in page.names),
            (page.title for page in pages),
            outline.title,
            pages[0].url if pages else outline.url,
        ),
        language=identity.language([*(tag for page in pages for tag in page.languages), outline.language]),
        timezone=identity.zone(zones),
        colour=shade,
        brand=brand,
        contact=next((found for page in pages if (found := links.contact(page.links, page.url))), ""),
        logos=tuple((logo, page.url) for page in pages for logo in page.logos),
    )


def _nothing(visits: Visits, url: str, others: Iterable[tuple[str, str]] = ()) -> FeedError:
    lines = [f"No feed of a blog was found at {shown(url)}. What was tried:"]
    lines += [f"  {line}" for line in visits.tried]
    lines += [sentence(f"  {shown(other)} was not taken: {why}") for other, why in others]
    return FeedError(
        "\n".join(lines),
        "Look in a browser for the blog's own page or its RSS link, and give that address: "
        "rapport init --blog ADDRESS.",
    )
