"""The phrases of the public pages, and what only pages say: how often a digest comes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from pipeline.core.locales import date_in_numbers, date_in_words, date_typed, listed
from pipeline.core.phrases import Phrases
from pipeline.letter.direction import of_language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.core.sections.digest import Digest
    from pipeline.core.sections.newsletter import Newsletter
    from pipeline.core.templates import Templates
    from pipeline.letter.direction import Direction

_FROM = datetime(2026, 1, 1)  # noqa: DTZ001  the wall clock, on purpose; any year would do
_LONGEST_DAY = 40
_LOOKED_AT = 14
"""Due times: enough to show a weekday or a day of the month that is only sometimes skipped."""


class PagePhrases(Phrases):
    """The phrases of "pages". ``direction`` is the way that their language runs."""

    def __init__(self, templates: Templates, newsletter: Newsletter, *, mails: bool = True) -> None:
        super().__init__(templates, "pages", newsletter, mails=mails)
        self.direction: Direction = of_language(self.language)
        self._zone = newsletter.zone

    def listed(self, items: Sequence[str]) -> str:
        """`a`, `a and b`, `a, b and c`."""
        return listed(items, self.language)

    def day(self, moment: datetime, form: str = "long") -> str:
        """A date in words, in this language and the newsletter's zone; ``full`` names the weekday, too."""
        return date_in_words(moment.astimezone(self._zone), self.language, form)

    def in_words(self, day: date) -> str:
        """A day in words, in this language."""
        return date_in_words(day, self.language)

    def in_numbers(self, day: date) -> str:
        """A day in numbers, as it is written where this language is spoken."""
        return date_in_numbers(day, self.language)

    def typed_day(self, written: str) -> date | None:
        """A day that somebody typed in numbers, in the order of this language; None where it is none."""
        return date_typed(written[:_LONGEST_DAY], self.language)

    def every(self, digest: Digest) -> str:
        """How often a digest comes: `every Thursday`, `every day`, `once a month`; empty where that takes
        more words."""
        from cronsim import CronSim

        due = list(islice(CronSim(digest.schedule, _FROM), _LOOKED_AT))
        gaps = {later.date() - earlier.date() for earlier, later in pairwise(due)}
        if gaps == {timedelta(days=1)}:
            return self.say("every.day")
        if gaps == {timedelta(days=7)}:
            return self.say("every.week", weekday=date_in_words(due[0], self.language, "EEEE"))
        if gaps and min(gaps) >= timedelta(days=28) and max(gaps) <= timedelta(days=31):
            return self.say("every.month")
        return ""
