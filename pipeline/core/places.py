"""Where and in which language a newsletter is read: the time zones and language tags that are taken."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo, available_timezones

_AREAS = frozenset(
    ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Etc", "Europe", "Indian",
     "Pacific")
)  # fmt: skip
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def is_place(zone: str) -> bool:
    """Whether a name is one of Area/Place, or UTC. The others are old ones that not every system has any
    more (Debian keeps them in tzdata-legacy), and some of them know no summer time."""
    area, slash, _ = zone.partition("/")
    return zone == "UTC" or (bool(slash) and area in _AREAS)


def known_zone(value: str) -> str:
    """A time zone, as it was written. Raises ValueError that says which was probably meant."""
    try:
        if is_place(value):
            ZoneInfo(value)
            return value
    except (OSError, ValueError, LookupError):
        pass  # no such file, or none that holds a zone
    from pipeline.core.suggest.zone import zone_meant

    meant = zone_meant(value, [zone for zone in available_timezones() if is_place(zone)])
    ask = f"did you mean {meant}?" if meant else 'write Area/City, such as "America/New_York"'
    raise ValueError(f'"{value}" is no time zone of a place, with its summer time; {ask}')


def known_language(value: str) -> str:
    """A language tag (BCP 47), as it was written. Raises ValueError that says which was probably meant."""
    if _TAG.fullmatch(value):
        if value.partition("-")[0].lower() in COMMON:
            return value
        from pipeline.core.suggest.language import is_language

        if is_language(value.partition("-")[0]):
            return value
    from pipeline.core.suggest.language import tag_meant

    meant = tag_meant(value, COMMON)
    ask = f'did you mean "{meant}"?' if meant else 'write a language tag, such as "en" or "de-AT"'
    raise ValueError(f'"{value}" is no language tag; {ask}')


COMMON = (
    "en", "de", "es", "fr", "it", "nl", "pt", "pl", "da", "sv", "nb", "fi", "cs", "hu", "ro",
    "el", "tr", "uk", "ru", "he", "ar", "hi", "zh", "ja", "ko", "vi", "ca",
)  # fmt: skip
"""Known without a look into the tables of all languages."""
