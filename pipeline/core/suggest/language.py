"""Which language tag was meant by a language's name, a locale of a computer, or a country.

Names and tags: Unicode's CLDR, through babel.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.core.suggest import SLIP, folded, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def is_language(code: str) -> bool:
    """Whether a code of two or three letters is a language's, and no language has a shorter one."""
    from babel import Locale
    from babel.core import get_global

    return code.lower() in Locale("en").languages and code.lower() not in get_global("language_aliases")


def tag_meant(written: str, common: Sequence[str]) -> str:
    """The tag that was probably meant; empty where nobody can tell. Names of languages are looked for in the
    words of the ``common`` ones."""
    from babel.core import get_global

    one = re.split(r"[,;/+]| and | und ", written.strip())[0]  # a letter has one language
    plain = re.sub(r"[.@].*", "", one).replace("_", "-")  # de_DE.UTF-8
    first, _, rest = plain.partition("-")
    first = get_global("language_aliases").get(first.lower(), first)  # eng
    tag = f"{first}-{rest.upper() if len(rest) == 2 else rest}" if rest else first
    if len(first) in (2, 3) and is_language(first):
        return tag
    names = dict(_names(common))
    name = folded(one).partition(" (")[0]
    if name in _ALSO:
        return _ALSO[name]
    for wanted in (name, name.rpartition(" ")[2], name.partition(" ")[0]):  # American English
        if wanted in names:
            return names[wanted]
    return _of_country(first) or names.get(nearest(name, names, SLIP) if len(name) > 3 else "", "")


def _names(common: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Every language's name, folded, with its tag; English names count most."""
    from babel import Locale

    for spoken in reversed(common):
        yield from ((folded(name), code) for code, name in Locale(spoken).languages.items() if len(code) <= 3)


_ALSO = {
    "castellano": "es", "american": "en-US", "british": "en-GB", "british english": "en-GB",
    "american english": "en-US", "us english": "en-US", "uk english": "en-GB", "austrian": "de-AT",
    "osterreichisch": "de-AT", "swiss german": "de-CH", "schweizerdeutsch": "de-CH", "schweizer": "de-CH",
    "brazilian": "pt-BR", "mandarin": "zh", "mexican": "es-MX", "canadian": "en-CA", "flemish": "nl-BE",
}  # fmt: skip
"""What people call a language, or the one of their country."""


def _of_country(code: str) -> str:
    """The one official language of a country that was written by its code; English for those of its own."""
    from babel.languages import get_official_languages

    if len(code) != 2:
        return ""
    if code.upper() in ("US", "GB", "UK"):
        return f"en-{code.upper().replace('UK', 'GB')}"
    found = get_official_languages(code.upper())
    return found[0] if found else ""
