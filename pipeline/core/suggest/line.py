"""A line of a TOML file, mended in the ways in which people break it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.core.suggest import nearest
from pipeline.core.suggest.number import bool_meant, number_meant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

Mended = tuple[str, str]
"""What may be wrong with a line, and the line without it."""

_CURLY = str.maketrans(dict.fromkeys("“”„‟«»＂″", '"') | dict.fromkeys("‘’‚‛′`´", "'"))
_INVISIBLE = str.maketrans(
    dict.fromkeys("\u00a0\u2007\u202f\u2009\u3000\t", " ")
    | dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad")
)
_ENDS = re.compile(r"""^(?:\"{3}|'{3}|["'])|["']$""")
_CURLED = "for it has curly quotes and wants straight ones"
_REMARK = re.compile(r"(?://|/\*|<!--|--|;|%|\*|')(.*)")
_END_OF_REMARK = ("*/", "-->")
_REMARKED = re.compile(
    r"""("[^"]*"|'[^']*'|\[[^\]]*\]|[\d.]+|true|false)\s*(?://|/\*|<!--|--|;)\s*([^\s;].*)"""
)
_TWO = re.compile(r"""("[^"]*"|'[^']*'|[\d.]+|true|false)(?:\s*[,;])?\s+([\w-]+)\s*=\s*(\S.*)""")


def mended(line: str, kind: object, tables: Collection[str]) -> Iterator[Mended]:
    """What may be wrong with a line, most likely first. ``kind`` is the type that its key wants, ``tables``
    are all that there are, each with its brackets."""
    plain = line.translate(_INVISIBLE).strip()
    if plain != line:
        yield "for it holds an invisible sign, or a space that is none", plain
    yield from _headers(plain, tables)
    if plain.startswith("["):
        return
    remark = _REMARK.fullmatch(plain)
    if remark and ("=" not in remark[1] or remark[1].endswith(_END_OF_REMARK)):
        yield "for a remark begins with #", f"# {_said(remark[1])}"
    key, sign, value = plain.partition("=")
    if sign:
        yield from _pair(key.rstrip(": ").strip(), value.lstrip("=> "), kind)
        return
    key, sign, value = plain.partition(":")
    if not sign:
        key, _, value = plain.partition(" ")
    key, value = key.strip(), value.strip()
    # A key has no space; what has one is not a key that lacks its sign.
    if value and re.fullmatch(r"\w[\w.-]*", key.translate(_CURLY).strip("\"'")):
        for ours in (value, *(better for _, better in _values(value, kind))):
            yield "between key and value stands no =", f"{key.translate(_CURLY)} = {ours}"


def _said(remark: str) -> str:
    """A remark without what ended it."""
    for end in _END_OF_REMARK:
        remark = remark.removesuffix(end)
    return remark.strip()


def _headers(line: str, tables: Collection[str]) -> Iterator[Mended]:
    """A table's name in other brackets, or in none."""
    name = line.strip("[](){}<>: ")
    by_name = {table.strip("[]"): table for table in tables}
    close = nearest(name, by_name) if len(name) < 40 and "=" not in name else ""
    if line.startswith("["):
        double = line.startswith("[[") or line.endswith("]]")
        yield "its brackets do not match", f"[[{name}]]" if double else f"[{name}]"
        if close:
            yield "for a table's name has no space", by_name[close]
    elif name.casefold() in by_name:
        yield "for a table's name stands in brackets", by_name[name.casefold()]


def _pair(key: str, value: str, kind: object) -> Iterator[Mended]:
    name = key.translate(_CURLY)
    if two := _TWO.fullmatch(value):
        yield "for each key stands on a line of its own", f"{name} = {two[1]}\n{two[2]} = {two[3]}"
    if remarked := _REMARKED.fullmatch(value):
        yield "for a remark begins with #", f"{name} = {remarked[1]}  # {_said(remarked[2])}"
    yield "for between key and value stands one =", f"{name} = {value}"
    for why, better in _values(value, kind):
        yield why, f"{name} = {better}"
    if " " in key:
        yield "its key holds a space", f"{key.replace(' ', '_')} = {value}"


def _values(value: str, kind: object) -> Iterator[Mended]:
    said, remark = value, ""
    if " #" in value:
        said, _, rest = value.partition(" #")
        said, remark = said.rstrip(), f"  #{rest}"
    if not said:
        yield "for there is nothing after =", ("[]" if kind is list else '""') + remark
        return
    if said.rstrip(";,") != said:
        yield "for there is a sign too many", f"{said.rstrip(';,')}{remark}"
    if (kind is bool or said[0] not in "\"'") and (meant := bool_meant(said)) and not said.isdigit():
        yield "for true and false are written small", f"{meant}{remark}"
    if kind in (int, float) and (meant := number_meant(said, whole=kind is int)):
        yield "for a number is written with digits alone, and a point", f"{meant}{remark}"
    straight = said.translate(_CURLY)
    if straight != said:
        yield _CURLED, f"{straight}{remark}"
    if said[0] in "[(":
        yield from ((why, f"{better}{remark}") for why, better in _lists(said, straight))
    elif kind is list:
        yield "for a list stands in brackets", f"[{_items(straight)}]{remark}"
    else:
        yield _why(said, straight), f"{_quoted(_ENDS.sub('', straight))}{remark}"


def _lists(said: str, straight: str) -> Iterator[Mended]:
    why = _CURLED if straight != said else "for its list lacks a bracket, a comma or quotes"
    if straight.startswith("["):
        yield why, f"{straight.rstrip(', ')}]"
    yield why, f"[{_items(straight)}]"


def _items(straight: str) -> str:
    """What stands in a list, with quotes and commas."""
    inside = straight.strip("[]() ")
    whole = re.findall(r"\"([^\"]*)\"|'([^']*)'", inside)
    # Between quotes stand commas, signs like them, or nothing.
    if whole and not re.sub(r"\"[^\"]*\"|'[^']*'|[\s,;]", "", inside):
        parts = [one or other for one, other in whole]
    else:
        parts = [part.strip(" \"'-") for part in re.split(r"[,;]", inside)]
    return ", ".join(_quoted(part) for part in parts if part)


def _why(said: str, straight: str) -> str:
    if straight != said:
        return _CURLED
    first, last = said[0] in "\"'", said[-1] in "\"'"
    if not first and not last:
        return "for its text has no quotes around it"
    if not last or len(said) == 1:
        return "for its quote is never closed"
    if not first:
        return "for its quote is never opened"
    if said[0] != said[-1]:
        return "for it is opened by one kind of quote and closed by another"
    if "\\" in said and said[0] == '"':
        return "for in double quotes a backslash begins a sign of its own"
    return "for a quote stands within its quotes"


def _quoted(inner: str) -> str:
    """A text in the quotes that it does not hold itself."""
    if ('"' in inner or "\\" in inner) and "'" not in inner:
        return f"'{inner}'"
    return '"' + inner.replace("\\", "\\\\").replace('"', '\\"') + '"'
