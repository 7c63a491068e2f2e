"""Which time zone was meant by a city, a country, an abbreviation, an offset or an old name.

Names of cities, old names and those that Windows uses: the IANA database and Unicode's CLDR, through zoneinfo
and babel.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from babel import Locale

from pipeline.core.suggest import SLIP, folded, nearest
from pipeline.core.suggest.country import country_named

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

_SHORT = {
    "America/New_York": (
        "us, usa, america, united states, et, est, edt, est5, eastern, nyc, boston, miami, atlanta, "
        "philadelphia, washington, washington dc, baltimore, charlotte, cleveland, orlando, tampa, "
        "pittsburgh, connecticut, delaware, florida, maine, maryland, massachusetts, new hampshire, "
        "new jersey, north carolina, ohio, pennsylvania, rhode island, south carolina, vermont, "
        "virginia, west virginia, jersey city"
    ),
    "America/Detroit": "michigan",
    "America/Indiana/Indianapolis": "indiana",
    "America/Chicago": (
        "ct, cst, cdt, cst6, central, dallas, houston, austin, san antonio, minneapolis, nashville, "
        "new orleans, st. louis, milwaukee, kansas city, texas, illinois, wisconsin, minnesota, iowa, "
        "missouri, arkansas, louisiana, mississippi, alabama, tennessee, oklahoma, kansas, nebraska, "
        "north dakota, south dakota, kentucky"
    ),
    "America/Denver": (
        "mt, mst, mdt, mst7, mountain, colorado, utah, wyoming, montana, new mexico, salt lake city, "
        "albuquerque"
    ),
    "America/Phoenix": "arizona, tucson",
    "America/Boise": "idaho",
    "America/Los_Angeles": (
        "pt, pst, pdt, pst8, pacific, la, l.a., san francisco, san diego, san jose, sacramento, "
        "oakland, seattle, portland, las vegas, california, oregon, nevada, washington state"
    ),
    "America/Anchorage": "akst, akdt, alaska",
    "Pacific/Honolulu": "hst, hawaii",
    "America/Halifax": "atlantic, adt, nova scotia",
    "America/Toronto": "canada, ottawa, montreal, ontario, quebec",
    "America/Vancouver": "british columbia",
    "America/Edmonton": "calgary, alberta",
    "America/Winnipeg": "manitoba",
    "America/Regina": "saskatchewan",
    "America/Mexico_City": "mexico, mexiko",
    "America/Sao_Paulo": "brazil, brasil, brasilien, rio de janeiro, brasilia, brt",
    "America/Argentina/Buenos_Aires": "argentina, buenos aires",
    "America/Santiago": "chile",
    "Europe/London": (
        "gmt, bst, wet, uk, england, scotland, wales, edinburgh, great britain, manchester, "
        "birmingham, bristol, leeds, glasgow, liverpool"
    ),
    "Europe/Dublin": "eire, cork, galway",
    "Europe/Berlin": (
        "cet, cest, met, mez, mesz, munich, munchen, muenchen, hamburg, frankfurt, frankfurt am main, "
        "cologne, koln, koeln, stuttgart, dusseldorf, leipzig, dresden, bavaria, bayern, central "
        "european, mitteleuropaische zeit"
    ),
    "Europe/Athens": "eet, eest",
    "Europe/Zurich": "geneva, genf, basel, bern, zuerich, lausanne",
    "Europe/Rome": "milan, milano, roma, naples, turin",
    "Europe/Madrid": "spain, espana, spanien, espagne, barcelona, valencia, sevilla, seville",
    "Europe/Lisbon": "portugal, lisboa, porto",
    "Europe/Paris": "lyon, marseille, toulouse, bordeaux, nantes, lille",
    "Europe/Vienna": "wien, graz, salzburg, linz, innsbruck",
    "Europe/Moscow": "russia, russland, msk",
    "Europe/Kiev": "ukraine, kyiv",
    "Asia/Kolkata": "mumbai, delhi, new delhi, bangalore, ist",
    "Asia/Shanghai": "china, beijing, peking",
    "Asia/Hong_Kong": "hkt",
    "Asia/Singapore": "sgt",
    "Asia/Tokyo": "jst",
    "Asia/Seoul": "kst",
    "Asia/Jakarta": "indonesia",
    "Australia/Sydney": "australia, australien, aest, aedt, canberra, new south wales",
    "Australia/Melbourne": "victoria",
    "Australia/Brisbane": "queensland",
    "Australia/Perth": "awst",
    "Africa/Johannesburg": "cape town, south africa, sast",
    "UTC": "z, zulu",
    "Pacific/Auckland": "nz, nzst, nzdt, wellington, new zealand, neuseeland",
}
"""What people write that no database has, or has for another place; and of a country with several zones the
one where most live."""

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

_OFFSET = re.compile(r"(?:gmt|utc)?\s*([+\u2212-])\s*(\d{1,2})(?::?(\d\d))?", re.IGNORECASE)
_HALVES = {"+0530": "Asia/Kolkata", "+0930": "Australia/Adelaide", "-0330": "America/St_Johns"}


def zone_meant(written: str, zones: Iterable[str], codes: Collection[str], languages: Sequence[str]) -> str:
    """Of these zones the one that was probably meant; empty where nobody can tell. Countries are known by
    these codes, and by their names in these languages."""
    written = re.sub(
        r"\((?:utc|gmt)[^()]*\)|\([^()]*\)", "", written.casefold()
    ).strip()  # as Windows shows them
    if offset := _OFFSET.fullmatch(written):
        if offset[3] not in (None, "00"):
            return _HALVES.get(f"{offset[1].replace(chr(0x2212), '-')}{int(offset[2]):02}{offset[3]}", "")
        return _BY_HOURS.get(int(offset[2]) * (1 if offset[1] == "+" else -1), "")
    known = dict(_known(zones))
    wanted = re.sub(r" (?:standard |daylight |summer )?time$", "", folded(written.partition(",")[0]))
    for name in (folded(written), wanted, wanted.rpartition("/")[2]):
        if name in known:
            return known[name]
    if country := country_named(wanted, codes, languages):
        return known.get(folded(Locale("en").territories[country]), "")
    close = nearest(wanted, [*known, *map(folded, known.values())], SLIP) if len(wanted) > 4 else ""
    return known.get(close, close)


def _known(zones: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Every name, folded, with its zone. What comes later counts more."""
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
