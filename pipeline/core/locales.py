"""Dates, times, numbers, lists and plural forms of a language: Unicode's CLDR, through babel."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime, time

    from babel import Locale

PLURAL_FORMS = frozenset(["zero", "one", "two", "few", "many", "other"])
"""CLDR's names of the cases that a language may have. Every language has "other"."""


@lru_cache(maxsize=32)
def locale_of(language: str) -> Locale:
    """What CLDR knows of a language tag, or of the language without its region; of English where it does not
    know the language."""
    from babel import Locale, UnknownLocaleError

    for tag in (language, language.partition("-")[0]):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def date_in_words(of: date, language: str, form: str = "long") -> str:
    """A day; of a moment that of its own zone. ``form``: `long`; `full`, which names the weekday; or one of
    CLDR's patterns, such as EEEE."""
    from babel.dates import format_date

    locale = locale_of(language)
    said = format_date(of, form, locale)
    # French counts the first of a month in ordinals, and CLDR's patterns do not.
    return (
        re.sub(r"\b1 (?=[^\W\d])", "1er ", said, count=1) if locale.language == "fr" and of.day == 1 else said
    )


def date_in_numbers(of: date, language: str) -> str:
    """A day as it is written in numbers: 12/4/2026, 4.12.2026."""
    from babel.dates import format_skeleton

    return format_skeleton("yMd", of, locale=locale_of(language))


def date_typed(text: str, language: str) -> date | None:
    """The day that somebody wrote in numbers, as the language or ISO 8601 orders them; None for no day."""
    from babel.dates import parse_date

    try:
        return parse_date(text, locale_of(language), "short")
    except (ValueError, IndexError):
        return None


def time_in_words(of: datetime | time, language: str) -> str:
    """Hour and minute as a clock on that wall shows them."""
    from babel.dates import format_time

    return format_time(of.replace(tzinfo=None), "short", locale=locale_of(language))


def listed(items: Sequence[str], language: str, style: Literal["standard", "or"] = "standard") -> str:
    """`a`, `a and b`, `a, b and c`; with "or" instead of "and"."""
    from babel.lists import format_list

    return format_list(items, style, locale_of(language))


def with_colon(text: str, language: str) -> str:
    """A text with a colon after it. French has a space before it, at which no line may break."""
    return f"{text}\u00a0:" if locale_of(language).language == "fr" else f"{text}:"


def number_in_words(number: int, language: str) -> str:
    """A whole number in digits, grouped as that language does."""
    from babel.numbers import format_decimal

    return format_decimal(number, locale=locale_of(language))


def plural_form(number: int, language: str) -> str:
    """The case of PLURAL_FORMS that a number of things takes."""
    return locale_of(language).plural_form(number)
