"""Which number, or which of true and false, was meant by a value with a unit, in quotes, or in words."""

from __future__ import annotations

import re

_TRUE = ("true", "yes", "on", "y", "ja", "wahr", "oui", "vrai", "si", "s\u00ed", "1")
_FALSE = ("false", "no", "off", "n", "nein", "falsch", "non", "faux", "0")
_NUMBER = re.compile(r"([+-]?)([\d.,'_ ]+)(%|[^\d.,'_ ].*)?")
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:[.,'_ ]\d{3})+")


def bool_meant(written: str) -> str:
    """``true`` or ``false`` as TOML writes them; empty where nobody can tell."""
    plain = written.strip().strip("\"'").casefold()
    return "true" if plain in _TRUE else "false" if plain in _FALSE else ""


def number_meant(written: str, *, whole: bool) -> str:
    """A number as TOML writes it: 1,000 is 1000, 5% is 0.05 and 30s is 30; empty where nobody can tell."""
    match = _NUMBER.fullmatch(written.strip().strip("\"'"))
    digits = match[2].strip() if match else ""
    if match is None or not re.search(r"\d", digits):
        return ""
    if _GROUPED.fullmatch(digits):
        plain = re.sub(r"\D", "", digits)
    else:
        plain = digits.replace(",", ".")
        if not re.fullmatch(r"\d*\.?\d*", plain):
            return ""
    value = float(plain) / (100 if match[3] == "%" else 1)
    sign = match[1].replace("+", "")
    if value == int(value):
        return f"{sign}{int(value)}"
    return "" if whole else f"{sign}{round(value, 6)}"


def unquoted(key: str, value: str, wanted: object) -> str:
    """How a number, or true and false, that stands in quotes is written."""
    meant = bool_meant(value) if wanted is bool else number_meant(value, whole=wanted is int)
    if meant:
        return f"write it without quotes: {key} = {meant}"
    if wanted is bool:
        return "write true or false, without quotes"
    return "write a number, without quotes"
