"""Which country was meant by its name, another code of it, or a slip of the finger.

Names and codes: Unicode's CLDR, through babel.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from pipeline.core.suggest import SLIP, folded, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_ALSO = {
    "en": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "northern ireland": "GB",
    "great britain": "GB", "britain": "GB", "u.k.": "GB", "america": "US", "u.s.": "US", "u.s.a.": "US",
    "ger": "DE", "holland": "NL", "czech republic": "CZ", "eire": "IE", "tschechien": "CZ", "korea": "KR",
    "eu": "", "europe": "", "europa": "",
}  # fmt: skip
"""What people write that no database has."""

_ALIKE = 0.5
"""Of two letters one is the other's: difflib calls them alike by this much."""


def country_meant(written: str, codes: Collection[str], languages: Sequence[str]) -> str:
    """Of these codes the one that was probably meant; empty where nobody can tell. Names of countries are
    looked for in the words of these languages."""
    from babel.core import get_global

    plain = folded(written)
    names: dict[str, str] = dict(_names(codes, languages)) | _ALSO
    if plain in names:
        return names[plain]
    first, _, rest = plain.partition(" ")
    for code in (rest, first):  # a locale: en-US, de_AT
        if code.upper() in codes:
            return code.upper()
    if others := get_global("territory_aliases").get(plain.upper()):  # UK, USA, DEU
        return str(others[0])
    if len(plain) == 2:
        # Of the countries where most speakers of these languages live.
        likely = get_global("likely_subtags")
        usual: set[str] = {likely.get(one, "").rpartition("_")[2] for one in languages}
        return next(iter(get_close_matches(plain.upper(), sorted(usual.intersection(codes)), 1, _ALIKE)), "")
    return names.get(nearest(plain, names, SLIP) if len(plain) > 3 else "", "")


def country_named(written: str, codes: Collection[str], languages: Sequence[str]) -> str:
    """The code of a country that is written by its code or its name in one of these languages; else empty."""
    if written.upper() in codes:
        return written.upper()
    return (dict(_names(codes, languages)) | _ALSO).get(folded(written), "")


def _names(codes: Collection[str], languages: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every country's name, folded, with its code; English names count most."""
    from babel import Locale

    for spoken in reversed(languages):
        territories = Locale.parse(spoken).territories
        yield from ((folded(territories[code]), code) for code in codes if code in territories)
