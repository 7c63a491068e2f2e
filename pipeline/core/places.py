"""Where and in which language a newsletter is read: zones, language tags and countries."""

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

    meant = zone_meant(value, [zone for zone in available_timezones() if is_place(zone)], COUNTRIES, COMMON)
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


def known_country(value: str) -> str:
    """A country's code (ISO 3166-1 alpha-2) in capitals. Raises ValueError that says which was probably
    meant."""
    code = value.strip().upper()
    if code in COUNTRIES:
        return code
    from pipeline.core.suggest.country import country_meant

    meant = country_meant(value, COUNTRIES, COMMON)
    ask = f'did you mean "{meant}"?' if meant else 'write its two letters (ISO 3166), such as "US" or "DE"'
    raise ValueError(f'"{value}" is no country\'s code; {ask}')


COUNTRIES = frozenset(
    re.findall(
        r"\w\w",
        """
        AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT
        BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH
        ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT
        HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS
        LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI
        NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG
        SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG
        UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
        """,
    )
)
"""Every code of ISO 3166-1. tests/core compares them with Unicode's CLDR."""
