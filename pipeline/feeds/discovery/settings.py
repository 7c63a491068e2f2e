"""What was found at a blog's address, as values of a configuration; and what only the practice can say."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pipeline.core.first_configuration import Value
from pipeline.core.phrases import is_spoken, languages, name_of, read, tags_of
from pipeline.core.sections.digest import Digest
from pipeline.core.templates import PACKAGED, Templates

if TYPE_CHECKING:
    from pipeline.core.first_configuration import Key
    from pipeline.feeds.discovery.search import Discovered

FOUND = "as your site says"
ENOUGH = 3
"""Posts for a first letter, where the usual backlog holds none."""

NAME: Key = ("newsletter", "name")
FROM_NAME: Key = ("newsletter", "from_name")
FROM_EMAIL: Key = ("newsletter", "from_email")
REPLY_TO: Key = ("newsletter", "reply_to")
POSTAL_ADDRESS: Key = ("newsletter", "postal_address")
TIMEZONE: Key = ("newsletter", "timezone")
LANGUAGE: Key = ("newsletter", "language")
COLOUR: Key = ("theme", "colour")
LOGO: Key = ("theme", "logo")
FEED: Key = ("feeds", "url")
BACKLOG: Key = ("digests", "backlog")
MATCH_URL: Key = ("match", "url")

FIRST_WORDS: tuple[Key, ...] = (
    ("newsletter", "notice"),
    ("match", "heading"),
    ("match", "text"),
    ("match", "button"),
)

WANTED = (NAME, FROM_NAME, FROM_EMAIL, POSTAL_ADDRESS, TIMEZONE, LANGUAGE, MATCH_URL)
"""What a letter should not go out without having been said, by the site or by the practice."""


def values(found: Discovered, logo: str, now: datetime) -> dict[Key, Value]:
    """The values for core/first_configuration. What nobody says stays as the example has it, marked; but not
    a time zone: New York's would be taken for granted, and UTC is at least nobody's."""
    made = {
        FEED: Value(found.feed, "found at your blog's address"),
        REPLY_TO: Value(None),
        TIMEZONE: Value(None, "yours: such as America/New_York; until you say it, times are UTC"),
    }
    language = found.language if is_spoken(Templates(), found.language) else ""
    if language:
        made |= _in_language(language)
    elif found.language:
        known = ", ".join(languages(Templates()))
        made[LANGUAGE] = Value(None, f"yours: the site's is {found.language}, there are words in {known}")
    said = {
        NAME: found.name,
        FROM_NAME: found.name,
        LANGUAGE: language,
        TIMEZONE: found.timezone,
        LOGO: logo,
        MATCH_URL: found.contact,
    }
    made |= {key: Value(text, FOUND) for key, text in said.items() if text}
    if found.colour:
        same = found.colour == found.brand
        made[COLOUR] = Value(found.colour, FOUND if same else f"your site's {found.brand}, made readable")
    if days := backlog_days(found.outline.dates, now):
        made[BACKLOG] = Value(f"{days}d", "the first letter reaches back to your newest posts; or less")
    return made


def _in_language(language: str) -> dict[Key, Value]:
    """What the example says to readers, in the language of the site."""
    words = read(PACKAGED / name_of(tags_of(language)[0]))
    return {key: Value(f"{words[f'letter.first.{key[1]}']}") for key in FIRST_WORDS}


def backlog_days(dates: tuple[str, ...], now: datetime) -> int:
    """How far back a first letter must reach to hold a few posts; 0 where the usual backlog is enough, or the
    posts have no dates. Of a blog that rests the newest are taken, never the archive."""
    past = [date for text in dates if (date := datetime.fromisoformat(text)) <= now]
    if not past or now - past[0] < Digest(name="any").backlog:
        return 0
    return (now - past[:ENOUGH][-1]) // timedelta(days=1) + 2
