"""The phrases of the public pages, and what only pages say: lists, how often a digest comes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from pipeline.letter.direction import of_language
from pipeline.mail.phrases import Phrases, name_of, tags_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from babel.core import Locale

    from pipeline.core.config import Digest, Newsletter
    from pipeline.core.templates import Templates
    from pipeline.letter.direction import Direction

_FROM = datetime(2026, 1, 1)  # noqa: DTZ001  the wall clock, on purpose; any year would do
_LONGEST_DAY = 40
_LOOKED_AT = 14
"""Due times: enough to show a weekday or a day of the month that is only sometimes skipped."""


class PagePhrases(Phrases):
    """The phrases of "pages".

    ``language`` is the tag of what they are written in (BCP 47): the newsletter's where there is a file for
    it, else English. ``direction`` is the way that language runs.
    """

    def __init__(self, templates: Templates, newsletter: Newsletter, *, mails: bool = True) -> None:
        super().__init__(templates, "pages", newsletter, mails=mails)
        names = (name_of("pages", tag) for tag in tags_of(newsletter.language))
        written = any(templates.file(name).is_file() for name in names)
        self.language = newsletter.language if written else "en"
        self.direction: Direction = of_language(self.language)
        self._zone = newsletter.zone

    def of_address(self, reason: str) -> str:
        """What is wrong with an address, as subscribers/addresses.py says it, in this language."""
        return self._tables["address"].get(reason, reason)

    def listed(self, items: Sequence[str]) -> str:
        """`a`, `a and b`, `a, b and c`."""
        *rest, last = items or [""]
        if not rest:
            return last
        start = rest[0]
        for item in rest[1:]:
            start = self.say("shared.list_comma", first=start, second=item)
        return self.say("shared.list_and", first=start, second=last)

    def day(self, moment: datetime, form: str = "long") -> str:
        """A date in words, in this language and the newsletter's zone; ``full`` names the weekday, too."""
        return _dated(moment.astimezone(self._zone), form, self.language)

    def in_words(self, day: date) -> str:
        """A day in words, in this language, on one line."""
        return _dated(day, "long", self.language).replace(" ", "\N{NO-BREAK SPACE}")

    def in_numbers(self, day: date) -> str:
        """A day in numbers, as it is written where this language is spoken."""
        from babel.dates import format_skeleton

        return format_skeleton("yMd", day, locale=_known(self.language))

    def typed_day(self, written: str) -> date | None:
        """A day that somebody typed in numbers, in the order of this language; None where it is none."""
        from babel.dates import parse_date

        try:
            return parse_date(written[:_LONGEST_DAY], locale=_known(self.language), format="short")
        except (ValueError, IndexError):
            return None

    def every(self, digest: Digest) -> str:
        """How often a digest comes: `every Thursday`, `every day`, `once a month`; empty where that takes
        more words."""
        from cronsim import CronSim

        due = list(islice(CronSim(digest.schedule, _FROM), _LOOKED_AT))
        gaps = {later.date() - earlier.date() for earlier, later in pairwise(due)}
        if gaps == {timedelta(days=1)}:
            return self.say("every.day")
        if gaps == {timedelta(days=7)}:
            return self.say("every.week", weekday=_dated(due[0], "EEEE", self.language))
        if gaps and min(gaps) >= timedelta(days=28) and max(gaps) <= timedelta(days=31):
            return self.say("every.month")
        return ""


def _dated(day: date, form: str, language: str) -> str:
    from babel.dates import format_date

    return format_date(day, form, locale=_known(language))


def _known(language: str) -> Locale:
    """What babel knows of a language; of one that it does not know, what it knows of English."""
    from babel.core import Locale, UnknownLocaleError

    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")
