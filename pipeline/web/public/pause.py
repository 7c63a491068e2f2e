"""Until when a reader pauses all letters: the day that a form sends, and what is wrong with it.

A date input sends the day as ISO 8601 has it, whatever it shows to the person before it. A browser without
date inputs shows a line to write in, and sends what was typed.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pipeline.web.public.pages import Pages

FIRST, LAST = timedelta(days=1), timedelta(days=366)
"""The first and the last day that can be chosen, from today on."""


class Pause(NamedTuple):
    """``day``: from which letters come again, None for no pause. ``wrong``: what is to be corrected.

    ``typed``: whether it was sent by a browser without date inputs, which the field is for then. A date input
    would not show what was typed.
    """

    day: date | None
    wrong: str = ""
    typed: bool = False


def chosen(pages: Pages, written: str, today: date) -> Pause:
    """What somebody has chosen who sent this on this day."""
    if not written:
        return Pause(None)
    typed = False
    try:
        day = date.fromisoformat(written)
    except ValueError:
        found, typed = pages.phrases.typed_day(written), True
        if found is None:
            example = pages.phrases.in_numbers(today + timedelta(days=14))
            return Pause(None, pages.say("preferences.pause_typed", example=example), typed)
        day = found
    first, last = today + FIRST, today + LAST
    if first <= day <= last:
        return Pause(day)
    said = {"first": pages.phrases.in_words(first), "last": pages.phrases.in_words(last)}
    return Pause(None, pages.say("preferences.pause_range", **said), typed)
