"""What a raised character means in plain text: a power, an ordinal, or the mark of a footnote.

``1998<sup>3</sup>`` is a year with a note, ``10<sup>6</sup>`` a million. Markup says which only at times, so
that what stands before and after decides.
"""

from __future__ import annotations

import re

START, END = "\ue000", "\ue001"
"""Stand around raised text until its paragraph is whole."""

_RAISED = re.compile(f"{START}([^{START}{END}]*+){END}")
NOTHING = START + END
"""Stands where the mark of a note was."""
_STOPS_TWICE = re.compile(r"^[^.]?\.\.(?!\.)")
_LEFT_OVER = re.compile(f"[{START}{END}]")
_CHARACTERS = dict(zip("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ", strict=True))
_SIGNS = {"tm": "™", "sm": "℠", "r": "®", "®": "®", "™": "™", "©": "©", "℠": "℠"}
_SYMBOLS = re.compile(r"(?i)[*†‡§¶‖#]{1,4}|\[.{1,20}\]|\(\d{1,3}\)|(?:foot|end)?note\.? ?\d{1,3}|[ivx]{2,5}")
_CENTS = frozenset(("00", "49", "50", "90", "95", "99"))
_PRICE_BEFORE = re.compile(r"[$€£¥]\s?\d[\d,]*$")
_FRACTION_AFTER = re.compile(r"\s?[/⁄]\s?\d")
_TYPED = re.compile(r"(?:(?<=[^\W\d_]{3})|(?<=[.,:;!?”’\"]))\[\^?\d{1,3}\]")
"""The mark of a note as it is typed where nothing can be raised, behind a word or a full stop: calm[1]."""
_NUMBERS = re.compile(r"\d{1,3}(?:\s?[,;–-]\s?\d{1,3}){0,8}")
_UNITS_LISTED = """
    m mm cm dm km µm μm nm ft yd ha kg mg µg hm dam
"""
_UNITS = frozenset(_UNITS_LISTED.split())
_UNITS_THAT_ARE_WORDS = frozenset(["in", "mi", "s", "min", "h", "l", "g"])
_LETTERS_BEFORE = re.compile(r"[^\W\d_]+$")
_NUMBER_BEFORE = re.compile(r"\d[\d.,]*$")
_OPERATOR_BEFORE = re.compile(r"[=+×·⋅*^<>≤≥≈√−]\s?[^\W_]*$")
_OPERATOR_AFTER = re.compile(r"\s?[=+×·⋅*/^<>≤≥≈−]")
_ELEMENT_AFTER = re.compile(r"[A-Z][a-z]?(?![a-z])")
_BRACKET_BEFORE = re.compile(r"\(([^()]{1,40})\)$")
_POWERS_OF_TWO_LISTED = """
    8 10 12 16 20 24 30 31 32 53 63 64 128 256 n
"""
_POWERS_OF_TWO = frozenset(_POWERS_OF_TWO_LISTED.split())


def resolved(text: str) -> str:
    """The text with every raised part as a reader would read it aloud, and no mark of a note."""
    if "]" in text:
        text = _TYPED.sub("", text)
    if START not in text and END not in text:
        return text
    parts: list[str] = []
    at = 0
    before = ""
    for match in _RAISED.finditer(text):
        between = text[at : match.start()]
        before = (before + between)[-60:]
        shown = _shown(before, match[1].strip(), text[match.end() : match.end() + 10])
        before = (before + shown)[-60:]
        parts += between, shown
        at = match.end()
        if not shown and _STOPS_TWICE.search(before[-2:] + text[at : at + 2]):
            at += 1  # a full stop on either side of the mark
    return _LEFT_OVER.sub("", "".join((*parts, text[at:])))


def power(text: str) -> str:
    """As superscript characters where there are some for all of it, else behind a "^"."""
    bare = text.replace(" ", "")
    if bare and all(character in _CHARACTERS for character in bare):
        return "".join(_CHARACTERS[character] for character in bare)
    return f"^{bare}" if len(bare) == 1 else f"^({text})"


def _shown(before: str, raised: str, after: str) -> str:
    if raised.lower() in _SIGNS:
        return _SIGNS[raised.lower()]
    if not raised or _SYMBOLS.fullmatch(raised):
        return ""
    if raised in _CENTS and _PRICE_BEFORE.search(before):
        return f".{raised}"
    if (
        raised.isdigit()
        and _FRACTION_AFTER.match(after)
        and (not before.strip() or before[-1] in " \xa0(0123456789")
    ):
        return f" {raised}" if before[-1:].isdigit() else raised
    if _NUMBERS.fullmatch(raised):
        return power(raised) if raised.isdigit() and _is_power(before, raised, after) else ""
    if raised[0] in "+-−–" and raised[1:].strip().isdigit():
        return power(raised.replace("–", "-"))
    if raised.isalpha():
        return _letters(before, raised)
    # "n+1", "−x/2"; anything longer is a remark.
    return power(raised) if re.fullmatch(r"[\w+−–*/().,^ -]{1,12}", raised) else raised


def _is_power(before: str, raised: str, after: str) -> bool:
    if not before or before[-1].isspace() or before[-1] in "\"'“‘([":
        # Isotopes are raised before their element: ¹⁴C.
        return bool(_ELEMENT_AFTER.match(after)) and len(raised) > 1
    if raised == "1":  # nobody writes x¹
        return False
    in_formula = bool(_OPERATOR_BEFORE.search(before)) or bool(_OPERATOR_AFTER.match(after))
    if bracket := _BRACKET_BEFORE.search(before):
        return bool(re.search(r"[-+−*/=^·]", bracket[1])) and not re.search(r"[^\W\d_]{4}", bracket[1])
    if word := _LETTERS_BEFORE.search(before):
        return _is_power_of_letters(word[0], before[: word.start()], raised, in_formula=in_formula)
    if number := _NUMBER_BEFORE.search(before):
        if in_formula or (number[0] == "2" and raised in _POWERS_OF_TWO):
            return True
        return number[0] == "10" and not before[: number.start()].endswith("of ")
    return False


def _is_power_of_letters(word: str, before: str, raised: str, *, in_formula: bool) -> bool:
    is_measured = re.search(r"[\d/]\s?$", before) is not None
    # Carbon dioxide is often typed so.
    if word in _UNITS or word == "CO" or (word in _UNITS_THAT_ARE_WORDS and is_measured):
        return raised in ("2", "3", "4")
    return len(word) == 1 or (in_formula and len(word) <= 3)


def _letters(before: str, raised: str) -> str:
    """Ordinals and abbreviations (1st, Mlle, 2e) are read as they stand, "people<sup>a</sup>" has a note."""
    if len(raised) > 1:
        return raised
    last = before[-1:]
    if raised in "ao" and (last.isdigit() or before[-2:].strip().lower() == "n"):
        return {"a": "ª", "o": "º"}[raised]
    roman = re.search(r"(?<![^\W_])[IVXLC]+$", before) is not None
    if raised == "e" and (last.isdigit() or roman):
        return raised
    if last.isdigit() or last == ")" or re.search(r"(?<![^\W_])[^\W\d_]$", before):
        return power(raised)
    return "" if last.isalnum() or last in ".,;:!?\"'”’" else raised
