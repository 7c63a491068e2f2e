"""Which of a page's links leads to the blog, and which to the page where somebody asks for a therapist."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from pipeline.feeds.discovery.places import host_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.feeds.discovery import Link


class Sign(NamedTuple):
    """What speaks for a link: words in its text or in its path, and how strongly."""

    words: re.Pattern[str]
    points: int


def _sign(words: str, points: int) -> Sign:
    return Sign(re.compile(rf"(?i)(?<![^\W_])(?:{words})(?![^\W_])"), points)


BLOG = (
    _sign(r"blog|weblog", 100),
    _sign(r"journal|articles|artikel|insights|beiträge|beitraege|articulos|artículos|articoli", 70),
    _sign(
        r"writing|writings|posts|essays|stories|reflections|magazin|magazine|thoughts|gedanken|ideas|notes",
        60,
    ),
    _sign(r"news|aktuelles|actualites|actualités|actus|noticias|resources|ratgeber|perspectives|library", 40),
)
CONTACT = (
    _sign(r"(?:get|be|personally)[ -]matched|match me|matching|get[ -]match", 100),
    _sign(
        r"find (?:a|an|your|my|the right) (?:therapist|counsell?or|psychologist|coach)|find-a-therapist", 90
    ),
    _sign(r"contact|contact us|kontakt|contacto|contato|contatti|contactez|nous contacter|get in touch", 80),
    _sign(r"inquire|inquiry|enquire|enquiry|anfrage|reach out|reach us|write to us", 70),
    _sign(r"book|booking|appointment|appointments|consultation|schedule|termin|termine|rendez-vous|cita", 60),
    _sign(r"get started|start here|work with (?:me|us)", 50),
)

_FEED_WORDS = re.compile(r"(?i)(?<![^\W_])(?:rss|atom)(?![^\W_])|^feed$")
_FEED_PATH = re.compile(r"(?i)/(?:rss|feed|atom)(?:\.xml|\.json)?/?$|[?&]format=rss")
_PLACES_OF_OTHERS = re.compile(
    r"(?i)(?:^|\.)(?:facebook|instagram|twitter|x|linkedin|youtube|tiktok|pinterest|threads|google|apple|spotify"
    r"|squarespace|wix|wordpress|automattic|ghost|webflow|godaddy|psychologytoday)\.(?:com|org)$"
)
_FILE = re.compile(r"(?i)\.(?:pdf|jpe?g|png|gif|webp|docx?|zip|mp3|xml|rss|json)$")


def feeds(links: Iterable[Link]) -> list[Link]:
    """The links that a person would take for the feed's."""
    return [
        link
        for link in links
        if (_FEED_WORDS.search(link.text.strip()) and len(link.text.split()) < 6)
        or _FEED_PATH.search(link.url.partition("#")[0])
    ]


def blogs(links: Iterable[Link], page: str) -> list[str]:
    """The addresses that seem to be the blog's, the likeliest first."""
    return _best(links, BLOG, page)


def contact(links: Iterable[Link], page: str) -> str:
    """The address where a reader asks for a therapist; empty where no link says so."""
    return next(iter(_best(links, CONTACT, page)), "")


def _best(links: Iterable[Link], signs: tuple[Sign, ...], page: str) -> list[str]:
    found: dict[str, float] = {}
    for link in links:
        points = _points(link, signs, page)
        address = link.url.partition("#")[0] if signs is BLOG else link.url
        if points > 0:
            found[address] = max(points, found.get(address, 0))
    return sorted(found, key=lambda address: -found[address])


def _points(link: Link, signs: tuple[Sign, ...], page: str) -> float:
    parts = urlsplit(link.url)
    host = parts.hostname or ""
    path = unquote(parts.path).rstrip("/")
    if _PLACES_OF_OTHERS.search(host) or _FILE.search(path):
        return 0
    last = path.rpartition("/")[2].replace("-", " ").replace("_", " ")
    depth = path.count("/")
    best = 0.0
    for words, points in signs:
        if words.search(link.text):
            # "Blog" is the blog; "What our blog taught me about grief" is a post.
            best = max(best, points - 2 * max(0, len(link.text.split()) - 3) ** 2)
        if words.search(last):
            best = max(best, points - 5 - 2 * max(0, len(last.split()) - 2) ** 2)
        elif parts.fragment and words.search(parts.fragment.replace("-", " ")):
            best = max(best, points - 30)
    same_site = _is_same_site(host, page)
    return best - (0 if same_site else 35) - 3 * max(0, depth - 1)


def _is_same_site(host: str, page: str) -> bool:
    ours = host_of(page)
    host = host.removeprefix("www.")
    return host == ours or host.endswith(f".{ours}") or ours.endswith(f".{host}")
