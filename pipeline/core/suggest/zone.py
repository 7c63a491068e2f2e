"""Which time zone was meant by a city, a country, an abbreviation, an offset or an old name.

Names of cities, old names and those that Windows uses: the IANA database and Unicode's CLDR, through zoneinfo
and babel.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.core.suggest import folded, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SHORT = {
    "America/New_York": "us, usa, america, united states, et, est, edt, est5, eastern, boston, miami",
    "America/Detroit": "michigan",
    "America/Chicago": "ct, cst, cdt, cst6, central, dallas, houston, austin, minneapolis",
    "America/Denver": "mt, mst, mdt, mst7, mountain",
    "America/Los_Angeles": "pt, pst, pdt, pst8, pacific, san francisco, san diego, seattle, portland",
    "America/Anchorage": "akst, akdt, alaska",
    "Pacific/Honolulu": "hst, hawaii",
    "America/Halifax": "atlantic, adt",
    "America/Toronto": "ottawa",
    "Europe/London": "gmt, bst, wet, uk, england, scotland, wales, edinburgh, great britain",
    "Europe/Dublin": "eire",
    "Europe/Berlin": "cet, cest, met, mez, mesz, munich, munchen, hamburg, frankfurt, cologne, koln",
    "Europe/Athens": "eet, eest",
    "Europe/Zurich": "geneva, basel, bern",
    "Europe/Rome": "milan, milano, roma",
    "Europe/Madrid": "barcelona",
    "Europe/Vienna": "wien",
    "Asia/Kolkata": "mumbai, delhi, new delhi, bangalore",
    "Asia/Tokyo": "jst",
    "Australia/Sydney": "aest, aedt, canberra",
    "UTC": "z, zulu",
    "Pacific/Auckland": "nzst, nzdt, wellington",
}
"""What people write that no database has, or has for another place."""

_BY_HOURS = {
    -10: "Pacific/Honolulu",
    -9: "America/Anchorage",
    -8: "America/Los_Angeles",
    -7: "America/Denver",
    -6: "America/Chicago",
    -5: "America/New_York",
    -4: "America/Halifax",
    -3: "America/Sao_Paulo",
    0: "Europe/London",
    1: "Europe/Berlin",
    2: "Europe/Athens",
    3: "Europe/Istanbul",
    4: "Asia/Dubai",
    5: "Asia/Karachi",
    7: "Asia/Bangkok",
    8: "Asia/Singapore",
    9: "Asia/Tokyo",
    10: "Australia/Sydney",
    12: "Pacific/Auckland",
}
"""A place for each distance from UTC, in hours in winter."""

_OFFSET = re.compile(r"(?:gmt|utc)?\s*([+\u2212-])\s*(\d{1,2})(?::?00)?", re.IGNORECASE)


def zone_meant(written: str, zones: Iterable[str]) -> str:
    """Of these zones the one that was probably meant; empty where nobody can tell."""
    if offset := _OFFSET.fullmatch(written.strip()):
        return _BY_HOURS.get(int(offset[2]) * (1 if offset[1] == "+" else -1), "")
    known = dict(_known(zones))
    wanted = re.sub(r" (?:standard |daylight |summer )?time$", "", folded(written.partition(",")[0]))
    for name in (folded(written), wanted, wanted.rpartition("/")[2]):
        if name in known:
            return known[name]
    close = nearest(wanted, [*known, *map(folded, known.values())])
    return known.get(close, close)


def _known(zones: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Every name, folded, with its zone. What comes later counts more."""
    from babel import Locale
    from babel.core import get_global

    countries = Locale("en").territories
    for code, inside in get_global("territory_zones").items():
        if len(inside) == 1 and code in countries:
            yield folded(countries[code]), inside[0]
    yield "germany", "Europe/Berlin"  # it has a second zone, for a village
    for name, zone in get_global("windows_zone_mapping").items():
        yield folded(name), zone
    for old, zone in get_global("zone_aliases").items():
        yield folded(old), zone
    for zone in sorted(zones, key=lambda zone: (zone.count("/"), zone), reverse=True):
        yield folded(zone.rpartition("/")[2]), zone
        yield folded(zone), zone
    for zone, names in _SHORT.items():
        yield from ((name, zone) for name in names.split(", "))
