"""Where a letter's HTML names pictures, so that one can be shown from another place than the one it names."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Place = Callable[[str], str | None]
    """Given the address of a picture, the one to write in its stead; None leaves it."""

_NAMED = re.compile(
    r"""
    \s(?:src|background)\s*=\s*(?P<quote>["'])? (?P<attribute>(?:https?:)?//[^"<>\s]+?)
        (?(quote)(?=(?P=quote))|(?=[\s>]))
    | \burl\(\s*(?:["']|&quot;|&\#3[49];)? (?P<style>(?:https?:)?//[^"'<>()\s]+?)
        (?=["')\s]|&quot;|&\#3[49];)
    | \ssrcset\s*=\s*(?P<several>"[^"]*"|'[^']*')
    """,
    re.IGNORECASE | re.VERBOSE,
)
_OF_SEVERAL = re.compile(r"""(?<=["',\s])(?:https?:)?//[^"<>\s]+?(?=,?\s|,?["']$)""", re.IGNORECASE)


def replaced(html: str, place: Place) -> str:
    """The HTML with other addresses for its pictures: of images, backgrounds and styles, those for Outlook
    too. What it links to stays."""

    def other(address: str) -> str:
        found = place(unescape(address))
        return address if found is None else escape(found)

    def one(match: re.Match[str]) -> str:
        kind = match.lastgroup or ""
        value = match[kind]
        new = _OF_SEVERAL.sub(lambda each: other(each[0]), value) if kind == "several" else other(value)
        start = match.start(kind) - match.start()
        return match[0][:start] + new + match[0][start + len(value) :]

    return _NAMED.sub(one, html)


def found(html: str) -> list[str]:
    """The addresses of all pictures, each once, in the order of the letter."""
    seen: dict[str, None] = {}
    replaced(html, lambda address: seen.setdefault(address))
    return list(seen)
