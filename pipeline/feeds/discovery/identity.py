"""Of what pages and a feed say, what a configuration can hold: name, language, time zone, colour."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from pipeline.core.colour import contrast
from pipeline.core.theme import Theme, look
from pipeline.feeds.cleaning.text import cut, one_line
from pipeline.feeds.discovery.places import host_of

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_NAME = 60
GREYEST = 24
"""The least difference between a colour's channels: below it is a grey, and says nothing of a brand."""
PALEST = 1.25
"""The least contrast with white: what is paler was chosen to lie behind words."""

_SEPARATOR = re.compile(r"\s+[|–—•·»«›‹~:/⋆★❤♥⎪❘｜-]+\s+|\s*[|»«⎪❘｜]\s*|:\s+")
_WELCOME = re.compile(
    r"(?i)^(?:welcome to|willkommen (?:bei|auf|in)(?: der)?|bienvenue (?:chez|sur|au|à la)"
    r"|bienvenid[oa]s? (?:a|al|en)|stories by)\s+"
)
_ON_MEDIUM = re.compile(r"(?i)\s+on medium$")
_GENERIC_WORDS = """
    home | homepage | home page | start | startseite | accueil | inicio | index | main | welcome | willkommen
    bienvenue | blog | the blog | our blog | my blog | weblog | journal | news | latest news | articles
    posts | latest posts | all posts | archive | insights | resources | aktuelles | beiträge | noticias
    actualités | contact | kontakt | about | feed | rss | rss feed | atom | atom feed | xml | medium
    substack | wordpress | wix | squarespace | blogger | ghost | site | my site | new site | website
    untitled | just another wordpress site | my wordpress blog | home page | coming soon | under construction
    just a moment | one moment, please | access denied | forbidden | 403 forbidden | not found | 404 not found
    attention required! | index of / | page not found | error | loading
"""
_GENERIC = frozenset(word.strip() for word in re.split(r"[|\n]", _GENERIC_WORDS) if word.strip())
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")


def name(said: Iterable[str], pages: Iterable[str], feed: str, url: str) -> str:
    """The practice's name; empty where nobody says it.

    ``said`` are names as such, the surest first. The titles of ``pages`` and of the ``feed`` say more than
    the name: "Home – Willow Street Therapy", "Blog | Willow Street". ``url`` is the site's.
    """
    label = _letters(host_of(url).partition(".")[0])
    for one in said:
        if kept := _names(one):
            whole = " – ".join(kept)
            if len(kept) == 1 or _letters(whole) in label:
                return _short(whole)
            return _short(next((part for part in kept if _is_the_hosts(part, label)), kept[0]))
    titles = [kept for title in (*pages, feed) if (kept := _names(title))]
    parts = [part for title in titles for part in title]
    for part in parts:
        if _is_the_hosts(part, label) or sum(part.casefold() in map(str.casefold, t) for t in titles) > 1:
            return _short(part)
    # What stands alone in its title is the name; of several, who knows which.
    return _short(next((title[0] for title in titles if len(title) == 1), parts[0] if parts else ""))


def _names(text: str) -> list[str]:
    if re.fullmatch(r"\s*\{\{[^{}]*\}\}\s*", text):  # a template that nobody filled in
        return []
    return [part for part in _parts(text) if part.casefold() not in _GENERIC]


def _is_the_hosts(part: str, label: str) -> bool:
    """Whether a name and the host's first label are made of the same letters, or one has more."""
    letters = _letters(part)
    return len(label) > 3 and len(letters) > 3 and (letters in label or label in letters)


def _parts(text: str) -> list[str]:
    # Braces and doubled percent signs are how letters name what is personal.
    plain = one_line(re.sub(r"[{}<>]", " ", text).replace("%%", "%"))
    plain = _ON_MEDIUM.sub("", _WELCOME.sub("", plain))
    return [part.strip(' "“”.,') for part in _SEPARATOR.split(plain) if part.strip(' "“”.,-–—|:')]


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text.casefold())


def _short(text: str) -> str:
    return cut(text, LONGEST_NAME).rstrip("…")


def language(said: Iterable[str]) -> str:
    """The first language tag that is one, in its shortest form: "en-us" is "en", "en_GB" is "en-GB"."""
    from babel import Locale, UnknownLocaleError
    from babel.core import get_global

    for written in said:
        tag = written.strip().replace("_", "-")
        if not _LANGUAGE.fullmatch(tag):
            continue
        try:
            locale = Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
        # CLDR knows in which country a language is written if nothing is said: en is en-Latn-US.
        usual = get_global("likely_subtags").get(locale.language, "").split("_")
        territory = locale.territory if locale.territory and locale.territory not in usual else None
        return "-".join(filter(None, (locale.language, territory)))
    return ""


def zone(said: Iterable[str]) -> str:
    """The time zone that all agree on; empty where they differ or none is said."""
    known = {name.casefold(): name for name in available_timezones()}
    found = {known[one.casefold()] for one in said if one.casefold() in known}
    found = {one for one in found if not one.startswith("Etc/")}
    return found.pop() if len(found) == 1 else ""


def colour(said: Iterable[str]) -> tuple[str, str]:
    """The first colour that is a brand's, and the shade of it that a letter shows it in, so that it can be
    read: the same where it can be as it is. Both empty where there is none."""
    for one in said:
        channels = [int(one[at : at + 2], 16) for at in (1, 3, 5)]
        if max(channels) - min(channels) >= GREYEST and contrast(one, "#ffffff") >= PALEST:
            return one, _shown(one)
    return "", ""


def _shown(colour: str) -> str:
    for _ in range(5):  # what lies behind the links takes a little of their colour
        shade = look(Theme(colour=colour)).light.link
        if shade == colour:
            break
        colour = shade
    return colour
